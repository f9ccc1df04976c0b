//! Is Verilog that our reader does not take read by way of Yosys, and everything else refused?

use std::process::Command;

use crate::cli::axsim;
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
    let folder = Folder::of(&[("cut.v", text), ("cut.sv", text)]);
    let axsim = |file: &str, options: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_axsim"));
        command.args(["validate", file]).args(options).current_dir(folder.0.path());
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    assert_eq!(axsim("cut.v", &["--like", "mul8u_trunc_t3"]).0, Some(2));
    let yosys = ["--via-yosys", "--top", "cut", "--chparam", "W=8", "--chparam", "T=3"];
    for file in ["cut.v", "cut.sv"] {
        let (code, said) = axsim(file, &[&yosys[..], &["--like", "mul8u_trunc_t3"]].concat());
        let computes = format!("{file}: computes what mul8u_trunc_t3 does");
        assert!(code == Some(0) && said.starts_with(&computes), "{said}");
    }
    assert_eq!(axsim("cut.v", &[&yosys[..], &["--like", "mul8u_trunc_t4"]].concat()).0, Some(1));
}

/// Whether Yosys is installed or not: nothing else than Verilog is passed over in silence.
#[test]
fn yosys_is_refused_what_is_no_verilog() {
    let folder = Folder::of(&[("adder.blif", ".model m\n")]);
    let file = folder.0.path().join("adder.blif");
    let file = file.to_str().unwrap();
    for arguments in
        [&["validate", file][..], &["validate", "designs"], &["export", "mul4u_exact"], &["export", file]]
    {
        let output =
            axsim(&[arguments, &["--via-yosys"]].concat()).assert().code(2).get_output().stderr.clone();
        let said = String::from_utf8(output).unwrap().replace("\n  │ ", " ");
        let expected = "`--via-yosys` takes files of Verilog, whose names end in `.v` or `.sv`; leave it out";
        assert!(said.contains(&format!("{}: {expected}", arguments[1])), "{arguments:?}: {said}");
    }
}
