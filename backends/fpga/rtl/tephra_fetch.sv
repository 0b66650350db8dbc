// Reads regions of memory in order: `count` words from `address` on. What arrives waits in a buffer, so that memory goes
// on while the core makes scales. Asks for the next region as soon as memory takes it.
`default_nettype none

module tephra_fetch #(
  parameter int WORD_BITS = 32,
  parameter int BUFFER_BITS = 5
) (
  input  logic                 clk_i,
  input  logic                 rst_ni,
  // regions
  input  logic                 region_valid_i,
  output logic                 region_ready_o,
  input  logic [31:0]          region_address_i,  // in words
  input  logic [31:0]          region_count_i,    // at least 1
  // memory
  output logic                 command_valid_o,
  input  logic                 command_ready_i,
  output logic [31:0]          command_address_o,
  output logic [31:0]          command_count_o,
  input  logic                 data_valid_i,
  output logic                 data_ready_o,
  input  logic [WORD_BITS-1:0] data_i,
  // words
  output logic                 valid_o,
  input  logic                 ready_i,
  output logic [WORD_BITS-1:0] word_o
);
  logic full_q;
  logic [31:0] address_q, count_q;

  assign region_ready_o = !full_q || command_ready_i;
  assign command_valid_o = full_q;
  assign command_address_o = address_q;
  assign command_count_o = count_q;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      full_q <= 1'b0;
    end else if (region_ready_o) begin
      full_q <= region_valid_i;
      address_q <= region_address_i;
      count_q <= region_count_i;
    end
  end
  tephra_fifo #(.WIDTH(WORD_BITS), .DEPTH_BITS(BUFFER_BITS)) u_buffer (
    .clk_i, .rst_ni, .valid_i(data_valid_i), .ready_o(data_ready_o), .data_i, .valid_o, .ready_i, .data_o(word_o));
endmodule

`default_nettype wire
