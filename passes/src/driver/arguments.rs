//! The command line: gcc's spelling for what we do, silence for what makes no difference, refusal for the rest.

use crate::options::{Options, Standard, default_system_directories};
use crate::parse::Trees;
use std::num::NonZero;
use std::path::{Path, PathBuf};

/// The text of `--help`.
pub const HELP: &str = "\
Usage: cfront [options] file...
       cfront -p BUILD [options] [file...]
       cfront watch [options] BUILD     (see cfront watch --help)

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
  -fgnu89-inline     a body behind extern inline is only there to be inlined, as it is before C99
  -fsyntax-only      check only, which is the default
  -fmax-errors=N     end a unit at the first finding after N errors; 0 is no such end. Without it a unit's first 100
                     errors are shown
  -w                 no warnings
  -p BUILD           check the C files of BUILD/compile_commands.json, or of BUILD itself if it is a file; only the
                     given files, if there are any. Of the other options, those about units come from there
  --keep-trees       keep every tree until its unit ends
  -j N               N threads; 0 is one a processor, which is the default after -p
                     If there are more than files, two work on a long one; what is found stays the same
  --trace FILE       write what each thread did when, and what it held, in the format of Chrome's trace viewer
  --mem-report[=json]  print a table of memory per pass on standard error
  --help, --version

Other -f, -m, -O, -g and -W options are accepted and make no difference, and so are those of the assembler and the
linker, those that write dependencies beside the output, -c, -S, -H, -v, -pedantic and -pipe. -pedantic-errors is
accepted with a warning: what GNU C adds to C stays allowed.
-ansi is -std=c90; -trigraphs replaces trigraphs; -x c is the only language.
Exit status: 0 no errors, 1 errors in the input, 2 a wrong command line, or no list of commands where -p says.
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
    pub threads: Option<usize>,
    /// `--mem-report`
    pub memory_report: Option<ReportFormat>,
    /// `-p`
    pub build: Option<PathBuf>,
    /// `--trace`
    pub trace: Option<PathBuf>,
    /// Options that ask for what is not done, if that is no error.
    pub unheeded: Vec<String>,
}

/// Who wrote a command line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin<'d> {
    /// Whoever started this program: what it does not understand is an error.
    User,
    /// A build system, for a compiler that runs in this directory: what is not understood is noted, and the file's name is known from
    /// elsewhere.
    Build(&'d Path),
}

/// How deeply argument files may name argument files.
const ARGUMENT_FILE_DEPTH_MAX: usize = 16;

/// Understands `arguments`, which do not contain the program's name.
///
/// # Errors
/// A sentence that says what is wrong with them.
pub fn parse(arguments: Vec<String>) -> Result<Command, String> {
    parse_from(Origin::User, arguments)
}

/// Understands `arguments` of a compiler, which do not contain its name, that runs in `directory`. Argument files are looked for
/// there.
///
/// # Errors
/// A sentence that says what is wrong with them.
pub fn parse_of_build(directory: &Path, arguments: Vec<String>) -> Result<Invocation, String> {
    match parse_from(Origin::Build(directory), arguments)? {
        Command::Run(invocation) => Ok(*invocation),
        Command::Help | Command::Version => Err(String::from("the command compiles nothing")),
    }
}

fn parse_from(origin: Origin<'_>, arguments: Vec<String>) -> Result<Command, String> {
    let mut expanded = Vec::new();
    let directory = match origin {
        Origin::User => Path::new(""),
        Origin::Build(directory) => directory,
    };
    expand_argument_files(directory, arguments, 0, &mut expanded)?;
    let mut parser = Parser {
        origin,
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
            threads: None,
            memory_report: None,
            build: None,
            trace: None,
            unheeded: Vec::new(),
        },
        system: Vec::new(),
        standard_directories: true,
        gnu_inline: false,
        command: None,
    };
    parser.run()?;
    parser.finish()
}

fn expand_argument_files(
    directory: &Path,
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
        let text =
            std::fs::read_to_string(directory.join(path)).map_err(|error| format!("@{path}: {error}"))?;
        expand_argument_files(directory, split_arguments(&text), depth + 1, expanded)?;
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

struct Parser<'d> {
    origin: Origin<'d>,
    arguments: std::vec::IntoIter<String>,
    invocation: Invocation,
    system: Vec<Vec<u8>>,
    standard_directories: bool,
    gnu_inline: bool,
    command: Option<Command>,
}

