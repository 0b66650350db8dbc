// All of a board but its clocks and pins: the core, its SDRAM, and the link to a host over a serial line.
`default_nettype none

module tephra_board #(
  parameter int LANES = 16,
  parameter int PACKING = 0,
  parameter int STREAMS = 1,
  parameter int X_BITS = 8,
  parameter int P_BITS = 10,
  parameter int H_BITS = 11,
  parameter int Q_BITS = 6,
  parameter int UART_CLOCKS = 16,   // cycles of clk_i a bit
  parameter int SILENCE_BITS = 20,
  parameter int POWER_UP = 20000,
  parameter int PAD_LATENCY = 0,
  parameter int StreamBits = STREAMS > 1 ? $clog2(STREAMS) : 1
) (
  input  logic        clk_i,
  input  logic        rst_ni,
  input  logic        sdram_clk_i,   // twice as fast
  input  logic        sdram_rst_ni,
  input  logic        uart_rx_i,
  output logic        uart_tx_o,
  output logic        busy_o,        // a token is under way
  output logic        error_o,
  output logic [3:0]  sdram_command_o,
  output logic [1:0]  sdram_bank_o,
  output logic [12:0] sdram_address_o,
  output logic [15:0] sdram_data_o,
  output logic        sdram_drive_o,
  input  logic [15:0] sdram_data_i
);
  logic rx_valid, tx_valid, tx_ready;
  logic [7:0] rx, tx;
  logic token_valid, token_ready, done, logit_valid, logit_ready, h_write;
  logic [STREAMS-1:0] token_active;
  logic [STREAMS*24-1:0] token_ids, choice;
  logic [1:0] token_head;
  logic signed [23:0] logit, h_in, h_out;
  logic [StreamBits+H_BITS-1:0] h_address;
  logic command_valid, command_ready, command_write, write_valid, write_ready, read_valid, read_ready;
  logic [31:0] command_address, command_count, write_data, read_data;

  assign busy_o = !token_ready;
  tephra_uart_rx #(.CLOCKS(UART_CLOCKS)) u_rx (.clk_i, .rst_ni, .line_i(uart_rx_i), .valid_o(rx_valid), .byte_o(rx));
  tephra_uart_tx #(.CLOCKS(UART_CLOCKS)) u_tx (
    .clk_i, .rst_ni, .valid_i(tx_valid), .ready_o(tx_ready), .byte_i(tx), .line_o(uart_tx_o));
  tephra_link #(
    .LANES(LANES), .PACKING(PACKING), .STREAMS(STREAMS), .X_BITS(X_BITS), .P_BITS(P_BITS), .H_BITS(H_BITS),
    .Q_BITS(Q_BITS), .SILENCE_BITS(SILENCE_BITS)
  ) u_link (
    .clk_i, .rst_ni, .rx_valid_i(rx_valid), .rx_i(rx), .tx_valid_o(tx_valid), .tx_ready_i(tx_ready), .tx_o(tx),
    .token_valid_o(token_valid), .token_ready_i(token_ready), .token_active_o(token_active),
    .token_ids_o(token_ids), .token_head_o(token_head), .done_i(done), .error_i(error_o), .choice_i(choice),
    .logit_valid_i(logit_valid), .logit_ready_o(logit_ready), .logit_i(logit), .h_write_o(h_write),
    .h_address_o(h_address), .h_o(h_in), .h_i(h_out), .command_valid_o(command_valid),
    .command_ready_i(command_ready), .command_write_o(command_write), .command_address_o(command_address),
    .command_count_o(command_count), .write_valid_o(write_valid), .write_ready_i(write_ready),
    .write_data_o(write_data), .read_valid_i(read_valid), .read_ready_o(read_ready), .read_data_i(read_data));
  tephra_sdram_core #(
    .LANES(LANES), .PACKING(PACKING), .STREAMS(STREAMS), .X_BITS(X_BITS), .P_BITS(P_BITS), .H_BITS(H_BITS),
    .Q_BITS(Q_BITS), .POWER_UP(POWER_UP), .PAD_LATENCY(PAD_LATENCY)
  ) u_core (
    .clk_i, .rst_ni, .sdram_clk_i, .sdram_rst_ni, .token_valid_i(token_valid), .token_ready_o(token_ready),
    .token_active_i(token_active), .token_ids_i(token_ids), .token_head_i(token_head), .done_o(done), .error_o,
    .choice_o(choice), .logit_valid_o(logit_valid), .logit_ready_i(logit_ready), .logit_o(logit),
    .h_write_i(h_write), .h_address_i(h_address), .h_i(h_in), .h_o(h_out), .host_command_valid_i(command_valid),
    .host_command_ready_o(command_ready), .host_command_write_i(command_write), .host_address_i(command_address),
    .host_count_i(command_count), .host_write_valid_i(write_valid), .host_write_ready_o(write_ready),
    .host_write_data_i(write_data), .host_read_valid_o(read_valid), .host_read_ready_i(read_ready),
    .host_read_data_o(read_data), .sdram_command_o, .sdram_bank_o, .sdram_address_o, .sdram_data_o, .sdram_drive_o,
    .sdram_data_i);
endmodule

`default_nettype wire
