//! Says in plain builds that the end-to-end tests are left out (Cargo.toml).

fn main() {
    println!("cargo::rerun-if-env-changed=WUGAN_TEST_SERVER_BIN");
    if std::env::var_os("WUGAN_TEST_SERVER_BIN").is_none() {
        println!("cargo::warning=plain `cargo test` leaves the end-to-end tests out: `cargo xtask test e2e` runs them");
    }
}
