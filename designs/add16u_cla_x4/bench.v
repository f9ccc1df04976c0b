// Prints the vectors of golden.txt: corners and random pairs; the result is that of the generated module.
module bench;
  integer at, seed;
  reg [15:0] a, b;
  wire [16:0] y;
  u_cla16 circuit(.a(a), .b(b), .u_cla16_out(y));
  initial begin
    seed = 11;
    for (at = 0; at < 8192; at = at + 1) begin
      a = $random(seed);
      b = $random(seed);
      if (at < 4) begin
        a = {16{at[0]}};
        b = {16{at[1]}};
      end
      #1 $display("%0d %0d %0d", a, b, y);
    end
  end
endmodule
