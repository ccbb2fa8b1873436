//! Random input of several kinds against [`any_input`](crate::any_input).

use crate::any_input::{STANDARDS, check};
use proptest::prelude::*;

/// Longer than what is looked at together, than a line that is shown, than a part of a stream.
const LONG: &str = {
    const BYTES: [u8; 5000] = {
        let mut bytes = [b' '; 5000];
        let mut at = 0;
        while at < 5000 {
            bytes[at] = b"a0+.\" "[at * at % 6];
            at += 1;
        }
        bytes
    };
    match std::str::from_utf8(&BYTES) {
        Ok(text) => text,
        Err(_) => panic!(),
    }
};

/// Pieces that meet in ways nobody writes.
pub fn piece() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "#",
        "##",
        "#define ",
        "#undef ",
        "#if ",
        "#ifdef ",
        "#ifndef ",
        "#elif ",
        "#else",
        "#endif",
        "#include ",
        "#include_next ",
        "#import ",
        "#line ",
        "#error ",
        "#warning ",
        "#pragma ",
        "#ident ",
        "#assert ",
        "#unassert ",
        "\"self.h\"",
        "<self.h>",
        "\n",
        "\n",
        "\n",
        " ",
        " ",
        "\\\n",
        "\\ \n",
        "/*",
        "*/",
        "//",
        "\"",
        "'",
        "(",
        "(",
        ")",
        ")",
        ",",
        "...",
        "__VA_ARGS__",
        "__VA_OPT__",
        "defined",
        "__has_include",
        "__has_include_next",
        "__has_attribute",
        "__has_builtin",
        "_Pragma",
        "_Pragma(\"once\")",
        "push_macro(\"f\")",
        "pop_macro(\"f\")",
        "once",
        "GCC poison ",
        "__LINE__",
        "__FILE__",
        "__COUNTER__",
        "__INCLUDE_LEVEL__",
        "__DATE__",
        "f",
        "f(",
        "g",
        "x",
        "y",
        "args...",
        "0",
        "1",
        "0x",
        "1.5e+",
        "'a'",
        "'\\x'",
        "L'",
        "u8\"",
        "R\"(",
        "R\"x(",
        ")\"",
        ")x\"",
        "+",
        "-",
        "*",
        "/",
        "%",
        "<<",
        ">>",
        "<",
        ">",
        "==",
        "&&",
        "||",
        "!",
        "~",
        "?",
        ":",
        "<:",
        "%:",
        "%:%:",
        "..",
        ".",
        "\\",
        "\\u00e9",
        "\\U0001",
        "é",
        "\u{300}",
        "\0",
        "\r\n",
        "\t",
        "??=",
        "??/\n",
        "??/\r\n",
        "??'",
        "??(",
        "??",
        "\r",
        "\\\r\n",
        "\\\r",
        "\x0b",
        "\x0c",
        "__VA_OPT__(",
        "__VA_OPT__()",
        "_Pragma(",
        "_Pragma(L\"p\")",
        "(_Pragma(\"GCC poison x\"))",
        "f(_Pragma(\"q\"), g(",
        "#elifdef ",
        "#pragma STDC FP_CONTRACT ON",
        "#define f(x, ...) #x x##__VA_ARGS__ __VA_OPT__(x) _Pragma(#x)\n",
        LONG,
        "$",
        "@",
        "`",
    ])
}

/// Words and signs that mean something to the parser.
fn word() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "int",
        "T",
        "x",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ";",
        ",",
        "*",
        "&&",
        "=",
        ":",
        "?",
        "...",
        ".",
        "struct",
        "enum",
        "union",
        "typedef",
        "static",
        "extern",
        "if",
        "else",
        "for",
        "while",
        "do",
        "switch",
        "case",
        "default",
        "goto",
        "return",
        "sizeof",
        "_Alignof",
        "_Generic",
        "typeof",
        "__attribute__((aligned(8)))",
        "__asm__",
        "__extension__",
        "_Static_assert",
        "1",
        "1.5",
        "'a'",
        "\"s\"",
        "->",
        "++",
        "-",
        "void",
        "unsigned",
        "const",
        "_Atomic",
        "__label__",
        "__builtin_va_arg",
        "__builtin_offsetof",
    ])
}

proptest! {
    #[test]
    fn random_bytes(text in prop::collection::vec(any::<u8>(), 0..400)) {
        check(&text, "gnu11");
    }

    #[test]
    fn pieces_of_directives(pieces in prop::collection::vec(piece(), 0..120)) {
        let text: String = pieces.concat();
        STANDARDS.iter().for_each(|standard| check(text.as_bytes(), standard));
    }

    #[test]
    fn directives_then_uses(bodies in prop::collection::vec(prop::collection::vec(piece(), 0..10), 0..8), uses in prop::collection::vec(piece(), 0..40)) {
        let names = ["f(x)", "g(x, y)", "x", "y", "f(...)", "g(x, args...)", "f()", "z"];
        let mut text = String::new();
        for (index, body) in bodies.iter().enumerate() {
            let body: String = body.concat().replace('\n', " ");
            text += &format!("#define {} {body}\n", names[index % names.len()]);
        }
        text += &uses.concat();
        check(text.as_bytes(), "gnu11");
    }

    #[test]
    fn declarations_with_a_part_missing_or_changed(file in 0usize..32, from in any::<prop::sample::Index>(), len in 0usize..40, insert in prop::collection::vec(word(), 0..4)) {
        let names = crate::input::data_files("accepted");
        let name = &names[file % names.len()];
        let mut text = std::fs::read(crate::input::data_folder("accepted").join(name)).expect("a test input");
        let start = from.index(text.len() + 1);
        let end = (start + len).min(text.len());
        text.splice(start..end, insert.join(" ").into_bytes());
        check(&text, "gnu11");
    }

    #[test]
    fn real_text_with_a_part_missing_or_changed(file in 0usize..32, from in any::<prop::sample::Index>(), len in 0usize..40, insert in prop::collection::vec(piece(), 0..4)) {
        let names = crate::input::data_files("preprocess");
        let name = &names[file % names.len()];
        let mut text = std::fs::read(crate::input::data_folder("preprocess").join(name)).expect("a test input");
        let start = from.index(text.len() + 1);
        let end = (start + len).min(text.len());
        text.splice(start..end, insert.concat().into_bytes());
        check(&text, "gnu11");
    }
}
