// The core: one token of a MatMul-free language model from a memory image (backends/fpga/README.md), bits equal to
// docs/numerics.md. All streams meet each word of weights at once.
`default_nettype none

module tephra_core #(
  parameter int LANES = 16,    // columns of a row a cycle; of five-trit packing a multiple of 20
  parameter int PACKING = tephra_pkg::TwoBits,
  parameter int STREAMS = 1,
  parameter int X_BITS = 8,    // 2^X_BITS elements of x
  parameter int P_BITS = 10,   // 2^P_BITS products of a normalised vector, all its outputs
  parameter int H_BITS = 11,   // 2^H_BITS states h of a stream, all blocks
  parameter int Q_BITS = 6,    // 2^Q_BITS words of activations, LANES each
  parameter int WordBits = tephra_pkg::word_bits(LANES, PACKING),
  parameter int StreamBits = STREAMS > 1 ? $clog2(STREAMS) : 1
) (
  input  logic                         clk_i,
  input  logic                         rst_ni,
  // host: a token for each active stream; head: 0 none, 1 greedy choice, 2 logits too, 3 those of the
  // last token again
  input  logic                         token_valid_i,
  output logic                         token_ready_o,
  input  logic [STREAMS-1:0]           token_active_i,
  input  logic [STREAMS*24-1:0]        token_ids_i,
  input  logic [1:0]                   token_head_i,
  output logic                         done_o,       // for one cycle, with the choices
  output logic                         error_o,      // the image is not one or is too large; until reset
  output logic [STREAMS*24-1:0]        choice_o,
  // logits, for each id all streams
  output logic                         logit_valid_o,
  input  logic                         logit_ready_i,
  output logic signed [23:0]           logit_o,
  // h, while no token is under way; data two cycles after the address
  input  logic                         h_write_i,
  input  logic [StreamBits+H_BITS-1:0] h_address_i,
  input  logic signed [23:0]           h_i,
  output logic signed [23:0]           h_o,
  // memory: `count` words from `address` on
  output logic                         command_valid_o,
  input  logic                         command_ready_i,
  output logic [31:0]                  command_address_o,
  output logic [31:0]                  command_count_o,
  input  logic                         data_valid_i,
  output logic                         data_ready_o,
  input  logic [WordBits-1:0]          data_i,
  // taps, for observers: {op, row} says what a scaled value is; other values come in the order of their vector
  output logic                         tap_scaled_valid_o,
  output logic [3:0]                   tap_scaled_kind_o,
  output logic signed [23:0]           tap_scaled_o,
  output logic                         tap_h_valid_o,
  output logic signed [23:0]           tap_h_o,
  output logic                         tap_state_valid_o,
  output logic signed [23:0]           tap_state_o,
  output logic                         tap_q_valid_o,
  output logic signed [7:0]            tap_q_o,
  output logic                         tap_x_valid_o,
  output logic signed [23:0]           tap_x_o,
  output logic                         tap_phase_o      // a phase starts
);
  localparam int CountBits = 24;
  localparam int SumsBits = 4;   // rows whose sums have room
  localparam int LogitBits = 4;  // logits that have room
  localparam int RecordBits = 5;

  // Sequencer
  logic [tephra_pkg::HeaderBits-1:0] header;
  logic [STREAMS-1:0] active;
  logic logits_wanted, clear, scales_start, scales_done, quantizer_start, quantizer_done, quantizing, rows_start;
  logic vector_done, logits_done;
  logic [H_BITS-1:0] h_base;
  logic region_valid, region_ready, word_valid, word_ready, sequencer_ready, feed_ready;
  logic [31:0] region_address, region_count;
  logic [WordBits-1:0] word;
  logic number_valid;
  logic [StreamBits+X_BITS-1:0] number_address;
  logic [31:0] number;
  logic [1:0] number_type;
  logic [4:0] number_bits;

  tephra_sequencer #(
    .WORD_BITS(WordBits), .STREAMS(STREAMS), .X_BITS(X_BITS), .P_BITS(P_BITS), .H_BITS(H_BITS), .Q_BITS(Q_BITS)
  ) u_sequencer (
    .clk_i, .rst_ni, .token_valid_i, .token_ready_o, .active_i(token_active_i), .ids_i(token_ids_i),
    .head_i(token_head_i), .done_o, .error_o, .active_o(active), .logits_wanted_o(logits_wanted),
    .region_valid_o(region_valid), .region_ready_i(region_ready), .region_address_o(region_address),
    .region_count_o(region_count), .valid_i(word_valid), .ready_o(sequencer_ready), .word_i(word),
    .number_valid_o(number_valid), .number_address_o(number_address), .number_o(number), .number_type_o(number_type),
    .number_bits_o(number_bits), .header_o(header), .h_base_o(h_base), .clear_o(clear),
    .scales_start_o(scales_start), .scales_done_i(scales_done), .quantizer_start_o(quantizer_start),
    .quantizer_done_i(quantizer_done), .quantizing_o(quantizing), .rows_start_o(rows_start),
    .vector_done_i(vector_done), .logits_done_i(logits_done));

  // Fields of a phase's header
  logic [1:0] op, inputs, outputs, record_units, rows;
  logic [CountBits:0] elements;
  assign op = header[1:0];
  assign inputs = header[5:4];
  assign outputs = header[9:8];
  assign record_units = header[13:12];
  assign elements = header[32+:CountBits+1];
  assign rows = inputs == 2'd0 ? 2'd0 : op == tephra_pkg::OpRecurrence ? 2'd3 : op == tephra_pkg::OpGatedUnit ? 2'd2 : 2'd1;

  tephra_fetch #(.WORD_BITS(WordBits)) u_fetch (
    .clk_i, .rst_ni, .region_valid_i(region_valid), .region_ready_o(region_ready), .region_address_i(region_address),
    .region_count_i(region_count), .command_valid_o, .command_ready_i, .command_address_o, .command_count_o,
    .data_valid_i, .data_ready_o, .data_i, .valid_o(word_valid), .ready_i(word_ready), .word_o(word));
  assign word_ready = sequencer_ready || feed_ready;

  // Weights
  logic feed_busy, issue_busy, record_valid, record_ready, gains_room, lower_room, row_starts, sums_room;
  logic [63:0] record;
  logic product_valid, product_first, product_last;
  logic [Q_BITS-1:0] column;
  tephra_feed #(.WORD_BITS(WordBits), .Q_BITS(Q_BITS), .COUNT_BITS(CountBits)) u_feed (
    .clk_i, .rst_ni, .start_i(rows_start), .elements_i(elements), .rows_i(rows), .own_columns_i(inputs == 2'd3),
    .beats_i(header[96+:Q_BITS+1]), .record_units_i(record_units), .busy_o(feed_busy), .valid_i(word_valid),
    .ready_o(feed_ready), .word_i(word), .record_valid_o(record_valid), .record_ready_i(record_ready),
    .record_o(record), .room_i(sums_room), .row_o(row_starts), .valid_o(product_valid), .first_o(product_first),
    .last_o(product_last), .column_o(column));

  // Products
  logic q_write, sums_in_valid, sums_in_ready, sums_valid, sums_ready;
  logic [StreamBits-1:0] q_stream;
  logic [Q_BITS-1:0] q_address;
  logic [LANES*8-1:0] q_word;
  logic [STREAMS*24-1:0] sums_in, sums;
  logic [SumsBits:0] rows_under_way_q;
  tephra_product #(.LANES(LANES), .PACKING(PACKING), .STREAMS(STREAMS), .Q_BITS(Q_BITS)) u_product (
    .clk_i, .rst_ni, .q_write_i(q_write), .q_stream_i(q_stream), .q_address_i(q_address), .q_data_i(q_word),
    .valid_i(product_valid), .first_i(product_first), .last_i(product_last), .column_i(column), .word_i(word),
    .valid_o(sums_in_valid), .sums_o(sums_in));
  tephra_fifo #(.WIDTH(STREAMS * 24), .DEPTH_BITS(SumsBits)) u_sums (
    .clk_i, .rst_ni, .valid_i(sums_in_valid), .ready_o(sums_in_ready), .data_i(sums_in), .valid_o(sums_valid),
    .ready_i(sums_ready), .data_o(sums));
  assign sums_room = !rows_under_way_q[SumsBits];
  always_ff @(posedge clk_i) begin
    if (!rst_ni) rows_under_way_q <= '0;
    else rows_under_way_q <= rows_under_way_q + (SumsBits + 1)'(row_starts) - (SumsBits + 1)'(sums_valid && sums_ready);
  end

  // Records: one_minus_lower, and the gains of the norm behind
  logic [63:0] gains_in, gains;
  logic [23:0] lower;
  logic gains_valid, gains_ready, lower_valid, lower_ready, element_valid, element_ready;
  logic [RecordBits:0] elements_waiting_q;
  assign record_ready = gains_room && lower_room;
  assign gains_in = op == tephra_pkg::OpRecurrence ? {32'b0, record[63:32]} : record;
  tephra_fifo #(.WIDTH(64), .DEPTH_BITS(RecordBits)) u_gains (
    .clk_i, .rst_ni, .valid_i(record_valid && record_ready), .ready_o(gains_room), .data_i(gains_in),
    .valid_o(gains_valid), .ready_i(gains_ready), .data_o(gains));
  tephra_fifo #(.WIDTH(24), .DEPTH_BITS(RecordBits)) u_lower (
    .clk_i, .rst_ni, .valid_i(record_valid && record_ready && op == tephra_pkg::OpRecurrence), .ready_o(lower_room),
    .data_i(record[23:0]), .valid_o(lower_valid), .ready_i(lower_ready), .data_o(lower));
  assign element_valid = elements_waiting_q != '0;
  always_ff @(posedge clk_i) begin
    if (!rst_ni || rows_start) elements_waiting_q <= '0;
    else if (rows == 2'd0)
      elements_waiting_q <= elements_waiting_q + (RecordBits + 1)'(record_valid && record_ready) -
                            (RecordBits + 1)'(element_ready);
  end

  // Scales: of each stream and output
  logic [31:0] quantize_q [4 << StreamBits];
  logic [31:0] dequantize_q [4 << StreamBits];
  logic [StreamBits-1:0] scales_stream;
  logic [1:0] scales_output;
  logic [63:0] record_sum, record_second;
  logic [29:0] record_peak;
  logic quantize_valid, dequantize_valid;
  logic [31:0] scale;
  tephra_scales #(.STREAMS(STREAMS)) u_scales (
    .clk_i, .rst_ni, .start_i(scales_start), .outputs_i(inputs), .epsilon_i(header[192+:64]),
    .second_epsilon_i(header[256+:32]), .factors_i(header[288+:96]), .stream_o(scales_stream),
    .output_o(scales_output), .sum_i(record_sum), .second_i(record_second), .peak_i(record_peak),
    .quantize_valid_o(quantize_valid), .dequantize_valid_o(dequantize_valid), .scale_o(scale), .done_o(scales_done));
  always_ff @(posedge clk_i) begin
    if (quantize_valid) quantize_q[{scales_stream, scales_output}] <= scale;
    if (dequantize_valid) dequantize_q[{scales_stream, scales_output}] <= scale;
  end

  // Activations
  logic [StreamBits+P_BITS-1:0] p_address;
  logic [30:0] p;
  logic quantizer_read, quantizer_read_2;
  logic [StreamBits-1:0] quantizer_stream, quantizer_stream_2;
  logic [1:0] quantizer_output, quantizer_output_2;
  logic signed [23:0] scaled;
  tephra_quantizer #(
    .LANES(LANES), .STREAMS(STREAMS), .X_BITS(P_BITS), .P_BITS(P_BITS), .Q_BITS(Q_BITS)
  ) u_quantizer (
    .clk_i, .rst_ni, .start_i(quantizer_start), .outputs_i(inputs), .count_i(header[64+:P_BITS+1]),
    .done_o(quantizer_done), .read_o(quantizer_read), .p_address_o(p_address), .read_stream_o(quantizer_stream),
    .read_output_o(quantizer_output), .scaled_i(scaled), .write_o(q_write), .stream_o(q_stream),
    .address_o(q_address), .word_o(q_word), .q_valid_o(tap_q_valid_o), .q_o(tap_q_o));
  tephra_delay #(.WIDTH(1 + StreamBits + 2), .LATENCY(tephra_pkg::RamLatency)) u_quantizer_place (
    .clk_i, .data_i({quantizer_read, quantizer_stream, quantizer_output}),
    .data_o({quantizer_read_2, quantizer_stream_2, quantizer_output_2}));

  // Elements
  logic issue_valid, issue_final, issue_room, state_valid, logit_valid, number_valid_x;
  logic [StreamBits-1:0] issue_stream, logit_stream;
  logic [1:0] issue_row;
  logic signed [23:0] state, number_state;
  logic [46:0] g_square;
  logic [CountBits-1:0] logit_id;
  logic [StreamBits+X_BITS-1:0] x_address;
  logic signed [31:0] scaler_value;
  logic [31:0] scaler_scale;
  logic [23:0] sum;
  tephra_issue #(.STREAMS(STREAMS), .COUNT_BITS(CountBits)) u_issue (
    .clk_i, .rst_ni, .start_i(rows_start), .elements_i(elements), .rows_i(rows), .outputs_i(outputs),
    .busy_o(issue_busy), .room_i(issue_room), .valid_i(sums_valid), .ready_o(sums_ready),
    .element_valid_i(element_valid), .element_ready_o(element_ready), .valid_o(issue_valid), .stream_o(issue_stream),
    .row_o(issue_row), .final_o(issue_final));
  assign sum = rows == 2'd0 ? 24'd0 : sums[24*issue_stream+:24];
  assign scaler_value = quantizing ? $signed({p[30], p}) : $signed({{8{sum[23]}}, sum});
  assign scaler_scale = quantizing ? quantize_q[{quantizer_stream_2, quantizer_output_2}]
                                   : dequantize_q[{issue_stream, inputs == 2'd3 ? issue_row : 2'd0}];
  tephra_elements #(.STREAMS(STREAMS), .X_BITS(X_BITS), .H_BITS(H_BITS), .COUNT_BITS(CountBits)) u_elements (
    .clk_i, .rst_ni, .clear_i(clear), .op_i(op), .f_bits_i(header[128+:5]), .i_bits_i(header[136+:5]),
    .h_bits_i(header[144+:5]), .shift_i($signed(header[160+:7])), .result_shift_i(header[168+:6]),
    .h_base_i(h_base), .active_i(active), .valid_i(issue_valid), .stream_i(issue_stream), .row_i(issue_row),
    .final_i(issue_final), .value_i(scaler_value), .scale_i(scaler_scale), .scaled_o(scaled),
    .lower_valid_i(lower_valid), .lower_i(lower), .lower_ready_o(lower_ready), .valid_o(state_valid),
    .value_o(state), .g_square_o(g_square), .logit_valid_o(logit_valid), .logit_stream_o(logit_stream),
    .logit_id_o(logit_id), .x_write_i(number_valid_x), .x_address_i(x_address), .x_i(number_state), .h_write_i,
    .h_address_i, .h_i, .h_o, .scaled_valid_o(tap_scaled_valid_o), .scaled_row_o(tap_scaled_kind_o[1:0]),
    .new_h_valid_o(tap_h_valid_o), .new_h_o(tap_h_o));

  // Embedding
  tephra_embedding u_embedding (
    .clk_i, .bits_i(number), .type_i(number_type), .fraction_bits_i(number_bits), .state_o(number_state));
  tephra_valid_line #(.LATENCY(6)) u_number_valid (
    .clk_i, .rst_ni, .valid_i(number_valid), .valid_o(number_valid_x));
  tephra_delay #(.WIDTH(StreamBits + X_BITS), .LATENCY(6)) u_number_address (
    .clk_i, .data_i(number_address), .data_o(x_address));

  // The norm behind
  tephra_norm #(.STREAMS(STREAMS), .X_BITS(P_BITS), .P_BITS(P_BITS)) u_norm (
    .clk_i, .rst_ni, .clear_i(clear), .outputs_i(outputs), .count_i(elements[P_BITS:0]), .valid_i(state_valid),
    .value_i(state), .g_square_i(g_square), .gains_valid_i(gains_valid), .gains_i(gains),
    .gains_ready_o(gains_ready), .done_o(vector_done), .record_stream_i(scales_stream),
    .record_output_i(scales_output), .sum_o(record_sum), .second_o(record_second), .peak_o(record_peak),
    .p_address_i(p_address), .p_o(p));

  // Logits wait for the host; an element starts when its logit has room.
  logic logit_room, logit_out;
  logic [LogitBits:0] logits_under_way_q;
  logic [3:0] idle_q;
  assign issue_room = op != tephra_pkg::OpLogits || !logits_wanted || !logits_under_way_q[LogitBits];
  assign logit_out = logit_valid_o && logit_ready_i;
  tephra_fifo #(.WIDTH(24), .DEPTH_BITS(LogitBits)) u_logits (
    .clk_i, .rst_ni, .valid_i(logit_valid && logits_wanted), .ready_o(logit_room), .data_i(scaled),
    .valid_o(logit_valid_o), .ready_i(logit_ready_i), .data_o(logit_o));
  always_ff @(posedge clk_i) begin
    if (!rst_ni) logits_under_way_q <= '0;
    else
      logits_under_way_q <= logits_under_way_q +
                            (LogitBits + 1)'(issue_valid && op == tephra_pkg::OpLogits && logits_wanted) -
                            (LogitBits + 1)'(logit_out);
    // The last logit leaves the scaler before this many cycles without an element.
    idle_q <= issue_busy || rows_start ? 4'd0 : idle_q == 4'd8 ? idle_q : idle_q + 4'd1;
  end
  assign logits_done = !feed_busy && idle_q == 4'd8 && logits_under_way_q == '0;
  tephra_greedy #(.STREAMS(STREAMS)) u_greedy (
    .clk_i, .valid_i(logit_valid), .stream_i(logit_stream), .id_i(logit_id), .logit_i(scaled), .choice_o);

  assign tap_scaled_kind_o[3:2] = op;
  assign tap_scaled_o = scaled;
  assign tap_state_valid_o = state_valid;
  assign tap_state_o = state;
  assign tap_x_valid_o = number_valid_x;
  assign tap_x_o = number_state;
  assign tap_phase_o = rows_start;

`ifndef SYNTHESIS
  always @(posedge clk_i) begin
    if (rst_ni && sums_in_valid) assert (sums_in_ready);
    if (rst_ni && logit_valid && logits_wanted) assert (logit_room);
    if (rst_ni) assert (!(sequencer_ready && feed_ready));
    if (rst_ni) assert (!(quantizing && issue_busy));
    if (rst_ni) assert (!(quantizer_read_2 && !quantizing));
  end
`endif
endmodule

`default_nettype wire
