// Seeds of the Newton steps (docs/numerics.md, 2): of the reciprocal at 0 .. 255 (i - 256), of the inverse square root at
// 512 + i, i = 128 .. 511. Data a cycle after the address.
`default_nettype none

module tephra_seed_rom (
  input  logic        clk_i,
  input  logic [9:0]  address_i,
  output logic [16:0] data_o
);
  (* rom_style = "block" *) logic [16:0] memory [1024];
  logic [16:0] data_q;

  always_ff @(posedge clk_i) data_q <= memory[address_i];
  assign data_o = data_q;

  // floor(sqrt(2^42 / odd)), odd > 2^8
  function automatic logic [16:0] root_of(input logic [42:0] value);
    logic [42:0] root, bit_value, trial;
    root = 43'd0;
    for (int n = 16; n >= 0; n = n - 1) begin
      bit_value = 43'd1 << n;
      trial = root + bit_value;
      if (trial * trial <= value) root = trial;
    end
    root_of = root[16:0];
  endfunction

  logic [16:0] root;
  initial begin
    for (int n = 0; n < 1024; n = n + 1) memory[n] = 17'd0;
    for (int n = 0; n < 256; n = n + 1)
      memory[n] = 17'((33554432 + (2 * n + 513) / 2) / (2 * n + 513));
    for (int n = 128; n < 512; n = n + 1) begin
      root = root_of(43'd4398046511104 / (2 * n + 1));
      memory[n+512] = (root + 17'd1) >> 1;
    end
  end
endmodule

`default_nettype wire
