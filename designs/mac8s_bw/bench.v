// Prints the vectors of golden.txt: corners of all three operands, then random ones; the result is Icarus's own.
module bench;
  integer at, seed;
  reg signed [7:0] a, b;
  reg signed [31:0] c, y;
  initial begin
    seed = 7;
    for (at = 0; at < 2000; at = at + 1) begin
      a = $random(seed);
      b = $random(seed);
      c = $random(seed);
      if (at < 32) begin
        a = at[4] ? 0 : at[0] ? -128 : 127;
        b = at[1] ? -128 : 127;
        c = at[3] ? 0 : {~at[2], {31{at[2]}}};
      end
      y = c + a * b;
      $display("%0d %0d %0d %0d", a, b, c, y);
    end
  end
endmodule
