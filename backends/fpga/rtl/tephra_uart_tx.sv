// Bytes to a serial line: 8 data bits, no parity, one stop bit, CLOCKS cycles a bit.
`default_nettype none

module tephra_uart_tx #(
  parameter int CLOCKS = 16
) (
  input  logic       clk_i,
  input  logic       rst_ni,
  input  logic       valid_i,
  output logic       ready_o,
  input  logic [7:0] byte_i,
  output logic       line_o
);
  localparam int Bits = $clog2(CLOCKS);

  logic [9:0] shift_q;
  logic [3:0] left_q;
  logic [Bits-1:0] timer_q;

  assign ready_o = left_q == 4'd0;
  assign line_o = shift_q[0];
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      shift_q <= 10'h3FF;
      left_q <= 4'd0;
    end else if (ready_o) begin
      if (valid_i) begin
        shift_q <= {1'b1, byte_i, 1'b0};
        left_q <= 4'd10;
      end
      timer_q <= Bits'(CLOCKS - 1);
    end else if (timer_q != '0) begin
      timer_q <= timer_q - 1'b1;
    end else begin
      timer_q <= Bits'(CLOCKS - 1);
      shift_q <= {1'b1, shift_q[9:1]};
      left_q <= left_q - 4'd1;
    end
  end
endmodule

`default_nettype wire
