// What tephra_async_fifo must do, beside it, for two clocks that tick as they like: word k that is read is word k that was
// written, and was written before. The reset lasts until both clocks have ticked.
`default_nettype none

module tephra_async_fifo_proof (
  input logic write_clk_i,
  input logic read_clk_i,
  input logic valid_i,
  input logic data_i,
  input logic ready_i
);
  localparam int Words = 16;  // more than are written within the proof's steps
  logic ready, valid, data, run;
  logic write_ticked_q = 1'b0, read_ticked_q = 1'b0;
  logic [1:0] used;
  assign run = write_ticked_q && read_ticked_q;
  tephra_async_fifo #(.WIDTH(1), .DEPTH_BITS(1)) i_fifo (
    .write_clk_i, .write_rst_ni(run), .valid_i, .ready_o(ready), .used_o(used), .data_i,
    .read_clk_i, .read_rst_ni(run), .valid_o(valid), .ready_i, .data_o(data)
  );

  logic [Words-1:0] words_q;
  logic [4:0] written_q = '0, read_q = '0;
  always_ff @(posedge write_clk_i) begin
    write_ticked_q <= 1'b1;
    if (run && valid_i && ready) begin
      words_q[written_q[3:0]] <= data_i;
      written_q <= written_q + 1'b1;
    end
  end
  always_ff @(posedge read_clk_i) begin
    read_ticked_q <= 1'b1;
    if (run && valid && ready_i) read_q <= read_q + 1'b1;
  end

  always @* begin
    if (run) begin
      assert (written_q - read_q <= 5'd2);
      assert (used >= 2'(written_q - read_q));
      if (valid) assert (read_q != written_q && data == words_q[read_q[3:0]]);
    end
  end
endmodule

`default_nettype wire
