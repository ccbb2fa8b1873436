//! Budgets: every measured value that has a limit, as a share of it.

use serde_json::{Value, json};

use super::super::document::{Block, Cell, Fact, Figure, Quantity, Section, Standing, Table};
use super::super::input::{Inputs, decimal};
use super::MAKE_EVIDENCE;

/// One measured value and its limit.
struct Budget {
    group: Group,
    profile: String,
    name: String,
    unit: String,
    measured: String,
    /// The aim; `-` if there is none besides the limit.
    aim: String,
    limit: String,
    relation: Relation,
    standing: Standing,
}

/// Which chart shows it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Group {
    Instructions,
    Branches,
    Other,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Relation {
    AtMost,
    AtLeast,
    Equal,
}

impl Relation {
    /// As the evidence names it.
    fn named(word: &str) -> Self {
        match word {
            "at-most" => Self::AtMost,
            "at-least" => Self::AtLeast,
            _ => Self::Equal,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::AtMost => "at most",
            Self::AtLeast => "at least",
            Self::Equal => "exactly",
        }
    }
}

/// The section.
///
/// # Errors
/// A sentence when a value of the evidence is no number.
pub fn section(inputs: &Inputs) -> Result<Section, String> {
    let budgets = all(inputs);
    let (mut facts, mut blocks) = (Vec::new(), Vec::new());
    if budgets.is_empty() {
        let what = "The evidence has no budgets.".into();
        blocks.push(Block::Absent { what, remedy: MAKE_EVIDENCE });
    } else {
        let met = budgets.iter().filter(|budget| budget.standing == Standing::Met).count();
        facts.push(Fact::share("Limits kept", met, budgets.len()));
        facts.extend(tightest(&budgets)?);
        for (group, id, title) in [
            (Group::Instructions, "budget-instructions", "Instructions of fast paths"),
            (Group::Branches, "budget-branches", "Conditional branches of fast paths"),
            (Group::Other, "budget-memory", "Memory, faults and queues"),
        ] {
            blocks.extend(figure(&budgets, group, id, title)?.map(Block::Figure));
        }
        blocks.push(Block::Table(exact(&budgets)));
    }
    Ok(Section {
        id: "budgets",
        title: "Budgets",
        lead: "What a release must meet. A bar is the measured value as a share of its limit, which is the line; where the aim is stricter \
               than the limit, a mark shows it, and a decision in ARCHITECTURE.md says why.",
        facts,
        blocks,
    })
}

/// Every row of the evidence that is judged.
fn all(inputs: &Inputs) -> Vec<Budget> {
    let is_judged = |limit: &str| limit != "-";
    let steps = inputs.steps.iter().filter(|row| is_judged(&row.released_budget)).map(|row| {
        let group = match row.metric.as_str() {
            "instructions" => Group::Instructions,
            "branches" => Group::Branches,
            _ => Group::Other,
        };
        // In a chart of one metric the path alone names the row.
        let name =
            if group == Group::Other { format!("{}: {}", row.path, row.metric) } else { row.path.clone() };
        let budget =
            Budget::upper(&row.profile, name, &row.metric, &row.net, &row.released_budget, &row.verdict);
        Budget { group, aim: row.budget.clone(), ..budget }
    });
    let benchmarks = inputs.benchmarks.iter().filter(|row| is_judged(&row.released_budget)).map(|row| {
        let name = format!("{}: {}", row.workload, row.metric);
        let budget =
            Budget::upper(&row.profile, name, &row.unit, &row.measured, &row.released_budget, &row.verdict);
        Budget { aim: row.budget.clone(), ..budget }
    });
    let rules = inputs.rules.iter().map(|row| {
        let budget =
            Budget::upper(&row.profile, row.rule.clone(), &row.unit, &row.measured, &row.value, &row.verdict);
        Budget { relation: Relation::named(&row.relation), ..budget }
    });
    let drains = inputs.drains.iter().filter(|row| is_judged(&row.released_budget)).map(|row| {
        let name = format!("{}: {}", row.drain_point, row.metric);
        Budget::upper(&row.profile, name, &row.unit, &row.measured, &row.released_budget, &row.verdict)
    });
    steps.chain(benchmarks).chain(rules).chain(drains).collect()
}

