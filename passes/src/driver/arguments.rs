//! The command line: gcc's spelling for what we do, silence for what makes no difference, refusal for the rest.

use crate::options::{Options, Standard, default_system_directories};
use crate::parse::Trees;

/// The text of `--help`.
pub const HELP: &str = "\
Usage: cfront [options] file...

Checks C, or preprocesses it. A file called - is the standard input; @FILE reads more arguments from FILE.

  -E                 print the preprocessed text
  -P                 print it without line markers
  -dM                with -E: print the macros that are defined at the end
  -o FILE            with -E: print to FILE
  -D NAME[=VALUE]    define a macro          -U NAME       undefine one
  -I DIR             look for headers in DIR, before the system's
  -iquote DIR        the same for #include \"...\" only
  -isystem DIR       the same, as a system directory
  -idirafter DIR     the same, after the system directories
  -include FILE      read FILE first         -imacros FILE read only its macros
  -std=STANDARD      c90 c99 c11 c17 gnu90 gnu99 gnu11 gnu17; gnu11 if not given
  -undef             no predefined macros but the standard's
  -nostdinc          no system directories
  -fpreprocessed     the input was preprocessed before
  -fsyntax-only      check only, which is the default
  -w                 no warnings
  --keep-trees       keep every tree until its unit ends
  -j N               N threads; 0 is one a processor
  --mem-report[=json]  print a table of memory per pass on standard error
  --help, --version

Other -f, -m, -O, -g and -W options are accepted and make no difference, and so are -c, -S, -H, -v, -pedantic,
-pedantic-errors, -pipe and -pthread. -ansi is -std=c90; -trigraphs replaces trigraphs; -x c is the only language.
Exit status: 0 no errors, 1 errors in the input, 2 a wrong command line.
";

/// What was asked for.
#[derive(Debug)]
pub enum Command {
    /// Run the passes.
    Run(Box<Invocation>),
    /// Print the help.
    Help,
    /// Print the version.
    Version,
}

/// The form of the memory report.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReportFormat {
    /// For people.
    Table,
    /// For programs.
    Json,
}

/// A parsed command line.
#[derive(Debug)]
pub struct Invocation {
    /// The units.
    pub files: Vec<String>,
    /// For every unit.
    pub options: Options,
    /// `-E`
    pub preprocess_only: bool,
    /// Not `-P`.
    pub line_markers: bool,
    /// `-dM`
    pub macros_only: bool,
    /// `-w`
    pub no_warnings: bool,
    /// `-o`
    pub output: Option<String>,
    /// `--keep-trees`
    pub trees: Trees,
    /// `-j`
    pub threads: usize,
    /// `--mem-report`
    pub memory_report: Option<ReportFormat>,
}

/// How deeply argument files may name argument files.
const ARGUMENT_FILE_DEPTH_MAX: usize = 16;

/// Understands `arguments`, which do not contain the program's name.
///
/// # Errors
/// A sentence that says what is wrong with them.
pub fn parse(arguments: Vec<String>) -> Result<Command, String> {
    let mut expanded = Vec::new();
    expand_argument_files(arguments, 0, &mut expanded)?;
    let mut parser = Parser {
        arguments: expanded.into_iter(),
        invocation: Invocation {
            files: Vec::new(),
            options: Options::default(),
            preprocess_only: false,
            line_markers: true,
            macros_only: false,
            no_warnings: false,
            output: None,
            trees: Trees::Released,
            threads: 1,
            memory_report: None,
        },
        system: Vec::new(),
        standard_directories: true,
        command: None,
    };
    parser.run()?;
    parser.finish()
}

fn expand_argument_files(
    arguments: Vec<String>,
    depth: usize,
    expanded: &mut Vec<String>,
) -> Result<(), String> {
    for argument in arguments {
        let Some(path) = argument.strip_prefix('@') else {
            expanded.push(argument);
            continue;
        };
        if depth == ARGUMENT_FILE_DEPTH_MAX {
            return Err(format!("@{path}: argument files name each other too deeply"));
        }
        let text = std::fs::read_to_string(path).map_err(|error| format!("@{path}: {error}"))?;
        expand_argument_files(split_arguments(&text), depth + 1, expanded)?;
    }
    Ok(())
}

