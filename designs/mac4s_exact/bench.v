// Prints the vectors of golden.txt: all operand pairs with c = 0, then with random c; the result is Icarus's own.
module bench;
  integer at, seed;
  reg signed [3:0] a, b;
  reg signed [23:0] c, y;
  initial begin
    seed = 7;
    for (at = 0; at < 2048; at = at + 1) begin
      {b, a} = at;
      c = $random(seed);
      if (at < 256) c = 0;
      y = c + a * b;
      $display("%0d %0d %0d %0d", a, b, c, y);
    end
  end
endmodule
