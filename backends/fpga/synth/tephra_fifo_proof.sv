// What tephra_fifo must do, beside it: the same words in the same order, none lost, none twice, whoever waits.
`default_nettype none

module tephra_fifo_proof (
  input logic       clk_i,
  input logic       rst_ni,
  input logic       valid_i,
  input logic [1:0] data_i,
  input logic       ready_i
);
  localparam int DepthBits = 2;
  logic ready, valid;
  logic [1:0] data;
  tephra_fifo #(.WIDTH(2), .DEPTH_BITS(DepthBits)) i_fifo (
    .clk_i, .rst_ni, .valid_i, .ready_o(ready), .data_i, .valid_o(valid), .ready_i, .data_o(data)
  );

  // The words that wait, the first in the lowest place.
  logic [2*(2**DepthBits)-1:0] waiting_q, left;
  logic [DepthBits:0] count_q, count;
  logic reset_q = 1'b0;
  assign left = valid && ready_i ? waiting_q >> 2 : waiting_q;
  assign count = count_q - (DepthBits + 1)'(valid && ready_i);
  always_ff @(posedge clk_i) begin
    reset_q <= 1'b1;
    waiting_q <= left;
    count_q <= count;
    if (valid_i && ready) begin
      waiting_q[2*count+:2] <= data_i;
      count_q <= count + 1'b1;
    end
    if (!rst_ni) count_q <= '0;
  end

  always @* begin
    assume (rst_ni == reset_q);  // one cycle of reset, then none
    if (reset_q) begin
      assert (valid == (count_q != '0));
      assert (ready == !count_q[DepthBits]);
      if (valid) assert (data == waiting_q[1:0]);
    end
  end
endmodule

`default_nettype wire
