// Token mixer and gated unit of one neuron (docs/numerics.md, 3.4 and 3.5). A neuron a cycle; the new state after
// StateLatency cycles, the result after Latency.
// The gated unit is the recurrence with a closed gate: one_minus_lower = 0 keeps h, so that h = z1, g = z2 and F_h = F_z
// give t = saturate24(round_shift(z2 silu(z1), shift)).
`default_nettype none

module tephra_recurrence #(
  parameter int StateLatency = tephra_pkg::SiluLatency + 6,
  parameter int Latency = StateLatency + tephra_pkg::SiluLatency + 3
) (
  input  logic               clk_i,
  input  logic signed [23:0] f_i,
  input  logic signed [23:0] i_i,
  input  logic signed [23:0] g_i,
  input  logic signed [23:0] h_i,
  input  logic [23:0]        one_minus_lower_i,  // [0, 2^23]
  input  logic [4:0]         f_bits_i,           // F_f
  input  logic [4:0]         i_bits_i,           // F_i
  input  logic [4:0]         h_bits_i,           // F_h
  input  logic signed [6:0]  to_h_shift_i,       // F_i - F_h
  input  logic [5:0]         to_t_shift_i,       // F_g + F_h - F_t
  output logic signed [23:0] h_o,
  output logic signed [23:0] t_o,
  output logic [46:0]        g_square_o          // beside t_o
);
  localparam int Silu = tephra_pkg::SiluLatency;
  localparam int Sigmoid = tephra_pkg::SigmoidLatency;

  logic [22:0] sigmoid_f;
  logic [23:0] lower, h_bits, g_bits, c_bits;
  logic signed [24:0] minus_f;
  logic signed [23:0] silu_i, u, h_new, silu_h;
  logic [46:0] gate_product_q, gate_rounded;
  logic [23:0] c_q, h_q, h_old;
  logic signed [24:0] distance_q, candidate, old;
  logic signed [49:0] step_product_q, step_rounded;
  logic signed [26:0] step_q, sum;
  logic signed [47:0] t_product_q;
  logic signed [48:0] t_shifted_q, t_rounded;
  logic signed [23:0] t_q;
  logic [47:0] square_1_q;
  logic [46:0] square_2_q, square_3_q;

  // 1 - f = one_minus_lower sigmoid(-f)
  assign minus_f = 25'sd0 - {f_i[23], f_i};
  tephra_sigmoid u_sigmoid_f (.clk_i, .z_i(minus_f), .fraction_bits_i(f_bits_i), .result_o(sigmoid_f));
  tephra_delay #(.WIDTH(24), .LATENCY(Sigmoid)) u_lower (.clk_i, .data_i(one_minus_lower_i), .data_o(lower));
  assign gate_rounded = (gate_product_q + 47'd4194304) >> 23;
  always_ff @(posedge clk_i) begin
    gate_product_q <= lower * sigmoid_f;
    c_q <= gate_rounded[23:0];
  end
  tephra_delay #(.WIDTH(24), .LATENCY(Silu + 3 - (Sigmoid + 2))) u_c (.clk_i, .data_i(c_q), .data_o(c_bits));

  // u, the candidate in h's format
  tephra_silu u_silu_i (.clk_i, .z_i(i_i), .fraction_bits_i(i_bits_i), .result_o(silu_i));
  tephra_shift_state u_shift (.clk_i, .value_i(silu_i), .shift_i(to_h_shift_i), .result_o(u));

  // h + c (u - h)
  tephra_delay #(.WIDTH(24), .LATENCY(Silu + 2)) u_h (.clk_i, .data_i(h_i), .data_o(h_bits));
  tephra_delay #(.WIDTH(24), .LATENCY(3)) u_h_old (.clk_i, .data_i(h_bits), .data_o(h_old));
  assign candidate = {u[23], u};
  assign old = {h_bits[23], h_bits};
  assign step_rounded = (step_product_q + 50'sd4194304) >>> 23;
  assign sum = {{3{h_old[23]}}, h_old} + step_q;
  always_ff @(posedge clk_i) begin
    distance_q <= candidate - old;
    step_product_q <= $signed({1'b0, c_bits}) * distance_q;
    step_q <= step_rounded[26:0];
    h_q <= (&sum[26:23] || !(|sum[26:23])) ? sum[23:0] : {sum[26], {23{~sum[26]}}};
  end
  assign h_new = $signed(h_q);
  assign h_o = h_new;

  // t = g silu(h)
  tephra_silu u_silu_h (.clk_i, .z_i(h_new), .fraction_bits_i(h_bits_i), .result_o(silu_h));
  tephra_delay #(.WIDTH(24), .LATENCY(StateLatency + Silu)) u_g (.clk_i, .data_i(g_i), .data_o(g_bits));
  assign t_rounded = (t_shifted_q + 49'sd1) >>> 1;
  always_ff @(posedge clk_i) begin
    t_product_q <= $signed(g_bits) * silu_h;
    t_shifted_q <= $signed({t_product_q, 1'b0}) >>> to_t_shift_i;
    t_q <= (&t_rounded[48:23] || !(|t_rounded[48:23])) ? t_rounded[23:0] : {t_rounded[48], {23{~t_rounded[48]}}};
    square_1_q <= $signed(g_bits) * $signed(g_bits);
    square_2_q <= square_1_q[46:0];
    square_3_q <= square_2_q;
  end
  assign t_o = t_q;
  assign g_square_o = square_3_q;
endmodule

`default_nettype wire
