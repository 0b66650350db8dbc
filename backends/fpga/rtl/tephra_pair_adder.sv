// Two lanes of a ternary product: the sum of both terms, and the one that completes the second where its weight is
// negative. A term is q, ~q or 0. No clock. Vendors' versions, of carry chains and LUTs placed by hand, stand in folders
// of their own; synth/prove.sh proves that they compute the same.
`default_nettype none

module tephra_pair_adder (
  input  logic [1:0]        nonzero_i,
  input  logic [1:0]        negative_i,
  input  logic [15:0]       q_i,
  output logic signed [8:0] sum_o
);
  logic [7:0] a, b;
  logic [9:0] sum;

  assign a = (q_i[7:0] ^ {8{negative_i[0]}}) & {8{nonzero_i[0]}};
  assign b = (q_i[15:8] ^ {8{negative_i[1]}}) & {8{nonzero_i[1]}};
  // The lowest bits make the carry into the sum proper.
  assign sum = {a[7], a, 1'b1} + {b[7], b, negative_i[1]};
  assign sum_o = sum[9:1];
endmodule

`default_nettype wire
