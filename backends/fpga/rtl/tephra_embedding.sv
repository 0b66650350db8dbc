// A stored number (BF16, F16 or F32) as a state with F fraction bits (docs/numerics.md, 3.1). Six cycles, a number a cycle.
`default_nettype none

module tephra_embedding #(
  parameter int Latency = 6
) (
  input  logic               clk_i,
  input  logic [31:0]        bits_i,  // the low 16 for BF16 and F16
  input  logic [1:0]         type_i,
  input  logic [4:0]         fraction_bits_i,
  output logic signed [23:0] state_o
);
  logic bf16, f16, hidden, sign, sign_4, sign_5;
  logic [7:0] field;
  logic [9:0] bias;
  logic signed [9:0] shift, shift_1_q;  // c = k + F: to the left when positive
  logic [23:0] magnitude_1_q, magnitude_2_q;
  logic [5:0] right_2_q;
  logic [2:0] right_3_q;
  logic too_far_2_q, too_far_3_q, large_4_q, large_5_q;
  logic [72:0] coarse_3_q, fine;        // |value| with 25 bits below its unit; what falls below them is kept
  logic [24:0] half_4_q;                // |value| times two
  logic below_4_q;                      // something is below that
  logic signed [26:0] signed_5_q, rounded;
  logic [23:0] state_q;

  // 1: significand and shift
  assign bf16 = type_i == tephra_pkg::FloatBf16;
  assign f16 = type_i == tephra_pkg::FloatF16;
  assign sign = bf16 || f16 ? bits_i[15] : bits_i[31];
  assign field = bf16 ? bits_i[14:7] : f16 ? {3'b0, bits_i[14:10]} : bits_i[30:23];
  assign bias = bf16 ? 10'd134 : f16 ? 10'd25 : 10'd150;
  assign hidden = field != 8'd0;
  assign shift = $signed({2'b0, hidden ? field : 8'd1} - bias + {5'b0, fraction_bits_i});
  tephra_delay #(.WIDTH(1), .LATENCY(4)) u_sign_4 (.clk_i, .data_i(sign), .data_o(sign_4));
  tephra_delay #(.WIDTH(1), .LATENCY(1)) u_sign_5 (.clk_i, .data_i(sign_4), .data_o(sign_5));
  always_ff @(posedge clk_i) begin
    shift_1_q <= shift;
    if (bf16) magnitude_1_q <= {16'b0, hidden, bits_i[6:0]};
    else if (f16) magnitude_1_q <= {13'b0, hidden, bits_i[9:0]};
    else magnitude_1_q <= {hidden, bits_i[22:0]};
  end
  // 2: beyond 24 to the left anything but 0 saturates; beyond 25 to the right nothing is left
  always_ff @(posedge clk_i) begin
    magnitude_2_q <= magnitude_1_q;
    too_far_2_q <= shift_1_q > 10'sd24 && magnitude_1_q != '0;
    right_2_q <= shift_1_q < -10'sd25 ? 6'd49 : 6'd24 - shift_1_q[5:0];
  end
  // 3, 4: from 2^49 times the magnitude to the right, by multiples of 8, then by 0 to 7
  assign fine = coarse_3_q >> right_3_q;
  always_ff @(posedge clk_i) begin
    coarse_3_q <= {magnitude_2_q, 49'b0} >> {right_2_q[5:3], 3'b0};
    right_3_q <= right_2_q[2:0];
    too_far_3_q <= too_far_2_q;
    large_4_q <= too_far_3_q || |fine[72:49];
    half_4_q <= fine[48:24];
    below_4_q <= |fine[23:0];
  end
  // 5: sign. Halves go up, so the bit below is rounded after it; what was cut off must not look like a half.
  // 6: round and saturate
  assign rounded = (signed_5_q + 27'sd1) >>> 1;
  always_ff @(posedge clk_i) begin
    large_5_q <= large_4_q;
    signed_5_q <= sign_4 ? 27'sd0 - $signed({2'b0, half_4_q}) - $signed({26'b0, below_4_q})
                         : $signed({2'b0, half_4_q});
    if (large_5_q) state_q <= {sign_5, {23{~sign_5}}};
    else state_q <= &rounded[26:23] || !(|rounded[26:23]) ? rounded[23:0] : {rounded[26], {23{~rounded[26]}}};
  end
  assign state_o = $signed(state_q);
endmodule

`default_nettype wire
