// Constants of the core. Where they come from: docs/numerics.md (operations), backends/fpga/README.md (memory image).
`default_nettype none

package tephra_pkg;
  // Cycles from the inputs of a unit to its result.
  localparam int ShiftLatency = 2;
  localparam int SigmoidLatency = 8;
  localparam int SiluLatency = SigmoidLatency + 2;
  localparam int ScalerLatency = 6;
  localparam int RamLatency = 2;

  // What the rows of a phase become.
  localparam logic [1:0] OpResidual = 2'd0;
  localparam logic [1:0] OpRecurrence = 2'd1;
  localparam logic [1:0] OpGatedUnit = 2'd2;
  localparam logic [1:0] OpLogits = 2'd3;

  // Storage types of the embedding table.
  localparam logic [1:0] FloatBf16 = 2'd0;
  localparam logic [1:0] FloatF16 = 2'd1;
  localparam logic [1:0] FloatF32 = 2'd2;

  // Packing of weights.
  localparam int TwoBits = 0;
  localparam int FiveTrits = 1;

  // First word of a memory image, and bits of a header.
  localparam logic [31:0] Magic = 32'h5446_5031;
  localparam int HeaderBits = 384;

  // Bits of lanes that a word of memory feeds.
  function automatic int word_bits(input int lanes, input int packing);
    word_bits = packing == FiveTrits ? lanes / 5 * 8 : lanes * 2;
  endfunction

  // The smallest power of two that is at least n, as its exponent.
  function automatic int log2_up(input int n);
    log2_up = 0;
    while ((1 << log2_up) < n) log2_up = log2_up + 1;
  endfunction
endpackage

`default_nettype wire
