// Sum of COUNT signed terms and the number of ones in carry_i, COUNT a power of two; a register after each level.
// A tree of COUNT terms has COUNT - 1 adders with a free carry in each: they add all bits of carry_i but one, which
// comes out beside the sum. So the negative terms of a ternary product need no adder of their own.
`default_nettype none

module tephra_adder_tree #(
  parameter int COUNT = 16,
  parameter int WIDTH = 8
) (
  input  logic                                               clk_i,
  input  logic [COUNT*WIDTH-1:0]                             terms_i,
  input  logic [COUNT-1:0]                                   carry_i,
  output logic signed [WIDTH+tephra_pkg::log2_up(COUNT)-1:0] sum_o,
  output logic                                               carry_o
);
  if (COUNT == 1) begin : gen_leaf
    assign sum_o = $signed(terms_i);
    assign carry_o = carry_i[0];
  end else begin : gen_level
    logic [COUNT/2*(WIDTH+1)-1:0] sums_q;
    logic [COUNT/2-1:0] carry_q;
    for (genvar n = 0; n < COUNT / 2; n++) begin : gen_pair
      logic [WIDTH-1:0] a, b;
      logic [WIDTH+1:0] sum;
      assign a = terms_i[2*n*WIDTH+:WIDTH];
      assign b = terms_i[(2*n+1)*WIDTH+:WIDTH];
      // The lowest bits make the carry into the sum proper.
      assign sum = {a[WIDTH-1], a, 1'b1} + {b[WIDTH-1], b, carry_i[2*n+1]};
      always_ff @(posedge clk_i) begin
        sums_q[n*(WIDTH+1)+:WIDTH+1] <= sum[WIDTH+1:1];
        carry_q[n] <= carry_i[2*n];
      end
    end
    tephra_adder_tree #(.COUNT(COUNT / 2), .WIDTH(WIDTH + 1)) u_rest (
      .clk_i, .terms_i(sums_q), .carry_i(carry_q), .sum_o, .carry_o);
  end
endmodule

`default_nettype wire
