//! What the shared library exports.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use object::{Object, ObjectSymbol};

/// The library that was built together with this test stands beside it.
fn library() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.with_file_name(format!(
        "{}kinde{}",
        std::env::consts::DLL_PREFIX,
        std::env::consts::DLL_SUFFIX
    ))
}

pub fn exported() -> BTreeSet<String> {
    let path = library();
    let bytes = fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let file = object::File::parse(&*bytes).unwrap();
    file.dynamic_symbols()
        .filter(|symbol| symbol.is_definition() && symbol.is_global())
        .filter_map(|symbol| symbol.name().ok().map(str::to_owned))
        .collect()
}
