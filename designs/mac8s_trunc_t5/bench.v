// Prints the vectors of golden.txt: corners of all three operands, then random ones. The product of magnitudes is
// that of the generated module u_bam, sign and sum are Icarus's own.
module bench;
  integer at, seed;
  reg signed [7:0] a, b;
  reg signed [31:0] c, y;
  wire [7:0] size_a = a[7] ? -a : a;
  wire [7:0] size_b = b[7] ? -b : b;
  wire [15:0] product;
  u_bam core(size_a, size_b, product);
  initial begin
    seed = 7;
    for (at = 0; at < 4096; at = at + 1) begin
      a = $random(seed);
      b = $random(seed);
      c = $random(seed);
      if (at < 24) begin
        a = at[0] ? -128 : 127;
        b = at[1] ? -128 : 127;
        c = at[4] ? 0 : at[3] ? -1 : {~at[2], {31{at[2]}}};
      end
      #1 y = a[7] ^ b[7] ? c - {16'b0, product} : c + {16'b0, product};
      $display("%0d %0d %0d %0d", a, b, c, y);
    end
  end
endmodule
