// Makes activations of the products p of a vector (docs/numerics.md, 3.2) and packs them LANES to a word, stream by
// stream, output by output. The scaler is the caller's: its results come tephra_pkg::RamLatency + ScalerLatency cycles
// after an address.
`default_nettype none

module tephra_quantizer #(
  parameter int LANES = 16,
  parameter int STREAMS = 1,
  parameter int X_BITS = 8,
  parameter int P_BITS = 10,
  parameter int Q_BITS = 6,
  parameter int StreamBits = STREAMS > 1 ? $clog2(STREAMS) : 1
) (
  input  logic                         clk_i,
  input  logic                         rst_ni,
  input  logic                         start_i,
  input  logic [1:0]                   outputs_i,
  input  logic [X_BITS:0]              count_i,
  output logic                         done_o,
  // the next product, and whose it is
  output logic                         read_o,
  output logic [StreamBits+P_BITS-1:0] p_address_o,
  output logic [StreamBits-1:0]        read_stream_o,
  output logic [1:0]                   read_output_o,
  // its value by the scale
  input  logic signed [23:0]           scaled_i,
  // a word of activations
  output logic                         write_o,
  output logic [StreamBits-1:0]        stream_o,
  output logic [Q_BITS-1:0]            address_o,
  output logic [LANES*8-1:0]           word_o,
  // the activation itself, for observers
  output logic                         q_valid_o,
  output logic signed [7:0]            q_o
);
  localparam int Latency = tephra_pkg::RamLatency + tephra_pkg::ScalerLatency;
  localparam int LaneBits = LANES > 1 ? $clog2(LANES) : 1;

  // Reads run through p in order of addresses: output k begins where output k - 1 ends.
  logic reading_q, last_element, last_output, last_stream;
  logic [StreamBits-1:0] stream_q;
  logic [1:0] output_q;
  logic [X_BITS:0] element_q;
  logic [P_BITS-1:0] address_q;

  assign last_element = element_q + 1'b1 == count_i;
  assign last_output = output_q == outputs_i - 2'd1;
  assign last_stream = stream_q == StreamBits'(STREAMS - 1);
  assign read_o = reading_q;
  assign p_address_o = {stream_q, address_q};
  assign read_stream_o = stream_q;
  assign read_output_o = output_q;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      reading_q <= 1'b0;
    end else if (start_i) begin
      reading_q <= 1'b1;
      stream_q <= '0;
      output_q <= 2'd0;
      element_q <= '0;
      address_q <= '0;
    end else if (reading_q) begin
      address_q <= address_q + 1'b1;
      element_q <= last_element ? '0 : element_q + 1'b1;
      if (last_element) begin
        output_q <= last_output ? 2'd0 : output_q + 2'd1;
        if (last_output) begin
          address_q <= '0;
          stream_q <= stream_q + 1'b1;
          if (last_stream) reading_q <= 1'b0;
        end
      end
    end
  end

  // What comes back is packed; a word ends when it is full or its vector is.
  logic valid, ends_vector, ends_stream, ends_all, write;
  logic [StreamBits-1:0] stream;
  logic signed [7:0] q;
  logic [LaneBits-1:0] lane_q;
  logic [Q_BITS-1:0] word_address_q;
  logic [LANES*8-1:0] word_q, word;

  tephra_valid_line #(.LATENCY(Latency)) u_valid (.clk_i, .rst_ni, .valid_i(reading_q), .valid_o(valid));
  tephra_delay #(.WIDTH(3 + StreamBits), .LATENCY(Latency)) u_place (
    .clk_i,
    .data_i({last_element, last_element && last_output, last_element && last_output && last_stream, stream_q}),
    .data_o({ends_vector, ends_stream, ends_all, stream}));
  assign q = scaled_i > 24'sd127 ? 8'sd127 : scaled_i < -24'sd127 ? -8'sd127 : scaled_i[7:0];
  assign write = valid && (ends_vector || lane_q == LaneBits'(LANES - 1));
  for (genvar n = 0; n < LANES; n++) begin : gen_lane
    assign word[8*n+:8] = lane_q == LaneBits'(n) ? q : word_q[8*n+:8];
  end
  always_ff @(posedge clk_i) begin
    if (valid) word_q <= word;
    if (!rst_ni || start_i) begin
      lane_q <= '0;
      word_address_q <= '0;
    end else if (valid) begin
      lane_q <= write ? '0 : lane_q + 1'b1;
      if (write) word_address_q <= ends_stream ? '0 : word_address_q + 1'b1;
    end
  end
  assign write_o = write;
  assign stream_o = stream;
  assign address_o = word_address_q;
  assign word_o = word;
  assign done_o = valid && ends_all;
  assign q_valid_o = valid;
  assign q_o = q;
endmodule

`default_nettype wire
