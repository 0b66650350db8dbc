// Record of a norm (docs/numerics.md, 3.2): sums and peaks of the vector that goes by, and its products p, which stay
// here to be quantized. Takes one output k a cycle: the values of a vector with n outputs come n cycles apart.
`default_nettype none

module tephra_norm #(
  parameter int STREAMS = 1,
  parameter int X_BITS = 8,
  parameter int P_BITS = 10,
  parameter int StreamBits = STREAMS > 1 ? $clog2(STREAMS) : 1
) (
  input  logic                         clk_i,
  input  logic                         rst_ni,
  input  logic                         clear_i,    // before the first value of a vector
  input  logic [1:0]                   outputs_i,
  input  logic [X_BITS:0]              count_i,    // elements of the vector
  // values, for each element all streams
  input  logic                         valid_i,
  input  logic signed [23:0]           value_i,
  input  logic [46:0]                  g_square_i,
  // gains of the element: rms_gain, then three gains
  input  logic                         gains_valid_i,
  input  logic [63:0]                  gains_i,
  output logic                         gains_ready_o,
  output logic                         done_o,     // the record is complete
  // the record of a stream
  input  logic [StreamBits-1:0]        record_stream_i,
  input  logic [1:0]                   record_output_i,
  output logic [63:0]                  sum_o,
  output logic [63:0]                  second_o,
  output logic [29:0]                  peak_o,
  // products: element j of output k stands at k count + j; two cycles
  input  logic [StreamBits+P_BITS-1:0] p_address_i,
  output logic [30:0]                  p_o
);
  logic [1:0] k_q;
  logic signed [23:0] value, held_q;
  logic active, last_output, last_stream;
  logic [StreamBits-1:0] stream;
  logic [X_BITS-1:0] element;

  assign active = valid_i || k_q != 2'd0;
  assign value = k_q == 2'd0 ? value_i : held_q;
  assign last_output = k_q == outputs_i - 2'd1;
  assign gains_ready_o = active && last_output && last_stream;
  tephra_walk #(.STREAMS(STREAMS), .BITS(X_BITS)) u_walk (
    .clk_i, .rst_ni, .clear_i, .step_i(active && last_output), .stream_o(stream), .element_o(element),
    .last_stream_o(last_stream));
  always_ff @(posedge clk_i) begin
    if (valid_i) held_q <= value_i;
    if (!rst_ni) k_q <= 2'd0;
    else if (active) k_q <= last_output ? 2'd0 : k_q + 2'd1;
  end

  // 1: operands. 2: products. 3: rounded. 4: square and magnitude. 5: the record.
  logic active_1_q, active_2_q, active_3_q, active_4_q;
  logic [P_BITS-1:0] address;
  logic signed [23:0] x_1_q;
  logic signed [15:0] rms_1_q, gain_1_q, gain;
  logic signed [39:0] a_product_q, p_product_q, a_rounded, p_rounded;
  logic signed [23:0] a_3_q;
  logic signed [30:0] p_3_q;
  logic [46:0] square_4_q, second_4;
  logic signed [47:0] square;
  logic [29:0] peak_4_q;
  // where a value belongs: first and last of the vector, first output, output, stream
  logic first_4, last_4, sums_4;
  logic [1:0] k_4;
  logic [StreamBits-1:0] stream_3, stream_4;
  logic [P_BITS-1:0] address_3;

  assign address = P_BITS'(element) + (k_q == 2'd0 ? '0 : k_q == 2'd1 ? P_BITS'(count_i) : P_BITS'({count_i, 1'b0}));
  assign gain = k_q == 2'd0 ? gains_i[31:16] : k_q == 2'd1 ? gains_i[47:32] : gains_i[63:48];
  assign a_rounded = (a_product_q + 40'sd16384) >>> 15;
  assign p_rounded = (p_product_q + 40'sd128) >>> 8;
  assign square = a_3_q * a_3_q;
  always_ff @(posedge clk_i) begin
    x_1_q <= value;
    rms_1_q <= gains_i[15:0];
    gain_1_q <= gain;
    a_product_q <= x_1_q * rms_1_q;
    p_product_q <= x_1_q * gain_1_q;
    a_3_q <= a_rounded[23:0];
    p_3_q <= p_rounded[30:0];
    square_4_q <= square[46:0];
    peak_4_q <= p_3_q[30] ? 30'd0 - p_3_q[29:0] : p_3_q[29:0];
    {active_4_q, active_3_q, active_2_q, active_1_q} <= rst_ni ? {active_3_q, active_2_q, active_1_q, active} : 4'b0;
  end
  tephra_delay #(.WIDTH(StreamBits + P_BITS), .LATENCY(3)) u_address (
    .clk_i, .data_i({stream, address}), .data_o({stream_3, address_3}));
  tephra_delay #(.WIDTH(5 + StreamBits), .LATENCY(4)) u_place (
    .clk_i,
    .data_i({element == '0, (X_BITS + 1)'(element) + 1'b1 == count_i && last_stream && last_output, k_q == 2'd0, k_q,
             stream}),
    .data_o({first_4, last_4, sums_4, k_4, stream_4}));
  tephra_delay #(.WIDTH(47), .LATENCY(4)) u_second (.clk_i, .data_i(g_square_i), .data_o(second_4));

  logic [63:0] sum_q [STREAMS];
  logic [63:0] second_q [STREAMS];
  logic [29:0] peak_0_q [STREAMS];
  logic [29:0] peak_1_q [STREAMS];
  logic [29:0] peak_2_q [STREAMS];
  logic done_q;
  logic [29:0] peak_before, peak_new;

  assign peak_before = k_4 == 2'd0 ? peak_0_q[stream_4] : k_4 == 2'd1 ? peak_1_q[stream_4] : peak_2_q[stream_4];
  assign peak_new = first_4 || peak_4_q > peak_before ? peak_4_q : peak_before;
  always_ff @(posedge clk_i) begin
    done_q <= active_4_q && last_4;
    if (active_4_q) begin
      if (sums_4) begin
        sum_q[stream_4] <= (first_4 ? 64'd0 : sum_q[stream_4]) + {17'b0, square_4_q};
        second_q[stream_4] <= (first_4 ? 64'd0 : second_q[stream_4]) + {17'b0, second_4};
      end
      if (k_4 == 2'd0) peak_0_q[stream_4] <= peak_new;
      if (k_4 == 2'd1) peak_1_q[stream_4] <= peak_new;
      if (k_4 == 2'd2) peak_2_q[stream_4] <= peak_new;
    end
  end
  assign done_o = done_q;
  assign sum_o = sum_q[record_stream_i];
  assign second_o = second_q[record_stream_i];
  assign peak_o = record_output_i == 2'd0 ? peak_0_q[record_stream_i] :
                  record_output_i == 2'd1 ? peak_1_q[record_stream_i] : peak_2_q[record_stream_i];

  tephra_ram #(.WIDTH(31), .DEPTH(STREAMS << P_BITS), .ADDRESS_BITS(StreamBits + P_BITS)) u_p (
    .clk_i, .write_i(active_3_q), .write_address_i({stream_3, address_3}), .write_data_i(p_3_q),
    .read_address_i(p_address_i), .read_data_o(p_o));

`ifndef SYNTHESIS
  always @(posedge clk_i) begin
    if (rst_ni && valid_i) assert (k_q == 2'd0);
    if (rst_ni && active) assert (gains_valid_i);
  end
`endif
endmodule

`default_nettype wire
