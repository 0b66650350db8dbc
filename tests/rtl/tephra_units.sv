// The units of the core side by side, each with its own pins, for tests/rtl/units_test.cpp.
`default_nettype none

module tephra_units (
  input  logic               clk_i,
  input  logic               rst_ni,
  // scaler
  input  logic signed [31:0] scaler_value_i,
  input  logic [15:0]        scaler_mantissa_i,
  input  logic signed [15:0] scaler_exponent_i,
  output logic signed [23:0] scaler_o,
  // functions of a state
  input  logic signed [24:0] z_i,
  input  logic [4:0]         z_bits_i,
  input  logic signed [6:0]  shift_i,
  output logic [22:0]        sigmoid_o,
  output logic signed [23:0] silu_o,
  output logic signed [23:0] shifted_o,
  // recurrence
  input  logic signed [23:0] f_i,
  input  logic signed [23:0] i_i,
  input  logic signed [23:0] g_i,
  input  logic signed [23:0] h_i,
  input  logic [23:0]        lower_i,
  input  logic [4:0]         f_bits_i,
  input  logic [4:0]         i_bits_i,
  input  logic [4:0]         h_bits_i,
  input  logic signed [6:0]  to_h_shift_i,
  input  logic [5:0]         to_t_shift_i,
  output logic signed [23:0] h_o,
  output logic signed [23:0] t_o,
  output logic [46:0]        g_square_o,
  // residual
  input  logic signed [23:0] x_i,
  input  logic signed [23:0] v_i,
  output logic signed [23:0] x_o,
  // embedding
  input  logic [31:0]        number_i,
  input  logic [1:0]         number_type_i,
  output logic signed [23:0] number_o,
  // trits
  input  logic [7:0]         byte_i,
  output logic [4:0]         nonzero_o,
  output logic [4:0]         negative_o,
  // a row
  input  logic               row_valid_i,
  input  logic               row_first_i,
  input  logic [63:0]        row_nonzero_i,
  input  logic [63:0]        row_negative_i,
  input  logic [511:0]       row_q_i,
  output logic signed [23:0] row_o,
  // norm
  input  logic               norm_clear_i,
  input  logic [1:0]         norm_outputs_i,
  input  logic [10:0]        norm_count_i,
  input  logic               norm_valid_i,
  input  logic signed [23:0] norm_value_i,
  input  logic [46:0]        norm_square_i,
  input  logic [63:0]        norm_gains_i,
  output logic               norm_done_o,
  input  logic [1:0]         norm_output_i,
  output logic [63:0]        norm_sum_o,
  output logic [63:0]        norm_second_o,
  output logic [29:0]        norm_peak_o,
  input  logic [10:0]        norm_address_i,
  output logic [30:0]        norm_p_o,
  // scales
  input  logic               scales_start_i,
  input  logic [63:0]        scales_epsilon_i,
  input  logic [31:0]        scales_second_epsilon_i,
  input  logic [95:0]        scales_factors_i,
  input  logic [63:0]        scales_sum_i,
  input  logic [63:0]        scales_second_i,
  input  logic [29:0]        scales_peak_0_i,
  input  logic [29:0]        scales_peak_1_i,
  input  logic [29:0]        scales_peak_2_i,
  output logic               scales_quantize_o,
  output logic               scales_dequantize_o,
  output logic [1:0]         scales_output_o,
  output logic [31:0]        scales_o,
  output logic               scales_done_o
);
  logic [1:0] k;
  logic [29:0] peak;

  tephra_scaler u_scaler (
    .clk_i, .value_i(scaler_value_i), .mantissa_i(scaler_mantissa_i), .exponent_i(scaler_exponent_i),
    .result_o(scaler_o));
  tephra_sigmoid u_sigmoid (.clk_i, .z_i, .fraction_bits_i(z_bits_i), .result_o(sigmoid_o));
  tephra_silu u_silu (.clk_i, .z_i($signed(z_i[23:0])), .fraction_bits_i(z_bits_i), .result_o(silu_o));
  tephra_shift_state u_shift (.clk_i, .value_i($signed(z_i[23:0])), .shift_i, .result_o(shifted_o));
  tephra_recurrence u_recurrence (
    .clk_i, .f_i, .i_i, .g_i, .h_i, .one_minus_lower_i(lower_i), .f_bits_i, .i_bits_i, .h_bits_i, .to_h_shift_i,
    .to_t_shift_i, .h_o, .t_o, .g_square_o);
  tephra_residual u_residual (.clk_i, .x_i, .shift_i, .v_i, .x_o);
  tephra_embedding u_embedding (
    .clk_i, .bits_i(number_i), .type_i(number_type_i), .fraction_bits_i(z_bits_i), .state_o(number_o));
  tephra_trits u_trits (.clk_i, .byte_i, .nonzero_o, .negative_o);
  tephra_ternary_row #(.LANES(64)) u_row (
    .clk_i, .valid_i(row_valid_i), .first_i(row_first_i), .nonzero_i(row_nonzero_i), .negative_i(row_negative_i),
    .q_i(row_q_i), .sum_o(row_o));
  tephra_norm #(.STREAMS(1), .X_BITS(10), .P_BITS(10)) u_norm (
    .clk_i, .rst_ni, .clear_i(norm_clear_i), .outputs_i(norm_outputs_i), .count_i(norm_count_i),
    .valid_i(norm_valid_i), .value_i(norm_value_i), .g_square_i(norm_square_i), .gains_valid_i(1'b1),
    .gains_i(norm_gains_i), .gains_ready_o(), .done_o(norm_done_o), .record_stream_i(1'b0),
    .record_output_i(norm_output_i), .sum_o(norm_sum_o), .second_o(norm_second_o), .peak_o(norm_peak_o),
    .p_address_i(norm_address_i), .p_o(norm_p_o));
  assign peak = k == 2'd0 ? scales_peak_0_i : k == 2'd1 ? scales_peak_1_i : scales_peak_2_i;
  assign scales_output_o = k;
  tephra_scales u_scales (
    .clk_i, .rst_ni, .start_i(scales_start_i), .outputs_i(norm_outputs_i), .epsilon_i(scales_epsilon_i),
    .second_epsilon_i(scales_second_epsilon_i), .factors_i(scales_factors_i), .stream_o(), .output_o(k),
    .sum_i(scales_sum_i), .second_i(scales_second_i), .peak_i(peak), .quantize_valid_o(scales_quantize_o),
    .dequantize_valid_o(scales_dequantize_o), .scale_o(scales_o), .done_o(scales_done_o));
endmodule

`default_nettype wire
