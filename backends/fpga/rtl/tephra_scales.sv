// Scales of a complete record (docs/numerics.md, 3.2): how to quantize a vector and how to read what it leads to. One
// multiplier and one shifter, used in turn; for each stream 42 + 30 n cycles, n outputs, whatever the values are.
`default_nettype none

module tephra_scales #(
  parameter int STREAMS = 1,
  parameter int StreamBits = STREAMS > 1 ? $clog2(STREAMS) : 1
) (
  input  logic                  clk_i,
  input  logic                  rst_ni,
  input  logic                  start_i,
  input  logic [1:0]            outputs_i,         // 1 to 3
  input  logic [63:0]           epsilon_i,
  input  logic [31:0]           second_epsilon_i,  // scales: exponent above mantissa
  input  logic [95:0]           factors_i,
  // the record
  output logic [StreamBits-1:0] stream_o,
  output logic [1:0]            output_o,
  input  logic [63:0]           sum_i,
  input  logic [63:0]           second_i,
  input  logic [29:0]           peak_i,
  // results, of stream_o and output_o
  output logic                  quantize_valid_o,
  output logic                  dequantize_valid_o,
  output logic [31:0]           scale_o,
  output logic                  done_o
);
  // Steps of the program; the reciprocal of the peak is 6
  localparam logic [3:0] Second = 4'd0, Extra = 4'd1, Integer = 4'd2, Sum = 4'd3, Root = 4'd4, Peak = 4'd5,
                         Quantize = 4'd7, Factor = 4'd8, Dequantize = 4'd9;
  // What a step does
  localparam logic [4:0] Idle = 5'd0, Begin = 5'd1, Shift = 5'd2, Round = 5'd3, Product = 5'd4, Normal = 5'd5,
                         Seed = 5'd6, SeedWait = 5'd7, Square = 5'd8, SquareEnd = 5'd9, Rest = 5'd10, RestEnd = 5'd11,
                         Newton = 5'd12, NewtonEnd = 5'd13, Next = 5'd14, Align = 5'd15, AlignEnd = 5'd16;

  logic [3:0] step_q;
  logic [4:0] state_q;
  logic [StreamBits-1:0] stream_q;
  logic [1:0] k_q;
  logic [2:0] bit_q;             // of the shift distance
  logic [63:0] value_q;          // normalised or aligned
  logic [6:0] zeros_q;           // taken from the top of value_q
  logic [15:0] mantissa_q;       // result of a step
  logic signed [15:0] exponent_q;
  logic [15:0] root_mantissa_q, peak_mantissa_q;
  logic signed [15:0] root_exponent_q, peak_exponent_q;
  logic [16:0] a_q;
  logic [32:0] b_q;
  logic [49:0] product_q;
  logic signed [15:0] exponents_q;  // of a product
  logic [16:0] seed, seed_q;
  logic [9:0] seed_address_q;
  logic [16:0] root_argument_q;     // U
  logic signed [15:0] half_q;       // h
  logic [63:0] extra_q;

  // Normal form of value_q, the highest one at bit 63
  logic [16:0] rounded_value, rounded_product;
  logic value_zero, product_high;
  logic [31:0] factor;
  logic [5:0] distance, top_zero;
  logic signed [15:0] exponent_16;
  logic [17:0] newton;
  logic [63:0] shifted;
  logic shift_now;
  logic [16:0] right_rounded;
  logic signed [15:0] right;

  assign value_zero = !value_q[63];
  assign rounded_value = {1'b0, value_q[63:48]} + {16'b0, value_q[47]};
  assign product_high = product_q[31];
  assign rounded_product = product_high ? {1'b0, product_q[31:16]} + {16'b0, product_q[15]}
                                        : {1'b0, product_q[30:15]} + {16'b0, product_q[14]};
  assign factor = k_q == 2'd0 ? factors_i[31:0] : k_q == 2'd1 ? factors_i[63:32] : factors_i[95:64];
  assign exponent_16 = exponent_q + 16'sd16;
  // (product + 2^30) >> 31, below 2^18
  assign newton = product_q[48:31] + {17'b0, product_q[30]};
  // The shifter moves by powers of two, largest first: while the top is zero, or as the distance says.
  assign distance = exponent_q > 16'sd46 ? 6'd46 : exponent_q[5:0];
  assign top_zero = {value_q[63:32] == 32'b0, value_q[63:48] == 16'b0, value_q[63:56] == 8'b0, value_q[63:60] == 4'b0,
                     value_q[63:62] == 2'b0, value_q[63] == 1'b0};
  assign shift_now = state_q == Align ? distance[bit_q] : top_zero[bit_q];
  assign shifted = bit_q == 3'd5 ? {value_q[31:0], 32'b0} : bit_q == 3'd4 ? {value_q[47:0], 16'b0} :
                   bit_q == 3'd3 ? {value_q[55:0], 8'b0} : bit_q == 3'd2 ? {value_q[59:0], 4'b0} :
                   bit_q == 3'd1 ? {value_q[61:0], 2'b0} : {value_q[62:0], 1'b0};
  // round_shift(m, -e), -17 <= e < 0
  assign right = -16'sd1 - exponent_q;
  assign right_rounded = ({1'b0, mantissa_q} >> right[4:0]) + 17'd1;

  tephra_seed_rom u_seeds (.clk_i, .address_i(seed_address_q), .data_o(seed));

  always_ff @(posedge clk_i) begin
    product_q <= a_q * b_q;
    case (state_q)
      Idle: begin
        stream_q <= '0;
        k_q <= 2'd0;
        step_q <= Second;
        if (start_i) state_q <= Begin;
      end
      Begin: begin
        bit_q <= 3'd5;
        zeros_q <= 7'd0;
        state_q <= Shift;
        case (step_q)
          Second: value_q <= second_i;
          Sum: value_q <= value_q == 64'd0 ? 64'd1 : value_q;
          Peak: value_q <= {34'b0, peak_i};
          Integer: begin  // the sum and the integer of `extra`, which is in the result
            value_q <= {48'b0, mantissa_q};
            state_q <= Align;
          end
          Extra: begin
            a_q <= {1'b0, mantissa_q};
            b_q <= {17'b0, second_epsilon_i[15:0]};
            exponents_q <= exponent_q + $signed(second_epsilon_i[31:16]);
            state_q <= Product;
          end
          Quantize: begin
            a_q <= {1'b0, mantissa_q};
            b_q <= 33'd65024;
            exponents_q <= exponent_q - 16'sd9;
            state_q <= Product;
          end
          Factor: begin
            a_q <= {1'b0, peak_mantissa_q};
            b_q <= {17'b0, factor[15:0]};
            exponents_q <= peak_exponent_q + $signed(factor[31:16]);
            state_q <= Product;
          end
          Dequantize: begin
            a_q <= {1'b0, mantissa_q};
            b_q <= {17'b0, root_mantissa_q};
            exponents_q <= exponent_q + root_exponent_q;
            state_q <= Product;
          end
          default: begin  // Root, and 6, the reciprocal of the peak
            root_argument_q <= exponent_16[0] ? {1'b0, mantissa_q} : {mantissa_q, 1'b0};
            half_q <= (exponent_16 + $signed({15'b0, exponent_16[0]})) >>> 1;
            state_q <= Seed;
          end
        endcase
      end

      // to_scale(value)
      Shift: begin
        if (shift_now) begin
          value_q <= shifted;
          zeros_q <= zeros_q + (7'd1 << bit_q);
        end
        bit_q <= bit_q - 3'd1;
        if (bit_q == 3'd0) state_q <= Round;
      end
      Round: begin
        mantissa_q <= value_zero ? 16'd0 : rounded_value[16] ? 16'd32768 : rounded_value[15:0];
        exponent_q <= value_zero ? 16'sd0
                                 : 16'sd48 - $signed({9'b0, zeros_q}) + $signed({15'b0, rounded_value[16]});
        state_q <= Next;
      end

      // multiply(a, b)
      Product: state_q <= Normal;
      Normal: begin
        mantissa_q <= product_q[31:0] == 32'b0 ? 16'd0 : rounded_product[16] ? 16'd32768 : rounded_product[15:0];
        exponent_q <= product_q[31:0] == 32'b0 ? 16'sd0
                                               : exponents_q + (product_high ? 16'sd16 : 16'sd15) +
                                                 $signed({15'b0, rounded_product[16]});
        state_q <= Next;
      end

      // sum + epsilon + integer(extra)
      Align: begin
        if (shift_now) value_q <= shifted;
        bit_q <= bit_q - 3'd1;
        if (bit_q == 3'd0) state_q <= AlignEnd;
      end
      AlignEnd: begin
        extra_q <= exponent_q >= 16'sd0 ? value_q : exponent_q < -16'sd17 ? 64'd0 : {48'b0, right_rounded[16:1]};
        value_q <= sum_i + epsilon_i;
        state_q <= Next;
      end

      // reciprocal and inverse square root: seed, rest of the Newton step, result
      Seed: begin
        seed_address_q <= step_q == Root ? {1'b1, root_argument_q[16:8]} : {2'b00, mantissa_q[14:7]};
        state_q <= SeedWait;
      end
      SeedWait: begin
        bit_q <= bit_q - 3'd1;  // the table, then its register
        seed_q <= seed;
        if (bit_q == 3'd4) begin
          state_q <= step_q == Root ? Square : Rest;
          a_q <= step_q == Root ? seed : {1'b0, mantissa_q};
          b_q <= {16'b0, seed};
        end
      end
      Square: state_q <= SquareEnd;
      SquareEnd: begin
        a_q <= root_argument_q;
        b_q <= product_q[32:0];
        state_q <= Rest;
      end
      Rest: state_q <= RestEnd;
      RestEnd: begin
        a_q <= seed_q;
        b_q <= step_q == Root ? 33'd3221225472 - product_q[49:17] : 33'h1_0000_0000 - product_q[32:0];
        state_q <= Newton;
      end
      Newton: state_q <= NewtonEnd;
      NewtonEnd: begin
        if (mantissa_q == 16'd0) begin
          exponent_q <= 16'sd0;
        end else begin
          mantissa_q <= newton >= 18'd65536 || newton < 18'd32768 ? 16'd32768 : newton[15:0];
          exponent_q <= (step_q == Root ? -16'sd15 - half_q : -16'sd31 - exponent_q) +
                        $signed({15'b0, newton >= 18'd65536});
        end
        state_q <= Next;
      end

      Next: begin
        step_q <= step_q + 4'd1;
        state_q <= Begin;
        if (step_q == Integer) value_q <= value_q + extra_q;
        if (step_q == Root) begin
          root_mantissa_q <= mantissa_q;
          root_exponent_q <= exponent_q;
        end
        if (step_q == Peak) begin
          peak_mantissa_q <= mantissa_q;
          peak_exponent_q <= exponent_q;
        end
        if (step_q == Dequantize) begin
          k_q <= k_q + 2'd1;
          step_q <= Peak;
          if (k_q == outputs_i - 2'd1) begin
            k_q <= 2'd0;
            step_q <= Second;
            stream_q <= stream_q + 1'b1;
            if (stream_q == StreamBits'(STREAMS - 1)) state_q <= Idle;
          end
        end
      end
      default: state_q <= Idle;
    endcase
    if (!rst_ni) state_q <= Idle;
  end

  assign stream_o = stream_q;
  assign output_o = k_q;
  assign quantize_valid_o = state_q == Next && step_q == Quantize;
  assign dequantize_valid_o = state_q == Next && step_q == Dequantize;
  assign scale_o = {exponent_q, mantissa_q};
  assign done_o = dequantize_valid_o && k_q == outputs_i - 2'd1 && stream_q == StreamBits'(STREAMS - 1);
endmodule

`default_nettype wire
