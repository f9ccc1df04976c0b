//! Is Verilog that our reader does not take read by way of Yosys?

use std::process::Command;

use crate::simulators::Folder;

/// A multiplier that leaves out the lowest columns, with the parameters, loops and blocks that our reader does not take.
#[test]
fn parametric_modules_are_read_by_way_of_yosys() {
    if Command::new("yosys").arg("-V").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "yosys is missing; in CI it must be installed");
        eprintln!("skipped: yosys is not installed, so no parametric module is read");
        return;
    }
    let text = "module cut #(parameter W = 4, parameter T = 0) (input [W-1:0] a, b, output reg [2*W-1:0] y);
  integer i;
  reg [2*W-1:0] row;
  always @* begin
    y = 0;
    for (i = 0; i < W; i = i + 1) begin
      row = b[i] ? a << i : 0;
      y = y + (row & ~((1 << T) - 1));
    end
  end
endmodule
";
    let folder = Folder::of(&[("cut.v", text)]);
    let axsim = |options: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_axsim"));
        command.args(["validate", "cut.v"]).args(options).current_dir(folder.0.path());
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    assert_eq!(axsim(&["--like", "mul8u_trunc_t3"]).0, Some(2));
    let yosys = ["--via-yosys", "--top", "cut", "--chparam", "W=8", "--chparam", "T=3"];
    let (code, said) = axsim(&[&yosys[..], &["--like", "mul8u_trunc_t3"]].concat());
    assert!(code == Some(0) && said.starts_with("cut.v: computes what mul8u_trunc_t3 does"), "{said}");
    assert_eq!(axsim(&[&yosys[..], &["--like", "mul8u_trunc_t4"]].concat()).0, Some(1));
}
