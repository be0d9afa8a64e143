//! The README's tables are made from the code; `UPDATE_README=1` rewrites them.

use std::io::Write;
use std::process::{Command, Stdio};

use kinde::{Advice, AuthorizationParams, Config, Status};

fn statuses() -> String {
    let mut table =
        String::from("| status | number | meaning | what to do |\n| --- | --- | --- | --- |\n");
    for status in Status::all().filter(|s| *s != Status::Ok) {
        let advice = match status.advice() {
            Advice::Retry => "retry",
            Advice::SignIn => "sign in",
            Advice::Fix => "fix",
        };
        let row = format!(
            "| `{}` | {} | {} | {advice} |\n",
            status.name(),
            status.code(),
            status.meaning()
        );
        table.push_str(&row);
    }
    table
}

fn with_section(readme: &str, name: &str, content: &str) -> String {
    let start = readme
        .find(&format!("<!-- {name}:"))
        .and_then(|at| Some(at + readme[at..].find("-->\n")? + 4))
        .unwrap_or_else(|| panic!("README.md has no section {name}"));
    let end = readme
        .find(&format!("<!-- /{name} -->"))
        .unwrap_or_else(|| panic!("README.md does not end its section {name}"));
    format!(
        "{}\n{}\n{}",
        &readme[..start],
        content.trim_end(),
        &readme[end..]
    )
}

#[test]
fn the_readme_tables_are_those_of_the_code() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let readme = std::fs::read_to_string(path).unwrap();
    let wanted = with_section(&readme, "settings", &Config::documentation());
    let wanted = with_section(&wanted, "parameters", &AuthorizationParams::documentation());
    let wanted = with_section(&wanted, "statuses", &statuses());
    if std::env::var_os("UPDATE_README").is_some() {
        std::fs::write(path, &wanted).unwrap();
    }
    assert!(
        readme == wanted || std::env::var_os("UPDATE_README").is_some(),
        "README.md is out of date: run UPDATE_README=1 cargo test --test readme"
    );
}

#[test]
fn the_readme_program_compiles_without_a_warning() {
    let root = env!("CARGO_MANIFEST_DIR");
    let readme = std::fs::read_to_string(format!("{root}/README.md")).unwrap();
    let program = readme
        .split("```c\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .find(|block| block.contains("int main"))
        .expect("README.md has a whole program in C");
    let mut compiler = Command::new("cc")
        .args(["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror"])
        .args([
            "-fsyntax-only",
            "-x",
            "c",
            "-I",
            &format!("{root}/include"),
            "-",
        ])
        .stdin(Stdio::piped())
        .spawn()
        .expect("a C compiler");
    let mut input = compiler.stdin.take().unwrap();
    input.write_all(program.as_bytes()).unwrap();
    drop(input);
    assert!(compiler.wait().unwrap().success(), "{program}");
}
