//! A unit of the corpus as the frontend in `passes` wants it.

use passes::diagnostics::{Diagnostics, Severity};
use passes::driver::arguments::{self, Command};
use passes::options::Options;

use super::unit::Unit;

/// The options that the flags of `unit` spell, with its package's root as the working folder.
///
/// # Errors
/// What the command line of `cfront` says of the flags.
pub fn options(unit: &Unit) -> Result<Options, String> {
    let words = unit.flags.iter().cloned().chain([unit.path.clone()]).collect();
    let Command::Run(invocation) = arguments::parse(words)? else {
        return Err("the flags ask for help or a version".into());
    };
    let mut options = invocation.options;
    options.directory = unit.root.as_os_str().as_encoded_bytes().to_vec();
    Ok(options)
}

/// The first error of a unit, if it has one.
pub fn first_error(diagnostics: &Diagnostics) -> Option<String> {
    let is_error = |severity| matches!(severity, Severity::Error | Severity::Fatal);
    let error = diagnostics.as_slice().iter().find(|diagnostic| is_error(diagnostic.severity))?;
    Some(error.to_string().trim_end().replace('\n', "\n    "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(flags: &[&str]) -> Unit {
        Unit {
            package: "p".into(),
            path: "a.c".into(),
            root: "home/p-1.0.0".into(),
            flags: flags.iter().map(|flag| flag.to_string()).collect(),
            pp_lines: 1,
        }
    }

    #[test]
    fn flags_are_read_as_gcc_reads_them_below_the_packages_root() {
        let options =
            options(&unit(&["-std=gnu11", "-Iinclude", r#"-DNAME="x.h""#])).expect("the flags are known");
        assert_eq!(options.directory, b"home/p-1.0.0");
        assert_eq!(options.directories, [b"include"]);
        assert_eq!(String::from_utf8_lossy(&options.command_line), "#define NAME \"x.h\"\n");
    }

    #[test]
    fn an_unknown_flag_is_an_error() {
        assert!(options(&unit(&["--no-such-flag"])).is_err_and(|error| error.contains("--no-such-flag")));
    }
}
