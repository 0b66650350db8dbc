// x' = saturate24(shift_state(x, shift) + v), v = apply_scale(acc, dequantize) (docs/numerics.md, 3.6). Three cycles.
`default_nettype none

module tephra_residual #(
  parameter int Latency = tephra_pkg::ShiftLatency + 1
) (
  input  logic               clk_i,
  input  logic signed [23:0] x_i,
  input  logic signed [6:0]  shift_i,
  input  logic signed [23:0] v_i,
  output logic signed [23:0] x_o
);
  logic signed [23:0] moved;
  logic [23:0] v, x_q;
  logic signed [24:0] sum;

  tephra_shift_state u_shift (.clk_i, .value_i(x_i), .shift_i, .result_o(moved));
  tephra_delay #(.WIDTH(24), .LATENCY(tephra_pkg::ShiftLatency)) u_v (.clk_i, .data_i(v_i), .data_o(v));
  assign sum = $signed({moved[23], moved}) + $signed({v[23], v});
  always_ff @(posedge clk_i) x_q <= sum[24] == sum[23] ? sum[23:0] : {sum[24], {23{~sum[24]}}};
  assign x_o = $signed(x_q);
endmodule

`default_nettype wire
