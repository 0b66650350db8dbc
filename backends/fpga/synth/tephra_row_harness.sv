// A product of one stream with its ports on shift registers, so that place and route needs few pins. It adds 10 LANES + 27
// registers and the LUTs of 24 multiplexers.
`default_nettype none

module tephra_row_harness #(
  parameter int LANES = 64
) (
  input  logic clk_i,
  input  logic serial_i,
  output logic serial_o
);
  logic [10*LANES+1:0] in_q;
  logic signed [23:0] sum;
  logic [23:0] out_q;

  always_ff @(posedge clk_i) begin
    in_q <= {in_q[10*LANES:0], serial_i};
    out_q <= serial_i ? sum : {out_q[22:0], 1'b0};
  end
  assign serial_o = out_q[23];
  tephra_ternary_row #(.LANES(LANES)) u_row (
    .clk_i, .valid_i(in_q[0]), .first_i(in_q[1]), .nonzero_i(in_q[2+:LANES]), .negative_i(in_q[2+LANES+:LANES]),
    .q_i(in_q[2+2*LANES+:8*LANES]), .sum_o(sum));
endmodule

`default_nettype wire
