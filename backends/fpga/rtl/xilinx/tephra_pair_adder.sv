// rtl/tephra_pair_adder.sv for 7-series and UltraScale+. One LUT6_2 a bit masks both lanes: O5 is the first one's term, O6
// that term ^ the second one's, which is what a carry chain takes. The last bit is the sign, once more.
`default_nettype none

module tephra_pair_adder (
  input  logic [1:0]        nonzero_i,
  input  logic [1:0]        negative_i,
  input  logic [15:0]       q_i,
  output logic signed [8:0] sum_o
);
  // t0 = (I0 ^ I1) & I2, t1 = (I3 ^ I4) & I5: O6 = t0 ^ t1; O5, with I5 as 0, is t0.
  localparam logic [63:0] Terms = 64'h609F_9F60_6060_6060;

  logic [11:0] propagate, generated, out, carry;

  for (genvar n = 0; n < 9; n++) begin : gen_bit
    localparam int Bit = n == 8 ? 7 : n;
    LUT6_2 #(.INIT(Terms)) u_terms (
      .I0(q_i[Bit]), .I1(negative_i[0]), .I2(nonzero_i[0]), .I3(q_i[8+Bit]), .I4(negative_i[1]), .I5(nonzero_i[1]),
      .O5(generated[n]), .O6(propagate[n]));
  end
  assign propagate[11:9] = 3'b0;
  assign generated[11:9] = 3'b0;
  for (genvar n = 0; n < 3; n++) begin : gen_carry
    CARRY4 u_carry (
      .CI(n == 0 ? 1'b0 : carry[n == 0 ? 0 : 4*n-1]), .CYINIT(n == 0 ? negative_i[1] : 1'b0), .DI(generated[4*n+:4]),
      .S(propagate[4*n+:4]), .O(out[4*n+:4]), .CO(carry[4*n+:4]));
  end
  assign sum_o = out[8:0];
endmodule

`default_nettype wire
