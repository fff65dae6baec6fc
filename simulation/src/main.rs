//! Plays seeds.

fn main() { wxcoupon_simulation::run::main(); }
