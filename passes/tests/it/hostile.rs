//! Programs that a generator makes of everything macros can do: gcc says the same of each, tokens and number of errors.

use crate::gcc::gcc;
use passes::diagnostics::Severity;
use passes::files::Provider;
use passes::memory::arenas::ArenaMemory;
use passes::options::Options;
use passes::oracle;
use passes::session::{Input, with_worker};
use std::fmt::Write;

/// Programs of a run; `HOSTILE_SEEDS=from..to` asks for others.
const SEEDS: std::ops::Range<u64> = 0..60;
/// Lines of a program.
const LINES: usize = 60;

/// Numbers that look random, by SplitMix64.
struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ mixed >> 31
    }
    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }
    fn one_in(&mut self, bound: usize) -> bool {
        self.below(bound) == 0
    }
    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }
}

const OBJECTS: [&str; 5] = ["A", "B", "C", "D", "E"];
const FUNCTIONS: [&str; 5] = ["f", "g", "h", "k", "m"];
const PLAIN: [&str; 30] = [
    "x",
    "y",
    "1",
    "0x1F",
    "1e+5",
    "2.",
    ".5",
    "'a'",
    "\"s\\\"\\\\ t\"",
    "L\"w\"",
    "u8\"u\"",
    "+",
    "-",
    "->",
    "<",
    "<<=",
    "[",
    ",",
    ";",
    "...",
    ".",
    "##",
    "#",
    "%:",
    "%:%:",
    "<:",
    "@",
    "é",
    "++",
    "/",
];
const SPACES: [&str; 4] = ["", " ", " ", "  "];
const BUILTINS: [&str; 3] = ["__COUNTER__", "__FILE__", "__INCLUDE_LEVEL__"];

/// A program under construction.
struct Program {
    rng: Rng,
    text: String,
}

impl Program {
    fn put(&mut self, one_of: &[&str]) {
        let text = self.rng.pick(one_of);
        self.text.push_str(text);
    }

    fn space(&mut self) {
        let space = match self.rng.below(24) {
            0..=9 => "",
            10..=19 => " ",
            20 => "/**/",
            21 => " \\\n",
            22 => "\\\n",
            _ => "\t /* x */ ",
        };
        self.text.push_str(space);
    }

    fn token(&mut self, depth: usize) {
        match self.rng.below(10) {
            0..=2 => {
                self.put(&OBJECTS);
            }
            3..=5 => {
                self.put(&FUNCTIONS);
                if !self.rng.one_in(4) {
                    self.call(depth);
                }
            }
            6 if self.rng.one_in(3) => {
                self.put(&BUILTINS);
            }
            _ => self.put(&PLAIN),
        }
    }

    fn call(&mut self, depth: usize) {
        self.space();
        self.text.push('(');
        if depth < 3 {
            for argument in 0..self.rng.below(4) {
                if argument > 0 {
                    self.text.push(',');
                }
                for _ in 0..self.rng.below(4) {
                    self.space();
                    self.token(depth + 1);
                }
            }
        }
        self.space();
        // After a call with the wrong number of arguments gcc prints the next token without a space, whatever it is.
        self.text.push_str(") ");
    }

    fn body(&mut self, parameters: &[&str]) {
        let variadic = parameters.last() == Some(&"__VA_ARGS__");
        for index in 0..self.rng.below(6) {
            self.put(&SPACES);
            if index > 0 && self.rng.one_in(4) {
                self.text.push_str(" ## ");
            }
            match self.rng.below(6) {
                0 | 1 if !parameters.is_empty() => {
                    self.put(parameters);
                }
                2 if !parameters.is_empty() => {
                    self.text.push('#');
                    self.put(&SPACES);
                    self.put(parameters);
                }
                3 if variadic => {
                    self.text.push_str("__VA_OPT__(");
                    for _ in 0..self.rng.below(3) {
                        self.put(&["x ", ", ", "a", "__VA_ARGS__ ", "1 "]);
                    }
                    self.text.push(')');
                }
                _ => self.plain_token(),
            }
        }
    }

    /// A token that a replacement list may hold anywhere.
    fn plain_token(&mut self) {
        let token = match self.rng.below(8) {
            0..=2 => self.rng.pick(&OBJECTS),
            3..=4 => self.rng.pick(&FUNCTIONS),
            5 => self.rng.pick(&[",", "(x) ", "(,) ", "() "]),
            _ => self.rng.pick(&["x", "1", "+", "-", "\"s\"", ".", "e5", "u8", "L", "'c'", "<", ":", "%"]),
        };
        self.text.push_str(token);
    }

    fn define(&mut self) {
        if self.rng.one_in(2) {
            let name = self.rng.pick(&OBJECTS);
            let _ = write!(self.text, "#undef {name}\n#define {name} ");
            self.body(&[]);
        } else {
            let name = self.rng.pick(&FUNCTIONS);
            let (shown, parameters): (&str, &[&str]) = match self.rng.below(6) {
                0 => ("()", &[]),
                1 => ("(a)", &["a"]),
                2 => ("(a, b)", &["a", "b"]),
                3 => ("(...)", &["__VA_ARGS__"]),
                4 => ("(a, ...)", &["a", "__VA_ARGS__"]),
                _ => ("(a, b...)", &["a", "b"]),
            };
            let _ = write!(self.text, "#undef {name}\n#define {name}{shown} ");
            self.body(parameters);
        }
        self.text.push('\n');
    }

