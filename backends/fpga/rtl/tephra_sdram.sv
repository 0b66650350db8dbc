// Reads and writes runs of consecutive 16-bit words of an SDRAM (JEDEC, 4 banks), one word a cycle: a page is opened, read
// in one full-page burst, closed, and so is the next. A burst is ended when the reader has no room, and goes on from there.
// Refreshes when it has to, between bursts. Writing is for loading a model: single words into an open page.
// All pins are registered, data in both directions. The caller shifts the clock of the chip.
`default_nettype none

module tephra_sdram #(
  parameter int ROW_BITS = 13,
  parameter int COLUMN_BITS = 9,
  parameter int CAS_LATENCY = 3,
  parameter int PAD_LATENCY = 0,      // registers in the pads, out and in together
  // in cycles of this clock; the defaults are for 100 MHz and a chip of -7 grade
  parameter int POWER_UP = 20000,     // 200 us
  parameter int REFRESH_EVERY = 750,  // 64 ms / 8192 = 781
  parameter int ROW_CYCLE = 7,        // tRC, tRFC
  parameter int ROW_ACTIVE = 5,       // tRAS
  parameter int ROW_TO_COLUMN = 2,    // tRCD
  parameter int PRECHARGE = 2,        // tRP
  parameter int WRITE_RECOVERY = 2,   // tWR
  parameter int AddressBits = 2 + ROW_BITS + COLUMN_BITS
) (
  input  logic                   clk_i,
  input  logic                   rst_ni,
  // a run of words: read, or write as many as come until the next command
  input  logic                   command_valid_i,
  output logic                   command_ready_o,
  input  logic                   command_write_i,
  input  logic [AddressBits-1:0] command_address_i,
  input  logic [AddressBits:0]   command_count_i,
  input  logic                   write_valid_i,
  output logic                   write_ready_o,
  input  logic [15:0]            write_data_i,
  output logic                   read_valid_o,
  output logic [15:0]            read_data_o,
  input  logic                   read_room_i,  // for ReadLatency + 2 words at least
  // the chip; commands are {cs, ras, cas, we}, low active
  output logic [3:0]             sdram_command_o,
  output logic [1:0]             sdram_bank_o,
  output logic [ROW_BITS-1:0]    sdram_address_o,
  output logic [15:0]            sdram_data_o,
  output logic                   sdram_drive_o,
  input  logic [15:0]            sdram_data_i
);
  localparam logic [3:0] Nop = 4'b0111, Active = 4'b0011, Read = 4'b0101, Write = 4'b0100, Close = 4'b0010,
                         Refresh = 4'b0001, SetMode = 4'b0000, Terminate = 4'b0110;
  localparam logic [3:0] PowerUp = 4'd0, InitClose = 4'd1, InitRefresh = 4'd2, InitMode = 4'd3, Idle = 4'd4,
                         Open = 4'd5, Reading = 4'd6, Writing = 4'd7, Closing = 4'd8, Refreshing = 4'd9;
  // From the decision to read to the data behind the input register: command register, the chip, input register.
  localparam int ReadLatency = CAS_LATENCY + 2 + PAD_LATENCY;

  logic [3:0] state_q;
  logic [15:0] power_up_q;
  logic [3:0] wait_q;      // cycles until the chip takes the next command
  logic [3:0] refreshes_q;
  logic [15:0] refresh_timer_q;
  logic refresh_due_q;
  logic [4:0] open_q;      // cycles since the row was opened, at most ROW_ACTIVE
  logic [AddressBits-1:0] address_q;
  logic [AddressBits:0] left_q;
  logic write_q;
  logic bursting_q;
  logic [3:0] command_q;
  logic [1:0] bank_q;
  logic [ROW_BITS-1:0] pins_q;
  logic [15:0] data_out_q, data_in_q;
  logic drive_q;
  logic [1:0] bank;
  logic [ROW_BITS-1:0] row;
  logic [COLUMN_BITS-1:0] column;
  logic page_ends, run_ends_q, waiting, read_on, written;
  logic [ReadLatency-1:0] valid_q;

  // Rows of the four banks follow each other.
  assign {row, bank, column} = address_q;
  assign page_ends = &column;
  assign waiting = wait_q != 4'd0;
  // The word of this cycle is asked for: by a read command, or by going on with a burst.
  assign read_on = state_q == Reading && !waiting && read_room_i && !refresh_due_q;
  assign written = write_ready_o && write_valid_i;

  assign command_ready_o = state_q == Idle && !refresh_due_q;
  assign write_ready_o = state_q == Writing && !waiting && !refresh_due_q;

  always_ff @(posedge clk_i) begin
    command_q <= Nop;
    drive_q <= 1'b0;
    if (waiting) wait_q <= wait_q - 4'd1;
    if (open_q != 5'd31) open_q <= open_q + 5'd1;
    if (refresh_timer_q == 16'd0) begin
      refresh_timer_q <= 16'(REFRESH_EVERY - 1);
      refresh_due_q <= 1'b1;
    end else begin
      refresh_timer_q <= refresh_timer_q - 16'd1;
    end
    case (state_q)
      PowerUp: begin
        power_up_q <= power_up_q - 16'd1;
        if (power_up_q == 16'd0) state_q <= InitClose;
      end
      InitClose: begin
        command_q <= Close;
        pins_q <= ROW_BITS'(1 << 10);  // all banks
        wait_q <= 4'(PRECHARGE);
        refreshes_q <= 4'd8;
        state_q <= InitRefresh;
      end
      InitRefresh: if (!waiting) begin
        if (refreshes_q == 4'd0) begin
          state_q <= InitMode;
        end else begin
          command_q <= Refresh;
          refreshes_q <= refreshes_q - 4'd1;
          wait_q <= 4'(ROW_CYCLE);
        end
      end
      InitMode: begin
        command_q <= SetMode;
        left_q <= '0;
        bank_q <= 2'b00;
        pins_q <= ROW_BITS'((1 << 9) | (CAS_LATENCY << 4) | 7);  // single writes; bursts of a page
        wait_q <= 4'd2;
        refresh_due_q <= 1'b0;
        state_q <= Refreshing;
      end
      Idle: begin
        if (refresh_due_q) begin
          if (!waiting) begin
            command_q <= Refresh;
            refresh_due_q <= 1'b0;
            wait_q <= 4'(ROW_CYCLE);
            state_q <= Refreshing;
          end
        end else if (command_valid_i) begin
          address_q <= command_address_i;
          left_q <= command_count_i;
          run_ends_q <= command_count_i == (AddressBits + 1)'(1);
          write_q <= command_write_i;
          state_q <= Open;
        end
      end
      Open: if (!waiting) begin
        command_q <= Active;
        bank_q <= bank;
        pins_q <= row;
        open_q <= 5'd0;
        bursting_q <= 1'b0;
        wait_q <= 4'(ROW_TO_COLUMN - 1);
        state_q <= write_q ? Writing : Reading;
      end
      Reading: if (!waiting) begin
        bursting_q <= read_on;
        if (read_on && !bursting_q) begin
          command_q <= Read;
          bank_q <= bank;
          pins_q <= ROW_BITS'(column);
        end
        if (!read_on && bursting_q) command_q <= Terminate;
        if (read_on ? page_ends || run_ends_q : refresh_due_q) state_q <= Closing;
      end
      Writing: if (!waiting) begin
        if (written) begin
          command_q <= Write;
          bank_q <= bank;
          pins_q <= ROW_BITS'(column);
          data_out_q <= write_data_i;
          drive_q <= 1'b1;
        end
        if (written ? page_ends || run_ends_q : refresh_due_q) begin
          wait_q <= 4'(WRITE_RECOVERY);
          state_q <= Closing;
        end
      end
      Closing: if (!waiting && open_q >= 5'(ROW_ACTIVE)) begin
        command_q <= Close;
        pins_q <= ROW_BITS'(1 << 10);
        wait_q <= 4'(PRECHARGE - 1);
        state_q <= Refreshing;
      end
      default: if (!waiting) begin  // Refreshing: between rows
        if (refresh_due_q) begin
          command_q <= Refresh;
          refresh_due_q <= 1'b0;
          wait_q <= 4'(ROW_CYCLE - 1);
        end else begin
          state_q <= left_q == '0 ? Idle : Open;
        end
      end
    endcase
    if (read_on || written) begin
      address_q <= address_q + 1'b1;
      left_q <= left_q - 1'b1;
      run_ends_q <= left_q == (AddressBits + 1)'(2);
    end
    valid_q <= {valid_q[ReadLatency-2:0], read_on};
    data_in_q <= sdram_data_i;
    if (!rst_ni) begin
      command_q <= Nop;
      drive_q <= 1'b0;
      state_q <= PowerUp;
      wait_q <= 4'd0;
      power_up_q <= 16'(POWER_UP);
      refresh_timer_q <= 16'(REFRESH_EVERY - 1);
      refresh_due_q <= 1'b0;
      valid_q <= '0;
      bursting_q <= 1'b0;
    end
  end

  assign read_valid_o = valid_q[ReadLatency-1];
  assign read_data_o = data_in_q;
  assign sdram_command_o = command_q;
  assign sdram_bank_o = bank_q;
  assign sdram_address_o = pins_q;
  assign sdram_data_o = data_out_q;
  assign sdram_drive_o = drive_q;
endmodule

`default_nettype wire
