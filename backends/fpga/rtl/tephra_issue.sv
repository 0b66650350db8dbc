// Sends the sums of rows to the scaler, one a cycle: for each element its rows, for each row all streams. The last row of
// an element completes it; the norm behind takes one output a cycle, so elements keep their distance.
`default_nettype none

module tephra_issue #(
  parameter int STREAMS = 1,
  parameter int COUNT_BITS = 24,
  parameter int StreamBits = STREAMS > 1 ? $clog2(STREAMS) : 1
) (
  input  logic                  clk_i,
  input  logic                  rst_ni,
  input  logic                  start_i,
  input  logic [COUNT_BITS:0]   elements_i,
  input  logic [1:0]            rows_i,     // of an element; 0: no product, the sums are zero
  input  logic [1:0]            outputs_i,  // of the norm behind
  output logic                  busy_o,
  input  logic                  room_i,     // behind, for an element of one stream
  // sums of rows
  input  logic                  valid_i,
  output logic                  ready_o,
  // elements without a product
  input  logic                  element_valid_i,
  output logic                  element_ready_o,
  // to the scaler
  output logic                  valid_o,
  output logic [StreamBits-1:0] stream_o,
  output logic [1:0]            row_o,
  output logic                  final_o     // the last row of its element
);
  logic busy_q, last_stream, last_row, element_ends;
  logic [COUNT_BITS:0] element_q;
  logic [StreamBits-1:0] stream_q;
  logic [1:0] row_q, wait_q;

  assign last_stream = stream_q == StreamBits'(STREAMS - 1);
  assign last_row = rows_i == 2'd0 || row_q + 2'd1 == rows_i;
  assign valid_o = busy_q && wait_q == 2'd0 && room_i && (rows_i == 2'd0 ? element_valid_i : valid_i);
  assign ready_o = valid_o && last_stream && rows_i != 2'd0;
  assign element_ends = valid_o && last_stream && last_row;
  assign element_ready_o = element_ends;
  assign stream_o = stream_q;
  assign row_o = row_q;
  assign final_o = last_row;
  assign busy_o = busy_q;
  always_ff @(posedge clk_i) begin
    if (wait_q != 2'd0) wait_q <= wait_q - 2'd1;
    if (!rst_ni) begin
      busy_q <= 1'b0;
      wait_q <= 2'd0;
    end else if (start_i) begin
      busy_q <= 1'b1;
      element_q <= '0;
      stream_q <= '0;
      row_q <= 2'd0;
      wait_q <= 2'd0;
    end else if (valid_o) begin
      if (last_row && outputs_i > 2'd1) wait_q <= outputs_i - 2'd1;
      stream_q <= last_stream ? '0 : stream_q + 1'b1;
      if (last_stream) row_q <= last_row ? 2'd0 : row_q + 2'd1;
      if (element_ends) begin
        element_q <= element_q + 1'b1;
        if (element_q + 1'b1 == elements_i) busy_q <= 1'b0;
      end
    end
  end
endmodule

`default_nettype wire
