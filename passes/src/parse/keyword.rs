//! Which identifiers are keywords, and what they mean to the parser.

use crate::ids::Symbol;
use crate::options::Standard;

/// Where a keyword counts as one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Since {
    /// In every standard.
    Always,
    /// From C99 on, and in all GNU dialects that have it.
    C99,
    /// From C99 on, in GNU dialects too.
    Version99,
    /// In GNU dialects only.
    Gnu,
}

macro_rules! keywords {
    ($($keyword:ident = $($spelling:literal $since:ident)|*,)*) => {
        /// A keyword; the several spellings that GNU C has for one are one keyword.
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
        #[repr(u8)]
        pub enum Keyword {
            /// An identifier like any other.
            None,
            $(#[doc = concat!("A keyword.", $(" `", $spelling, "`"),*)] $keyword,)*
        }

        /// All spellings. The interner gives them the numbers behind the preprocessor's words.
        pub const SPELLINGS: &[&str] = &[$($($spelling,)*)*];

        const MEANINGS: &[(Keyword, Since)] = &[$($((Keyword::$keyword, Since::$since),)*)*];
    };
}

keywords! {
    // Storage classes and function specifiers.
    Typedef = "typedef" Always,
    // Darwin's word, which clang has everywhere: `extern` with hidden visibility.
    Extern = "extern" Always | "__private_extern__" Always,
    Static = "static" Always,
    Auto = "auto" Always,
    Register = "register" Always,
    Inline = "inline" C99 | "__inline" Always | "__inline__" Always,
    Noreturn = "_Noreturn" Always,
    ThreadLocal = "_Thread_local" Always | "__thread" Always,
    Alignas = "_Alignas" Always,
    // Types.
    Void = "void" Always,
    Char = "char" Always,
    Short = "short" Always,
    Int = "int" Always,
    Long = "long" Always,
    Float = "float" Always,
    Double = "double" Always,
    Signed = "signed" Always | "__signed" Always | "__signed__" Always,
    Unsigned = "unsigned" Always,
    Bool = "_Bool" Always,
    Complex = "_Complex" Always | "__complex" Always | "__complex__" Always,
    Int128 = "__int128" Always | "__int128_t" Always,
    Uint128 = "__uint128_t" Always,
    // `_Float32` and its kin are no keywords: headers declare them for a GNU C that calls itself 4.2 (`Unit::bind_float_types`).
    Float128 = "__float128" Always | "_Float128" Always,
    Float80 = "__float80" Always,
    VaList = "__builtin_va_list" Always,
    AutoType = "__auto_type" Always,
    Struct = "struct" Always,
    Union = "union" Always,
    Enum = "enum" Always,
    Typeof = "typeof" Gnu | "__typeof" Always | "__typeof__" Always,
    // Qualifiers.
    Const = "const" Always | "__const" Always | "__const__" Always,
    Volatile = "volatile" Always | "__volatile" Always | "__volatile__" Always,
    Restrict = "restrict" Version99 | "__restrict" Always | "__restrict__" Always,
    Atomic = "_Atomic" Always,
    // Around declarations.
    Attribute = "__attribute__" Always | "__attribute" Always,
    Asm = "asm" Gnu | "__asm" Always | "__asm__" Always,
    Extension = "__extension__" Always,
    StaticAssert = "_Static_assert" Always,
    Label = "__label__" Always,
    // Statements.
    // `if` and `else` have spellings among the preprocessor's words.
    If = ,
    Else = ,
    While = "while" Always,
    Do = "do" Always,
    For = "for" Always,
    Switch = "switch" Always,
    Case = "case" Always,
    Default = "default" Always,
    Goto = "goto" Always,
    Continue = "continue" Always,
    Break = "break" Always,
    Return = "return" Always,
    // Operators.
    Sizeof = "sizeof" Always,
    Alignof = "_Alignof" Always | "__alignof" Always | "__alignof__" Always,
    Generic = "_Generic" Always,
    Real = "__real" Always | "__real__" Always,
    Imag = "__imag" Always | "__imag__" Always,
    VaArg = "__builtin_va_arg" Always,
    Offsetof = "__builtin_offsetof" Always,
    TypesCompatible = "__builtin_types_compatible_p" Always,
    ChooseExpr = "__builtin_choose_expr" Always,
    ConvertVector = "__builtin_convertvector" Always,
    FunctionName = "__func__" Always | "__FUNCTION__" Always | "__PRETTY_FUNCTION__" Always,
}

/// What `name` means in `standard`.
#[inline]
pub fn of(name: Symbol, standard: &Standard) -> Keyword {
    // The most common answer first.
    if name.0 >= crate::intern::FIXED_LEN {
        return Keyword::None;
    }
    let index = match name {
        crate::words::IF => return Keyword::If,
        crate::words::ELSE => return Keyword::Else,
        _ => name.0.wrapping_sub(crate::words::COUNT) as usize,
    };
    match MEANINGS.get(index) {
        None => Keyword::None,
        Some(&(keyword, since)) => {
            let counts = match since {
                Since::Always => true,
                Since::Gnu => !standard.strict,
                Since::C99 => !standard.strict || standard.is_99,
                Since::Version99 => standard.is_99,
            };
            if counts { keyword } else { Keyword::None }
        }
    }
}
