//! What a unit is preprocessed with.

use crate::lex::LexMode;
use crate::preprocess::limits::Limits;
use std::num::NonZero;

/// A path, in bytes.
pub type PathBytes = Vec<u8>;

/// The name of the directory of headers that are part of this program.
pub const OWN_HEADERS: &str = "<cfront>";

/// The language standard.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Standard {
    /// As after `-std=`.
    pub name: &'static str,
    /// `-std=c*`: no extensions that change valid programs.
    pub strict: bool,
    /// The value of `__STDC_VERSION__`, if it is defined.
    pub version: Option<&'static str>,
    /// Whether it is C99 or a later one.
    pub is_99: bool,
    /// What changes in the lexer.
    pub lex_mode: LexMode,
    /// A body behind `extern inline` is only there to be inlined, as it was before C99.
    pub gnu_inline: bool,
}

impl Standard {
    /// The default, `gnu11`.
    pub const GNU11: Standard =
        gnu("gnu11", Some("201112L"), LexMode::UNICODE_LITERALS | LexMode::RAW_STRINGS);

    /// The standard called `name` by gcc.
    pub fn by_name(name: &str) -> Option<Standard> {
        let unicode = LexMode::UNICODE_LITERALS;
        let raw = unicode | LexMode::RAW_STRINGS;
        Some(match name {
            "c89" | "c90" | "iso9899:1990" | "ansi" => strict("c90", None, 0),
            "iso9899:199409" => strict("iso9899:199409", Some("199409L"), 0),
            "c99" | "c9x" | "iso9899:1999" | "iso9899:199x" => {
                strict("c99", Some("199901L"), LexMode::LINE_COMMENTS)
            }
            "c11" | "c1x" | "iso9899:2011" => {
                strict("c11", Some("201112L"), LexMode::LINE_COMMENTS | unicode)
            }
            "c17" | "c18" | "iso9899:2017" | "iso9899:2018" => {
                strict("c17", Some("201710L"), LexMode::LINE_COMMENTS | unicode)
            }
            "gnu89" | "gnu90" => gnu("gnu90", None, 0),
            "gnu99" | "gnu9x" => gnu("gnu99", Some("199901L"), raw),
            "gnu11" | "gnu1x" => Standard::GNU11,
            "gnu17" | "gnu18" => gnu("gnu17", Some("201710L"), raw),
            _ => return None,
        })
    }
}

const fn gnu(name: &'static str, version: Option<&'static str>, bits: u8) -> Standard {
    let lex_mode = LexMode::new(bits | LexMode::LINE_COMMENTS);
    Standard { name, strict: false, version, is_99: is_99(version), lex_mode, gnu_inline: !is_99(version) }
}

const fn strict(name: &'static str, version: Option<&'static str>, bits: u8) -> Standard {
    let lex_mode = LexMode::new(bits | LexMode::TRIGRAPHS);
    Standard { name, strict: true, version, is_99: is_99(version), lex_mode, gnu_inline: !is_99(version) }
}

/// Whether `version` is that of C99 or of a later standard: `199409L` is the only one before.
const fn is_99(version: Option<&str>) -> bool {
    match version {
        Some(version) => !matches!(version.as_bytes(), b"199409L"),
        None => false,
    }
}

/// How a unit is preprocessed: the part of gcc's command line that matters here.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Options {
    /// `-std=`
    pub standard: Standard,
    /// The directory that relative paths start from; empty is the process's.
    pub directory: PathBytes,
    /// `-iquote`
    pub quote_directories: Vec<PathBytes>,
    /// `-I`
    pub directories: Vec<PathBytes>,
    /// `-isystem`, then our own headers and the system's unless `-nostdinc`.
    pub system_directories: Vec<PathBytes>,
    /// `-idirafter`
    pub late_directories: Vec<PathBytes>,
    /// `-D` and `-U`, written as directives.
    pub command_line: Vec<u8>,
    /// `-imacros`
    pub macro_files: Vec<PathBytes>,
    /// `-include`
    pub forced_includes: Vec<PathBytes>,
    /// `-undef`: no predefined macros but the standard's.
    pub undefine: bool,
    /// `-fpreprocessed`: the text was preprocessed before; no macros, no includes.
    pub preprocessed: bool,
    /// What a unit may use.
    pub limits: Limits,
    /// `-fmax-errors`: the first finding after so many errors ends the unit.
    pub errors_max: Option<NonZero<u32>>,
    /// What it may ask of the parser.
    pub parse_limits: crate::parse::Limits,
    /// Deliver [`TokenKind::FileChange`](crate::lex::TokenKind::FileChange) tokens.
    pub report_file_changes: bool,
    /// Seconds since 1970 that `__DATE__` and `__TIME__` show.
    pub time: u64,
}

impl Options {
    /// `path`, which may be relative to the options' directory.
    pub(crate) fn in_directory(&self, path: &[u8]) -> PathBytes {
        self.parts_in_directory(path).concat()
    }

    /// The parts that [`Options::in_directory`] is made of.
    pub(crate) fn parts_in_directory<'o>(&'o self, path: &'o [u8]) -> [&'o [u8]; 3] {
        match self.directory.is_empty() || path.starts_with(b"/") {
            true => [b"", b"", path],
            false => [&self.directory, b"/", path],
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            standard: Standard::GNU11,
            directory: Vec::new(),
            quote_directories: Vec::new(),
            directories: Vec::new(),
            system_directories: default_system_directories(),
            late_directories: Vec::new(),
            command_line: Vec::new(),
            macro_files: Vec::new(),
            forced_includes: Vec::new(),
            undefine: false,
            preprocessed: false,
            limits: Limits::default(),
            errors_max: None,
            parse_limits: crate::parse::Limits::default(),
            report_file_changes: false,
            time: now(),
        }
    }
}

/// `SOURCE_DATE_EPOCH` if it is set, else the clock.
pub(crate) fn now() -> u64 {
    let fixed = std::env::var("SOURCE_DATE_EPOCH").ok().and_then(|value| value.parse().ok());
    let clock =
        || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |age| age.as_secs());
    fixed.unwrap_or_else(clock)
}

/// Our own headers, then where Debian's C library puts its.
pub fn default_system_directories() -> Vec<PathBytes> {
    [OWN_HEADERS, "/usr/local/include", "/usr/include/x86_64-linux-gnu", "/usr/include"]
        .map(|directory| directory.as_bytes().to_vec())
        .to_vec()
}
