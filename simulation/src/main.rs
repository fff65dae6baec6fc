//! Plays seeds, and tells the story of the first that fails.

use std::process::ExitCode;

fn main() -> ExitCode {
    wxcoupon_simulation::main()
}
