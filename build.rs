//! Names the shared library for the dynamic linker and keeps it loaded.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        // The number is the ABI's (WXCOUPON_ABI_VERSION), not the release's.
        println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libwxcoupon.so.1");
        // Unloading a Rust library while thread-locals of it are alive is unsound: dlclose keeps it mapped.
        println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
}
