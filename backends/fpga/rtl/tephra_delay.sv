// A value, LATENCY cycles later.
`default_nettype none

module tephra_delay #(
  parameter int WIDTH = 1,
  parameter int LATENCY = 1
) (
  input  logic             clk_i,
  input  logic [WIDTH-1:0] data_i,
  output logic [WIDTH-1:0] data_o
);
  logic [WIDTH*LATENCY-1:0] line_q;

  if (LATENCY == 1) begin : gen_one
    always_ff @(posedge clk_i) line_q <= data_i;
  end else begin : gen_line
    always_ff @(posedge clk_i) line_q <= {line_q[WIDTH*(LATENCY-1)-1:0], data_i};
  end
  assign data_o = line_q[WIDTH*LATENCY-1-:WIDTH];
endmodule

`default_nettype wire
