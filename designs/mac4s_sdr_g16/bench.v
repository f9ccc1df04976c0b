// Prints the cycles of golden.txt: a razored dot product from reset on: 16 products of sign-magnitude codes, one shift, 40 bits that wrap.
// Half of the cycles feed the result back, as where it accumulates; the others bring a random sum.
module bench;
  integer at, lane, seed, t;
  integer a [0:15], b [0:15], held_a [0:15], held_b [0:15], product [0:15];
  integer dot;
  integer t1;
  reg signed [39:0] c, y;
  reg signed [63:0] sum;
  initial begin
    seed = 21;
    y = 0;
    {t1} = 0;
    for (lane = 0; lane < 16; lane = lane + 1) begin
      held_a[lane] = 0;
      held_b[lane] = 0;
      product[lane] = 0;
    end
    for (at = 0; at < 1024; at = at + 1) begin
      for (lane = 0; lane < 16; lane = lane + 1) begin
        a[lane] = {$random(seed)} % 15 - 7;
        b[lane] = {$random(seed)} % 15 - 7;
        // Every eighth cycle has extremes, which reach what random numbers seldom do.
        if (at % 8 == 7) a[lane] = at % 16 == 7 ? -7 : 7;
        if (at % 8 == 7) b[lane] = -7;
      end
      t = at % 8 == 7 ? 16 : {$random(seed)} % 17;
      c = at % 64 < 32 ? y : {$random(seed), $random(seed)};
      for (lane = 0; lane < 16; lane = lane + 1) $write("%0d ", a[lane]);
      for (lane = 0; lane < 16; lane = lane + 1) $write("%0d ", b[lane]);
      $display("%0d %0d %0d", t, c, y);
      // What is added: from the last registers before the accumulator.
      dot = 0;
      for (lane = 0; lane < 16; lane = lane + 1) dot = dot + (held_a[lane] * held_b[lane]);
      sum = c + ((64'sd0 + dot) <<< t1);
      y = sum;
      t1 = t;
      for (lane = 0; lane < 16; lane = lane + 1) begin
        product[lane] = held_a[lane] * held_b[lane];
        held_a[lane] = a[lane];
        held_b[lane] = b[lane];
      end
    end
  end
endmodule
