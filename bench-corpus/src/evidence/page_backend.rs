//! `release/allocator-page-backend-report.tsv`: the measured value of every built rule of the page backend.

use serde::{Deserialize, Serialize};

use super::COMPILER_INTERNAL;
use super::budget;
use super::folder::{ABSENT, BUILT, Folder};
use super::order::{self, PROFILES};

/// The file.
pub const FILE: &str = "release/allocator-page-backend-report.tsv";

#[derive(Deserialize)]
struct Rule {
    profile: String,
    rule: String,
    relation: String,
    value: String,
    unit: String,
    status: String,
}

#[derive(Serialize)]
struct Row {
    profile: String,
    rule: String,
    relation: String,
    value: String,
    unit: String,
    measured: String,
    verdict: &'static str,
    comparison: &'static str,
    seed: String,
    command: String,
}

/// Names of the built rules of a profile.
///
/// # Errors
/// When the declarations cannot be read.
pub fn rules(repository: &Folder, profile: &str) -> Result<Vec<String>, String> {
    let declared: Vec<Rule> = repository.read("allocator/page-backend.tsv")?;
    let built = declared.into_iter().filter(|rule| rule.status == BUILT && rule.profile == profile);
    Ok(built.map(|rule| rule.rule).collect())
}

/// Measures every built rule and writes the report into `out`.
///
/// # Errors
/// When a rule is declared that nothing measures.
pub fn write(repository: &Folder, out: &Folder) -> Result<(), String> {
    let mut rules: Vec<Rule> = repository.read("allocator/page-backend.tsv")?;
    rules.retain(|rule| rule.status == BUILT);
    let mut rows = rules.into_iter().map(measured).collect::<Result<Vec<_>, _>>()?;
    rows.sort_by_key(|row| (order::place(PROFILES, &row.profile), order::natural(&row.rule)));
    out.write(FILE, &rows)
}

fn measured(rule: Rule) -> Result<Row, String> {
    let command = match rule.profile.as_str() {
        COMPILER_INTERNAL => format!("bench-corpus evidence --rule {}", rule.rule),
        other => format!("bench-corpus evidence --rule {} --profile {other}", rule.rule),
    };
    let measured = super::measure_rule(&rule.profile, &rule.rule, false)?;
    let measured = measured.to_string();
    Ok(Row {
        verdict: budget::verdict(&measured, &rule.relation, &rule.value),
        profile: rule.profile,
        // A share of address space depends on where the system put the program.
        comparison: if rule.unit == "percent" { "bounded" } else { "exact" },
        rule: rule.rule,
        relation: rule.relation,
        value: rule.value,
        unit: rule.unit,
        measured,
        seed: ABSENT.to_owned(),
        command,
    })
}
