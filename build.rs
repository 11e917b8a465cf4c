//! Tells the compiler whether real data is at hand, so that tests which need it are ignored where it is not.

fn main() {
    println!("cargo:rustc-check-cfg=cfg(real_data)");
    println!("cargo:rerun-if-env-changed=THERMOCLINE_TEST_DATA");
    if std::env::var_os("THERMOCLINE_TEST_DATA").is_some() {
        println!("cargo:rustc-cfg=real_data");
    }
}
