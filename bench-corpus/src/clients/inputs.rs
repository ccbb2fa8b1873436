//! What the clients compile: packages that npm fetches, pinned by a lock file with digests.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Client, build, sources};

/// Where npm puts packages.
pub const PACKAGES: &str = "node_modules";
/// Texts of WebAssembly modules.
pub const TEXTS: &str = "texts";

/// Binary modules of the packages whose text wast parses.
const MODULES: [&str; 2] =
    ["@resvg/resvg-wasm/index_bg.wasm", "@sqlite.org/sqlite-wasm/sqlite-wasm/jswasm/sqlite3.wasm"];

/// Installs the pinned packages below `folder`, unless they are there.
///
/// # Errors
/// A sentence with npm's last words when they cannot be had.
pub fn install(folder: &Path) -> Result<(), String> {
    let (lock, copy) = (sources().join("inputs").join("package-lock.json"), folder.join("package-lock.json"));
    // Written last, so it tells that these packages are installed.
    let installed = folder.join("installed");
    let failed = |file: &Path| {
        let file = file.display().to_string();
        move |error: std::io::Error| format!("{file}: {error}")
    };
    let pinned = std::fs::read(&lock).map_err(failed(&lock))?;
    if std::fs::read(&installed).is_ok_and(|before| before == pinned) {
        return Ok(());
    }
    std::fs::copy(lock.with_file_name("package.json"), folder.join("package.json"))
        .map_err(failed(folder))?;
    std::fs::write(&copy, &pinned).map_err(failed(&copy))?;
    eprintln!("          installing the inputs by npm");
    let output = Command::new("npm")
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"])
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("npm cannot be started: {error}"))?;
    if !output.status.success() {
        return Err(format!(
            "npm cannot get what the clients compile ({}); connect to the package registry and run this again",
            last_words(&String::from_utf8_lossy(&output.stderr))
        ));
    }
    std::fs::write(&installed, &pinned).map_err(failed(&installed))
}

/// npm's own reason: its first line of an error that is not a bare code.
fn last_words(stderr: &str) -> String {
    let errors =
        stderr.lines().filter_map(|line| line.trim().trim_start_matches("npm ").strip_prefix("error "));
    let mut said = errors.map(str::trim).filter(|line| !line.is_empty());
    let code = said.next().unwrap_or("it does not say why").to_owned();
    match said
        .find(|line| !line.starts_with("code") && !line.starts_with("errno") && !line.starts_with("syscall"))
    {
        Some(why) => format!("{code}: {why}"),
        None => code,
    }
}

/// The folder that a client compiles, made if it has to be.
///
/// # Errors
/// When a text cannot be written.
pub fn of(client: Client, folder: &Path) -> Result<PathBuf, String> {
    let input = folder.join(client.input);
    if client.input == TEXTS {
        write_texts(&input, folder)?;
    }
    Ok(input)
}

/// Writes the text of each module, by the printer that belongs to wast.
fn write_texts(texts: &Path, folder: &Path) -> Result<(), String> {
    std::fs::create_dir_all(texts).map_err(|error| format!("{}: {error}", texts.display()))?;
    let printer = build::program("wasm-text", build::REGISTRY, build::GLIBC, folder)?;
    let modules = MODULES.map(|module| folder.join(PACKAGES).join(module));
    let output = Command::new(&printer)
        .args(&modules)
        .arg(texts)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{}: {error}", printer.display()))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!("no text of a module: {}", String::from_utf8_lossy(&output.stderr).trim())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn npms_reason_is_its_code_and_the_first_sentence() {
        let stderr = "npm error code ENOTFOUND\nnpm error syscall getaddrinfo\nnpm error errno ENOTFOUND\n\
                      npm error network request to the registry failed\nnpm error network In most cases\n";
        assert_eq!(last_words(stderr), "code ENOTFOUND: network request to the registry failed");
        assert_eq!(last_words(""), "it does not say why");
    }

    #[test]
    fn every_input_is_pinned_with_a_digest_and_names_no_registry() {
        let lock =
            std::fs::read_to_string(sources().join("inputs").join("package-lock.json")).expect("a lock file");
        let lock: serde_json::Value = serde_json::from_str(&lock).expect("it is JSON");
        let packages = lock["packages"].as_object().expect("it lists packages");
        for (name, package) in packages.iter().filter(|(name, _)| !name.is_empty()) {
            assert!(
                package["integrity"].as_str().is_some_and(|digest| digest.starts_with("sha512-")),
                "{name}"
            );
            assert!(package["resolved"].is_null(), "{name}");
        }
        for module in MODULES {
            assert!(packages.keys().any(|name| format!("{PACKAGES}/{module}").starts_with(name)), "{module}");
        }
    }
}