/// Splits at white space; quotes and backslashes keep it.
fn split_arguments(text: &str) -> Vec<String> {
    let mut arguments = Vec::new();
    let mut current: Option<String> = None;
    let mut quote = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, quote) {
            ('\\', _) => {
                if let Some(next) = chars.next() {
                    current.get_or_insert_default().push(next);
                }
            }
            (c, Some(open)) if c == open => quote = None,
            (c, Some(_)) => current.get_or_insert_default().push(c),
            ('"' | '\'', None) => {
                quote = Some(c);
                current.get_or_insert_default();
            }
            (c, None) if c.is_whitespace() => arguments.extend(current.take()),
            (c, None) => current.get_or_insert_default().push(c),
        }
    }
    arguments.extend(current);
    arguments
}

struct Parser {
    arguments: std::vec::IntoIter<String>,
    invocation: Invocation,
    system: Vec<Vec<u8>>,
    standard_directories: bool,
    command: Option<Command>,
}

impl Parser {
    fn run(&mut self) -> Result<(), String> {
        while let Some(argument) = self.arguments.next() {
            self.argument(&argument)?;
        }
        Ok(())
    }

    /// The value of an option that is `option` itself or starts with it.
    fn value(&mut self, argument: &str, option: &str) -> Result<Option<String>, String> {
        let Some(rest) = argument.strip_prefix(option) else { return Ok(None) };
        if !rest.is_empty() {
            return Ok(Some(rest.to_owned()));
        }
        match self.arguments.next() {
            Some(value) => Ok(Some(value)),
            None => Err(format!("{option} needs a value; see cfront --help")),
        }
    }

    fn argument(&mut self, argument: &str) -> Result<(), String> {
        if !argument.starts_with('-') || argument == "-" {
            self.invocation.files.push(argument.to_owned());
            return Ok(());
        }
        for option in
            ["-include", "-imacros", "-isystem", "-iquote", "-idirafter", "-I", "-D", "-U", "-o", "-j", "-x"]
        {
            if let Some(value) = self.value(argument, option)? {
                return self.option_with_value(option, value);
            }
        }
        self.flag(argument)
    }

    fn option_with_value(&mut self, option: &str, value: String) -> Result<(), String> {
        let invocation = &mut self.invocation;
        let options = &mut invocation.options;
        match option {
            "-include" => options.forced_includes.push(value.into_bytes()),
            "-imacros" => options.macro_files.push(value.into_bytes()),
            "-isystem" => self.system.push(value.into_bytes()),
            "-iquote" => options.quote_directories.push(value.into_bytes()),
            "-idirafter" => options.late_directories.push(value.into_bytes()),
            "-I" => options.directories.push(value.into_bytes()),
            "-D" => define(&mut options.command_line, &value)?,
            "-U" => {
                check_name(&value)?;
                options.command_line.extend_from_slice(format!("#undef {value}\n").as_bytes());
            }
            "-o" => invocation.output = Some(value),
            "-j" => {
                invocation.threads =
                    value.parse().map_err(|_| format!("-j {value}: not a number of threads"))?
            }
            _ if value == "c" => {}
            _ => return Err(format!("-x {value}: only c is understood")),
        }
        Ok(())
    }

