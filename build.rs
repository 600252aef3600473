//! Leaves in the app what a split needs: where the linker has put what (`cargo xtask serve` takes the inspector out of it by that).

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is = |name, value| std::env::var(name).is_ok_and(|found| found == value);
    if is("CARGO_FEATURE_SPLIT", "1") && is("CARGO_CFG_TARGET_FAMILY", "wasm") {
        println!("cargo::rustc-link-arg-bins=--emit-relocs");
    }
}
