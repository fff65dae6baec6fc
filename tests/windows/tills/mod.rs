//! Tills in .NET and in Object Pascal redeem coupons, on Linux and under Wine.

mod dotnet;
mod linux;
mod pascal;
mod run;
mod wine;

pub use dotnet::core_clr;
