// Prints the cycles of golden.txt: a razored dot product from reset on: 16 products of two's complement codes, held with their sums, one shift, 30 bits that saturate, stalls.
// Half of the cycles feed the result back, as where it accumulates; the others bring a random sum.
module bench;
  integer at, lane, seed, t;
  integer a [0:15], b [0:15], held_a [0:15], held_b [0:15], product [0:15];
  integer dot, held_dot;
  integer t1, t2, t3;
  reg signed [29:0] c, y;
  reg signed [63:0] sum;
  reg en;
  initial begin
    seed = 22;
    y = 0;
    held_dot = 0;
    {t1, t2, t3} = 0;
    for (lane = 0; lane < 16; lane = lane + 1) begin
      held_a[lane] = 0;
      held_b[lane] = 0;
      product[lane] = 0;
    end
    for (at = 0; at < 1024; at = at + 1) begin
      for (lane = 0; lane < 16; lane = lane + 1) begin
        a[lane] = {$random(seed)} % 16 - 8;
        b[lane] = {$random(seed)} % 16 - 8;
        // Every eighth cycle has extremes, which reach what random numbers seldom do.
        if (at % 8 == 7) a[lane] = at % 16 == 7 ? -8 : 7;
        if (at % 8 == 7) b[lane] = -8;
      end
      t = at % 8 == 7 ? 18 : {$random(seed)} % 19;
      c = at % 64 < 32 ? y : $random(seed);
      en = {$random(seed)} % 4 != 0;
      for (lane = 0; lane < 16; lane = lane + 1) $write("%0d ", a[lane]);
      for (lane = 0; lane < 16; lane = lane + 1) $write("%0d ", b[lane]);
      $display("%0d %0d %0d %0d", t, c, en, y);
      if (en) begin
        // What is added: from the last registers before the accumulator.
        sum = c + ((64'sd0 + held_dot) <<< t3);
        dot = 0;
        for (lane = 0; lane < 16; lane = lane + 1) dot = dot + product[lane];
        held_dot = dot;
        if (sum > 64'sd536870911) sum = 64'sd536870911;
        if (sum < -64'sd536870912) sum = -64'sd536870912;
        y = sum;
        t3 = t2;
        t2 = t1;
        t1 = t;
        for (lane = 0; lane < 16; lane = lane + 1) begin
          product[lane] = held_a[lane] * held_b[lane];
          held_a[lane] = a[lane];
          held_b[lane] = b[lane];
        end
      end
    end
  end
endmodule
