//! Links the program so that its relocations take a hundredth of the room: polars has nearly a million, which would count as
//! 20 MiB of resident memory in every run. It takes glibc 2.36 to run such a program.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
}
