//! Suites from Debian, by its own clients: apt-get fetches a package, tar and dpkg-deb unpack the part that is wanted, and the result
//! stays below the target folder. With everything there no network is touched.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What holds a suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Package {
    /// How Debian has it.
    pub release: Release,
    /// The archive inside of a binary package that holds the files; empty if they lie in it directly.
    pub archive_part: &'static str,
    /// What is unpacked, as patterns of tar.
    pub folders: &'static [&'static str],
}

/// The two ways in which Debian has files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Release {
    /// A source package.
    Source(&'static str),
    /// Binary packages.
    Binaries(&'static [&'static str]),
}

/// Where unpacked packages are kept.
pub struct Cache {
    folder: PathBuf,
}

/// A package on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unpacked {
    /// Its files.
    pub root: PathBuf,
    /// Name and version.
    pub version: String,
}

/// Holds name and version of what is unpacked beside it.
const STAMP: &str = "version";

impl Cache {
    /// The cache in the target folder that this program was built into, or in `folder`.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn new(folder: Option<&Path>) -> Result<Self, String> {
        let of_target = || {
            let own = std::env::current_exe().ok()?;
            Some(own.parent()?.parent()?.join("conformance"))
        };
        let folder = folder.map(Path::to_owned).or_else(of_target).ok_or("no folder for downloads")?;
        std::fs::create_dir_all(&folder)
            .map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
        let folder = folder.canonicalize().map_err(|error| format!("{}: {error}", folder.display()))?;
        Ok(Self { folder })
    }

    /// A folder of the cache for what is made, not downloaded.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn workplace(&self, name: &str) -> Result<PathBuf, String> {
        let folder = self.folder.join(name);
        std::fs::create_dir_all(&folder)
            .map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
        Ok(folder)
    }

    /// `package`, unpacked; downloads it if it is not there.
    ///
    /// # Errors
    /// What the client that failed said, and what to do.
    pub fn unpacked(&self, package: Package) -> Result<Unpacked, String> {
        let name = match package.release {
            Release::Source(name) => name,
            Release::Binaries(names) => names[0],
        };
        let root = self.folder.join(name);
        let stamp = root.join(STAMP);
        if let Ok(version) = std::fs::read_to_string(&stamp) {
            return Ok(Unpacked { root, version });
        }
        eprintln!("          downloading {name}, once");
        let version = self.bring(package, name, &root).map_err(|reason| {
            format!("cannot get Debian's package {name}: {reason}\nconnect to a Debian mirror and run the command again")
        })?;
        Ok(Unpacked { root, version })
    }

    fn bring(&self, package: Package, name: &str, root: &Path) -> Result<String, String> {
        let archives = self.folder.join(format!("{name}.archives"));
        let unfinished = self.folder.join(format!("{name}.unfinished"));
        for folder in [&archives, &unfinished, &root.to_owned()] {
            // What an interrupted run left.
            let _ = std::fs::remove_dir_all(folder);
        }
        for folder in [&archives, &unfinished] {
            std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        }
        let apt = self.apt()?;
        match package.release {
            Release::Source(name) => {
                apt.run(&archives, &["source", "--download-only", "--only-source", name])?
            }
            Release::Binaries(names) => apt.run(&archives, &[&["download"], names].concat())?,
        }
        let mut version = Vec::new();
        for archive in sorted(&archives)? {
            let file = archive.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if file.ends_with(".dsc") || file.ends_with(".deb") {
                version.push(file.trim_end_matches(".dsc").trim_end_matches(".deb").replace("_amd64", ""));
            }
            if file.ends_with(".deb") {
                unpack_binary(&archive, package, &unfinished)?;
            } else if file.contains(".orig.tar.") {
                tar(&archive, package.folders, &unfinished)?;
            }
        }
        let _ = std::fs::remove_dir_all(&archives);
        let version = version.join(" ");
        std::fs::write(unfinished.join(STAMP), &version).map_err(|error| format!("no stamp: {error}"))?;
        std::fs::rename(&unfinished, root).map_err(|error| format!("{}: {error}", root.display()))?;
        Ok(version)
    }

    /// apt-get with lists of its own, which know source packages, too.
    fn apt(&self) -> Result<Apt, String> {
        let apt = Apt { state: self.folder.join("apt") };
        let (parts, lists) = (apt.state.join("parts"), apt.state.join("lists"));
        for folder in [&parts, &lists] {
            std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        }
        let own = std::fs::read_to_string("/etc/apt/sources.list").unwrap_or_default();
        std::fs::write(parts.join("own.list"), with_sources(&own)).map_err(|error| error.to_string())?;
        for file in sorted(Path::new("/etc/apt/sources.list.d")).unwrap_or_default() {
            let text = std::fs::read_to_string(&file).unwrap_or_default();
            let stanzas = debian_stanzas(&text);
            if file.extension().is_some_and(|extension| extension == "sources") && !stanzas.is_empty() {
                let name = file.file_name().unwrap_or_default();
                std::fs::write(parts.join(name), stanzas).map_err(|error| error.to_string())?;
            }
        }
        apt.run(&apt.state, &["update"])?;
        Ok(apt)
    }
}

