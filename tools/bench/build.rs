//! Tells the tests whether the real data files are there, so that those that need them are reported as ignored, not as
//! passed, where they are not. And links the program so that its relocations take a hundredth of the room: polars has nearly
//! a million, which would count as 20 MiB of resident memory in every run. It takes glibc 2.36 to run such a program.

fn main() {
    println!("cargo:rustc-check-cfg=cfg(real_data)");
    println!("cargo:rerun-if-env-changed=THERMOCLINE_TEST_DATA");
    if std::env::var_os("THERMOCLINE_TEST_DATA").is_some() {
        println!("cargo:rustc-cfg=real_data");
    }
    println!("cargo:rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
}
