//! Tells the linker to leave out what an operating system's programs begin with.

fn main() {
    let os = std::env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    let arguments: &[&str] = match os.as_str() {
        "linux" => &["-nostartfiles", "-nostdlib", "-static", "-no-pie"],
        "none" => {
            let script = concat!(env!("CARGO_MANIFEST_DIR"), "/board.ld");
            println!("cargo::rerun-if-changed={script}");
            println!("cargo::rustc-link-arg-bins=-T{script}");
            &["-no-pie"]
        }
        _ => &[],
    };
    for argument in arguments {
        println!("cargo::rustc-link-arg-bins={argument}");
    }
}
