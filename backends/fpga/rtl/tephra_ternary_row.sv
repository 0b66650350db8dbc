// Sum over the columns of a row of weight x activation (docs/numerics.md, 3.3), LANES columns a cycle, no multiplier.
// -q is ~q + 1: a lane inverts, and the ones are carried into the adders of the tree. A weight of 0 has nonzero = 0 and
// negative = 0. The accumulator stands Latency cycles after the last columns of its row.
`default_nettype none

module tephra_ternary_row #(
  parameter int LANES = 16,  // 2 or more
  parameter int Leaves = 1 << tephra_pkg::log2_up(LANES),
  parameter int Latency = tephra_pkg::log2_up(LANES) + 1
) (
  input  logic                clk_i,
  input  logic                valid_i,
  input  logic                first_i,
  input  logic [LANES-1:0]    nonzero_i,
  input  logic [LANES-1:0]    negative_i,
  input  logic [LANES*8-1:0]  q_i,
  output logic signed [23:0]  sum_o
);
  localparam int SumBits = 8 + tephra_pkg::log2_up(LANES);

  localparam int Pairs = Leaves / 2;

  // Of pairs of lanes: sums, and the one that completes the term of the first lane.
  logic [Pairs*9-1:0] sums, sums_q;
  logic [Pairs-1:0] carry, carry_q;
  logic signed [SumBits-1:0] sum;
  logic carry_last, valid, first;
  logic signed [23:0] total_q, so_far;

  for (genvar n = 0; n < Pairs; n++) begin : gen_pair
    if (2 * n < LANES) begin : gen_lanes
      localparam int Lanes = 2 * n + 1 < LANES ? 2 : 1;
      tephra_pair_adder u_pair (
        .nonzero_i(2'(nonzero_i[2*n+:Lanes])), .negative_i(2'(negative_i[2*n+:Lanes])),
        .q_i(16'(q_i[16*n+:8*Lanes])), .sum_o(sums[9*n+:9]));
      assign carry[n] = negative_i[2*n];
    end else begin : gen_none
      assign sums[9*n+:9] = 9'd0;
      assign carry[n] = 1'b0;
    end
  end
  always_ff @(posedge clk_i) begin
    sums_q <= sums;
    carry_q <= carry;
  end
  tephra_adder_tree #(.COUNT(Pairs), .WIDTH(9)) u_tree (
    .clk_i, .terms_i(sums_q), .carry_i(carry_q), .sum_o(sum), .carry_o(carry_last));
  tephra_delay #(.WIDTH(2), .LATENCY(Latency - 1)) u_valid (
    .clk_i, .data_i({valid_i, first_i}), .data_o({valid, first}));
  assign so_far = first ? 24'sd0 : total_q;
  always_ff @(posedge clk_i)
    if (valid) total_q <= so_far + $signed({{(24 - SumBits){sum[SumBits-1]}}, sum}) + $signed({23'b0, carry_last});
  assign sum_o = total_q;
endmodule

`default_nettype wire
