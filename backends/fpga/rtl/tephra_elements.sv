// From sums of rows to states: scales them, collects the rows of an element, and computes the recurrence, the gated
// unit, the residual or a logit. Holds the residual x of a token, and the recurrent state h of all blocks.
`default_nettype none

module tephra_elements #(
  parameter int STREAMS = 1,
  parameter int X_BITS = 8,   // address bits of x
  parameter int H_BITS = 11,  // address bits of h, all blocks of a stream
  parameter int COUNT_BITS = 24,
  parameter int StreamBits = STREAMS > 1 ? $clog2(STREAMS) : 1
) (
  input  logic                         clk_i,
  input  logic                         rst_ni,
  input  logic                         clear_i,       // before a phase
  input  logic [1:0]                   op_i,
  input  logic [4:0]                   f_bits_i,
  input  logic [4:0]                   i_bits_i,
  input  logic [4:0]                   h_bits_i,      // F_h, of the gated unit F_z
  input  logic signed [6:0]            shift_i,       // of x, or F_i - F_h
  input  logic [5:0]                   result_shift_i,
  input  logic [H_BITS-1:0]            h_base_i,      // where h of this block begins
  input  logic [STREAMS-1:0]           active_i,      // streams whose h may change
  // sums
  input  logic                         valid_i,
  input  logic [StreamBits-1:0]        stream_i,
  input  logic [1:0]                   row_i,
  input  logic                         final_i,
  input  logic signed [31:0]           value_i,
  input  logic [31:0]                  scale_i,       // exponent above mantissa
  output logic signed [23:0]           scaled_o,
  // one_minus_lower of the element
  input  logic                         lower_valid_i,
  input  logic [23:0]                  lower_i,
  output logic                         lower_ready_o,
  // states for the norm behind
  output logic                         valid_o,
  output logic signed [23:0]           value_o,
  output logic [46:0]                  g_square_o,
  // logits
  output logic                         logit_valid_o,
  output logic [StreamBits-1:0]        logit_stream_o,
  output logic [COUNT_BITS-1:0]        logit_id_o,
  // embedded token
  input  logic                         x_write_i,
  input  logic [StreamBits+X_BITS-1:0] x_address_i,
  input  logic signed [23:0]           x_i,
  // h, from outside, while no token is under way; data two cycles after the address
  input  logic                         h_write_i,
  input  logic [StreamBits+H_BITS-1:0] h_address_i,
  input  logic signed [23:0]           h_i,
  output logic signed [23:0]           h_o,
  // for observers
  output logic                         scaled_valid_o,
  output logic [1:0]                   scaled_row_o,
  output logic                         new_h_valid_o,
  output logic signed [23:0]           new_h_o
);
  localparam int RamLatency = tephra_pkg::RamLatency;
  localparam int Scaler = tephra_pkg::ScalerLatency;
  localparam int ResidualLatency = tephra_pkg::ShiftLatency + 1;
  localparam int StateLatency = tephra_pkg::SiluLatency + 6;
  localparam int RecurrenceLatency = StateLatency + tephra_pkg::SiluLatency + 3;

  logic signed [23:0] scaled;
  logic early_valid, valid, final_early, final_now, complete, recurs;
  logic [StreamBits-1:0] stream;
  logic [1:0] row;

  assign recurs = op_i == tephra_pkg::OpRecurrence;
  tephra_scaler u_scaler (
    .clk_i, .value_i, .mantissa_i(scale_i[15:0]), .exponent_i($signed(scale_i[31:16])), .result_o(scaled));
  assign scaled_o = scaled;
  tephra_valid_line #(.LATENCY(Scaler - RamLatency)) u_early_valid (.clk_i, .rst_ni, .valid_i, .valid_o(early_valid));
  tephra_delay #(.WIDTH(1), .LATENCY(Scaler - RamLatency)) u_early_final (
    .clk_i, .data_i(final_i), .data_o(final_early));
  tephra_valid_line #(.LATENCY(RamLatency)) u_valid (.clk_i, .rst_ni, .valid_i(early_valid), .valid_o(valid));
  tephra_delay #(.WIDTH(1), .LATENCY(RamLatency)) u_final (.clk_i, .data_i(final_early), .data_o(final_now));
  tephra_delay #(.WIDTH(StreamBits + 2), .LATENCY(Scaler)) u_stream (
    .clk_i, .data_i({stream_i, row_i}), .data_o({stream, row}));
  assign complete = valid && final_now;

  // The memories answer when the last row of the element comes out of the scaler.
  logic [StreamBits-1:0] read_stream;
  logic [X_BITS-1:0] read_element;
  tephra_walk #(.STREAMS(STREAMS), .BITS(X_BITS)) u_read (
    .clk_i, .rst_ni, .clear_i, .step_i(early_valid && final_early), .stream_o(read_stream),
    .element_o(read_element), .last_stream_o());

  // Rows that wait for the last one of their element
  logic signed [23:0] row_0_q [STREAMS];
  logic signed [23:0] row_1_q [STREAMS];
  always_ff @(posedge clk_i) begin
    if (valid && row == 2'd0) row_0_q[stream] <= scaled;
    if (valid && row == 2'd1) row_1_q[stream] <= scaled;
  end

  // Recurrence and gated unit
  logic signed [23:0] h, h_old, h_new, t;
  logic [23:0] lower;
  logic recurrence_in, h_new_valid, recurrence_out;
  logic [46:0] g_square;
  assign recurrence_in = complete && (recurs || op_i == tephra_pkg::OpGatedUnit);
  assign h_old = recurs ? h : row_0_q[stream];
  assign lower = recurs ? lower_i : 24'd0;
  assign lower_ready_o = complete && recurs && stream == StreamBits'(STREAMS - 1);
  tephra_recurrence u_recurrence (
    .clk_i, .f_i(row_0_q[stream]), .i_i(row_1_q[stream]), .g_i(scaled), .h_i(h_old), .one_minus_lower_i(lower),
    .f_bits_i, .i_bits_i, .h_bits_i, .to_h_shift_i(shift_i), .to_t_shift_i(result_shift_i), .h_o(h_new), .t_o(t),
    .g_square_o(g_square));
  tephra_valid_line #(.LATENCY(StateLatency)) u_h_valid (
    .clk_i, .rst_ni, .valid_i(recurrence_in && recurs), .valid_o(h_new_valid));
  tephra_valid_line #(.LATENCY(RecurrenceLatency)) u_t_valid (
    .clk_i, .rst_ni, .valid_i(recurrence_in), .valid_o(recurrence_out));

  logic [StreamBits-1:0] h_stream;
  logic [X_BITS-1:0] h_element;
  logic h_write;
  tephra_walk #(.STREAMS(STREAMS), .BITS(X_BITS)) u_h_walk (
    .clk_i, .rst_ni, .clear_i, .step_i(h_new_valid), .stream_o(h_stream), .element_o(h_element), .last_stream_o());
  assign h_write = h_new_valid && active_i[h_stream];
  tephra_ram #(.WIDTH(24), .DEPTH(STREAMS << H_BITS), .ADDRESS_BITS(StreamBits + H_BITS)) u_h (
    .clk_i, .write_i(h_write || h_write_i),
    .write_address_i(h_write ? {h_stream, h_base_i + H_BITS'(h_element)} : h_address_i),
    .write_data_i(h_write ? h_new : h_i),
    .read_address_i(early_valid ? {read_stream, h_base_i + H_BITS'(read_element)} : h_address_i), .read_data_o(h));
  assign h_o = h;
  assign new_h_valid_o = h_new_valid;
  assign new_h_o = h_new;

  // Residual
  logic signed [23:0] x, x_new;
  logic residual_in, residual_out;
  logic [StreamBits-1:0] x_stream;
  logic [X_BITS-1:0] x_element;
  assign residual_in = complete && op_i == tephra_pkg::OpResidual;
  tephra_residual u_residual (.clk_i, .x_i(x), .shift_i, .v_i(scaled), .x_o(x_new));
  tephra_valid_line #(.LATENCY(ResidualLatency)) u_x_valid (
    .clk_i, .rst_ni, .valid_i(residual_in), .valid_o(residual_out));
  tephra_walk #(.STREAMS(STREAMS), .BITS(X_BITS)) u_x_walk (
    .clk_i, .rst_ni, .clear_i, .step_i(residual_out), .stream_o(x_stream), .element_o(x_element), .last_stream_o());
  tephra_ram #(.WIDTH(24), .DEPTH(STREAMS << X_BITS), .ADDRESS_BITS(StreamBits + X_BITS)) u_x (
    .clk_i, .write_i(residual_out || x_write_i),
    .write_address_i(residual_out ? {x_stream, x_element} : x_address_i),
    .write_data_i(residual_out ? x_new : x_i),
    .read_address_i({read_stream, read_element}), .read_data_o(x));

  assign valid_o = residual_out || recurrence_out;
  assign value_o = residual_out ? x_new : t;
  assign g_square_o = recurrence_out && recurs ? g_square : 47'd0;

  // Logits
  tephra_walk #(.STREAMS(STREAMS), .BITS(COUNT_BITS)) u_logits (
    .clk_i, .rst_ni, .clear_i, .step_i(logit_valid_o), .stream_o(), .element_o(logit_id_o), .last_stream_o());
  assign logit_valid_o = complete && op_i == tephra_pkg::OpLogits;
  assign logit_stream_o = stream;

  assign scaled_valid_o = valid;
  assign scaled_row_o = row;

`ifndef SYNTHESIS
  always @(posedge clk_i) begin
    if (rst_ni) assert (!(residual_out && recurrence_out));
    if (rst_ni) assert (!(residual_out && x_write_i));
    if (rst_ni) assert (!(h_write && h_write_i));
    if (rst_ni && recurrence_in && recurs) assert (lower_valid_i);
  end
`endif
endmodule

`default_nettype wire
