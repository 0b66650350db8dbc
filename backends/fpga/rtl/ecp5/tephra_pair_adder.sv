// rtl/tephra_pair_adder.sv for ECP5. The LUTs of the carry chain mask the second lane: A ^ ((B ^ D) & C), with A the
// first lane's term, B a bit of q, C nonzero and D negative. With C and D zero that is A, which the chain takes for the
// carry where nothing propagates.
`default_nettype none

module tephra_pair_adder (
  input  logic [1:0]        nonzero_i,
  input  logic [1:0]        negative_i,
  input  logic [15:0]       q_i,
  output logic signed [8:0] sum_o
);
  localparam int Cells = 5;           // of two bits: the carry in, and nine bits of the sum
  localparam logic [15:0] Masked = 16'h9A6A;  // A ^ ((B ^ D) & C)

  logic [7:0] a;
  logic [2*Cells-1:0] x, y, out;
  logic [Cells:0] carry;

  assign a = (q_i[7:0] ^ {8{negative_i[0]}}) & {8{nonzero_i[0]}};
  assign x = {a[7], a, 1'b1};
  assign y = {q_i[15], q_i[15:8], 1'b0};
  assign carry[0] = 1'b0;
  for (genvar n = 0; n < Cells; n++) begin : gen_cell
    // The lowest bit adds 1 and negative: with nonzero 1, ((0 ^ negative) & 1) is negative.
    CCU2C #(
      .INIT0(Masked), .INIT1(Masked), .INJECT1_0("NO"), .INJECT1_1("NO")
    ) u_cell (
      .CIN(carry[n]),
      .A0(x[2*n]), .B0(y[2*n]), .C0(n == 0 ? 1'b1 : nonzero_i[1]), .D0(negative_i[1]),
      .A1(x[2*n+1]), .B1(y[2*n+1]), .C1(nonzero_i[1]), .D1(negative_i[1]),
      .S0(out[2*n]), .S1(out[2*n+1]), .COUT(carry[n+1]));
  end
  assign sum_o = out[9:1];
endmodule

`default_nettype wire
