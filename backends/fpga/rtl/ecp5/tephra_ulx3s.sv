// The board ULX3S (LFE5U-85F, SDRAM of 32 MB): clocks, pads and pins. The only place with primitives of the vendor.
// Pins: ulx3s.lpf. Never run on a board, and place and route does not check the timing of the SDRAM's pins: the phase of
// its clock is a parameter, and the host can test the memory.
`default_nettype none

module tephra_ulx3s #(
  parameter int LANES = 16,
  parameter int PACKING = 0,
  parameter int STREAMS = 1,
  parameter int UART_CLOCKS = 17,      // 3 Mbaud from 50 MHz, 2 % slow
  parameter int SDRAM_PHASE = 24       // of 48: 24 is 180 degrees, 12 is 90
) (
  input  logic        clk_25mhz,
  input  logic        ftdi_txd,
  output logic        ftdi_rxd,
  output logic        wifi_gpio0,
  output logic [7:0]  led,
  output logic        sdram_clk,
  output logic        sdram_cke,
  output logic        sdram_csn,
  output logic        sdram_rasn,
  output logic        sdram_casn,
  output logic        sdram_wen,
  output logic [1:0]  sdram_ba,
  output logic [12:0] sdram_a,
  output logic [1:0]  sdram_dqm,
  inout  wire  [15:0] sdram_d
);
  logic clk, clk_sdram, clk_shifted, locked;

  // 600 MHz inside; 50 for the core, 100 for the SDRAM, and 100 shifted for the chip
  (* FREQUENCY_PIN_CLKI = "25" *) (* FREQUENCY_PIN_CLKOP = "50" *) (* FREQUENCY_PIN_CLKOS = "100" *)
  (* FREQUENCY_PIN_CLKOS2 = "100" *) (* ICP_CURRENT = "12" *) (* LPF_RESISTOR = "8" *)
  EHXPLLL #(
    .CLKI_DIV(1), .CLKFB_DIV(2), .FEEDBK_PATH("CLKOP"), .OUTDIVIDER_MUXA("DIVA"), .OUTDIVIDER_MUXB("DIVB"),
    .OUTDIVIDER_MUXC("DIVC"), .CLKOP_ENABLE("ENABLED"), .CLKOP_DIV(12), .CLKOP_CPHASE(5), .CLKOP_FPHASE(0),
    .CLKOS_ENABLE("ENABLED"), .CLKOS_DIV(6), .CLKOS_CPHASE(5), .CLKOS_FPHASE(0), .CLKOS2_ENABLE("ENABLED"),
    .CLKOS2_DIV(6), .CLKOS2_CPHASE(5 + SDRAM_PHASE / 8), .CLKOS2_FPHASE(SDRAM_PHASE % 8)
  ) u_pll (
    .CLKI(clk_25mhz), .RST(1'b0), .STDBY(1'b0), .CLKFB(clk), .CLKOP(clk), .CLKOS(clk_sdram), .CLKOS2(clk_shifted),
    .PHASESEL0(1'b0), .PHASESEL1(1'b0), .PHASEDIR(1'b1), .PHASESTEP(1'b1), .PHASELOADREG(1'b1), .PLLWAKESYNC(1'b0),
    .ENCLKOP(1'b0), .LOCK(locked));

  logic [7:0] reset_q = 8'd0;
  logic [1:0] sdram_reset_q = 2'd0;
  always_ff @(posedge clk) reset_q <= locked ? (reset_q == 8'hFF ? reset_q : reset_q + 8'd1) : 8'd0;
  always_ff @(posedge clk_sdram) sdram_reset_q <= {sdram_reset_q[0], reset_q == 8'hFF};

  logic busy, error, drive;
  logic [3:0] command;
  logic [1:0] bank;
  logic [12:0] address;
  logic [15:0] data_out, data_in;
  tephra_board #(
    .LANES(LANES), .PACKING(PACKING), .STREAMS(STREAMS), .UART_CLOCKS(UART_CLOCKS), .PAD_LATENCY(2)
  ) u_board (
    .clk_i(clk), .rst_ni(reset_q == 8'hFF), .sdram_clk_i(clk_sdram), .sdram_rst_ni(sdram_reset_q[1]),
    .uart_rx_i(ftdi_txd), .uart_tx_o(ftdi_rxd), .busy_o(busy), .error_o(error), .sdram_command_o(command),
    .sdram_bank_o(bank), .sdram_address_o(address), .sdram_data_o(data_out), .sdram_drive_o(drive),
    .sdram_data_i(data_in));

  // Registers in the pads
  logic [18:0] pads;
  for (genvar n = 0; n < 19; n++) begin : gen_out
    logic [18:0] level;
    assign level = {command, bank, address};
    OFS1P3BX u_pad (.D(level[n]), .SP(1'b1), .SCLK(clk_sdram), .PD(1'b0), .Q(pads[n]));
  end
  assign {sdram_csn, sdram_rasn, sdram_casn, sdram_wen, sdram_ba, sdram_a} = pads;
  for (genvar n = 0; n < 16; n++) begin : gen_data
    logic to_pad, from_pad, idle;
    OFS1P3BX u_out (.D(data_out[n]), .SP(1'b1), .SCLK(clk_sdram), .PD(1'b0), .Q(to_pad));
    OFS1P3BX u_idle (.D(!drive), .SP(1'b1), .SCLK(clk_sdram), .PD(1'b0), .Q(idle));
    IFS1P3BX u_in (.D(from_pad), .SP(1'b1), .SCLK(clk_sdram), .PD(1'b0), .Q(data_in[n]));
    TRELLIS_IO #(.DIR("BIDIR")) u_pad (.B(sdram_d[n]), .I(to_pad), .T(idle), .O(from_pad));
  end
  ODDRX1F u_clock (.SCLK(clk_shifted), .RST(1'b0), .D0(1'b1), .D1(1'b0), .Q(sdram_clk));
  assign sdram_cke = 1'b1;
  assign sdram_dqm = 2'b00;

  assign wifi_gpio0 = 1'b1;  // else the ESP32 resets the board
  assign led = {error, busy, 5'b0, locked};
endmodule

`default_nettype wire
