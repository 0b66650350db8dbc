// First in, first out, from one clock to another that need not be related: pointers cross as Gray codes through two
// registers.
`default_nettype none

module tephra_async_fifo #(
  parameter int WIDTH = 8,
  parameter int DEPTH_BITS = 4
) (
  // writer
  input  logic                write_clk_i,
  input  logic                write_rst_ni,
  input  logic                valid_i,
  output logic                ready_o,
  output logic [DEPTH_BITS:0] used_o,      // at least what is used
  input  logic [WIDTH-1:0]    data_i,
  // reader
  input  logic                read_clk_i,
  input  logic                read_rst_ni,
  output logic                valid_o,
  input  logic                ready_i,
  output logic [WIDTH-1:0]    data_o
);
  function automatic logic [DEPTH_BITS:0] gray(input logic [DEPTH_BITS:0] value);
    gray = value ^ (value >> 1);
  endfunction
  function automatic logic [DEPTH_BITS:0] binary(input logic [DEPTH_BITS:0] value);
    binary = value;
    for (int n = 1; n <= DEPTH_BITS; n = n + 1) binary = binary ^ (value >> n);
  endfunction

  logic [WIDTH-1:0] memory [2**DEPTH_BITS];
  logic [DEPTH_BITS:0] write_q, write_gray_q, write_gray_1_q, write_gray_2_q;
  logic [DEPTH_BITS:0] read_q, read_gray_q, read_gray_1_q, read_gray_2_q;
  logic [DEPTH_BITS:0] write_d, read_d, used, read_binary_q;

  assign used = write_q - read_binary_q;
  assign used_o = used;
  assign ready_o = !used[DEPTH_BITS];
  assign write_d = write_q + (DEPTH_BITS + 1)'(valid_i && ready_o);
  always_ff @(posedge write_clk_i) begin
    if (valid_i && ready_o) memory[write_q[DEPTH_BITS-1:0]] <= data_i;
    if (!write_rst_ni) begin
      write_q <= '0;
      write_gray_q <= '0;
      read_gray_1_q <= '0;
      read_gray_2_q <= '0;
      read_binary_q <= '0;
    end else begin
      write_q <= write_d;
      write_gray_q <= gray(write_d);
      read_gray_1_q <= read_gray_q;
      read_gray_2_q <= read_gray_1_q;
      read_binary_q <= binary(read_gray_2_q);
    end
  end

  assign valid_o = read_gray_q != write_gray_2_q;
  assign data_o = memory[read_q[DEPTH_BITS-1:0]];
  assign read_d = read_q + (DEPTH_BITS + 1)'(valid_o && ready_i);
  always_ff @(posedge read_clk_i) begin
    if (!read_rst_ni) begin
      read_q <= '0;
      read_gray_q <= '0;
      write_gray_1_q <= '0;
      write_gray_2_q <= '0;
    end else begin
      read_q <= read_d;
      read_gray_q <= gray(read_d);
      write_gray_1_q <= write_gray_q;
      write_gray_2_q <= write_gray_1_q;
    end
  end
endmodule

`default_nettype wire
