// Prints the cycles of golden.txt: a dot product from reset on: two products, held, zeros gated, 10 bits that saturate.
// Half of the cycles feed the result back, as where it accumulates; the others bring a random sum.
module bench;
  integer at, lane, seed;
  integer a [0:1], b [0:1], held_a [0:1], held_b [0:1], product [0:1];
  reg live [0:1];
  integer dot;
  reg signed [9:0] c, y;
  reg signed [63:0] sum;
  initial begin
    seed = 24;
    y = 0;
    for (lane = 0; lane < 2; lane = lane + 1) begin
      held_a[lane] = 0;
      held_b[lane] = 0;
      product[lane] = 0;
      live[lane] = 0;
    end
    for (at = 0; at < 2048; at = at + 1) begin
      for (lane = 0; lane < 2; lane = lane + 1) begin
        a[lane] = {$random(seed)} % 16 - 8;
        b[lane] = {$random(seed)} % 16 - 8;
        // Every eighth cycle has extremes, which reach what random numbers seldom do.
        if (at % 8 == 7) a[lane] = at % 16 == 7 ? -8 : 7;
        if (at % 8 == 7) b[lane] = -8;
      end
      c = at % 64 < 32 ? y : $random(seed);
      for (lane = 0; lane < 2; lane = lane + 1) $write("%0d ", a[lane]);
      for (lane = 0; lane < 2; lane = lane + 1) $write("%0d ", b[lane]);
      $display("%0d %0d", c, y);
      // What is added: from the last registers before the accumulator.
      dot = 0;
      for (lane = 0; lane < 2; lane = lane + 1) dot = dot + product[lane];
      sum = c + (dot);
      if (sum > 64'sd511) sum = 64'sd511;
      if (sum < -64'sd512) sum = -64'sd512;
      y = sum;
      for (lane = 0; lane < 2; lane = lane + 1) begin
        product[lane] = live[lane] ? held_a[lane] * held_b[lane] : 0;
        live[lane] = a[lane] != 0 && b[lane] != 0;
        if (live[lane]) begin
          held_a[lane] = a[lane];
          held_b[lane] = b[lane];
        end
      end
    end
  end
endmodule
