//! Without the feature `capi` the library exports nothing, so that a binding which links the Rust
//! API, such as the Elixir NIF, shows no symbol of it: `cargo test --no-default-features`.

#![cfg(not(feature = "capi"))]

mod exports;

#[test]
fn without_the_c_abi_nothing_is_exported() {
    assert_eq!(exports::exported(), Default::default());
}
