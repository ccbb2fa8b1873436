//! The oracle: token by token, gcc says the same.

use crate::input::{data_files, data_folder, options_for};
use passes::files::Provider;
use passes::memory::arenas::ArenaMemory;
use passes::oracle;
use passes::session::{Input, with_worker};
use std::path::Path;
use std::process::{Command, Output};

/// What gcc makes of `name` in `folder`, with our macros and headers.
pub fn gcc(folder: &Path, name: &str) -> Output {
    let macros = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(macros.path(), oracle::macros_for_gcc()).expect("a temporary file can be written");
    let headers = Path::new(env!("CARGO_MANIFEST_DIR")).join("include");
    let result = Command::new("gcc")
        .current_dir(folder)
        .args(["-std=gnu11", "-undef", "-nostdinc", "-w", "-imacros"])
        .arg(macros.path())
        .arg("-isystem")
        .arg(headers)
        .args(["-isystem", "/usr/local/include", "-isystem", "/usr/include/x86_64-linux-gnu"])
        .args(["-isystem", "/usr/include", "-E", "-P", name])
        .output();
    match result {
        Ok(output) => output,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            panic!("gcc is missing: install the Debian package gcc to run this test")
        }
        Err(error) => panic!("gcc cannot be run: {error}"),
    }
}

fn gcc_output(folder: &Path, name: &str) -> Vec<u8> {
    let output = gcc(folder, name);
    assert!(output.status.success(), "gcc refuses {name}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn check_folder(folder_name: &str) {
    let folder = data_folder(folder_name);
    let options = options_for(&folder);
    with_worker::<ArenaMemory, _>(&mut Default::default(), Provider::Disk, |worker, session| {
        for name in data_files(folder_name) {
            let ours = oracle::of_unit(worker, session, Input::File(name.as_bytes()), &options).value;
            let theirs = oracle::of_output(worker, session, &gcc_output(&folder, &name), &options).value;
            assert!(!ours.is_empty(), "{name} has tokens");
            assert_eq!(ours.first_difference(&theirs), None, "{name}: ours is left, gcc's is right");
        }
    });
}

#[test]
fn small_inputs_give_gcc_s_tokens() {
    check_folder("preprocess");
}

#[test]
fn system_headers_give_gcc_s_tokens() {
    check_folder("system");
}
