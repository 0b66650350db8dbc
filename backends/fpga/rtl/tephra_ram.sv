// One port to write, one to read; the data stands two cycles after its address. The second register keeps the slow
// outputs of block RAMs away from logic.
`default_nettype none

module tephra_ram #(
  parameter int WIDTH = 8,
  parameter int DEPTH = 16,
  parameter int ADDRESS_BITS = 4  // 2^ADDRESS_BITS >= DEPTH
) (
  input  logic                    clk_i,
  input  logic                    write_i,
  input  logic [ADDRESS_BITS-1:0] write_address_i,
  input  logic [WIDTH-1:0]        write_data_i,
  input  logic [ADDRESS_BITS-1:0] read_address_i,
  output logic [WIDTH-1:0]        read_data_o
);
  localparam int IndexBits = $clog2(DEPTH);

  logic [WIDTH-1:0] memory [DEPTH];
  logic [WIDTH-1:0] read_q, data_q;

  always_ff @(posedge clk_i) begin
    if (write_i) memory[write_address_i[IndexBits-1:0]] <= write_data_i;
    read_q <= memory[read_address_i[IndexBits-1:0]];
    data_q <= read_q;
  end
  assign read_data_o = data_q;
endmodule

`default_nettype wire
