//! Layouts held against gcc's: for every record and type name at the top of a unit a `_Static_assert` with the size that our check found, for
//! records also the alignment and every member's offset, which gcc must accept behind the unit's text, preprocessed with our macros and headers.

use std::io::Write;
use std::process::{Command, ExitCode, Stdio};

use passes::check::Check;
use passes::check::types::{Ty, Type, Types};
use passes::files::Provider;
use passes::memory::{Memory, Region};
use passes::meter;
use passes::parse::tree::{Declaration, EntityKind, External};
use passes::parse::{Source, Trees, Visitor};
use passes::session::{Input, with_worker};
use rayon::prelude::*;

use crate::cli;
use crate::corpus::unit::Unit;
use crate::corpus::{Ours, frontend};
use crate::doctor;
use crate::tokens;
use crate::tokens::gcc::{Gcc, Markers};

/// What was compared.
#[derive(Debug, Default)]
pub struct Report {
    units: usize,
    assertions: usize,
    /// What gcc said of each that it refused.
    refused: Vec<String>,
}

impl Report {
    /// Prints what differs and the sum; exit 1 if anything does, or if nothing was compared.
    pub fn conclude(&self) -> ExitCode {
        for line in &self.refused {
            println!("differs  {line}");
        }
        let is_good = self.refused.is_empty() && self.assertions > 0;
        println!(
            "verdict\t{}: {} assertions about layouts in {} units, {} refused by gcc",
            if is_good { "ok" } else { "FAILED" },
            self.assertions,
            self.units,
            self.refused.len()
        );
        ExitCode::from(if is_good { 0 } else { cli::FAILED })
    }
}

/// Compares the layouts of `units` with gcc's.
///
/// # Errors
/// When gcc is missing or refuses a unit for another reason, or ours refuses one.
pub fn compare(units: &[Unit]) -> Result<Report, String> {
    doctor::require("gcc")?;
    let folder = tempfile::tempdir().map_err(|error| format!("no temporary folder: {error}"))?;
    let gcc = tokens::ours::set_up_gcc::<Ours>(folder.path())?;
    let compared: Result<Vec<(usize, Vec<String>)>, String> = units
        .par_iter()
        .map(|unit| {
            let assertions = assertions::<Ours>(unit)?;
            Ok((assertions.len(), refused(&gcc, unit, &assertions)?))
        })
        .collect();
    let mut report = Report { units: units.len(), ..Report::default() };
    for (count, refused) in compared? {
        report.assertions += count;
        report.refused.extend(refused);
    }
    Ok(report)
}

/// Checks each declaration, and notes what stands at the top of the unit.
struct Collector<'r, U> {
    check: Check<'r, U>,
    /// Records made by declarations at the top, and their tags.
    records: Vec<(usize, String)>,
    names: Vec<(String, Ty)>,
}

impl<'r, U: Region<'r>> Visitor for Collector<'r, U> {
    fn external<'t, T: Source, R: Region<'t>>(&mut self, external: &External<'t>, tree: &R, source: &mut T) {
        let before = self.check.types().records.len();
        self.check.external(external, tree, source);
        let External::Declaration(Declaration::Names { declarators, .. }) = external else { return };
        let text = |symbol| String::from_utf8_lossy(source.text(symbol)).into_owned();
        let made = self.check.types().records.as_slice().iter().enumerate().skip(before);
        let tagged = made.map(|(number, record)| (number, record.kind.word(), text(record.name)));
        let tagged = tagged.filter(|(_, _, tag)| !tag.is_empty());
        self.records.extend(tagged.map(|(number, word, tag)| (number, format!("{word} {tag}"))));
        let types = declarators.iter().filter(|declarator| declarator.entity.kind == EntityKind::Typedef);
        self.names.extend(types.map(|it| (text(it.entity.name), Ty::of_entity(it.entity))));
    }
}

/// The assertions about `unit`.
fn assertions<M: Memory>(unit: &Unit) -> Result<Vec<String>, String> {
    let options = frontend::options(unit)?;
    with_worker::<M, _>(&mut Default::default(), Provider::Disk, |worker, session| {
        M::pass(&mut Default::default(), meter::CHECK, |pass| {
            let mut share = M::worker(pass);
            let (_, out) = M::split(&mut share);
            let mut collector =
                Collector { check: Check::new(M::unit(out)), records: Vec::new(), names: Vec::new() };
            let input = Input::File(unit.path.as_bytes());
            let outcome = worker.parse(session, input, &options, Trees::Released, &mut collector);
            if let Some(error) = frontend::first_error(&outcome.diagnostics) {
                return Err(format!("{}: {error}", unit.name()));
            }
            let types = collector.check.types();
            let mut lines = Vec::new();
            for (number, spelled) in &collector.records {
                about_record(types, *number, spelled, &session.interner, &mut lines);
            }
            for (name, ty) in &collector.names {
                let is_object = !matches!(types.get(*ty), Type::Function(_));
                if let Some(size) = types.size(*ty).filter(|_| is_object) {
                    lines.push(assertion(&format!("sizeof({name})"), size));
                }
            }
            Ok(lines)
        })
    })
}

