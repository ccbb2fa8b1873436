//! Sizes, alignments and offsets of generated records are gcc's: gcc's program prints them as assertions, which must hold here.

use crate::check::check;
use passes::options::Options;
use passes::parse::Trees;
use passes::session::Input;
use std::fmt::Write;
use std::process::Command;

const RECORDS: usize = 400;
const SEED: u64 = 1;

/// Numbers that look random, the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn pick<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len() as u64) as usize]
    }
}

const INTEGERS: [&str; 9] = [
    "char",
    "signed char",
    "unsigned short",
    "int",
    "unsigned",
    "long",
    "unsigned long long",
    "_Bool",
    "enum color",
];
const OTHERS: [&str; 7] =
    ["double", "float", "long double", "void *", "__int128", "int (*)(void)", "enum small"];

fn width_max(integer: &str) -> u64 {
    match integer {
        "_Bool" => 1,
        "char" | "signed char" => 8,
        "unsigned short" => 16,
        "int" | "unsigned" | "enum color" => 32,
        _ => 64,
    }
}

/// The declarations, and the names of the members that have an offset.
fn records() -> (String, Vec<Vec<String>>) {
    let mut numbers = Numbers(SEED);
    let mut text = String::from(
        "enum color { RED, GREEN };\nenum small { LOW, HIGH } __attribute__((packed));\ntypedef int wide __attribute__((aligned(16)));\n",
    );
    let mut members = Vec::new();
    for number in 0..RECORDS {
        let pack = numbers.pick(&["", "", "", "", "1", "2", "4", "8"]);
        if !pack.is_empty() {
            let _ = writeln!(text, "#pragma pack(push, {pack})");
        }
        let _ = write!(text, "{} s{number} {{", numbers.pick(&["struct", "struct", "struct", "union"]));
        let mut names = Vec::new();
        for index in 0..1 + numbers.below(6) {
            let name = format!("m{index}");
            let attribute = numbers.pick(&[
                "",
                "",
                "",
                "",
                " __attribute__((packed))",
                " __attribute__((aligned(4)))",
                " __attribute__((aligned(16)))",
            ]);
            match numbers.below(9) {
                0..=2 => {
                    let ty = numbers.pick(&INTEGERS);
                    let width = 1 + numbers.below(width_max(ty));
                    let _ = write!(text, " {ty} {name} : {width}{attribute};");
                    continue;
                }
                3 => {
                    let ty = numbers.pick(&INTEGERS);
                    let width = numbers.below(width_max(ty)) * numbers.below(2);
                    let _ = write!(text, " {ty} : {width};");
                    continue;
                }
                4 if number > 0 => {
                    let inner = numbers.below(number as u64);
                    let _ = write!(text, " TYPE{inner} {name}{attribute};");
                }
                5 => {
                    let len = numbers.below(4);
                    let _ = write!(text, " {} {name}[{len}]{attribute};", numbers.pick(&INTEGERS));
                }
                6 => {
                    let ty = numbers.pick(&OTHERS);
                    let declarator = ty.replace("(*)", &format!("(*{name})"));
                    let name = if declarator == ty { format!(" {name}") } else { String::new() };
                    let _ = write!(text, " {declarator}{name}{attribute};");
                }
                7 => {
                    let _ = write!(text, " struct {{ char c{index}; {} {name}; }};", numbers.pick(&INTEGERS));
                }
                _ => {
                    let ty = numbers.pick(&["wide", "char", "short", "long"]);
                    let _ = write!(text, " {ty} {name}{attribute};");
                }
            }
            names.push(name);
        }
        let attribute =
            numbers.pick(&["", "", "", " __attribute__((packed))", " __attribute__((aligned(8)))"]);
        let _ =
            writeln!(text, " }}{attribute};\ntypedef __typeof__(*(KIND{number} s{number} *)0) TYPE{number};");
        let is_union = text.rfind(&format!("union s{number} ")).is_some();
        text = text.replace(&format!("KIND{number} "), if is_union { "union " } else { "struct " });
        if !pack.is_empty() {
            text.push_str("#pragma pack(pop)\n");
        }
        members.push(names);
    }
    (text, members)
}

#[test]
fn generated_records_are_laid_out_as_gcc_does() {
    let (declarations, members) = records();
    let mut program = format!("#include <stdio.h>\n{declarations}\nint main(void) {{\n");
    for (number, names) in members.iter().enumerate() {
        for operator in ["sizeof", "_Alignof"] {
            let question = format!("{operator}(TYPE{number})");
            let _ = writeln!(
                program,
                "printf(\"_Static_assert({question} == %d, \\\"\\\");\\n\", (int){question});"
            );
        }
        for name in names {
            let question = format!("__builtin_offsetof(TYPE{number}, {name})");
            let _ = writeln!(
                program,
                "printf(\"_Static_assert({question} == %d, \\\"\\\");\\n\", (int){question});"
            );
        }
    }
    program.push_str("return 0; }\n");
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("a.c"), program).expect("the program is written");
    let run = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).current_dir(folder.path()).args(arguments).output();
        let output = output.expect("gcc is missing: install the Debian package gcc to run this test");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    };
    run("gcc", &["-std=gnu11", "-w", "-o", "a.out", "a.c"]);
    let assertions = run("./a.out", &[]);
    assert!(assertions.lines().count() > 3 * RECORDS, "the program says something of every record");
    let text = declarations.clone() + &assertions;
    let found =
        check(Input::Text { name: b"a.c", text: text.as_bytes() }, &Options::default(), Trees::Released);
    let rendered: String = found.as_slice().iter().take(5).map(ToString::to_string).collect();
    assert!(!found.has_errors(), "{rendered}\n{}", culprit(&text, &rendered));
}

/// The declaration of the record that the first assertion in `rendered` speaks of.
fn culprit<'a>(text: &'a str, rendered: &str) -> &'a str {
    let number = rendered
        .split("TYPE")
        .nth(1)
        .map(|rest| rest.split(|c: char| !c.is_ascii_digit()).next().unwrap_or(""));
    let mark = format!(" s{} {{", number.unwrap_or(""));
    text.lines().find(|line| line.contains(&mark)).unwrap_or("")
}
