// Bytes from a serial line: 8 data bits, no parity, one stop bit, CLOCKS cycles a bit (at least 4).
`default_nettype none

module tephra_uart_rx #(
  parameter int CLOCKS = 16
) (
  input  logic       clk_i,
  input  logic       rst_ni,
  input  logic       line_i,
  output logic       valid_o,  // for one cycle
  output logic [7:0] byte_o
);
  localparam int Bits = $clog2(CLOCKS);

  logic line_1_q, line_q, busy_q, valid_q;
  logic [Bits-1:0] timer_q;
  logic [3:0] bit_q;
  logic [7:0] byte_q;

  always_ff @(posedge clk_i) begin
    line_1_q <= line_i;
    line_q <= line_1_q;
    valid_q <= 1'b0;
    if (!rst_ni) begin
      busy_q <= 1'b0;
    end else if (!busy_q) begin
      // From the edge of the start bit to its middle
      timer_q <= Bits'(CLOCKS / 2 - 1);
      bit_q <= 4'd0;
      busy_q <= !line_q;
    end else if (timer_q != '0) begin
      timer_q <= timer_q - 1'b1;
    end else begin
      timer_q <= Bits'(CLOCKS - 1);
      bit_q <= bit_q + 4'd1;
      if (bit_q == 4'd0 && line_q) busy_q <= 1'b0;  // no start bit
      if (bit_q != 4'd0 && bit_q != 4'd9) byte_q <= {line_q, byte_q[7:1]};
      if (bit_q == 4'd9) begin
        busy_q <= 1'b0;
        valid_q <= line_q;  // a stop bit, else the byte is lost and the checksum of its frame fails
      end
    end
  end
  assign valid_o = valid_q;
  assign byte_o = byte_q;
endmodule

`default_nettype wire