    fn expression(&mut self, depth: usize) {
        if depth > 3 || self.rng.one_in(4) {
            self.put(&[
                "0",
                "1",
                "-1",
                "2u",
                "0x7fffffffffffffff",
                "0xffffffffffffffff",
                "9223372036854775808u",
                "'a'",
                "'\\377'",
                "L'\\xffff'",
                "'\\n'",
                "u'x'",
                "U'x'",
                "defined A",
                "defined(f)",
                "N",
                "P(N)",
                "x",
                "true",
                "077",
                "0b101",
                "1ull",
                "'ab'",
                "63",
                "64",
                "65",
                "__has_include(<stddef.h>)",
                "__has_include(\"nope.h\")",
            ]);
            return;
        }
        match self.rng.below(10) {
            0 => {
                self.put(&[" !", " ~", " -", " +"]);
                self.expression(depth + 1);
            }
            1 => {
                self.text.push('(');
                self.expression(depth + 1);
                self.text.push(')');
            }
            2 => {
                self.expression(depth + 1);
                self.text.push_str(" ? ");
                self.expression(depth + 1);
                self.text.push_str(" : ");
                self.expression(depth + 1);
            }
            _ => {
                self.expression(depth + 1);
                self.put(&[
                    " + ", " - ", " * ", " / ", " % ", " << ", " >> ", " < ", " > ", " <= ", " >= ", " == ",
                    " != ", " & ", " | ", " ^ ", " && ", " || ",
                ]);
                self.expression(depth + 1);
            }
        }
    }

    fn line(&mut self) {
        match self.rng.below(12) {
            0..=3 => self.define(),
            4 | 5 => {
                self.text.push_str("#if ");
                self.expression(0);
                self.text.push_str("\nyes __LINE__\n#else\nno __LINE__\n#endif\n");
            }
            6 if self.rng.one_in(3) => {
                let line = self.rng.below(5000) + 1;
                let name = self.rng.pick(&["", " \"other.c\"", " \"p.c\""]);
                let _ = writeln!(self.text, "#line {line}{name}");
            }
            7 if self.rng.one_in(3) => {
                let name = self.rng.pick(&OBJECTS);
                let word = self.rng.pick(&["push_macro", "pop_macro"]);
                let _ = writeln!(self.text, "#pragma {word}(\"{name}\")");
            }
            _ => {
                self.text.push_str("= ");
                for _ in 0..self.rng.below(6) {
                    self.token(0);
                    self.space();
                }
                self.text.push_str(" ;\n");
            }
        }
    }
}

fn program(seed: u64) -> String {
    let mut program = Program { rng: Rng(seed), text: String::from("#define N 3\n#define P(x) x - N\n") };
    for _ in 0..LINES {
        program.line();
    }
    program.text
}

/// How many errors gcc reports.
fn error_count(messages: &[u8]) -> usize {
    let messages = String::from_utf8_lossy(messages);
    messages.lines().filter(|line| line.contains(": error: ") || line.contains(": fatal error: ")).count()
}

#[test]
fn gcc_says_the_same_of_generated_programs() {
    let seeds = match std::env::var("HOSTILE_SEEDS") {
        Ok(range) => {
            let (from, to) = range.split_once("..").expect("HOSTILE_SEEDS=from..to");
            from.parse().expect("a number")..to.parse().expect("a number")
        }
        Err(_) => SEEDS,
    };
    let here = tempfile::tempdir().expect("a temporary folder");
    let options = Options { directory: here.path().to_str().expect("UTF-8").into(), ..Options::default() };
    with_worker::<ArenaMemory, _>(&mut Default::default(), Provider::Disk, |worker, session| {
        for seed in seeds {
            let text = program(seed);
            std::fs::write(here.path().join("p.c"), &text).expect("the program is written");
            let theirs = gcc(here.path(), "p.c");
            let ours = oracle::of_unit(worker, session, Input::File(b"p.c"), &options);
            let shown = || format!("{text}\nseed {seed}; HOSTILE_SEEDS={seed}..{} repeats it", seed + 1);
            let errors = ours.diagnostics.as_slice().iter();
            let errors = errors.filter(|finding| finding.severity != Severity::Warning).count();
            // How often an error is reported depends on what stands at the edges of `__VA_OPT__` where all of it expands to
            // nothing.
            let once = text.contains("__VA_OPT__");
            let count = |errors: usize| if once { errors.min(1) } else { errors };
            assert_eq!(count(errors), count(error_count(&theirs.stderr)), "{}: errors, ours left", shown());
            let again = oracle::of_output(worker, session, &theirs.stdout, &options);
            let difference = ours.value.first_difference(&again.value);
            assert_eq!(difference, None, "{}: ours left, gcc's right", shown());
        }
    });
}
