//! The command line of `cfront watch`.

use passes::driver::arguments as compiler;
use passes::options::Options;
use std::time::Duration;

/// The text of `--help`.
pub const HELP: &str = "\
Usage: cfront watch [options] DIR | compile_commands.json [-- compiler options]

Checks the C units of a build, waits for changes, and checks again what they concern. DIR is searched for
compile_commands.json; without one, every .c file below it is a unit, with the options after --.

  --once           check once and exit
  --rounds N       exit after N rounds
  --poll MS        look at the files every MS milliseconds instead of waiting to be told
  -j N             N threads; 0, which is the default, is one a processor
  --trees N        keep N syntax trees; 8 if not given, 0 is all
  -w               no warnings
  --mem-report     print what the results hold after every round
  --help

Findings go to standard error: after the first round those of units that have others than before. Standard output says which files
changed, how many units were checked again, what else was computed, and how long it took.
Exit status: 0 no errors in the last round, 1 errors, 2 a wrong command line or nothing to watch.
";

/// Trees that are kept, unless the command line says otherwise: nothing here reads them.
const TREES_MAX: usize = 8;

/// What was asked for.
#[derive(Debug)]
pub enum Command {
    /// Watch.
    Run(Box<Invocation>),
    /// Print the help.
    Help,
}

/// A parsed command line.
#[derive(Debug)]
pub struct Invocation {
    /// The directory or the list of commands.
    pub path: String,
    /// For units of a directory without a list of commands.
    pub options: Options,
    /// `--once`
    pub once: bool,
    /// `--rounds`
    pub rounds: Option<usize>,
    /// `--poll`
    pub poll: Option<Duration>,
    /// `-j`
    pub threads: usize,
    /// `--trees`
    pub trees_max: usize,
    /// `-w`
    pub no_warnings: bool,
    /// `--mem-report`
    pub memory_report: bool,
}

/// Understands `arguments`, which do not contain the names of program and command.
///
/// # Errors
/// A sentence that says what is wrong with them.
pub fn parse(arguments: Vec<String>) -> Result<Command, String> {
    let mut own = arguments;
    let of_compiler = match own.iter().position(|argument| argument == "--") {
        Some(at) => own.split_off(at).split_off(1),
        None => Vec::new(),
    };
    let mut invocation = Invocation {
        path: String::new(),
        options: compiler_options(of_compiler)?,
        once: false,
        rounds: None,
        poll: None,
        threads: 0,
        trees_max: TREES_MAX,
        no_warnings: false,
        memory_report: false,
    };
    let mut paths = Vec::new();
    let mut own = own.into_iter();
    while let Some(argument) = own.next() {
        let mut number = |option: &str| -> Result<usize, String> {
            let value =
                own.next().ok_or_else(|| format!("{option} needs a number; see cfront watch --help"))?;
            value.parse().map_err(|_| format!("{option} {value}: not a number"))
        };
        match &*argument {
            "--help" => return Ok(Command::Help),
            "--once" => invocation.once = true,
            "--rounds" => invocation.rounds = Some(number("--rounds")?),
            "--poll" => invocation.poll = Some(Duration::from_millis(number("--poll")? as u64)),
            "-j" => invocation.threads = number("-j")?,
            "--trees" => invocation.trees_max = number("--trees")?,
            "-w" => invocation.no_warnings = true,
            "--mem-report" => invocation.memory_report = true,
            _ if argument.starts_with('-') => {
                return Err(format!("unknown option {argument}; see cfront watch --help"));
            }
            _ => paths.push(argument),
        }
    }
    let [path] = <[String; 1]>::try_from(paths)
        .map_err(|paths| format!("{} paths, and one is watched; see cfront watch --help", paths.len()))?;
    invocation.path = path;
    Ok(Command::Run(Box::new(invocation)))
}

/// What a C compiler with `arguments` would read a file with.
fn compiler_options(mut arguments: Vec<String>) -> Result<Options, String> {
    arguments.push(String::from("unit.c"));
    match compiler::parse(arguments)? {
        compiler::Command::Run(invocation) => Ok(invocation.options),
        _ => Err(String::from("after -- stand options of the compiler; see cfront --help")),
    }
}

#[cfg(test)]
mod tests {
    use super::{Command, parse};

    fn run(line: &str) -> Result<Command, String> {
        parse(line.split(' ').map(str::to_owned).collect())
    }

    #[test]
    fn options_of_the_compiler_stand_behind_two_dashes() {
        let Ok(Command::Run(invocation)) = run("--once -j 3 src --trees 9 -- -Iinclude -DA=1") else {
            panic!("the command line is right");
        };
        assert!(invocation.once && invocation.poll.is_none());
        assert_eq!((invocation.threads, invocation.trees_max, &*invocation.path), (3, 9, "src"));
        assert_eq!(invocation.options.directories, [b"include"]);
        assert_eq!(invocation.options.command_line, b"#define A 1\n");
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (line, message) in [
            ("--once", "0 paths"),
            ("a b", "2 paths"),
            ("a --poll", "--poll needs a number"),
            ("a -j many", "-j many: not a number"),
            ("a --unknown", "unknown option --unknown"),
            ("a -- -zunknown", "unknown option -zunknown"),
        ] {
            let said = run(line).expect_err("it is wrong");
            assert!(said.contains(message), "{line}: {said}");
        }
        assert!(matches!(run("--help"), Ok(Command::Help)));
    }
}
