//! What the report says, before it is a page or a text: sections of facts, figures and tables. Both renderings take it from here, so
//! they cannot say different things.

use super::number;

/// The whole report, in reading order.
pub struct Document {
    /// What was measured with what, one line.
    pub origin: String,
    /// The sections.
    pub sections: Vec<Section>,
}

/// One subject.
pub struct Section {
    /// Its anchor: lower case and `-`.
    pub id: &'static str,
    /// Its heading.
    pub title: &'static str,
    /// What it shows and how to read it. A word between backticks is code.
    pub lead: &'static str,
    /// What is to be remembered of it.
    pub facts: Vec<Fact>,
    /// What is behind that.
    pub blocks: Vec<Block>,
}

/// One number worth knowing.
#[derive(Clone, Debug, PartialEq)]
pub struct Fact {
    /// What it is.
    pub name: String,
    /// Its value.
    pub value: Quantity,
    /// What it is held against, as text; empty if nothing.
    pub limit: String,
    /// How it stands to its limit.
    pub standing: Standing,
}

/// Whether a limit is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is.
    Met,
    /// It is not.
    Missed,
    /// There is none, or nobody judges it.
    Told,
}

impl Standing {
    /// Met or missed.
    pub fn of(is_met: bool) -> Self {
        if is_met { Self::Met } else { Self::Missed }
    }

    /// By the word in a `verdict` column of the evidence.
    pub fn of_verdict(word: &str) -> Self {
        match word {
            "met" => Self::Met,
            "exceeded" => Self::Missed,
            _ => Self::Told,
        }
    }

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Missed => "missed",
            Self::Told => "not judged",
        }
    }
}

/// A value as it stands in the evidence, and its unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantity {
    /// Exactly as it was read.
    pub raw: String,
    /// Its unit; empty if it has none.
    pub unit: String,
}

impl Quantity {
    /// `raw` of `unit`.
    pub fn new(raw: impl ToString, unit: impl Into<String>) -> Self {
        Self { raw: raw.to_string(), unit: unit.into() }
    }

    /// For people: bytes by powers of two, long numbers in groups, the unit behind.
    pub fn shown(&self) -> String {
        number::shown(&self.raw, &self.unit)
    }
}

impl Fact {
    /// A fact that nobody judges.
    pub fn told(name: impl Into<String>, value: Quantity) -> Self {
        Self { name: name.into(), value, limit: String::new(), standing: Standing::Told }
    }

    /// How many of `all` are well; missed unless all of them are.
    pub fn share(name: impl Into<String>, good: usize, all: usize) -> Self {
        Self {
            name: name.into(),
            value: Quantity::new(good, ""),
            limit: format!("of {}", number::shown(&all.to_string(), "")),
            standing: Standing::of(good == all),
        }
    }
}

/// A part of a section.
pub enum Block {
    /// A chart and the table behind it.
    Figure(Figure),
    /// A table of its own.
    Table(Table),
    /// Executed instructions, a column a subject.
    Listing(Listing),
    /// A remark.
    Note(String),
    /// Something was not measured, or cannot be shown; the remedy is a command.
    Absent {
        /// What is missing and why.
        what: String,
        /// What brings it.
        remedy: &'static str,
    },
}

/// A chart with the table that says the same.
pub struct Figure {
    /// Its anchor, unique on the page.
    pub id: &'static str,
    /// What is shown.
    pub title: String,
    /// How to read it.
    pub reading: String,
    /// Which function of `charts.js` draws it.
    pub kind: &'static str,
    /// What that function is given.
    pub data: serde_json::Value,
    /// The same as a table.
    pub table: Table,
}

/// Rows under named columns; the first column names the row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// What the rows are.
    pub caption: String,
    /// Headings.
    pub columns: Vec<String>,
    /// As many cells as columns, in each.
    pub rows: Vec<Vec<Cell>>,
}

/// One cell.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Words.
    Text(String),
    /// A name, a path or a command, as code.
    Code(String),
    /// A number.
    Number(Quantity),
    /// How something stands to its limit.
    Standing(Standing),
    /// Nothing applies here.
    Nothing,
}

impl Cell {
    /// A number of `unit`; nothing where the evidence says `-`.
    pub fn number(raw: impl ToString, unit: &str) -> Self {
        let raw = raw.to_string();
        if raw == "-" { Self::Nothing } else { Self::Number(Quantity::new(raw, unit)) }
    }

    /// Words; nothing where the evidence says `-`.
    pub fn text(text: impl Into<String>) -> Self {
        let text = text.into();
        if text == "-" { Self::Nothing } else { Self::Text(text) }
    }

    /// Code; nothing where the evidence says `-`.
    pub fn code(text: impl Into<String>) -> Self {
        let text = text.into();
        if text == "-" { Self::Nothing } else { Self::Code(text) }
    }
}

impl Table {
    /// A table without rows.
    pub fn new(caption: impl Into<String>, columns: &[&str]) -> Self {
        let columns = columns.iter().map(|column| (*column).to_owned()).collect();
        Self { caption: caption.into(), columns, rows: Vec::new() }
    }
}

/// What several subjects execute for the same operation.
#[derive(Clone, Debug, PartialEq)]
pub struct Listing {
    /// The profile and its path.
    pub title: String,
    /// The public function that is stepped.
    pub entry: String,
    /// Whether it stands open at first.
    pub is_open: bool,
    /// One a subject, ours first.
    pub columns: Vec<Column>,
}

/// One subject's instructions.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Whose.
    pub subject: String,
    /// Counts over nothing, as in the evidence.
    pub counts: String,
    /// What the lines are: one turn of a loop, or a whole call.
    pub extent: String,
    /// The lines.
    pub lines: Vec<Line>,
}

/// One line of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// From here on the instructions stand in this function.
    Function(String),
    /// One instruction, and a letter for each thing that it does besides computing.
    Instruction {
        /// As Intel spells it.
        text: String,
        /// `l` load, `s` store, `b` conditional branch (`B` taken), `L` locked, `K` kernel, `c` call.
        marks: String,
    },
    /// So many more instructions are not shown.
    More(usize),
}
