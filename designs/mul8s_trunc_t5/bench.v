// Prints the vectors of golden.txt: all operand pairs; the product of magnitudes is that of the generated module u_bam.
module bench;
  integer at, bt;
  reg signed [7:0] a, b;
  reg signed [16:0] y;
  wire [7:0] size_a = a[7] ? -a : a;
  wire [7:0] size_b = b[7] ? -b : b;
  wire [15:0] product;
  u_bam core(size_a, size_b, product);
  initial
    for (at = -128; at < 128; at = at + 1)
      for (bt = -128; bt < 128; bt = bt + 1) begin
        a = at;
        b = bt;
        #1 y = a[7] ^ b[7] ? -{1'b0, product} : {1'b0, product};
        $display("%0d %0d %0d", a, b, y);
      end
endmodule
