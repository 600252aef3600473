//! Keeps the linker's relocations in a build that is to be split: wasm-split needs them.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is = |name, value| std::env::var(name).is_ok_and(|found| found == value);
    if is("CARGO_FEATURE_SPLIT", "1") && is("CARGO_CFG_TARGET_FAMILY", "wasm") {
        println!("cargo::rustc-link-arg-bins=--emit-relocs");
    }
}
