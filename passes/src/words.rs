//! Spellings the passes know: they have the same symbol in every session.

use crate::ids::Symbol;

macro_rules! words {
    ($($name:ident = $text:literal,)*) => {
        /// The spellings, in the order of their symbols.
        pub const WORDS: &[&str] = &[$($text),*];
        words!(@number 0u32; $($name = $text,)*);
    };
    (@number $n:expr; $name:ident = $text:literal, $($rest:tt)*) => {
        #[doc = concat!("`", $text, "`")]
        pub const $name: Symbol = Symbol($n);
        words!(@number $n + 1; $($rest)*);
    };
    (@number $n:expr;) => {
        /// How many there are.
        pub const COUNT: u32 = $n;
    };
}

words! {
    EMPTY = "",
    IF = "if",
    IFDEF = "ifdef",
    IFNDEF = "ifndef",
    ELIF = "elif",
    ELSE = "else",
    ENDIF = "endif",
    INCLUDE = "include",
    INCLUDE_NEXT = "include_next",
    IMPORT = "import",
    DEFINE = "define",
    UNDEF = "undef",
    LINE = "line",
    ERROR = "error",
    WARNING = "warning",
    PRAGMA = "pragma",
    IDENT = "ident",
    SCCS = "sccs",
    ASSERT = "assert",
    UNASSERT = "unassert",
    DEFINED = "defined",
    VA_ARGS = "__VA_ARGS__",
    VA_OPT = "__VA_OPT__",
    HAS_INCLUDE = "__has_include",
    HAS_INCLUDE_NEXT = "__has_include_next",
    HAS_ATTRIBUTE = "__has_attribute",
    HAS_CPP_ATTRIBUTE = "__has_cpp_attribute",
    HAS_C_ATTRIBUTE = "__has_c_attribute",
    HAS_BUILTIN = "__has_builtin",
    FILE = "__FILE__",
    FILE_NAME = "__FILE_NAME__",
    LINE_MACRO = "__LINE__",
    DATE = "__DATE__",
    TIME = "__TIME__",
    TIMESTAMP = "__TIMESTAMP__",
    COUNTER = "__COUNTER__",
    INCLUDE_LEVEL = "__INCLUDE_LEVEL__",
    BASE_FILE = "__BASE_FILE__",
    PRAGMA_OPERATOR = "_Pragma",
    ONCE = "once",
    PUSH_MACRO = "push_macro",
    POP_MACRO = "pop_macro",
    GCC = "GCC",
    POISON = "poison",
    SYSTEM_HEADER = "system_header",
    DEPENDENCY = "dependency",
    MESSAGE = "message",
    REDEFINE_EXTNAME = "redefine_extname",
    STDC = "STDC",
    TRUE = "true",
    FALSE = "false",
    ZERO = "0",
    ONE = "1",
    FLOAT32 = "_Float32",
    FLOAT64 = "_Float64",
    FLOAT32X = "_Float32x",
    FLOAT64X = "_Float64x",
}
