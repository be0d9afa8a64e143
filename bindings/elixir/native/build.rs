//! Link arguments of the NIF that rustc does not set by itself.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let target = |name: &str| env::var(format!("CARGO_CFG_TARGET_{name}")).unwrap_or_default();
    if env::var_os("CARGO_CFG_UNIX").is_none() {
        return;
    }
    if target("VENDOR") == "apple" {
        // The VM's functions are found when the NIF is loaded.
        println!("cargo::rustc-cdylib-link-arg=-Wl,-undefined,dynamic_lookup");
        return;
    }
    // The library's threads may still run when the VM purges the module.
    println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
}
