// apply_scale(value, scale) (docs/numerics.md, 2), over its whole range. Six cycles, a value a cycle.
// The product times 2^16 is shifted right by 15 - exponent, which leaves one bit below the result for rounding.
`default_nettype none

module tephra_scaler (
  input  logic               clk_i,
  input  logic signed [31:0] value_i,
  input  logic [15:0]        mantissa_i,
  input  logic signed [15:0] exponent_i,
  output logic signed [23:0] result_o
);
  logic signed [31:0] value_q;
  logic [15:0] mantissa_q;
  logic signed [15:0] exponent_q;
  logic none_2_q;
  logic [6:0] shift_2_q;
  logic [3:0] shift_3_q;
  logic signed [48:0] product_q;
  logic signed [64:0] coarse_q, fine_q;
  logic signed [25:0] near_q;  // within 26 bits what fine_q is, or an end of them
  logic signed [25:0] rounded;
  logic signed [23:0] result_q;

  // 1: operands
  always_ff @(posedge clk_i) begin
    value_q <= value_i;
    mantissa_q <= mantissa_i;
    exponent_q <= exponent_i;
  end
  // 2: product, and the distance. From -62 down the result is 0; from 15 up it is 0 or an end.
  always_ff @(posedge clk_i) begin
    product_q <= value_q * $signed({1'b0, mantissa_q});
    none_2_q <= exponent_q <= -16'sd62;
    shift_2_q <= exponent_q >= 16'sd15 ? 7'd0 : 7'd15 - exponent_q[6:0];
  end
  // 3, 4: shift by multiples of 16, then by 0 to 15
  always_ff @(posedge clk_i) begin
    coarse_q <= none_2_q ? 65'sd0 : $signed({product_q, 16'b0}) >>> {shift_2_q[6:4], 4'b0};
    shift_3_q <= shift_2_q[3:0];
    fine_q <= coarse_q >>> shift_3_q;
  end
  // 5, 6: clamp, so that the sum is short; round and saturate
  always_ff @(posedge clk_i)
    near_q <= (&fine_q[64:25] || !(|fine_q[64:25])) ? fine_q[25:0] : {fine_q[64], {25{~fine_q[64]}}};
  assign rounded = (near_q >>> 1) + $signed({25'b0, near_q[0]});
  always_ff @(posedge clk_i)
    result_q <= (&rounded[25:23] || !(|rounded[25:23])) ? rounded[23:0] : {rounded[25], {23{~rounded[25]}}};
  assign result_o = result_q;
endmodule

`default_nettype wire
