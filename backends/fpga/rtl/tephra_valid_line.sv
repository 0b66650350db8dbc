// A valid bit, LATENCY cycles later; forgets what is under way when reset.
`default_nettype none

module tephra_valid_line #(
  parameter int LATENCY = 2
) (
  input  logic clk_i,
  input  logic rst_ni,
  input  logic valid_i,
  output logic valid_o
);
  logic [LATENCY-1:0] line_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) line_q <= '0;
    else line_q <= {line_q[LATENCY-2:0], valid_i};
  end
  assign valid_o = line_q[LATENCY-1];
endmodule

`default_nettype wire
