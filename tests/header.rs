//! `include/kinde.h` is what the source says, and what a C or C++ compiler accepts.
//!
//! `UPDATE_HEADER=1 cargo test --test header` writes it anew.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_header_is_what_the_source_says() {
    let made = header();
    let path = root().join("include/kinde.h");
    if std::env::var_os("UPDATE_HEADER").is_some() {
        fs::write(&path, &made).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == made,
        "include/kinde.h differs from src/ffi; run: UPDATE_HEADER=1 cargo test --test header"
    );
}

#[test]
fn it_compiles_as_c99_and_as_cpp_without_a_warning() {
    let header = root().join("include/kinde.h");
    for (compiler, language, standard) in [
        ("cc", "c", "c99"),
        ("cc", "c", "c17"),
        ("c++", "c++", "c++11"),
        ("c++", "c++", "c++20"),
    ] {
        let output = Command::new(compiler)
            .args(["-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Werror"])
            .arg(format!("-std={standard}"))
            .args(["-x", language, "-include"])
            .arg(&header)
            .arg("/dev/null")
            .output()
            .unwrap_or_else(|e| panic!("{compiler} is needed for this test: {e}"));
        assert!(
            output.status.success(),
            "{compiler} -std={standard}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

#[test]
fn it_speaks_to_a_c_programmer() {
    let header = fs::read_to_string(root().join("include/kinde.h")).unwrap();
    for word in [
        "Rust",
        "Arc<",
        "Box<",
        "Option<",
        "Result<",
        "Some(",
        "`None`",
        "crate",
        "panic",
        "://",
        "[`",
        "](",
        "cbindgen:",
    ] {
        let line = header.lines().skip(20).find(|line| line.contains(word));
        assert_eq!(line, None, "{word}");
    }
}

#[test]
fn every_function_says_how_it_fails() {
    for declaration in header()
        .split(");\n")
        .filter(|d| d.ends_with("kinde_error **error"))
    {
        let name = declaration
            .rsplit_once('(')
            .unwrap()
            .0
            .rsplit(' ')
            .next()
            .unwrap();
        let comment = declaration
            .rsplit_once("*/")
            .unwrap()
            .0
            .rsplit_once("/**")
            .unwrap()
            .1;
        let text: String = comment
            .split_whitespace()
            .filter(|word| *word != "*")
            .collect::<Vec<_>>()
            .join(" ");
        assert!(
            text.contains("Fails with") || text.starts_with("Like kinde_"),
            "{name}: {text}"
        );
    }
}

/// The header: cbindgen's, with the version of the package, and a title above each file's functions.
fn header() -> String {
    let mut config = cbindgen::Config::from_file(root().join("cbindgen.toml")).unwrap();
    config.after_includes = Some(version_macros());
    let pointers: Vec<String> = config.export.rename.values().cloned().collect();
    let mut made = Vec::new();
    cbindgen::Builder::new()
        .with_crate(root())
        .with_config(config)
        .generate()
        .unwrap()
        .write(&mut made);
    let mut header = String::from_utf8(made).unwrap();
    for spelling in pointers.iter().filter(|s| s.ends_with('*')) {
        let pointee = spelling.trim_end_matches('*');
        let stars = &spelling[pointee.len()..];
        header = header.replace(&format!("{spelling} "), &format!("{pointee} {stars}"));
    }
    for file in files_in_order() {
        let source = fs::read_to_string(&file).unwrap();
        if let Some(function) = first_function(&source) {
            let place = comment_of(&header, function);
            header.insert_str(place, &banner(&source));
        }
    }
    header
}

fn version_macros() -> String {
    format!(
        "\n/** The version of the library that this header belongs to. */\n\
         #define KINDE_VERSION \"{}\"\n\
         #define KINDE_VERSION_MAJOR {}\n\
         #define KINDE_VERSION_MINOR {}\n\
         #define KINDE_VERSION_PATCH {}",
        env!("CARGO_PKG_VERSION"),
        env!("CARGO_PKG_VERSION_MAJOR"),
        env!("CARGO_PKG_VERSION_MINOR"),
        env!("CARGO_PKG_VERSION_PATCH"),
    )
}

fn files_in_order() -> Vec<PathBuf> {
    let folder = root().join("src/ffi");
    let modules = fs::read_to_string(folder.join("mod.rs")).unwrap();
    modules
        .lines()
        .filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';'))
        .map(|name| folder.join(format!("{name}.rs")))
        .collect()
}

fn first_function(source: &str) -> Option<&str> {
    let (_, rest) = source.split_once("pub extern \"C\" fn ")?;
    rest.split(['(', '<']).next()
}

/// Where the comment above a function's declaration begins.
fn comment_of(header: &str, function: &str) -> usize {
    let name = header.find(&format!("{function}(")).unwrap();
    header[..name].rfind("/**").unwrap()
}

/// The text at the top of a file, as a C comment.
fn banner(source: &str) -> String {
    let lines = source.lines().map_while(|line| line.strip_prefix("//!"));
    let text: Vec<&str> = lines
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
        .collect();
    let title = text[0].trim_start_matches("# ");
    let rule = "-".repeat(96);
    let mut banner = format!("/* {rule}\n * {title}\n");
    for line in &text[1..] {
        banner.push_str(format!(" * {line}").trim_end());
        banner.push('\n');
    }
    banner.push_str(&format!(" * {rule} */\n\n"));
    banner
}
