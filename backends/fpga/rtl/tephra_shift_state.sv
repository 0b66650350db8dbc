// shift_state(a, s), s in [-24, 62] (docs/numerics.md, 2). Two cycles.
// a 2^25 shifted right by s + 24 leaves one bit below the result: adding one there rounds halves up.
`default_nettype none

module tephra_shift_state (
  input  logic               clk_i,
  input  logic signed [23:0] value_i,
  input  logic signed [6:0]  shift_i,
  output logic signed [23:0] result_o
);
  logic [6:0] distance;
  logic signed [48:0] shifted_q, rounded;
  logic signed [23:0] result_q;

  assign distance = 7'd24 + shift_i;
  assign rounded = (shifted_q + 49'sd1) >>> 1;
  always_ff @(posedge clk_i) begin
    shifted_q <= $signed({value_i, 25'b0}) >>> distance;
    result_q <= (&rounded[48:23] || !(|rounded[48:23])) ? rounded[23:0] : {rounded[48], {23{~rounded[48]}}};
  end
  assign result_o = result_q;
endmodule

`default_nettype wire
