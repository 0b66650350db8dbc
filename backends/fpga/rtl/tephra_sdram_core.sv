// The core with its SDRAM: what a board adds are clocks, pins and a link to the host.
`default_nettype none

module tephra_sdram_core #(
  parameter int LANES = 16,
  parameter int PACKING = tephra_pkg::TwoBits,
  parameter int STREAMS = 1,
  parameter int X_BITS = 8,
  parameter int P_BITS = 10,
  parameter int H_BITS = 11,
  parameter int Q_BITS = 6,
  parameter int POWER_UP = 20000,
  parameter int PAD_LATENCY = 0,
  parameter int StreamBits = STREAMS > 1 ? $clog2(STREAMS) : 1
) (
  input  logic                         clk_i,
  input  logic                         rst_ni,
  input  logic                         sdram_clk_i,
  input  logic                         sdram_rst_ni,
  // host, as of tephra_core
  input  logic                         token_valid_i,
  output logic                         token_ready_o,
  input  logic [STREAMS-1:0]           token_active_i,
  input  logic [STREAMS*24-1:0]        token_ids_i,
  input  logic [1:0]                   token_head_i,
  output logic                         done_o,
  output logic                         error_o,
  output logic [STREAMS*24-1:0]        choice_o,
  output logic                         logit_valid_o,
  input  logic                         logit_ready_i,
  output logic signed [23:0]           logit_o,
  input  logic                         h_write_i,
  input  logic [StreamBits+H_BITS-1:0] h_address_i,
  input  logic signed [23:0]           h_i,
  output logic signed [23:0]           h_o,
  // host: `count` words of memory from `address` on, to write or to read, while no token is under way
  input  logic                         host_command_valid_i,
  output logic                         host_command_ready_o,
  input  logic                         host_command_write_i,
  input  logic [31:0]                  host_address_i,
  input  logic [31:0]                  host_count_i,
  input  logic                         host_write_valid_i,
  output logic                         host_write_ready_o,
  input  logic [31:0]                  host_write_data_i,
  output logic                         host_read_valid_o,
  input  logic                         host_read_ready_i,
  output logic [31:0]                  host_read_data_o,
  // the chip
  output logic [3:0]                   sdram_command_o,
  output logic [1:0]                   sdram_bank_o,
  output logic [12:0]                  sdram_address_o,
  output logic [15:0]                  sdram_data_o,
  output logic                         sdram_drive_o,
  input  logic [15:0]                  sdram_data_i
);
  logic command_valid, memory_ready, data_valid, data_ready, host_reads_q;
  logic [31:0] command_address, command_count, data;

  // Words go to whoever asked last: the host asks only while the core does not.
  assign host_command_ready_o = memory_ready && !command_valid;
  always_ff @(posedge clk_i) begin
    if (!rst_ni || command_valid) host_reads_q <= 1'b0;
    else if (host_command_valid_i && !host_command_write_i) host_reads_q <= 1'b1;
  end
  assign host_read_valid_o = data_valid && host_reads_q;
  assign host_read_data_o = data;
  tephra_memory #(.POWER_UP(POWER_UP), .PAD_LATENCY(PAD_LATENCY)) u_memory (
    .clk_i, .rst_ni, .sdram_clk_i, .sdram_rst_ni, .command_valid_i(command_valid || host_command_valid_i),
    .command_ready_o(memory_ready), .command_write_i(!command_valid && host_command_write_i),
    .command_address_i(command_valid ? command_address : host_address_i),
    .command_count_i(command_valid ? command_count : host_count_i), .data_valid_o(data_valid),
    .data_ready_i(host_reads_q ? host_read_ready_i : data_ready), .data_o(data), .write_valid_i(host_write_valid_i),
    .write_ready_o(host_write_ready_o), .write_data_i(host_write_data_i), .sdram_command_o, .sdram_bank_o,
    .sdram_address_o, .sdram_data_o, .sdram_drive_o, .sdram_data_i);

  tephra_core #(
    .LANES(LANES), .PACKING(PACKING), .STREAMS(STREAMS), .X_BITS(X_BITS), .P_BITS(P_BITS), .H_BITS(H_BITS),
    .Q_BITS(Q_BITS)
  ) u_core (
    .clk_i, .rst_ni, .token_valid_i, .token_ready_o, .token_active_i, .token_ids_i, .token_head_i, .done_o, .error_o,
    .choice_o, .logit_valid_o, .logit_ready_i, .logit_o, .h_write_i, .h_address_i, .h_i, .h_o,
    .command_valid_o(command_valid), .command_ready_i(memory_ready), .command_address_o(command_address),
    .command_count_o(command_count), .data_valid_i(data_valid && !host_reads_q), .data_ready_o(data_ready), .data_i(data),
    .tap_scaled_valid_o(), .tap_scaled_kind_o(), .tap_scaled_o(), .tap_h_valid_o(), .tap_h_o(),
    .tap_state_valid_o(), .tap_state_o(), .tap_q_valid_o(), .tap_q_o(), .tap_x_valid_o(), .tap_x_o(),
    .tap_phase_o());
endmodule

`default_nettype wire
