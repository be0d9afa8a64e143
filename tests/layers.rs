//! Who may use whom: the imports of the source are read and held against the layers of the design.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The layers from below: a module uses modules of its own layer and of those below it.
const LAYERS: &[&[&str]] = &[
    &[
        "clock", "config", "error", "event", "flight", "http", "json", "log", "params", "runtime",
        "secret",
    ],
    &["oauth", "token"],
    &["api", "client", "session", "webhook"],
    &["ffi"],
];

/// What only one module may touch.
const OWNED: &[(&str, &str)] = &[
    ("reqwest", "http"),
    ("hyper", "http"),
    ("cookie", "session"),
    ("jsonwebtoken", "token"),
    ("redis", "session"),
    ("safer_ffi", "ffi"),
    ("nix::sys::signal", "runtime"),
];

fn source_files(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(source_files(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
    files
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The code of each module without comments and unit tests, file by file.
fn modules() -> BTreeMap<String, Vec<(PathBuf, String)>> {
    let source = root().join("src");
    let mut modules: BTreeMap<String, Vec<(PathBuf, String)>> = BTreeMap::new();
    for file in source_files(&source) {
        let below = file.strip_prefix(&source).unwrap();
        let is_test = below.components().any(|part| {
            let name = part.as_os_str().to_string_lossy();
            name.starts_with("test") || name.starts_with("fixture")
        });
        if is_test {
            continue;
        }
        let first = below.components().next().unwrap();
        let module = Path::new(first.as_os_str()).file_stem().unwrap();
        let text = fs::read_to_string(&file).unwrap();
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        let code: Vec<&str> = code
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .collect();
        let module = module.to_string_lossy().into_owned();
        modules
            .entry(module)
            .or_default()
            .push((below.to_owned(), code.join("\n")));
    }
    modules
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

/// The modules of this crate that a code names: `crate::a::b`, `crate::{a::b, c}`.
fn used(code: &str) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let Some(list) = rest.strip_prefix('{') else {
            used.insert(first_name(rest));
            continue;
        };
        let mut depth = 0;
        let mut start = 0;
        for (index, letter) in list.char_indices() {
            match letter {
                '{' => depth += 1,
                '}' if depth == 0 => {
                    used.insert(first_name(list[start..index].trim()));
                    break;
                }
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    used.insert(first_name(list[start..index].trim()));
                    start = index + 1;
                }
                _ => {}
            }
        }
    }
    used.retain(|name| name.starts_with(|letter: char| letter.is_ascii_lowercase()));
    used
}

fn first_name(path: &str) -> String {
    path.chars()
        .take_while(|letter| letter.is_alphanumeric() || *letter == '_')
        .collect()
}

#[test]
fn every_module_has_its_layer() {
    for module in modules().into_keys() {
        assert!(
            module == "lib" || layer(&module).is_some(),
            "{module} stands in no layer"
        );
    }
}

#[test]
fn modules_use_what_is_below_them() {
    let mut seen = 0;
    for (module, files) in modules() {
        let Some(own) = layer(&module) else { continue };
        for (file, code) in files {
            for other in used(&code) {
                seen += 1;
                let theirs = layer(&other);
                assert!(
                    theirs.is_some_and(|theirs| theirs <= own),
                    "{} uses {other}, which stands above {module}",
                    file.display()
                );
            }
        }
    }
    assert!(seen > 50, "the imports were not found");
}

#[test]
fn what_belongs_to_one_module_is_used_there_alone() {
    for (module, files) in modules() {
        for (file, code) in files {
            for (dependency, owner) in OWNED {
                let named = code.contains(&format!("{dependency}::"));
                assert!(
                    !named || module == *owner,
                    "{} uses {dependency}, which belongs to {owner}",
                    file.display()
                );
            }
        }
    }
}

#[test]
fn unsafe_code_stands_at_the_boundary_alone() {
    for (module, files) in modules() {
        for (file, code) in files {
            let unsafe_code = ["unsafe {", "unsafe fn", "unsafe impl", "unsafe extern"];
            let found = unsafe_code.iter().any(|form| code.contains(form));
            assert!(!found || module == "ffi", "{}", file.display());
        }
    }
}

#[test]
fn oauth_knows_nothing_of_sessions_and_token_does_no_input_or_output() {
    let modules = modules();
    for (file, code) in &modules["oauth"] {
        assert!(!code.contains("Session"), "{}", file.display());
    }
    for (file, code) in &modules["token"] {
        for name in ["std::net", "std::fs", "tokio::net", "tokio::fs"] {
            assert!(!code.contains(name), "{} uses {name}", file.display());
        }
    }
}

#[test]
fn the_emulator_shares_no_module_with_the_library() {
    let emulator = root().join("emulator");
    let manifest = fs::read_to_string(emulator.join("Cargo.toml")).unwrap();
    let dependencies = manifest
        .lines()
        .map(|line| line.split(['=', '.']).next().unwrap().trim());
    for dependency in dependencies {
        assert_ne!(dependency, "kinde");
    }
    for file in source_files(&emulator.join("src")) {
        let code = fs::read_to_string(&file).unwrap();
        for shared in ["#[path", "include!(", "kinde::"] {
            assert!(!code.contains(shared), "{}: {shared}", file.display());
        }
    }
}