fn about_record(
    types: &Types<'_>,
    number: usize,
    spelled: &str,
    spellings: &passes::intern::Interner<'_>,
    lines: &mut Vec<String>,
) {
    let record = types.records.as_slice()[number];
    if !record.is_complete {
        return;
    }
    lines.push(assertion(&format!("sizeof({spelled})"), record.size));
    lines.push(assertion(&format!("_Alignof({spelled})"), record.align()));
    for field in record.fields.iter().filter(|field| field.bits.is_none()) {
        // A name that the unit made by pasting has no text in the session.
        if field.name.unit_text().is_some() {
            continue;
        }
        let name = String::from_utf8_lossy(spellings.text(field.name));
        if !name.is_empty() {
            lines.push(assertion(&format!("__builtin_offsetof({spelled}, {name})"), field.offset));
        }
    }
}

fn assertion(what: &str, value: u64) -> String {
    format!("_Static_assert({what} == {value}ULL, \"{what} is {value}\");\n")
}

/// What the C library's headers make type names for compilers that are older than gcc 12, to which they are keywords.
const KEYWORDS: [&str; 5] = ["_Float32", "_Float64", "_Float32x", "_Float64x", "_Float128"];

/// Whether `line` declares one of those names.
fn defines_keyword(line: &str) -> bool {
    let name = line.strip_prefix("typedef ").and_then(|rest| rest.trim_end().strip_suffix(';'));
    name.and_then(|rest| rest.split_ascii_whitespace().last()).is_some_and(|name| KEYWORDS.contains(&name))
}

/// Whether `line` is a pragma that changes no layout: behind the preprocessor gcc does not take one inside a declaration.
fn is_idle_pragma(line: &str) -> bool {
    line.trim_start().starts_with("#pragma") && !line.contains("pack")
}

/// Those of `assertions` that gcc refuses behind the unit's text.
fn refused(gcc: &Gcc, unit: &Unit, assertions: &[String]) -> Result<Vec<String>, String> {
    let failure = |error: std::io::Error| format!("gcc on {}: {error}", unit.name());
    let text = gcc.preprocess(unit, Markers::Dropped)?;
    let lines = String::from_utf8_lossy(&text);
    let lines = lines
        .lines()
        .filter(|line| !defines_keyword(line) && !is_idle_pragma(line))
        .flat_map(|line| [line, "\n"]);
    let about_keyword = |line: &&str| KEYWORDS.iter().any(|word| line.contains(&format!("({word})")));
    let assertions = assertions.iter().map(String::as_str).filter(|line| !about_keyword(line));
    let text: String = lines.chain(assertions).collect();
    let mut compiler = Command::new("gcc")
        .env("LC_ALL", "C")
        .args(["-std=gnu11", "-fsyntax-only", "-w", "-x", "cpp-output", "-"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failure)?;
    let mut input = compiler.stdin.take().ok_or("gcc has no input")?;
    // gcc reads everything before it says anything.
    input.write_all(text.as_bytes()).map_err(failure)?;
    drop(input);
    let output = compiler.wait_with_output().map_err(failure)?;
    let said = String::from_utf8_lossy(&output.stderr);
    let errors: Vec<&str> = said.lines().filter(|line| line.contains(": error: ")).collect();
    if let Some(other) = errors.iter().find(|line| !line.contains("static assertion failed")) {
        return Err(format!("{}: gcc refuses it for another reason: {other}", unit.name()));
    }
    if errors.is_empty() && !output.status.success() {
        return Err(format!("{}: gcc fails: {said}", unit.name()));
    }
    let what =
        |line: &&str| line.split_once("static assertion failed: ").map_or("", |(_, what)| what).to_owned();
    Ok(errors.iter().map(|line| format!("{}: {}", unit.name(), what(line))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(folder: &std::path::Path, text: &str) -> Unit {
        std::fs::write(folder.join("a.c"), text).expect("the unit is written");
        Unit { package: "p".into(), path: "a.c".into(), root: folder.into(), flags: Vec::new(), pp_lines: 1 }
    }

    #[test]
    fn gcc_accepts_our_layouts_and_refuses_wrong_ones() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let text = "#define a b\nstruct S { char a; long c; int bits : 3; };\ntypedef struct { struct S s[3]; } T;\nint f(struct S *s) { struct L { int x; } l; return l.x; }\n";
        let unit = unit(folder.path(), text);
        let headers = tempfile::tempdir().expect("a temporary folder");
        let gcc = tokens::ours::set_up_gcc::<Ours>(headers.path()).expect("our headers are written");
        let mut lines = assertions::<Ours>(&unit).expect("the unit is accepted");
        let what: Vec<&str> = lines.iter().filter_map(|line| line.split('"').nth(1)).collect();
        let expected = [
            "sizeof(struct S) is 24",
            "_Alignof(struct S) is 8",
            "__builtin_offsetof(struct S, b) is 0",
            "__builtin_offsetof(struct S, c) is 8",
            "sizeof(T) is 72",
        ];
        assert_eq!(what, expected);
        assert_eq!(refused(&gcc, &unit, &lines), Ok(Vec::new()));
        lines.push(assertion("sizeof(struct S)", 23));
        assert_eq!(refused(&gcc, &unit, &lines), Ok(vec!["p/a.c: \"sizeof(struct S) is 23\"".to_owned()]));
        lines.push("int;;;(\n".to_owned());
        assert!(refused(&gcc, &unit, &lines).is_err());
    }
}
