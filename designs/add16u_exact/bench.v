// Prints the vectors of golden.txt: four corners, then random pairs; the sum is Icarus's own.
module bench;
  integer at, seed;
  reg [15:0] a, b;
  reg [16:0] y;
  initial begin
    seed = 7;
    for (at = 0; at < 4096; at = at + 1) begin
      a = $random(seed);
      b = $random(seed);
      if (at < 4) begin
        a = {16{at[0]}};
        b = {16{at[1]}};
      end
      y = a + b;
      $display("%0d %0d %0d", a, b, y);
    end
  end
endmodule
