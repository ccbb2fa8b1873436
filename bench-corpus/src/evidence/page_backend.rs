//! `release/allocator-page-backend-report.tsv`: the measured value of every built rule of the page backend.

use compiler_alloc::config;
use compiler_alloc::profile::compiler_internal;
use serde::{Deserialize, Serialize};

use super::budget;
use super::folder::{ABSENT, BUILT, Folder};
use super::order::{self, PROFILES};

/// The file.
pub const FILE: &str = "release/allocator-page-backend-report.tsv";

/// The case of rules that are constants of the library.
const GEOMETRY: &str = "geometry";

#[derive(Deserialize)]
struct Rule {
    profile: String,
    rule: String,
    relation: String,
    value: String,
    unit: String,
    case: String,
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
    let unknown = || format!("allocator/page-backend.tsv: nothing measures rule {}", rule.rule);
    let value = if rule.case == GEOMETRY { geometry(&rule.rule) } else { None };
    let measured = value.ok_or_else(unknown)?.to_string();
    Ok(Row {
        verdict: budget::verdict(&measured, &rule.relation, &rule.value),
        profile: rule.profile,
        rule: rule.rule,
        relation: rule.relation,
        value: rule.value,
        unit: rule.unit,
        measured,
        comparison: "exact",
        seed: ABSENT.to_owned(),
        command: "bench-corpus evidence --out target/evidence".to_owned(),
    })
}

/// A constant of the library, read from the library: the process's backend where it says it, else its configuration.
fn geometry(rule: &str) -> Option<usize> {
    let geometry = compiler_internal::backend().geometry();
    Some(match rule {
        "unit-bytes" => geometry.unit_bytes,
        "region-bytes" => geometry.region_bytes,
        "reserve-bytes-max" => geometry.reserve_bytes_max,
        "cache-bytes-max" => config::CACHE_BYTES_MAX,
        "idle-bytes-min" => config::IDLE_BYTES_MIN,
        "own-run-bytes-min" => config::OWN_RUN_BYTES_MIN,
        "tail-bytes-max" => config::TAIL_BYTES_MAX,
        _ => return None,
    })
}
