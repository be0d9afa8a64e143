//! What programs are linked against: the functions that the shared library exports, those that the
//! header declares, and the numbers of the statuses.
//!
//! `UPDATE_SYMBOLS=1 cargo test --test symbols` writes the lists anew. A line may be added; taking
//! one away or changing it breaks programs that are compiled already.

#![cfg(feature = "capi")]

mod exports;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use exports::exported;

#[test]
fn library_header_and_list_name_the_same_functions() {
    let exported = exported();
    let declared = declared();
    let list = committed("symbols.txt", &exported);
    assert_eq!(
        difference(&exported, &declared),
        [] as [String; 0],
        "library against header"
    );
    assert_eq!(
        difference(&exported, &list),
        [] as [String; 0],
        "library against tests/symbols.txt"
    );
}

#[test]
fn nothing_foreign_is_exported() {
    let foreign: Vec<String> = exported()
        .into_iter()
        .filter(|name| !name.starts_with("kinde_"))
        .collect();
    assert_eq!(foreign, [] as [String; 0]);
}

#[test]
fn statuses_keep_their_numbers() {
    let statuses = statuses();
    assert!(statuses.contains("0 OK") && statuses.contains("999 INTERNAL"));
    let list = committed("statuses.txt", &statuses);
    assert_eq!(difference(&statuses, &list), [] as [String; 0]);
}

#[test]
fn the_abi_major_is_that_of_the_package() {
    let header = header();
    let number = header
        .lines()
        .find_map(|line| line.strip_prefix("#define KINDE_ABI_VERSION "))
        .unwrap();
    let number: u32 = number.parse().unwrap();
    let major: u32 = env!("CARGO_PKG_VERSION_MAJOR").parse().unwrap();
    assert_eq!(number >> 16, major);
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn header() -> String {
    fs::read_to_string(root().join("include/kinde.h")).unwrap()
}

fn declared() -> BTreeSet<String> {
    let header = header();
    let (_, functions) = header.split_once("extern \"C\" {").unwrap();
    let code: String = functions
        .lines()
        .filter(|line| !line.trim_start().starts_with(['/', '*', '#']))
        .collect();
    code.split(");")
        .filter_map(|declaration| declaration.split_once('('))
        .filter_map(|(before, _)| before.rsplit([' ', '*']).next())
        .map(str::to_owned)
        .collect()
}

fn statuses() -> BTreeSet<String> {
    header()
        .lines()
        .filter_map(|line| line.trim().strip_prefix("KINDE_STATUS_"))
        .filter_map(|line| line.trim_end_matches(',').split_once(" = "))
        .map(|(name, number)| format!("{number} {name}"))
        .collect()
}

/// The lines of a list that stands beside this file.
fn committed(name: &str, now: &BTreeSet<String>) -> BTreeSet<String> {
    let path = root().join("tests").join(name);
    if std::env::var_os("UPDATE_SYMBOLS").is_some() {
        let mut lines: Vec<&str> = now.iter().map(String::as_str).collect();
        lines.sort_by_key(|line| (line.split(' ').next().unwrap().parse::<u32>().ok(), *line));
        fs::write(&path, lines.join("\n") + "\n").unwrap();
    }
    let list = fs::read_to_string(&path).unwrap_or_default();
    list.lines().map(str::to_owned).collect()
}

/// What one of both has alone.
fn difference(one: &BTreeSet<String>, other: &BTreeSet<String>) -> Vec<String> {
    one.symmetric_difference(other).cloned().collect()
}
