// Prints the vectors of golden.txt: every pair of the six low bits under random high bits, corners, random pairs;
// the sum is that of the fetched module LOA.
module bench;
  integer at, seed;
  reg [15:0] a, b;
  wire [16:0] y;
  LOA #(16, 6) adder(a, b, y);
  initial begin
    seed = 7;
    for (at = 0; at < 8192; at = at + 1) begin
      a = $random(seed);
      b = $random(seed);
      if (at < 4096) {a[5:0], b[5:0]} = at;
      else if (at < 4100) begin
        a = {16{at[0]}};
        b = {16{at[1]}};
      end
      #1 $display("%0d %0d %0d", a, b, y);
    end
  end
endmodule
