// The core with its ports on shift registers, so that place and route needs few pins. It adds about 200 registers and no
// logic to paths of the core.
`default_nettype none

module tephra_harness #(
  parameter int LANES = 16,
  parameter int PACKING = 0,
  parameter int STREAMS = 1,
  parameter int X_BITS = 8,
  parameter int P_BITS = 10,
  parameter int H_BITS = 11,
  parameter int Q_BITS = 6,
  parameter int WordBits = tephra_pkg::word_bits(LANES, PACKING),
  parameter int StreamBits = STREAMS > 1 ? $clog2(STREAMS) : 1
) (
  input  logic clk_i,
  input  logic serial_i,
  output logic serial_o
);
  localparam int InBits = 1 + 1 + STREAMS + STREAMS * 24 + 2 + 1 + 1 + StreamBits + H_BITS + 24 + 1 + 1 + WordBits;
  localparam int OutBits = 1 + 1 + 1 + STREAMS * 24 + 1 + 24 + 24 + 1 + 32 + 32 + 1;

  logic [InBits-1:0] in_q;
  logic [OutBits-1:0] out, out_q;

  always_ff @(posedge clk_i) begin
    in_q <= {in_q[InBits-2:0], serial_i};
    out_q <= serial_i ? out : {out_q[OutBits-2:0], 1'b0};
  end
  assign serial_o = out_q[OutBits-1];

  logic rst_n, token_valid, logit_ready, h_write, command_ready, data_valid;
  logic [STREAMS-1:0] active;
  logic [STREAMS*24-1:0] ids, choice;
  logic [1:0] head;
  logic [StreamBits+H_BITS-1:0] h_address;
  logic signed [23:0] h_in, h_out, logit;
  logic [WordBits-1:0] data;
  logic token_ready, done, error, logit_valid, command_valid, data_ready;
  logic [31:0] command_address, command_count;
  assign {rst_n, token_valid, active, ids, head, logit_ready, h_write, h_address, h_in, command_ready, data_valid,
          data} = in_q;
  assign out = {token_ready, done, error, choice, logit_valid, logit, h_out, command_valid, command_address,
                command_count, data_ready};

  tephra_core #(
    .LANES(LANES), .PACKING(PACKING), .STREAMS(STREAMS), .X_BITS(X_BITS), .P_BITS(P_BITS), .H_BITS(H_BITS),
    .Q_BITS(Q_BITS)
  ) u_core (
    .clk_i, .rst_ni(rst_n), .token_valid_i(token_valid), .token_ready_o(token_ready), .token_active_i(active),
    .token_ids_i(ids), .token_head_i(head), .done_o(done), .error_o(error), .choice_o(choice),
    .logit_valid_o(logit_valid), .logit_ready_i(logit_ready), .logit_o(logit), .h_write_i(h_write),
    .h_address_i(h_address), .h_i(h_in), .h_o(h_out), .command_valid_o(command_valid),
    .command_ready_i(command_ready), .command_address_o(command_address), .command_count_o(command_count),
    .data_valid_i(data_valid), .data_ready_o(data_ready), .data_i(data), .tap_scaled_valid_o(), .tap_scaled_kind_o(),
    .tap_scaled_o(), .tap_h_valid_o(), .tap_h_o(), .tap_state_valid_o(), .tap_state_o(), .tap_q_valid_o(),
    .tap_q_o(), .tap_x_valid_o(), .tap_x_o(), .tap_phase_o());
endmodule

`default_nettype wire
