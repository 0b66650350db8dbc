// Five weights from a byte b = ceil(256 v / 243), v = sum of t_k 3^(4-k), t = weight + 1: the digits come out at the top
// of 3 b, one after the other. Two cycles.
`default_nettype none

module tephra_trits (
  input  logic       clk_i,
  input  logic [7:0] byte_i,
  output logic [4:0] nonzero_o,
  output logic [4:0] negative_o
);
  logic [9:0] x0, x1, x2, x3, x4;
  logic [7:0] rest_q;
  logic [1:0] t0_q, t1_q, t2_q;
  logic [4:0] nonzero_q, negative_q;

  assign x0 = {2'b0, byte_i} + {1'b0, byte_i, 1'b0};
  assign x1 = {2'b0, x0[7:0]} + {1'b0, x0[7:0], 1'b0};
  assign x2 = {2'b0, x1[7:0]} + {1'b0, x1[7:0], 1'b0};
  assign x3 = {2'b0, rest_q} + {1'b0, rest_q, 1'b0};
  assign x4 = {2'b0, x3[7:0]} + {1'b0, x3[7:0], 1'b0};
  always_ff @(posedge clk_i) begin
    t0_q <= x0[9:8];
    t1_q <= x1[9:8];
    t2_q <= x2[9:8];
    rest_q <= x2[7:0];
    nonzero_q <= ~{x4[8], x3[8], t2_q[0], t1_q[0], t0_q[0]};
    negative_q <= ~({x4[8], x3[8], t2_q[0], t1_q[0], t0_q[0]} | {x4[9], x3[9], t2_q[1], t1_q[1], t0_q[1]});
  end
  assign nonzero_o = nonzero_q;
  assign negative_o = negative_q;
endmodule

`default_nettype wire
