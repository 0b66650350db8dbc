// Runs one token: reads the headers of the memory image (backends/fpga/README.md) and starts the units in turn.
`default_nettype none

module tephra_sequencer #(
  parameter int WORD_BITS = 32,
  parameter int STREAMS = 1,
  parameter int X_BITS = 8,
  parameter int P_BITS = 10,
  parameter int H_BITS = 11,
  parameter int Q_BITS = 6,
  parameter int StreamBits = STREAMS > 1 ? $clog2(STREAMS) : 1,
  parameter int Header = tephra_pkg::HeaderBits
) (
  input  logic                         clk_i,
  input  logic                         rst_ni,
  // a token for each active stream; what to do with the head: 0 nothing, 1 the greedy choice, 2 also all logits, 3 the
  // head of the last token again, with its logits
  input  logic                         token_valid_i,
  output logic                         token_ready_o,
  input  logic [STREAMS-1:0]           active_i,
  input  logic [STREAMS*24-1:0]        ids_i,
  input  logic [1:0]                   head_i,
  output logic                         done_o,
  output logic                         error_o,   // the image is not one, or is too large for this core; until reset
  output logic [STREAMS-1:0]           active_o,
  output logic                         logits_wanted_o,
  // regions of memory
  output logic                         region_valid_o,
  input  logic                         region_ready_i,
  output logic [31:0]                  region_address_o,
  output logic [31:0]                  region_count_o,
  // words: headers and the embedding here, the rest to the feed
  input  logic                         valid_i,
  output logic                         ready_o,
  input  logic [WORD_BITS-1:0]         word_i,
  // embedded numbers
  output logic                         number_valid_o,
  output logic [StreamBits+X_BITS-1:0] number_address_o,
  output logic [31:0]                  number_o,
  output logic [1:0]                   number_type_o,
  output logic [4:0]                   number_bits_o,
  // the phase
  output logic [Header-1:0]            header_o,
  output logic [H_BITS-1:0]            h_base_o,
  output logic                         clear_o,
  output logic                         scales_start_o,
  input  logic                         scales_done_i,
  output logic                         quantizer_start_o,
  input  logic                         quantizer_done_i,
  output logic                         quantizing_o,
  output logic                         rows_start_o,
  input  logic                         vector_done_i,   // the record of the vector behind is complete
  input  logic                         logits_done_i
);
  localparam int HeaderWords = (Header + WORD_BITS - 1) / WORD_BITS;
  localparam logic [3:0] Idle = 4'd0, TokenHeader = 4'd1, TokenCheck = 4'd2, Embed = 4'd3, EmbedEnd = 4'd4,
                         PhaseHeader = 4'd5, PhaseCheck = 4'd6, Scales = 4'd7, Quantize = 4'd8, Rows = 4'd9,
                         Fault = 4'd10;
  localparam logic [2:0] NoRegion = 3'd0, RegionHeader = 3'd1, RegionWait = 3'd2, RegionProduct = 3'd3,
                         RegionEmbedding = 3'd4, RegionBlocks = 3'd5, RegionHead = 3'd6;

  logic [3:0] state_q;
  logic [STREAMS-1:0] active_q;
  logic [STREAMS*24-1:0] ids_q;
  logic [1:0] head_q;
  logic [HeaderWords*WORD_BITS-1:0] header_q;
  logic [3:0] words_q;
  logic [2:0] wait_q;
  logic in_head_q, last_header_word;
  logic [H_BITS-1:0] h_base_q;
  logic [15:0] width_q, embedding_words_q;
  logic [31:0] embedding_base_q, blocks_base_q, blocks_words_q, head_base_q, head_words_q;
  logic [1:0] type_q;
  logic [4:0] bits_q;

  assign header_o = header_q[Header-1:0];
  assign last_header_word = words_q == 4'(HeaderWords - 1);

  // Header words come in from the top.
  logic header_take;
  assign header_take = valid_i && (state_q == TokenHeader || state_q == PhaseHeader);
  if (HeaderWords == 1) begin : gen_wide
    always_ff @(posedge clk_i) if (header_take) header_q <= word_i;
  end else begin : gen_narrow
    always_ff @(posedge clk_i) if (header_take) header_q <= {word_i, header_q[HeaderWords*WORD_BITS-1:WORD_BITS]};
  end

  // Numbers of the embedding: one a cycle out of the word at hand.
  localparam int Halves = WORD_BITS / 16;
  localparam int HalfBits = $clog2(Halves);
  logic [HalfBits-1:0] half_q;
  logic [X_BITS:0] element_q;
  logic [StreamBits-1:0] stream_q;
  logic number_take, last_of_word, last_of_row, last_of_streams;
  logic [31:0] number;
  logic [WORD_BITS+15:0] word_padded;
  assign number_take = state_q == Embed && active_q[stream_q] && valid_i;
  assign last_of_row = 16'(element_q) + 16'd1 == width_q;
  assign last_of_word = type_q == tephra_pkg::FloatF32 ? half_q == HalfBits'(Halves - 2) : half_q == HalfBits'(Halves - 1);
  assign last_of_streams = stream_q == StreamBits'(STREAMS - 1);
  assign word_padded = {16'b0, word_i};
  assign number = word_padded[16*half_q+:32];
  assign number_valid_o = number_take;
  assign number_address_o = {stream_q, element_q[X_BITS-1:0]};
  assign number_o = number;
  assign number_type_o = type_q;
  assign number_bits_o = bits_q;

  always_comb begin
    case (state_q)
      TokenHeader, PhaseHeader: ready_o = 1'b1;
      Embed: ready_o = active_q[stream_q] && (last_of_word || last_of_row);
      default: ready_o = 1'b0;
    endcase
  end

  // Units of a phase's header
  logic [1:0] op, inputs, outputs;
  logic [31:0] elements, beats;
  logic last_of_blocks;
  assign op = header_q[1:0];
  assign inputs = header_q[5:4];
  assign outputs = header_q[9:8];
  assign last_of_blocks = header_q[16];
  assign elements = header_q[63:32];
  assign beats = header_q[127:96];

  // Sizes that this core was built for
  logic too_large;
  logic [31:0] vector_products, activations;
  assign vector_products = (outputs[0] ? elements : 32'd0) + (outputs[1] ? {elements[30:0], 1'b0} : 32'd0);
  assign activations = (inputs[0] ? beats : 32'd0) + (inputs[1] ? {beats[30:0], 1'b0} : 32'd0);
  assign too_large = (op != tephra_pkg::OpLogits &&
                      (elements > 32'(1 << P_BITS) || vector_products > 32'(1 << P_BITS))) ||
                     activations > 32'(1 << Q_BITS) ||
                     (op == tephra_pkg::OpRecurrence && elements + 32'(h_base_q) > 32'(1 << H_BITS));

  assign clear_o = state_q == PhaseCheck;
  logic started_q;  // the unit of this state
  assign scales_start_o = state_q == Scales && !started_q;
  assign quantizer_start_o = state_q == Quantize && !started_q;
  assign rows_start_o = state_q == Rows && !started_q;
  assign quantizing_o = state_q == Quantize;
  assign token_ready_o = state_q == Idle;
  assign error_o = state_q == Fault;
  assign h_base_o = h_base_q;
  assign active_o = active_q;
  assign logits_wanted_o = head_q[1];

  logic phase_ends, last_phase;
  assign phase_ends = state_q == Rows && started_q && (in_head_q ? logits_done_i : vector_done_i);
  assign last_phase = in_head_q || (last_of_blocks && head_q == 2'd0);
  assign done_o = phase_ends && last_phase;

  always_ff @(posedge clk_i) begin
    started_q <= 1'b0;
    case (state_q)
      Idle: begin
        words_q <= 4'd0;
        in_head_q <= 1'b0;
        h_base_q <= '0;
        if (token_valid_i) begin
          active_q <= active_i;
          ids_q <= ids_i;
          head_q <= head_i;
          state_q <= TokenHeader;
        end
      end
      TokenHeader: if (valid_i) begin
        words_q <= words_q + 4'd1;
        if (last_header_word) state_q <= TokenCheck;
      end
      TokenCheck: begin
        width_q <= header_q[47:32];
        type_q <= header_q[65:64];
        bits_q <= header_q[76:72];
        embedding_base_q <= header_q[127:96];
        embedding_words_q <= header_q[143:128];
        blocks_base_q <= header_q[191:160];
        blocks_words_q <= header_q[223:192];
        head_base_q <= header_q[255:224];
        head_words_q <= header_q[287:256];
        half_q <= '0;
        element_q <= '0;
        stream_q <= '0;
        in_head_q <= head_q == 2'd3;
        wait_q <= 3'd7;
        state_q <= header_q[31:0] != tephra_pkg::Magic || header_q[63:32] > 32'(1 << X_BITS) ? Fault :
                   head_q == 2'd3 ? EmbedEnd : Embed;
      end
      Embed: begin
        if (number_take) begin
          element_q <= last_of_row ? '0 : element_q + 1'b1;
          half_q <= last_of_row || last_of_word ? '0
                                                : half_q + (type_q == tephra_pkg::FloatF32 ? HalfBits'(2) : HalfBits'(1));
        end
        if (!active_q[stream_q] || (number_take && last_of_row)) begin
          stream_q <= stream_q + 1'b1;
          wait_q <= 3'd7;
          if (last_of_streams) state_q <= EmbedEnd;
        end
      end
      EmbedEnd: begin  // the last number is still on its way to x
        wait_q <= wait_q - 3'd1;
        words_q <= 4'd0;
        if (wait_q == 3'd0) state_q <= PhaseHeader;
      end
      PhaseHeader: if (valid_i) begin
        words_q <= words_q + 4'd1;
        if (last_header_word) state_q <= PhaseCheck;
      end
      PhaseCheck: state_q <= too_large ? Fault : inputs == 2'd0 ? Rows : Scales;
      Scales: begin
        started_q <= 1'b1;
        if (started_q && scales_done_i) begin
          started_q <= 1'b0;
          state_q <= Quantize;
        end
      end
      Quantize: begin
        started_q <= 1'b1;
        if (started_q && quantizer_done_i) begin
          started_q <= 1'b0;
          state_q <= Rows;
        end
      end
      Rows: begin
        started_q <= 1'b1;
        words_q <= 4'd0;
        if (phase_ends) begin
          started_q <= 1'b0;
          if (op == tephra_pkg::OpRecurrence) h_base_q <= h_base_q + H_BITS'(elements);
          in_head_q <= last_of_blocks;
          state_q <= last_phase ? Idle : PhaseHeader;
        end
      end
      default: ;
    endcase
    if (!rst_ni) state_q <= Idle;
  end

  // Regions: the header, a row of the embedding for each stream, the blocks, the head.
  logic [2:0] region_q;
  logic [StreamBits-1:0] region_stream_q;
  logic [39:0] offset_q;
  assign region_address_o = region_q == RegionEmbedding ? embedding_base_q + offset_q[31:0] :
                            region_q == RegionBlocks ? blocks_base_q : region_q == RegionHead ? head_base_q : 32'd0;
  assign region_count_o = region_q == RegionEmbedding ? {16'b0, embedding_words_q} :
                          region_q == RegionBlocks ? blocks_words_q :
                          region_q == RegionHead ? head_words_q : 32'(HeaderWords);
  assign region_valid_o = region_q == RegionHeader || (region_q == RegionEmbedding && active_q[region_stream_q]) ||
                          region_q == RegionBlocks || region_q == RegionHead;
  always_ff @(posedge clk_i) begin
    offset_q <= ids_q[24*region_stream_q+:24] * embedding_words_q;
    case (region_q)
      NoRegion: if (token_valid_i && token_ready_o) region_q <= RegionHeader;
      RegionHeader: if (region_ready_i) region_q <= RegionWait;
      RegionWait: begin
        region_stream_q <= '0;
        if (state_q == Embed) region_q <= RegionProduct;
        if (state_q == EmbedEnd) region_q <= RegionHead;
      end
      RegionProduct: region_q <= RegionEmbedding;
      RegionEmbedding:
        if (region_ready_i || !active_q[region_stream_q]) begin
          region_stream_q <= region_stream_q + 1'b1;
          region_q <= region_stream_q == StreamBits'(STREAMS - 1) ? RegionBlocks : RegionProduct;
        end
      RegionBlocks: if (region_ready_i) region_q <= head_q == 2'd0 ? NoRegion : RegionHead;
      RegionHead: if (region_ready_i) region_q <= NoRegion;
      default: region_q <= NoRegion;
    endcase
    if (!rst_ni) region_q <= NoRegion;
  end
endmodule

`default_nettype wire
