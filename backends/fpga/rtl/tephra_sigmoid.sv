// sigmoid(z, F) as a fraction of 2^23 (docs/numerics.md, 2), |z| <= 2^23, F in [0, 23], which stands still while values are
// under way. Eight cycles, a value a cycle.
`default_nettype none

module tephra_sigmoid (
  input  logic               clk_i,
  input  logic signed [24:0] z_i,
  input  logic [4:0]         fraction_bits_i,
  output logic [22:0]        result_o
);
  logic [23:0] magnitude_q;
  logic [40:0] shifted_q, rounded;
  logic [19:0] a_q;
  logic [11:0] rest_4_q, rest_5_q;
  logic [39:0] entry, entry_q;
  logic [22:0] table_6_q, tail_q, result_q;
  logic [28:0] product_q, step;
  logic negative_7;

  // 1: |z|. 2: 2^17 |z| / 2^F, one bit below 16 fraction bits. 3: rounded, at most 2^20 - 1.
  assign rounded = (shifted_q + 41'd1) >> 1;
  always_ff @(posedge clk_i) begin
    magnitude_q <= z_i[24] ? 24'd0 - z_i[23:0] : z_i[23:0];
    shifted_q <= {magnitude_q, 17'b0} >> fraction_bits_i;
    a_q <= |rounded[40:20] ? 20'hFFFFF : rounded[19:0];
  end
  // 4, 5: table
  tephra_sigmoid_rom u_rom (.clk_i, .address_i(a_q[19:12]), .data_o(entry));
  always_ff @(posedge clk_i) begin
    rest_4_q <= a_q[11:0];
    rest_5_q <= rest_4_q;
    entry_q <= entry;
  end
  // 6: step times rest. 7: the small side. 8: the side of z.
  tephra_delay #(.WIDTH(1), .LATENCY(7)) u_negative (.clk_i, .data_i(z_i[24]), .data_o(negative_7));
  assign step = (product_q + 29'd2048) >> 12;
  always_ff @(posedge clk_i) begin
    product_q <= entry_q[39:23] * rest_5_q;
    table_6_q <= entry_q[22:0];
    tail_q <= table_6_q - {6'b0, step[16:0]};
    result_q <= negative_7 ? tail_q : 23'd0 - tail_q;  // 2^23 - tail
  end
  assign result_o = result_q;
endmodule

`default_nettype wire
