// Products of one matrix with the activations of all streams: a word of weights a cycle meets LANES activations of
// each stream. The activations of a stream stand in its own memory, LANES to a word.
`default_nettype none

module tephra_product #(
  parameter int LANES = 16,
  parameter int PACKING = tephra_pkg::TwoBits,
  parameter int STREAMS = 1,
  parameter int Q_BITS = 6,  // address bits of the activations
  parameter int WordBits = tephra_pkg::word_bits(LANES, PACKING),
  parameter int StreamBits = STREAMS > 1 ? $clog2(STREAMS) : 1
) (
  input  logic                     clk_i,
  input  logic                     rst_ni,
  // activations
  input  logic                     q_write_i,
  input  logic [StreamBits-1:0]    q_stream_i,
  input  logic [Q_BITS-1:0]        q_address_i,
  input  logic [LANES*8-1:0]       q_data_i,
  // weights
  input  logic                     valid_i,
  input  logic                     first_i,
  input  logic                     last_i,
  input  logic [Q_BITS-1:0]        column_i,  // address of the activations that the word meets
  input  logic [WordBits-1:0]      word_i,
  // sums of a row, one of each stream
  output logic                     valid_o,
  output logic [STREAMS*24-1:0]    sums_o
);
  localparam int RowLatency = tephra_pkg::log2_up(LANES) + 1;

  logic valid_2, first_2, last_2, valid_row, last_row;
  logic [LANES-1:0] nonzero, negative;

  tephra_delay #(.WIDTH(1), .LATENCY(2)) u_first (.clk_i, .data_i(first_i), .data_o(first_2));
  tephra_delay #(.WIDTH(1), .LATENCY(2)) u_last (.clk_i, .data_i(last_i), .data_o(last_2));
  tephra_valid_line #(.LATENCY(2)) u_valid (.clk_i, .rst_ni, .valid_i, .valid_o(valid_2));

  if (PACKING == tephra_pkg::FiveTrits) begin : gen_trits
    for (genvar b = 0; b < LANES / 5; b++) begin : gen_byte
      tephra_trits u_trits (
        .clk_i, .byte_i(word_i[8*b+:8]), .nonzero_o(nonzero[5*b+:5]), .negative_o(negative[5*b+:5]));
    end
  end else begin : gen_bits
    logic [WordBits-1:0] word_1_q, word_2_q;
    always_ff @(posedge clk_i) begin
      word_1_q <= word_i;
      word_2_q <= word_1_q;
    end
    for (genvar n = 0; n < LANES; n++) begin : gen_lane
      assign nonzero[n] = word_2_q[2*n];
      assign negative[n] = word_2_q[2*n+1];
    end
  end

  for (genvar s = 0; s < STREAMS; s++) begin : gen_stream
    logic [LANES*8-1:0] q;
    logic signed [23:0] sum;
    tephra_ram #(.WIDTH(LANES * 8), .DEPTH(1 << Q_BITS), .ADDRESS_BITS(Q_BITS)) u_q (
      .clk_i, .write_i(q_write_i && q_stream_i == StreamBits'(s)), .write_address_i(q_address_i),
      .write_data_i(q_data_i), .read_address_i(column_i), .read_data_o(q));
    tephra_ternary_row #(.LANES(LANES)) u_row (
      .clk_i, .valid_i(valid_2), .first_i(first_2), .nonzero_i(nonzero), .negative_i(negative), .q_i(q), .sum_o(sum));
    assign sums_o[24*s+:24] = sum;
  end

  tephra_delay #(.WIDTH(1), .LATENCY(RowLatency)) u_row_last (.clk_i, .data_i(last_2), .data_o(last_row));
  tephra_valid_line #(.LATENCY(RowLatency)) u_row_valid (
    .clk_i, .rst_ni, .valid_i(valid_2), .valid_o(valid_row));
  assign valid_o = valid_row && last_row;
endmodule

`default_nettype wire