    fn flag(&mut self, argument: &str) -> Result<(), String> {
        let invocation = &mut self.invocation;
        match argument {
            "-E" => invocation.preprocess_only = true,
            "-P" => invocation.line_markers = false,
            "-dM" => invocation.macros_only = true,
            "-w" => invocation.no_warnings = true,
            "-undef" => invocation.options.undefine = true,
            "-nostdinc" => self.standard_directories = false,
            "-fpreprocessed" => invocation.options.preprocessed = true,
            "-ansi" => invocation.options.standard = Standard::by_name("c90").ok_or("no standard c90")?,
            "-trigraphs" => {
                let mode = invocation.options.standard.lex_mode.bits() | crate::lex::LexMode::TRIGRAPHS;
                invocation.options.standard.lex_mode = crate::lex::LexMode::new(mode);
            }
            "--keep-trees" => invocation.trees = Trees::Kept,
            "--mem-report" => invocation.memory_report = Some(ReportFormat::Table),
            "--mem-report=json" => invocation.memory_report = Some(ReportFormat::Json),
            "--help" => self.command = Some(Command::Help),
            "--version" => self.command = Some(Command::Version),
            "-c" | "-S" | "-pedantic" | "-pedantic-errors" | "-pthread" | "-pipe" | "-H" | "-v" => {}
            _ => {
                if let Some(name) = argument.strip_prefix("-std=") {
                    let standard = Standard::by_name(name);
                    invocation.options.standard =
                        standard.ok_or_else(|| format!("-std={name}: no such standard"))?;
                } else if !["-f", "-m", "-O", "-g", "-W"].iter().any(|known| argument.starts_with(known)) {
                    return Err(format!("unknown option {argument}; see cfront --help"));
                }
            }
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Command, String> {
        if let Some(command) = self.command {
            return Ok(command);
        }
        if self.invocation.files.is_empty() {
            return Err(String::from("no input files; see cfront --help"));
        }
        if self.standard_directories {
            self.system.extend(default_system_directories());
        }
        let invocation = &mut self.invocation;
        invocation.options.system_directories = self.system;
        invocation.options.report_file_changes = invocation.preprocess_only && invocation.line_markers;
        Ok(Command::Run(Box::new(self.invocation)))
    }
}

fn check_name(name: &str) -> Result<(), String> {
    let mut bytes = name.bytes();
    let starts =
        bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'$' | 0x80..));
    let goes_on = bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | 0x80..));
    if starts && goes_on { Ok(()) } else { Err(format!("\"{name}\" is not a macro name")) }
}

/// Appends `-D` with `definition`, up to its first newline, as a directive.
///
/// # Errors
/// What it defines is not a macro's name.
pub fn define(command_line: &mut Vec<u8>, definition: &str) -> Result<(), String> {
    let definition = definition.lines().next().unwrap_or("");
    let (name, value) = definition.split_once('=').unwrap_or((definition, "1"));
    // `-D'F(x)=x'` defines a function-like macro.
    check_name(name.split_once('(').map_or(name, |(name, _)| name))?;
    command_line.extend_from_slice(format!("#define {name} {value}\n").as_bytes());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Command, parse, split_arguments};

    fn run(arguments: &[&str]) -> Result<Command, String> {
        parse(arguments.iter().map(|&argument| argument.to_owned()).collect())
    }

    #[test]
    fn values_stand_beside_their_option_or_after_it() {
        let Ok(Command::Run(invocation)) = run(&["-Ia", "-I", "b", "-DX", "-D", "Y=2", "-UX", "f.c"]) else {
            panic!("the command line is right");
        };
        assert_eq!(invocation.options.directories, [b"a", b"b"]);
        assert_eq!(invocation.options.command_line, b"#define X 1\n#define Y 2\n#undef X\n");
        assert_eq!(invocation.files, ["f.c"]);
    }

    #[test]
    fn options_without_meaning_are_accepted_and_unknown_ones_refused() {
        assert!(run(&["-Wall", "-O2", "-g", "-fPIC", "-m64", "f.c"]).is_ok());
        assert!(run(&["-zunknown", "f.c"]).is_err());
        assert!(run(&["-DX"]).is_err());
        assert!(run(&["-D1=2", "f.c"]).is_err());
        assert!(run(&["f.c", "-I"]).is_err());
    }

    #[test]
    fn argument_files_keep_quoted_spaces() {
        assert_eq!(split_arguments("-DA=\"x y\" 'b c'\n d\\ e "), ["-DA=x y", "b c", "d e"]);
    }
}
