// Prints the vectors of golden.txt: corners and random pairs; the result is that of the generated module.
module bench;
  integer at, seed;
  reg [7:0] a, b;
  wire [15:0] y;
  f_u_arrbam8_h4_v4 circuit(.a(a), .b(b), .f_u_arrbam8_h4_v4_out(y));
  initial begin
    seed = 11;
    for (at = 0; at < 8192; at = at + 1) begin
      a = $random(seed);
      b = $random(seed);
      if (at < 4) begin
        a = {8{at[0]}};
        b = {8{at[1]}};
      end
      #1 $display("%0d %0d %0d", a, b, y);
    end
  end
endmodule
