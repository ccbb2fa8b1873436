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
    }
}
