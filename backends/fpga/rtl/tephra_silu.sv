// silu(z, F) = round_shift(z sigmoid(z, F), 23) (docs/numerics.md, 2). Ten cycles, a value a cycle.
`default_nettype none

module tephra_silu (
  input  logic               clk_i,
  input  logic signed [23:0] z_i,
  input  logic [4:0]         fraction_bits_i,
  output logic signed [23:0] result_o
);
  logic [22:0] sigmoid;
  logic [23:0] z_bits;
  logic signed [47:0] product_q, rounded;
  logic signed [23:0] result_q;

  tephra_sigmoid u_sigmoid (.clk_i, .z_i({z_i[23], z_i}), .fraction_bits_i, .result_o(sigmoid));
  tephra_delay #(.WIDTH(24), .LATENCY(tephra_pkg::SigmoidLatency)) u_z (.clk_i, .data_i(z_i), .data_o(z_bits));
  assign rounded = (product_q + 48'sd4194304) >>> 23;
  always_ff @(posedge clk_i) begin
    product_q <= $signed(z_bits) * $signed({1'b0, sigmoid});
    result_q <= rounded[23:0];
  end
  assign result_o = result_q;
endmodule

`default_nettype wire