impl Parser<'_> {
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
        if let Some(parts) = argument.strip_prefix("-Wp,") {
            return parts.split(',').try_for_each(|part| self.of_preprocessor(part));
        }
        if OF_OTHER_TOOLS.iter().any(|tool| argument.starts_with(tool)) {
            if OF_OTHER_TOOLS.contains(&argument) {
                self.arguments.next();
            }
            return Ok(());
        }
        match argument {
            "-p" | "--trace" if self.origin == Origin::User => {
                let Some(path) = self.arguments.next() else {
                    return Err(format!("{argument} needs a value; see cfront --help"));
                };
                let place =
                    if argument == "-p" { &mut self.invocation.build } else { &mut self.invocation.trace };
                *place = Some(PathBuf::from(path));
                Ok(())
            }
            _ => self.flag(argument),
        }
    }

    /// A part of `-Wp,..`: only what changes the unit matters.
    fn of_preprocessor(&mut self, part: &str) -> Result<(), String> {
        if ["-D", "-U", "-I"].iter().any(|option| part.len() > 2 && part.starts_with(option)) {
            return self.argument(part);
        }
        Ok(())
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
                let threads = value.parse().map_err(|_| format!("-j {value}: not a number of threads"))?;
                invocation.threads = Some(threads);
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
            "-fgnu89-inline" => self.gnu_inline = true,
            "-fno-gnu89-inline" => self.gnu_inline = false,
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
            "-pthread" => define(&mut invocation.options.command_line, "_REENTRANT")?,
            "-m32" | "-mx32" | "-m16" => {
                return Err(format!("{argument}: the only machine is x86-64 with 64-bit pointers"));
            }
            "-pedantic-errors" => invocation.unheeded.push(argument.to_owned()),
            _ if WITHOUT_MEANING.contains(&argument) => {}
            _ => {
                if let Some(name) = argument.strip_prefix("-std=") {
                    let standard = Standard::by_name(name);
                    invocation.options.standard =
                        standard.ok_or_else(|| format!("-std={name}: no such standard"))?;
                } else if let Some(count) = argument.strip_prefix("-fmax-errors=") {
                    let count: u32 =
                        count.parse().map_err(|_| format!("{argument}: not a number of errors"))?;
                    invocation.options.errors_max = NonZero::new(count);
                    let kept = if count == 0 { usize::MAX } else { count as usize };
                    invocation.options.limits.errors_max = kept;
                } else if !["-f", "-m", "-O", "-g", "-W"].iter().any(|known| argument.starts_with(known)) {
                    if self.origin == Origin::User {
                        return Err(format!("unknown option {argument}; see cfront --help"));
                    }
                    invocation.unheeded.push(argument.to_owned());
                }
            }
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Command, String> {
        if let Some(command) = self.command {
            return Ok(command);
        }
        if self.standard_directories {
            self.system.extend(default_system_directories());
        }
        let invocation = &mut self.invocation;
        invocation.options.standard.gnu_inline |= self.gnu_inline;
        invocation.options.system_directories = self.system;
        match self.origin {
            Origin::User => check_whole(invocation)?,
            // Where the compiler would run, and nothing printed: only the check is wanted.
            Origin::Build(directory) => {
                invocation.options.directory = directory.as_os_str().as_encoded_bytes().to_vec();
                invocation.preprocess_only = false;
            }
        }
        invocation.options.report_file_changes = invocation.preprocess_only && invocation.line_markers;
        Ok(Command::Run(Box::new(self.invocation)))
    }
}

/// Whether the parts of a user's command line fit each other.
fn check_whole(invocation: &Invocation) -> Result<(), String> {
    if invocation.build.is_none() {
        let is_empty = invocation.files.is_empty();
        return if is_empty { Err(String::from("no input files; see cfront --help")) } else { Ok(()) };
    }
    let plain = Options {
        errors_max: invocation.options.errors_max,
        limits: invocation.options.limits,
        time: invocation.options.time,
        ..Options::default()
    };
    if invocation.options != plain || invocation.preprocess_only {
        return Err(String::from("after -p, the options of a unit are those of its command"));
    }
    Ok(())
}

/// Options that make no difference to a check.
const WITHOUT_MEANING: &[&str] = &[
    "-c",
    "-S",
    "-H",
    "-v",
    "-pedantic",
    "-pipe",
    "-p",
    "-pg",
    "-MD",
    "-MMD",
    "-MP",
    "-MG",
    "-s",
    "-static",
    "-shared",
    "-rdynamic",
    "-pie",
    "-no-pie",
    "-nostdlib",
    "-nodefaultlibs",
    "-nostartfiles",
    "-save-temps",
];

/// Options of the tools that come after, or for files beside the output; the value stands beside the option or after it.
const OF_OTHER_TOOLS: &[&str] =
    &["-MF", "-MT", "-MQ", "-Xlinker", "-Xassembler", "--param", "-L", "-l", "-B", "-dumpbase", "-dumpdir"];

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
    use super::{Command, parse, parse_of_build, split_arguments};
    use std::path::Path;

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
    fn a_build_s_command_is_read_for_its_own_directory_and_unknown_options_are_noted() {
        let words =
            ["-c", "-MD", "-MT", "a.o", "-MF", "a.d", "-zodd", "-Wp,-DP=2,-MMD,x.d", "-L", "l", "-lm", "a.c"];
        let arguments = words.map(String::from).to_vec();
        let invocation = parse_of_build(Path::new("/build"), arguments).expect("the command is understood");
        assert_eq!(invocation.files, ["a.c"]);
        assert_eq!(invocation.unheeded, ["-zodd"]);
        assert_eq!(invocation.options.directory, b"/build");
        assert_eq!(invocation.options.command_line, b"#define P 2\n");
    }

    #[test]
    fn options_of_units_do_not_go_with_a_list_of_commands() {
        assert!(run(&["-p", "build", "-j4", "-w", "-fmax-errors=3", "a.c"]).is_ok());
        assert!(run(&["-p", "build", "-DX"]).is_err());
        assert!(run(&["-p", "build", "-E"]).is_err());
        assert!(run(&["-p"]).is_err());
        assert!(run(&["-fmax-errors=some", "a.c"]).is_err());
    }

    #[test]
    fn argument_files_keep_quoted_spaces() {
        assert_eq!(split_arguments("-DA=\"x y\" 'b c'\n d\\ e "), ["-DA=x y", "b c", "d e"]);
    }
}
