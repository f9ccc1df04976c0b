// Prints the cycles of golden.txt: words of 16 signs from reset on, multiplied as +1 and -1 and counted, 16 bits that wrap.
// Half of the cycles feed the result back, as where it accumulates; the others bring a random count.
module bench;
  integer at, lane, seed, dot, sign_a, sign_b;
  reg signed [15:0] a, b, held_a, held_b;
  reg [15:0] c, y;
  initial begin
    seed = 27;
    y = 0;
    held_a = 0;
    held_b = 0;
    for (at = 0; at < 2048; at = at + 1) begin
      a = $random(seed);
      b = $random(seed);
      // Every eighth cycle has words that are alike in all signs or in none.
      if (at % 8 == 7) b = at % 16 == 7 ? a : ~a;
      c = at % 64 < 32 ? y : $random(seed);
      $display("%0d %0d %0d %0d", a, b, c, y);
      // The sum of products of signs is twice the count of positive ones less their number.
      dot = 0;
      for (lane = 0; lane < 16; lane = lane + 1) begin
        sign_a = held_a[lane] ? 1 : -1;
        sign_b = held_b[lane] ? 1 : -1;
        dot = dot + sign_a * sign_b;
      end
      y = c + (dot + 16) / 2;
      held_a = a;
      held_b = b;
    end
  end
endmodule
