// Walks through elements 0 .. count - 1, for each through all streams: where the next value of a vector belongs. Units
// keep the order of elements, so each counts for itself instead of carrying numbers along its pipeline.
`default_nettype none

module tephra_walk #(
  parameter int STREAMS = 1,
  parameter int BITS = 16,
  parameter int StreamBits = STREAMS > 1 ? $clog2(STREAMS) : 1
) (
  input  logic                  clk_i,
  input  logic                  rst_ni,
  input  logic                  clear_i,
  input  logic                  step_i,
  output logic [StreamBits-1:0] stream_o,
  output logic [BITS-1:0]       element_o,
  output logic                  last_stream_o
);
  logic [StreamBits-1:0] stream_q;
  logic [BITS-1:0] element_q;

  assign stream_o = stream_q;
  assign element_o = element_q;
  assign last_stream_o = stream_q == StreamBits'(STREAMS - 1);
  always_ff @(posedge clk_i) begin
    if (!rst_ni || clear_i) begin
      stream_q <= '0;
      element_q <= '0;
    end else if (step_i) begin
      stream_q <= last_stream_o ? '0 : stream_q + 1'b1;
      if (last_stream_o) element_q <= element_q + 1'b1;
    end
  end
endmodule

`default_nettype wire
