//! How the shared library is linked.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system == "linux") {
        // Without the C runtime's start files, which touch two more pages in every process that starts. What they define is the
        // handle by which handlers are forgotten when a library is unloaded; this one never is.
        println!("cargo::rustc-cdylib-link-arg=-nostartfiles");
        println!("cargo::rustc-cdylib-link-arg=-Wl,--defsym=__dso_handle=0");
        println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
        // What the loader writes to begins at a page, so that it takes as few pages as it can.
        println!("cargo::rustc-cdylib-link-arg=-Wl,-z,separate-loadable-segments");
        if is_lld_for_glibc() {
            // `dlopen`, under a name of its own in both libraries, is exported by the shared one only. Other linkers than LLD
            // refuse a second list of exported names.
            let list = format!("{}/dlopen.map", std::env::var("CARGO_MANIFEST_DIR").expect("cargo sets it"));
            println!("cargo::rerun-if-changed={list}");
            println!("cargo::rustc-cdylib-link-arg=-Wl,--defsym=dlopen=compiler_alloc_dlopen");
            println!("cargo::rustc-cdylib-link-arg=-Wl,--version-script={list}");
        }
    }
}

/// Whether the linker is the compiler's default for this system, and the system's `dlopen` the one that is meant.
fn is_lld_for_glibc() -> bool {
    let flags = std::env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    std::env::var("TARGET").is_ok_and(|target| target == "x86_64-unknown-linux-gnu")
        && std::env::var_os("RUSTC_LINKER").is_none()
        && !["linker", "fuse-ld"].iter().any(|word| flags.contains(word))
}
