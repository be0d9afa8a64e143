//! Link arguments of the shared library that rustc does not set by itself, and the catalogue of API
//! operations, compressed.

use std::io::Write;
use std::path::Path;
use std::{env, fs};

use flate2::Compression;
use flate2::write::DeflateEncoder;

/// The catalogue's files, in the order in which they are read.
const CATALOGUE: &[&str] = &[
    "src/api/catalogue/management.txt",
    "src/api/catalogue/account.txt",
];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    compress_catalogue();
    link();
}

fn compress_catalogue() {
    let output = env::var_os("OUT_DIR").expect("cargo names the directory");
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    let mut length = 0;
    for file in CATALOGUE {
        println!("cargo::rerun-if-changed={file}");
        let text = fs::read(file).expect("the catalogue is part of the source");
        length += text.len();
        encoder.write_all(&text).expect("memory takes it");
    }
    let compressed = encoder.finish().expect("memory takes it");
    let output = Path::new(&output);
    fs::write(output.join("catalogue.deflate"), compressed).expect("the directory is writable");
    fs::write(output.join("catalogue.length"), length.to_string())
        .expect("the directory is writable");
}

fn link() {
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
