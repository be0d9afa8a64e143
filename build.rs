//! Link arguments of the shared library that rustc does not set by itself.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let target = |name: &str| env::var(format!("CARGO_CFG_TARGET_{name}")).unwrap_or_default();
    if env::var_os("CARGO_CFG_UNIX").is_none() || target("VENDOR") == "apple" {
        return;
    }
    // The soname carries the ABI's major number, which is the version's.
    let abi_major = env::var("CARGO_PKG_VERSION_MAJOR").unwrap_or_default();
    println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libkinde.so.{abi_major}");
    // The library's threads may still run when a host calls dlclose.
    println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
}
