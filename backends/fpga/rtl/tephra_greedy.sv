// The largest logit of each stream, the smallest id among equals (docs/numerics.md, 3.6). Ids come in order.
`default_nettype none

module tephra_greedy #(
  parameter int STREAMS = 1,
  parameter int StreamBits = STREAMS > 1 ? $clog2(STREAMS) : 1
) (
  input  logic                  clk_i,
  input  logic                  valid_i,
  input  logic [StreamBits-1:0] stream_i,
  input  logic [23:0]           id_i,
  input  logic signed [23:0]    logit_i,
  output logic [STREAMS*24-1:0] choice_o
);
  logic signed [23:0] best_q [STREAMS];
  logic [STREAMS*24-1:0] choice_q;

  always_ff @(posedge clk_i)
    if (valid_i && (id_i == 24'd0 || logit_i > best_q[stream_i])) begin
      best_q[stream_i] <= logit_i;
      choice_q[24*stream_i+:24] <= id_i;
    end
  assign choice_o = choice_q;
endmodule

`default_nettype wire