impl Budget {
    /// An upper limit that is its own aim, for the chart of everything that is no fast path's.
    fn upper(profile: &str, name: String, unit: &str, measured: &str, limit: &str, verdict: &str) -> Self {
        Self {
            group: Group::Other,
            profile: profile.to_owned(),
            name,
            unit: unit.to_owned(),
            measured: measured.to_owned(),
            aim: limit.to_owned(),
            limit: limit.to_owned(),
            relation: Relation::AtMost,
            standing: Standing::of_verdict(verdict),
        }
    }

    fn number(&self, text: &str) -> Result<f64, String> {
        decimal(text, &format!("the evidence: {} of {}", self.name, self.profile))
    }

    /// Measured by limit; `None` where the limit is zero, or the value must be exact.
    fn share(&self) -> Result<Option<f64>, String> {
        let limit = self.number(&self.limit)?;
        if limit == 0.0 || self.relation == Relation::Equal {
            return Ok(None);
        }
        Ok(Some(self.number(&self.measured)? / limit))
    }

    /// Both values as the chart has them; the unit once, unless it scales the numbers.
    fn text(&self) -> String {
        let unit = if self.unit == "bytes" { "bytes" } else { "" };
        let measured = Quantity::new(&self.measured, unit).shown();
        format!("{measured} of {} {}", self.relation.word(), Quantity::new(&self.limit, &self.unit).shown())
    }

    fn row(&self) -> Vec<Cell> {
        vec![
            Cell::code(&*self.name),
            Cell::text(&*self.profile),
            Cell::number(&self.measured, &self.unit),
            Cell::text(self.relation.word()),
            Cell::number(&self.limit, &self.unit),
            Cell::Standing(self.standing),
        ]
    }
}

const COLUMNS: [&str; 6] = ["what", "profile", "measured", "relation", "limit", "verdict"];

/// How many of the limits that are not zero are used up to the last unit, and how many have less than a twentieth left.
fn tightest(budgets: &[Budget]) -> Result<Vec<Fact>, String> {
    let (mut full, mut judged) = (0, 0);
    for budget in budgets.iter().filter(|budget| budget.relation == Relation::AtMost) {
        if let Some(share) = budget.share()? {
            judged += 1;
            full += usize::from(share >= 1.0);
        }
    }
    let fact = Fact::share("Upper limits that are used up to the last unit", full, judged);
    Ok(vec![Fact { standing: Standing::Told, ..fact }])
}

/// A bar for every budget of the group that has a share; `None` if there is none.
fn figure(budgets: &[Budget], group: Group, id: &'static str, title: &str) -> Result<Option<Figure>, String> {
    let mut data: Vec<Value> = Vec::new();
    let mut table = Table::new(format!("{title} and their limits"), &COLUMNS);
    for budget in budgets.iter().filter(|budget| budget.group == group) {
        let Some(share) = budget.share()? else { continue };
        let aim = if budget.aim == "-" { None } else { Some(budget.number(&budget.aim)?) };
        let aim = aim.zip(Some(budget.number(&budget.limit)?)).map(|(aim, limit)| aim / limit);
        data.push(json!({
            "name": budget.name,
            "profile": budget.profile,
            "share": share,
            "aim": aim.filter(|aim| *aim < 1.0),
            "floor": budget.relation == Relation::AtLeast,
            "met": budget.standing == Standing::Met,
            "text": budget.text(),
        }));
        table.rows.push(budget.row());
    }
    if data.is_empty() {
        return Ok(None);
    }
    let floors = budgets.iter().any(|budget| budget.group == group && budget.relation == Relation::AtLeast);
    let reading = if floors {
        "Measured by limit. An upper limit is kept by a bar that ends at or before the line, a lower limit (outlined) by one that reaches it."
    } else {
        "Measured by limit. A limit is kept by a bar that ends at or before the line."
    };
    Ok(Some(Figure {
        id,
        title: title.to_owned(),
        reading: reading.into(),
        kind: "bars",
        data: json!({ "rows": data }),
        table,
    }))
}

/// The limits that a bar cannot show: zero, and values that must be exact.
fn exact(budgets: &[Budget]) -> Table {
    let mut table = Table::new("Limits of zero, and values that must be exact", &COLUMNS);
    let is_shown = |budget: &&Budget| !matches!(budget.share(), Ok(Some(_)));
    table.rows = budgets.iter().filter(is_shown).map(Budget::row).collect();
    table
}
