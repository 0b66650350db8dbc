// First in, first out; what is written can be read a cycle later. Loses nothing: asserts no write when full, no read
// when empty.
`default_nettype none

module tephra_fifo #(
  parameter int WIDTH = 8,
  parameter int DEPTH_BITS = 4
) (
  input  logic             clk_i,
  input  logic             rst_ni,
  input  logic             valid_i,
  output logic             ready_o,
  input  logic [WIDTH-1:0] data_i,
  output logic             valid_o,
  input  logic             ready_i,
  output logic [WIDTH-1:0] data_o
);
  logic [WIDTH-1:0] memory [2**DEPTH_BITS];
  logic [DEPTH_BITS:0] write_q, read_q, used;
  logic push, pop;

  assign used = write_q - read_q;
  assign ready_o = !used[DEPTH_BITS];
  assign valid_o = used != '0;
  assign data_o = memory[read_q[DEPTH_BITS-1:0]];
  assign push = valid_i && ready_o;
  assign pop = valid_o && ready_i;

  always_ff @(posedge clk_i) begin
    if (push) memory[write_q[DEPTH_BITS-1:0]] <= data_i;
    if (!rst_ni) begin
      write_q <= '0;
      read_q <= '0;
    end else begin
      if (push) write_q <= write_q + 1'b1;
      if (pop) read_q <= read_q + 1'b1;
    end
  end

`ifndef SYNTHESIS
  always @(posedge clk_i) begin
    if (rst_ni) assert (used <= (DEPTH_BITS + 1)'(2**DEPTH_BITS));
  end
`endif
endmodule

`default_nettype wire
