// Prints the cycles of golden.txt: a behavioural unit with registers for both operands and the result. Half of the cycles
// feed the result back, as where it accumulates; the others bring a random sum.
module bench;
  integer at, seed, i, j;
  reg signed [3:0] a, b, held_a, held_b;
  reg signed [23:0] c, y, sum;
  reg [3:0] size_a, size_b;
  reg [7:0] size;
  reg signed [23:0] product;
  initial begin
    seed = 11;
    {held_a, held_b, y, a, b} = 0;
    for (at = 0; at < 4096; at = at + 1) begin
      a = $random(seed);
      b = $random(seed);
      c = at % 64 < 32 ? y : $random(seed);
      $display("%0d %0d %0d %0d", a, b, c, y);
      // Dots of the product of magnitudes in columns 3 and above.
      size_a = held_a < 0 ? -held_a : held_a;
      size_b = held_b < 0 ? -held_b : held_b;
      size = 0;
      for (i = 0; i < 4; i = i + 1)
        for (j = 0; j < 4; j = j + 1)
          if (i + j >= 3 && size_a[i] && size_b[j]) size = size + (1 << (i + j));
      product = (held_a < 0) != (held_b < 0) ? -{16'b0, size} : {16'b0, size};
      // Five low bits or-ed, one carry from the highest of them.
      sum = {c[23:5] + product[23:5] + {18'b0, c[4] & product[4]}, c[4:0] | product[4:0]};
      {held_a, held_b, y} = {a, b, sum};
    end
  end
endmodule
