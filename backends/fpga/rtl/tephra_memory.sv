// The core's memory port on an SDRAM of 16 bits: words of 32 bits, commands from the core's clock to the SDRAM's, data
// back. A host writes through it too, while the core is idle.
`default_nettype none

module tephra_memory #(
  parameter int ROW_BITS = 13,
  parameter int COLUMN_BITS = 9,
  parameter int CAS_LATENCY = 3,
  parameter int PAD_LATENCY = 0,
  parameter int POWER_UP = 20000,
  parameter int BUFFER_BITS = 6,  // words of 32 bits between the clocks
  parameter int AddressBits = 2 + ROW_BITS + COLUMN_BITS
) (
  input  logic                clk_i,
  input  logic                rst_ni,
  input  logic                sdram_clk_i,
  input  logic                sdram_rst_ni,
  // core; addresses and counts are of words
  input  logic                command_valid_i,
  output logic                command_ready_o,
  input  logic                command_write_i,
  input  logic [31:0]         command_address_i,
  input  logic [31:0]         command_count_i,
  output logic                data_valid_o,
  input  logic                data_ready_i,
  output logic [31:0]         data_o,
  // words to write, as many as the command says
  input  logic                write_valid_i,
  output logic                write_ready_o,
  input  logic [31:0]         write_data_i,
  // the chip
  output logic [3:0]          sdram_command_o,
  output logic [1:0]          sdram_bank_o,
  output logic [ROW_BITS-1:0] sdram_address_o,
  output logic [15:0]         sdram_data_o,
  output logic                sdram_drive_o,
  input  logic [15:0]         sdram_data_i
);
  localparam int CommandBits = 1 + AddressBits + AddressBits + 1;
  // Words that may still come when there is no room: those on their way through controller and chip.
  localparam int Margin = (CAS_LATENCY + PAD_LATENCY + 2 + 4 + 1) / 2 + 1;

  logic command_valid, command_ready, command_write;
  logic [AddressBits-1:0] command_address;
  logic [AddressBits:0] command_count;
  tephra_async_fifo #(.WIDTH(CommandBits), .DEPTH_BITS(1)) u_commands (
    .write_clk_i(clk_i), .write_rst_ni(rst_ni), .valid_i(command_valid_i), .ready_o(command_ready_o), .used_o(),
    .data_i({command_write_i, command_address_i[AddressBits-2:0], 1'b0, command_count_i[AddressBits-1:0], 1'b0}),
    .read_clk_i(sdram_clk_i), .read_rst_ni(sdram_rst_ni), .valid_o(command_valid), .ready_i(command_ready),
    .data_o({command_write, command_address, command_count}));

  logic read_valid, room, half_q, word_valid, read_room_q;
  logic [15:0] read_data, low_q;
  logic [BUFFER_BITS:0] used;
  assign word_valid = read_valid && half_q;
  always_ff @(posedge sdram_clk_i) begin
    if (!sdram_rst_ni) half_q <= 1'b0;
    else if (read_valid) half_q <= !half_q;
    if (read_valid) low_q <= read_data;
    read_room_q <= used < (BUFFER_BITS + 1)'((1 << BUFFER_BITS) - Margin);
  end
  tephra_async_fifo #(.WIDTH(32), .DEPTH_BITS(BUFFER_BITS)) u_data (
    .write_clk_i(sdram_clk_i), .write_rst_ni(sdram_rst_ni), .valid_i(word_valid), .ready_o(room), .used_o(used),
    .data_i({read_data, low_q}), .read_clk_i(clk_i), .read_rst_ni(rst_ni), .valid_o(data_valid_o),
    .ready_i(data_ready_i), .data_o);

  logic write_valid, write_ready, write_half_q;
  logic [31:0] write_word;
  tephra_async_fifo #(.WIDTH(32), .DEPTH_BITS(2)) u_writes (
    .write_clk_i(clk_i), .write_rst_ni(rst_ni), .valid_i(write_valid_i), .ready_o(write_ready_o), .used_o(),
    .data_i(write_data_i), .read_clk_i(sdram_clk_i), .read_rst_ni(sdram_rst_ni), .valid_o(write_valid),
    .ready_i(write_ready && write_half_q), .data_o(write_word));
  always_ff @(posedge sdram_clk_i) begin
    if (!sdram_rst_ni) write_half_q <= 1'b0;
    else if (write_valid && write_ready) write_half_q <= !write_half_q;
  end

  tephra_sdram #(
    .ROW_BITS(ROW_BITS), .COLUMN_BITS(COLUMN_BITS), .CAS_LATENCY(CAS_LATENCY), .PAD_LATENCY(PAD_LATENCY),
    .POWER_UP(POWER_UP)
  ) u_sdram (
    .clk_i(sdram_clk_i), .rst_ni(sdram_rst_ni), .command_valid_i(command_valid), .command_ready_o(command_ready),
    .command_write_i(command_write), .command_address_i(command_address), .command_count_i(command_count),
    .write_valid_i(write_valid), .write_ready_o(write_ready),
    .write_data_i(write_half_q ? write_word[31:16] : write_word[15:0]), .read_valid_o(read_valid),
    .read_data_o(read_data), .read_room_i(read_room_q), .sdram_command_o, .sdram_bank_o, .sdram_address_o,
    .sdram_data_o, .sdram_drive_o, .sdram_data_i);

`ifndef SYNTHESIS
  always @(posedge sdram_clk_i) begin
    if (sdram_rst_ni && word_valid) assert (room);
  end
`endif
endmodule

`default_nettype wire
