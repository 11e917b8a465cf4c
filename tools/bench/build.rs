//! Tells the tests whether the real data files are there, so that those that need them are reported as ignored, not as
//! passed, where they are not.

fn main() {
    println!("cargo:rustc-check-cfg=cfg(real_data)");
    println!("cargo:rerun-if-env-changed=THERMOCLINE_TEST_DATA");
    if std::env::var_os("THERMOCLINE_TEST_DATA").is_some() {
        println!("cargo:rustc-cfg=real_data");
    }
}
