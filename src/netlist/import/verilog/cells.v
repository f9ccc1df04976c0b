// What the cells of known libraries compute, a module a function; the name is that of the library without the drive.
// NanGate 45 nm open cell library: NAND2_X1 is NAND2_X.
module INV_X(input A, output ZN); assign ZN = ~A; endmodule
module BUF_X(input A, output Z); assign Z = A; endmodule
module CLKBUF_X(input A, output Z); assign Z = A; endmodule
module AND2_X(input A1, A2, output ZN); assign ZN = A1 & A2; endmodule
module AND3_X(input A1, A2, A3, output ZN); assign ZN = A1 & A2 & A3; endmodule
module AND4_X(input A1, A2, A3, A4, output ZN); assign ZN = A1 & A2 & A3 & A4; endmodule
module OR2_X(input A1, A2, output ZN); assign ZN = A1 | A2; endmodule
module OR3_X(input A1, A2, A3, output ZN); assign ZN = A1 | A2 | A3; endmodule
module OR4_X(input A1, A2, A3, A4, output ZN); assign ZN = A1 | A2 | A3 | A4; endmodule
module NAND2_X(input A1, A2, output ZN); assign ZN = ~(A1 & A2); endmodule
module NAND3_X(input A1, A2, A3, output ZN); assign ZN = ~(A1 & A2 & A3); endmodule
module NAND4_X(input A1, A2, A3, A4, output ZN); assign ZN = ~(A1 & A2 & A3 & A4); endmodule
module NOR2_X(input A1, A2, output ZN); assign ZN = ~(A1 | A2); endmodule
module NOR3_X(input A1, A2, A3, output ZN); assign ZN = ~(A1 | A2 | A3); endmodule
module NOR4_X(input A1, A2, A3, A4, output ZN); assign ZN = ~(A1 | A2 | A3 | A4); endmodule
module XOR2_X(input A, B, output Z); assign Z = A ^ B; endmodule
module XNOR2_X(input A, B, output ZN); assign ZN = ~(A ^ B); endmodule
module MUX2_X(input A, B, S, output Z); assign Z = S ? B : A; endmodule
module AOI21_X(input A, B1, B2, output ZN); assign ZN = ~(A | B1 & B2); endmodule
module AOI22_X(input A1, A2, B1, B2, output ZN); assign ZN = ~(A1 & A2 | B1 & B2); endmodule
module AOI211_X(input A, B, C1, C2, output ZN); assign ZN = ~(A | B | C1 & C2); endmodule
module AOI221_X(input A, B1, B2, C1, C2, output ZN); assign ZN = ~(A | B1 & B2 | C1 & C2); endmodule
module AOI222_X(input A1, A2, B1, B2, C1, C2, output ZN); assign ZN = ~(A1 & A2 | B1 & B2 | C1 & C2); endmodule
module OAI21_X(input A, B1, B2, output ZN); assign ZN = ~(A & (B1 | B2)); endmodule
module OAI22_X(input A1, A2, B1, B2, output ZN); assign ZN = ~((A1 | A2) & (B1 | B2)); endmodule
module OAI211_X(input A, B, C1, C2, output ZN); assign ZN = ~(A & B & (C1 | C2)); endmodule
module OAI221_X(input A, B1, B2, C1, C2, output ZN); assign ZN = ~(A & (B1 | B2) & (C1 | C2)); endmodule
module OAI222_X(input A1, A2, B1, B2, C1, C2, output ZN); assign ZN = ~((A1 | A2) & (B1 | B2) & (C1 | C2)); endmodule
module OAI33_X(input A1, A2, A3, B1, B2, B3, output ZN); assign ZN = ~((A1 | A2 | A3) & (B1 | B2 | B3)); endmodule
module HA_X(input A, B, output CO, S); assign CO = A & B; assign S = A ^ B; endmodule
module FA_X(input A, B, CI, output CO, S); assign CO = A & B | CI & (A | B); assign S = CI ^ (A ^ B); endmodule
module DFF_X(input D, CK, output reg Q, output QN); always @(posedge CK) Q <= D; assign QN = ~Q; endmodule
module LOGIC0_X(output Z); assign Z = 1'b0; endmodule
module LOGIC1_X(output Z); assign Z = 1'b1; endmodule
// FreePDK45, as EvoApproxLib's mapped netlists use it: NAND2X1 is NAND2X; MUX2X1 after the definition in those files.
module INVX(input A, output Y); assign Y = ~A; endmodule
module BUFX(input A, output Y); assign Y = A; endmodule
module CLKBUFX(input A, output Y); assign Y = A; endmodule
module AND2X(input A, B, output Y); assign Y = A & B; endmodule
module OR2X(input A, B, output Y); assign Y = A | B; endmodule
module NAND2X(input A, B, output Y); assign Y = ~(A & B); endmodule
module NAND3X(input A, B, C, output Y); assign Y = ~(A & B & C); endmodule
module NOR2X(input A, B, output Y); assign Y = ~(A | B); endmodule
module NOR3X(input A, B, C, output Y); assign Y = ~(A | B | C); endmodule
module XOR2X(input A, B, output Y); assign Y = A ^ B; endmodule
module XNOR2X(input A, B, output Y); assign Y = ~(A ^ B); endmodule
module AOI21X(input A, B, C, output Y); assign Y = ~(A & B | C); endmodule
module AOI22X(input A, B, C, D, output Y); assign Y = ~(A & B | C & D); endmodule
module OAI21X(input A, B, C, output Y); assign Y = ~((A | B) & C); endmodule
module OAI22X(input A, B, C, D, output Y); assign Y = ~((A | B) & (C | D)); endmodule
module MUX2X(input A, B, S, output Y); assign Y = S ? B : A; endmodule
module HAX(input A, B, output YC, YS); assign YC = A & B; assign YS = A ^ B; endmodule
module FAX(input A, B, C, output YC, YS); assign YC = A & B | C & (A | B); assign YS = A ^ B ^ C; endmodule
module DFFPOSX(input D, CLK, output reg Q); always @(posedge CLK) Q <= D; endmodule
// SkyWater 130 nm high density: sky130_fd_sc_hd__nand2_1 is sky130_fd_sc_hd__nand2_.
module sky130_fd_sc_hd__inv_(input A, output Y); assign Y = ~A; endmodule
module sky130_fd_sc_hd__clkinv_(input A, output Y); assign Y = ~A; endmodule
module sky130_fd_sc_hd__buf_(input A, output X); assign X = A; endmodule
module sky130_fd_sc_hd__clkbuf_(input A, output X); assign X = A; endmodule
module sky130_fd_sc_hd__and2_(input A, B, output X); assign X = A & B; endmodule
module sky130_fd_sc_hd__and2b_(input A_N, B, output X); assign X = ~A_N & B; endmodule
module sky130_fd_sc_hd__and3_(input A, B, C, output X); assign X = A & B & C; endmodule
module sky130_fd_sc_hd__and3b_(input A_N, B, C, output X); assign X = ~A_N & B & C; endmodule
module sky130_fd_sc_hd__and4_(input A, B, C, D, output X); assign X = A & B & C & D; endmodule
module sky130_fd_sc_hd__or2_(input A, B, output X); assign X = A | B; endmodule
module sky130_fd_sc_hd__or3_(input A, B, C, output X); assign X = A | B | C; endmodule
module sky130_fd_sc_hd__or4_(input A, B, C, D, output X); assign X = A | B | C | D; endmodule
module sky130_fd_sc_hd__nand2_(input A, B, output Y); assign Y = ~(A & B); endmodule
module sky130_fd_sc_hd__nand2b_(input A_N, B, output Y); assign Y = ~(~A_N & B); endmodule
module sky130_fd_sc_hd__nand3_(input A, B, C, output Y); assign Y = ~(A & B & C); endmodule
module sky130_fd_sc_hd__nand4_(input A, B, C, D, output Y); assign Y = ~(A & B & C & D); endmodule
module sky130_fd_sc_hd__nor2_(input A, B, output Y); assign Y = ~(A | B); endmodule
module sky130_fd_sc_hd__nor2b_(input A, B_N, output Y); assign Y = ~(A | ~B_N); endmodule
module sky130_fd_sc_hd__nor3_(input A, B, C, output Y); assign Y = ~(A | B | C); endmodule
module sky130_fd_sc_hd__nor4_(input A, B, C, D, output Y); assign Y = ~(A | B | C | D); endmodule
module sky130_fd_sc_hd__xor2_(input A, B, output X); assign X = A ^ B; endmodule
module sky130_fd_sc_hd__xnor2_(input A, B, output Y); assign Y = ~(A ^ B); endmodule
module sky130_fd_sc_hd__mux2_(input A0, A1, S, output X); assign X = S ? A1 : A0; endmodule
module sky130_fd_sc_hd__a21o_(input A1, A2, B1, output X); assign X = A1 & A2 | B1; endmodule
module sky130_fd_sc_hd__a21oi_(input A1, A2, B1, output Y); assign Y = ~(A1 & A2 | B1); endmodule
module sky130_fd_sc_hd__a22o_(input A1, A2, B1, B2, output X); assign X = A1 & A2 | B1 & B2; endmodule
module sky130_fd_sc_hd__a22oi_(input A1, A2, B1, B2, output Y); assign Y = ~(A1 & A2 | B1 & B2); endmodule
module sky130_fd_sc_hd__o21a_(input A1, A2, B1, output X); assign X = (A1 | A2) & B1; endmodule
module sky130_fd_sc_hd__o21ai_(input A1, A2, B1, output Y); assign Y = ~((A1 | A2) & B1); endmodule
module sky130_fd_sc_hd__o22a_(input A1, A2, B1, B2, output X); assign X = (A1 | A2) & (B1 | B2); endmodule
module sky130_fd_sc_hd__o22ai_(input A1, A2, B1, B2, output Y); assign Y = ~((A1 | A2) & (B1 | B2)); endmodule
module sky130_fd_sc_hd__maj3_(input A, B, C, output X); assign X = A & B | C & (A | B); endmodule
module sky130_fd_sc_hd__ha_(input A, B, output COUT, SUM); assign COUT = A & B; assign SUM = A ^ B; endmodule
module sky130_fd_sc_hd__fa_(input A, B, CIN, output COUT, SUM); assign COUT = A & B | CIN & (A | B); assign SUM = A ^ B ^ CIN; endmodule
module sky130_fd_sc_hd__dfxtp_(input CLK, D, output reg Q); always @(posedge CLK) Q <= D; endmodule
// Gates of Yosys.
module \$_BUF_ (input A, output Y); assign Y = A; endmodule
module \$_NOT_ (input A, output Y); assign Y = ~A; endmodule
module \$_AND_ (input A, B, output Y); assign Y = A & B; endmodule
module \$_NAND_ (input A, B, output Y); assign Y = ~(A & B); endmodule
module \$_OR_ (input A, B, output Y); assign Y = A | B; endmodule
module \$_NOR_ (input A, B, output Y); assign Y = ~(A | B); endmodule
module \$_XOR_ (input A, B, output Y); assign Y = A ^ B; endmodule
module \$_XNOR_ (input A, B, output Y); assign Y = ~(A ^ B); endmodule
module \$_ANDNOT_ (input A, B, output Y); assign Y = A & ~B; endmodule
module \$_ORNOT_ (input A, B, output Y); assign Y = A | ~B; endmodule
module \$_MUX_ (input A, B, S, output Y); assign Y = S ? B : A; endmodule
module \$_NMUX_ (input A, B, S, output Y); assign Y = ~(S ? B : A); endmodule
module \$_AOI3_ (input A, B, C, output Y); assign Y = ~(A & B | C); endmodule
module \$_OAI3_ (input A, B, C, output Y); assign Y = ~((A | B) & C); endmodule
module \$_AOI4_ (input A, B, C, D, output Y); assign Y = ~(A & B | C & D); endmodule
module \$_OAI4_ (input A, B, C, D, output Y); assign Y = ~((A | B) & (C | D)); endmodule
module \$_DFF_P_ (input C, D, output reg Q); always @(posedge C) Q <= D; endmodule
