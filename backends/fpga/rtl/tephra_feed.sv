// Takes the elements of a phase from the stream of weights: for each element its record, then its rows, word by word.
// A row starts only when there is room for its sums, as products cannot wait once they are under way.
`default_nettype none

module tephra_feed #(
  parameter int WORD_BITS = 32,  // 32 or more, a power of two
  parameter int Q_BITS = 6,
  parameter int COUNT_BITS = 24
) (
  input  logic                  clk_i,
  input  logic                  rst_ni,
  input  logic                  start_i,
  input  logic [COUNT_BITS:0]   elements_i,
  input  logic [1:0]            rows_i,          // of an element, 0 to 3
  input  logic                  own_columns_i,   // row m meets activations of its own
  input  logic [Q_BITS:0]       beats_i,         // words of a row
  input  logic [1:0]            record_units_i,  // of 32 bits: 0, 1, 2
  output logic                  busy_o,
  // stream
  input  logic                  valid_i,
  output logic                  ready_o,
  input  logic [WORD_BITS-1:0]  word_i,
  // records
  output logic                  record_valid_o,
  input  logic                  record_ready_i,
  output logic [63:0]           record_o,
  // weights
  input  logic                  room_i,          // for the sums of a row
  output logic                  row_o,           // a row starts
  output logic                  valid_o,
  output logic                  first_o,
  output logic                  last_o,
  output logic [Q_BITS-1:0]     column_o
);
  logic busy_q, in_row_q, second_unit_q;
  logic [COUNT_BITS:0] element_q;
  logic [1:0] row_q;
  logic [Q_BITS:0] beat_q;
  logic [Q_BITS-1:0] column_q;
  logic [31:0] unit_q;
  logic take, record_last, last_beat, last_row, element_ends, starts_in_row;

  assign starts_in_row = record_units_i == 2'd0;
  assign ready_o = busy_q && (in_row_q ? beat_q != '0 || room_i : !record_last || record_ready_i);
  assign take = valid_i && ready_o;
  assign last_beat = beat_q + 1'b1 == beats_i;
  assign last_row = row_q + 2'd1 == rows_i;
  assign element_ends = in_row_q ? last_beat && last_row : record_last && rows_i == 2'd0;

  if (WORD_BITS == 32) begin : gen_narrow
    assign record_last = record_units_i == 2'd1 || second_unit_q;
    assign record_o = second_unit_q ? {word_i, unit_q} : {32'b0, word_i};
  end else begin : gen_wide
    assign record_last = 1'b1;
    assign record_o = word_i[63:0];
  end
  assign record_valid_o = busy_q && !in_row_q && valid_i && record_last;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      busy_q <= 1'b0;
    end else if (start_i) begin
      busy_q <= 1'b1;
      in_row_q <= starts_in_row;
      second_unit_q <= 1'b0;
      element_q <= '0;
      row_q <= 2'd0;
      beat_q <= '0;
      column_q <= '0;
    end else if (take) begin
      if (!in_row_q) begin
        unit_q <= word_i[31:0];
        second_unit_q <= !record_last;
        if (record_last && rows_i != 2'd0) in_row_q <= 1'b1;
      end else begin
        beat_q <= last_beat ? '0 : beat_q + 1'b1;
        column_q <= last_beat && (last_row || !own_columns_i) ? '0 : column_q + 1'b1;
        if (last_beat) row_q <= last_row ? 2'd0 : row_q + 2'd1;
        if (last_beat && last_row) in_row_q <= starts_in_row;
      end
      if (element_ends) begin
        element_q <= element_q + 1'b1;
        if (element_q + 1'b1 == elements_i) busy_q <= 1'b0;
      end
    end
  end
  assign busy_o = busy_q;
  assign valid_o = take && in_row_q;
  assign row_o = valid_o && beat_q == '0;
  assign first_o = beat_q == '0;
  assign last_o = last_beat;
  assign column_o = column_q;
endmodule

`default_nettype wire