struct Apt {
    state: PathBuf,
}

impl Apt {
    fn run(&self, folder: &Path, arguments: &[&str]) -> Result<(), String> {
        let option = |name: &str, value: &Path| format!("-o{name}={}", value.display());
        let mut command = Command::new("apt-get");
        command.arg("-qq").arg(option("Dir::Etc::sourcelist", Path::new("/dev/null")));
        command.arg(option("Dir::Etc::sourceparts", &self.state.join("parts")));
        command.arg(option("Dir::State::lists", &self.state.join("lists")));
        // The folder may belong to somebody whom apt's own user cannot see.
        command.arg("-oAPT::Sandbox::User=root").args(arguments).current_dir(folder);
        finish(command, "apt-get")
    }
}

/// `deb` lines, and `deb-src` lines for them.
fn with_sources(list: &str) -> String {
    let lines = list.lines().filter(|line| line.starts_with("deb "));
    lines.map(|line| format!("{line}\n{}\n", line.replacen("deb ", "deb-src ", 1))).collect()
}

/// The stanzas of a `.sources` file that Debian's own key signs, asking for source packages, too.
fn debian_stanzas(text: &str) -> String {
    let stanzas = text.split("\n\n").filter(|stanza| stanza.contains("debian-archive-keyring"));
    let both = |line: &str| match line.strip_prefix("Types:") {
        Some(_) => String::from("Types: deb deb-src\n"),
        None => format!("{line}\n"),
    };
    stanzas.map(|stanza| stanza.lines().map(both).collect::<String>() + "\n").collect()
}

fn unpack_binary(archive: &Path, package: Package, into: &Path) -> Result<(), String> {
    if package.archive_part.is_empty() {
        let mut command = Command::new("dpkg-deb");
        command.arg("--extract").arg(archive).arg(into);
        return finish(command, "dpkg-deb");
    }
    let mut command = Command::new("dpkg-deb");
    command.arg("--fsys-tarfile").arg(archive).stdout(Stdio::piped());
    let mut whole = command.spawn().map_err(|error| format!("dpkg-deb cannot be started: {error}"))?;
    let mut part = Command::new("tar");
    part.args(["--extract", "--file=-", "--wildcards", "--directory"]).arg(into).arg(package.archive_part);
    if let Some(stdout) = whole.stdout.take() {
        part.stdin(stdout);
    }
    let unpacked = finish(part, "tar");
    let ended = whole.wait().map_err(|error| format!("dpkg-deb cannot be waited for: {error}"))?;
    unpacked?;
    if !ended.success() {
        return Err(format!("dpkg-deb ended with {ended}"));
    }
    let end = package.archive_part.rsplit('.').next().unwrap_or_default();
    let inner = find_file(into, end)?;
    tar(&inner, package.folders, into)?;
    std::fs::remove_file(&inner).map_err(|error| format!("{}: {error}", inner.display()))
}

fn tar(archive: &Path, patterns: &[&str], into: &Path) -> Result<(), String> {
    let mut command = Command::new("tar");
    command.args(["--extract", "--wildcards", "--directory"]).arg(into);
    command.arg("--file").arg(archive).args(patterns);
    finish(command, "tar")
}

fn finish(mut command: Command, name: &str) -> Result<(), String> {
    let output = command.stderr(Stdio::piped()).output();
    let output = output.map_err(|error| format!("{name} cannot be started: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    Err(format!("{name}: {}", words.lines().last().unwrap_or("failed without a word")))
}

/// The file below `folder` whose name ends with `.end`.
fn find_file(folder: &Path, end: &str) -> Result<PathBuf, String> {
    let mut waiting = vec![folder.to_owned()];
    while let Some(folder) = waiting.pop() {
        for entry in sorted(&folder)? {
            if entry.is_dir() {
                waiting.push(entry);
            } else if entry.extension().is_some_and(|extension| extension == end) {
                return Ok(entry);
            }
        }
    }
    Err(format!("{} has no archive inside", folder.display()))
}

fn sorted(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let read = std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut paths: Vec<PathBuf> = read.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn source_packages_are_asked_of_debians_own_mirrors_only() {
        let text = "Types: deb\nURIs: one\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n\n\
            Types: deb\nURIs: two\nSigned-By: /other.gpg\n";
        let stanzas = debian_stanzas(text);
        assert!(stanzas.starts_with("Types: deb deb-src\nURIs: one\n"), "{stanzas}");
        assert!(!stanzas.contains("two"), "{stanzas}");
        assert_eq!(with_sources("# deb x\ndeb m s c\n"), "deb m s c\ndeb-src m s c\n");
    }

    #[test]
    fn what_is_unpacked_is_not_asked_for_again() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let cache = Cache::new(Some(folder.path())).expect("the folder is there");
        std::fs::create_dir(folder.path().join("sparse")).expect("a folder is made");
        std::fs::write(folder.path().join("sparse/version"), "sparse_1").expect("the stamp is written");
        let package = Package { release: Release::Source("sparse"), archive_part: "", folders: &["*"] };
        let unpacked = cache.unpacked(package).expect("nothing is downloaded");
        assert_eq!(unpacked.version, "sparse_1");
    }
}
