// The board's end of the protocol with a host (backends/fpga/README.md, "The link"): frames with a checksum come in as
// bytes, are kept until the checksum holds, and are then carried out. A token that comes again is not computed again.
`default_nettype none

module tephra_link #(
  parameter int LANES = 16,
  parameter int PACKING = 0,
  parameter int STREAMS = 1,
  parameter int X_BITS = 8,
  parameter int P_BITS = 10,
  parameter int H_BITS = 11,
  parameter int Q_BITS = 6,
  parameter int SILENCE_BITS = 20,  // a frame that stops for 2^SILENCE_BITS cycles is forgotten
  parameter int StreamBits = STREAMS > 1 ? $clog2(STREAMS) : 1
) (
  input  logic                         clk_i,
  input  logic                         rst_ni,
  // bytes
  input  logic                         rx_valid_i,
  input  logic [7:0]                   rx_i,
  output logic                         tx_valid_o,
  input  logic                         tx_ready_i,
  output logic [7:0]                   tx_o,
  // core
  output logic                         token_valid_o,
  input  logic                         token_ready_i,
  output logic [STREAMS-1:0]           token_active_o,
  output logic [STREAMS*24-1:0]        token_ids_o,
  output logic [1:0]                   token_head_o,
  input  logic                         done_i,
  input  logic                         error_i,
  input  logic [STREAMS*24-1:0]        choice_i,
  input  logic                         logit_valid_i,
  output logic                         logit_ready_o,
  input  logic [23:0]                  logit_i,
  output logic                         h_write_o,
  output logic [StreamBits+H_BITS-1:0] h_address_o,
  output logic [23:0]                  h_o,
  input  logic [23:0]                  h_i,
  // memory
  output logic                         command_valid_o,
  input  logic                         command_ready_i,
  output logic                         command_write_o,
  output logic [31:0]                  command_address_o,
  output logic [31:0]                  command_count_o,
  output logic                         write_valid_o,
  input  logic                         write_ready_i,
  output logic [31:0]                  write_data_o,
  input  logic                         read_valid_i,
  output logic                         read_ready_o,
  input  logic [31:0]                  read_data_i
);
  localparam int BufferBits = 11;  // payloads have at most 1032 bytes
  localparam int MostPayload = 1032;
  localparam logic [7:0] Request = 8'hA5, Reply = 8'h5A;
  localparam logic [7:0] Hello = 8'd1, WriteMemory = 8'd2, Token = 8'd3, ReadH = 8'd4, WriteH = 8'd5, ReadMemory = 8'd6;
  localparam logic [7:0] Good = 8'd0, Garbled = 8'd1, Unknown = 8'd2, CoreError = 8'd3;

  function automatic logic [15:0] crc16(input logic [15:0] crc, input logic [7:0] data);
    crc16 = crc ^ {data, 8'b0};
    for (int n = 0; n < 8; n = n + 1) crc16 = {crc16[14:0], 1'b0} ^ (crc16[15] ? 16'h1021 : 16'h0000);
  endfunction

  // In: A5, sequence, command, length (2), payload, checksum (2)
  localparam logic [3:0] InStart = 4'd0, InSequence = 4'd1, InCommand = 4'd2, InLength0 = 4'd3, InLength1 = 4'd4,
                         InPayload = 4'd5, InCheck0 = 4'd6, InCheck1 = 4'd7, InWait = 4'd8;
  logic [3:0] in_q;
  logic [7:0] sequence_q, command_q, check_q;
  logic [15:0] length_q, count_q, in_crc_q;
  logic [SILENCE_BITS-1:0] silence_q;
  logic received_q, garbled_q, finished;

  always_ff @(posedge clk_i) begin
    silence_q <= rx_valid_i || in_q == InStart || in_q == InWait ? '0 : silence_q + 1'b1;
    received_q <= 1'b0;
    if (rx_valid_i) begin
      in_crc_q <= crc16(in_crc_q, rx_i);
      count_q <= count_q + 16'd1;
      case (in_q)
        InStart: begin
          in_crc_q <= 16'hFFFF;
          if (rx_i == Request) in_q <= InSequence;
        end
        InSequence: begin
          sequence_q <= rx_i;
          in_q <= InCommand;
        end
        InCommand: begin
          command_q <= rx_i;
          in_q <= InLength0;
        end
        InLength0: begin
          length_q[7:0] <= rx_i;
          in_q <= InLength1;
        end
        InLength1: begin
          length_q[15:8] <= rx_i;
          count_q <= 16'd0;
          in_q <= {rx_i, length_q[7:0]} > 16'(MostPayload) ? InStart :
                  {rx_i, length_q[7:0]} == 16'd0 ? InCheck0 : InPayload;
        end
        InPayload: if (count_q + 16'd1 == length_q) in_q <= InCheck0;
        InCheck0: begin
          in_crc_q <= in_crc_q;
          check_q <= rx_i;
          in_q <= InCheck1;
        end
        InCheck1: begin
          received_q <= 1'b1;
          garbled_q <= {rx_i, check_q} != in_crc_q;
          in_q <= InWait;
        end
        default: ;  // InWait: the host waits for an answer
      endcase
    end
    if (!rst_ni || finished || &silence_q) in_q <= InStart;
  end

  logic [BufferBits-1:0] read_address_q;
  logic [7:0] payload;
  tephra_ram #(.WIDTH(8), .DEPTH(1 << BufferBits), .ADDRESS_BITS(BufferBits)) u_buffer (
    .clk_i, .write_i(rx_valid_i && in_q == InPayload), .write_address_i(count_q[BufferBits-1:0]), .write_data_i(rx_i),
    .read_address_i(read_address_q), .read_data_o(payload));

  // Carrying out: the head of the payload is read into a register, then the work, then the answer.
  localparam int HeadBytes = STREAMS * 3 + 5;
  localparam logic [3:0] Idle = 4'd0, Head = 4'd1, Decide = 4'd2, Command = 4'd3, Words = 4'd4, Tokens = 4'd5,
                         States = 4'd6, OutHeader = 4'd7, OutBody = 4'd8, OutCheck = 4'd9, Wait = 4'd10;
  logic [3:0] state_q;
  logic [HeadBytes*8-1:0] head_q;  // the first byte lowest
  logic [15:0] index_q;
  logic [1:0] settle_q;            // cycles until the buffer or h answers
  logic [7:0] status_q;
  logic [23:0] out_left_q;
  logic [2:0] header_q;
  logic [1:0] byte_q;
  logic [31:0] word_q;
  logic [15:0] words_q;
  logic [15:0] out_crc_q;
  logic tx_valid_q, token_valid_q, command_valid_q, write_valid_q, h_write_q, ran_q, done_q;
  logic [7:0] tx_q, ran_sequence_q;
  logic [1:0] head_mode_q;
  logic [H_BITS-1:0] h_address_q;
  logic [StreamBits-1:0] h_stream_q;
  logic [95:0] hello;
  logic [STREAMS*24-1:0] choices_q;
  logic tx_free, repeated;
  logic [7:0] out_byte;
  logic out_have;
  logic [31:0] first_byte;

  assign hello = {8'(Q_BITS), 8'(H_BITS), 8'(P_BITS), 8'(X_BITS), 8'(STREAMS), 8'(PACKING), 16'(LANES), 8'd1, 24'h504654};
  assign tx_free = !tx_valid_q;
  assign repeated = ran_q && ran_sequence_q == sequence_q;
  // A byte of the answer's body
  assign out_have = command_q == Token ? (out_left_q <= 24'(STREAMS * 3) ? done_q : byte_q != 2'd0 || logit_valid_i) :
                    command_q == ReadMemory ? byte_q != 2'd0 || read_valid_i : settle_q == 2'd0;
  assign out_byte = word_q[7:0];
  assign logit_ready_o = state_q == OutBody && command_q == Token && out_left_q > 24'(STREAMS * 3) && byte_q == 2'd0 &&
                         tx_free;
  assign read_ready_o = state_q == OutBody && command_q == ReadMemory && byte_q == 2'd0 && tx_free;
  assign finished = state_q == Wait;

  always_ff @(posedge clk_i) begin
    if (tx_valid_q && tx_ready_i) tx_valid_q <= 1'b0;
    if (token_valid_q && token_ready_i) token_valid_q <= 1'b0;
    if (command_valid_q && command_ready_i) command_valid_q <= 1'b0;
    if (write_valid_q && write_ready_i) write_valid_q <= 1'b0;
    h_write_q <= 1'b0;
    if (done_i) begin
      done_q <= 1'b1;
      choices_q <= choice_i;
    end
    if (settle_q != 2'd0) settle_q <= settle_q - 2'd1;
    case (state_q)
      Idle: begin
        read_address_q <= '0;
        index_q <= 16'd0;
        settle_q <= 2'd3;
        byte_q <= 2'd0;
        header_q <= 3'd0;
        out_left_q <= 24'd0;
        status_q <= garbled_q ? Garbled : error_i ? CoreError : Good;
        if (received_q) state_q <= garbled_q || (error_i && command_q == Token) ? OutHeader : Head;
      end
      Head: if (settle_q == 2'd0) begin
        head_q <= {payload, head_q[HeadBytes*8-1:8]};
        read_address_q <= read_address_q + 1'b1;
        index_q <= index_q + 16'd1;
        settle_q <= 2'd3;
        if (index_q == 16'(HeadBytes - 1)) state_q <= Decide;
      end
      Decide: begin
        state_q <= OutHeader;
        case (command_q)
          Hello: begin
            out_left_q <= 24'd12;
            word_q <= hello[31:0];
            if (length_q != 16'd0) status_q <= Unknown;
          end
          WriteMemory: begin
            words_q <= (length_q - 16'd4) >> 2;
            read_address_q <= BufferBits'(4);
            settle_q <= 2'd3;
            if (length_q < 16'd8 || length_q[1:0] != 2'd0) status_q <= Unknown;
            else state_q <= Command;
          end
          ReadMemory: begin
            words_q <= head_q[47:32];
            out_left_q <= {6'b0, head_q[47:32], 2'b0};
            if (length_q != 16'd6 || head_q[47:32] == 16'd0) status_q <= Unknown;
            else state_q <= Command;
          end
          Token: begin
            out_left_q <= head_q[STREAMS*24+8+:2] == 2'd2 ? head_q[STREAMS*24+16+:24] : 24'd0;
            head_mode_q <= head_q[STREAMS*24+8+:2];
            if (length_q != 16'(HeadBytes)) status_q <= Unknown;
            else state_q <= Tokens;
          end
          ReadH: begin
            h_stream_q <= StreamBits'(head_q[7:0]);
            h_address_q <= H_BITS'(head_q[31:8]);
            out_left_q <= {8'b0, head_q[47:32]} + {7'b0, head_q[47:32], 1'b0};
            settle_q <= 2'd3;
            if (length_q != 16'd6 || head_q[47:32] == 16'd0) status_q <= Unknown;
          end
          WriteH: begin
            h_stream_q <= StreamBits'(head_q[7:0]);
            h_address_q <= H_BITS'(head_q[31:8]);
            words_q <= length_q - 16'd4;
            read_address_q <= BufferBits'(4);
            settle_q <= 2'd3;
            if (length_q < 16'd7) status_q <= Unknown;
            else state_q <= States;
          end
          default: status_q <= Unknown;
        endcase
      end

      // Memory
      Command: begin
        command_valid_q <= 1'b1;
        state_q <= command_q == WriteMemory ? Words : OutHeader;
      end
      Words: if (settle_q == 2'd0 && !write_valid_q) begin
        word_q <= {payload, word_q[31:8]};
        read_address_q <= read_address_q + 1'b1;
        settle_q <= 2'd3;
        byte_q <= byte_q + 2'd1;
        if (byte_q == 2'd3) begin
          write_valid_q <= 1'b1;
          words_q <= words_q - 16'd1;
          if (words_q == 16'd1) state_q <= OutHeader;
        end
      end

      // Recurrent states
      States: if (settle_q == 2'd0) begin
        word_q <= {payload, word_q[31:8]};
        read_address_q <= read_address_q + 1'b1;
        settle_q <= 2'd3;
        words_q <= words_q - 16'd1;
        byte_q <= byte_q == 2'd2 ? 2'd0 : byte_q + 2'd1;
        h_write_q <= byte_q == 2'd2;
        if (words_q == 16'd1) begin
          byte_q <= 2'd0;
          state_q <= OutHeader;
        end
      end

      // A token: for a repeated one the head alone, or nothing
      Tokens: begin
        if (out_left_q == 24'd0 && repeated) begin
          done_q <= 1'b1;
        end else begin
          token_valid_q <= 1'b1;
          done_q <= 1'b0;
          if (repeated) head_mode_q <= 2'd3;
        end
        ran_q <= 1'b1;
        ran_sequence_q <= sequence_q;
        out_left_q <= out_left_q + 24'(STREAMS * 3);
        state_q <= OutHeader;
      end

      // The answer: 5A, status, length (3), body, checksum (2)
      OutHeader: if (tx_free && !write_valid_q) begin
        tx_valid_q <= 1'b1;
        header_q <= header_q == 3'd4 ? 3'd0 : header_q + 3'd1;
        case (header_q)
          3'd0: tx_q <= Reply;
          3'd1: tx_q <= status_q;
          3'd2: begin
            tx_q <= status_q == Good ? out_left_q[7:0] : 8'd0;
            if (status_q != Good) out_left_q <= 24'd0;
          end
          3'd3: tx_q <= out_left_q[15:8];
          default: tx_q <= out_left_q[23:16];
        endcase
        out_crc_q <= 16'hFFFF;
        if (header_q != 3'd0) out_crc_q <= crc16(header_q == 3'd1 ? 16'hFFFF : out_crc_q, header_q == 3'd1 ? status_q :
            header_q == 3'd2 ? (status_q == Good ? out_left_q[7:0] : 8'd0) :
            header_q == 3'd3 ? out_left_q[15:8] : out_left_q[23:16]);
        if (header_q == 3'd4) state_q <= out_left_q == 24'd0 ? OutCheck : OutBody;
      end
      OutBody: if (error_i && command_q == Token) begin
        state_q <= Wait;  // the host hears nothing more, and asks again
      end else if (tx_free && out_have) begin
        tx_valid_q <= 1'b1;
        out_left_q <= out_left_q - 24'd1;
        byte_q <= byte_q == (command_q == Token || command_q == ReadH ? 2'd2 : 2'd3) ? 2'd0 : byte_q + 2'd1;
        if (byte_q != 2'd0) begin
          tx_q <= out_byte;
          out_crc_q <= crc16(out_crc_q, out_byte);
          word_q <= {8'b0, word_q[31:8]};
        end else begin
          tx_q <= first_byte[7:0];
          out_crc_q <= crc16(out_crc_q, first_byte[7:0]);
          word_q <= {8'b0, first_byte[31:8]};
        end
        if (command_q == ReadH && byte_q == 2'd2) begin
          h_address_q <= h_address_q + 1'b1;
          settle_q <= 2'd3;
        end
        if (command_q == Token && out_left_q <= 24'(STREAMS * 3) && byte_q == 2'd2) 
          choices_q <= (choices_q >> 24) | (choices_q << (STREAMS * 24 - 24));
        if (command_q == Hello && byte_q == 2'd3) word_q <= out_left_q == 24'd9 ? hello[63:32] : hello[95:64];
        if (out_left_q == 24'd1) state_q <= OutCheck;
      end
      OutCheck: if (tx_free) begin
        tx_valid_q <= 1'b1;
        tx_q <= header_q[0] ? out_crc_q[15:8] : out_crc_q[7:0];
        header_q <= 3'd1;
        if (header_q == 3'd1) state_q <= Wait;
      end
      default: state_q <= Idle;  // Wait: the next frame may come
    endcase
    if (h_write_q) h_address_q <= h_address_q + 1'b1;
    if (!rst_ni) begin
      state_q <= Idle;
      tx_valid_q <= 1'b0;
      token_valid_q <= 1'b0;
      command_valid_q <= 1'b0;
      write_valid_q <= 1'b0;
      ran_q <= 1'b0;
      done_q <= 1'b0;
    end
  end

  // The word that begins with the next byte
  assign first_byte = command_q == Token ? (out_left_q <= 24'(STREAMS * 3) ? {8'b0, choices_q[23:0]} : {8'b0, logit_i}) :
                      command_q == ReadMemory ? read_data_i : command_q == ReadH ? {8'b0, h_i} : word_q;

  assign tx_valid_o = tx_valid_q;
  assign tx_o = tx_q;
  assign token_valid_o = token_valid_q;
  assign token_active_o = head_q[STREAMS*24+:STREAMS];
  assign token_ids_o = head_q[STREAMS*24-1:0];
  assign token_head_o = head_mode_q;
  assign command_valid_o = command_valid_q;
  assign command_write_o = command_q == WriteMemory;
  assign command_address_o = head_q[31:0];
  assign command_count_o = {16'b0, command_q == WriteMemory ? (length_q - 16'd4) >> 2 : head_q[47:32]};
  assign write_valid_o = write_valid_q;
  assign write_data_o = word_q;
  assign h_write_o = h_write_q;
  assign h_address_o = {h_stream_q, h_address_q};
  assign h_o = word_q[31:8];
endmodule

`default_nettype wire
