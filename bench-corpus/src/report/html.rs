//! The document as one HTML file: styles, scripts and data inside, nothing loaded from elsewhere. Without the libraries that draw charts
//! it has tables only.
//!
//! Every chart has a title, a sentence on how to read it, and a table with the same numbers, which is all that a reader without scripts or
//! without eyes needs. A cell's `value` is the number as it stands in the evidence; its text is the number for people.

use std::fmt::Write;

use super::document::{Block, Cell, Column, Document, Fact, Figure, Line, Listing, Quantity, Section, Table};
use super::libraries::Libraries;

/// Nothing may be loaded, sent or embedded; what stands in the file may run.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:";

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
const CHARTS: &str = include_str!("charts.js");

/// Rows from which on a table of its own stands folded.
const LONG: usize = 12;

/// The whole file. `libraries` draw the charts; without them there are none.
pub fn page(document: &Document, libraries: Option<&Libraries>) -> String {
    let mut html = String::with_capacity(1 << 20);
    let _ = write!(
        html,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>compiler-alloc: evidence report</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#main\">Skip to the report</a>\n"
    );
    header(&mut html, document);
    html.push_str("<div class=\"layout\">\n");
    navigation(&mut html, document);
    html.push_str("<main id=\"main\" tabindex=\"-1\">\n");
    overview(&mut html, document);
    if libraries.is_none() {
        let what = "There are no libraries to draw charts with; the tables have all numbers.".into();
        block(&mut html, &Block::Absent { what, remedy: "make report" }, false);
    }
    for part in &document.sections {
        section(&mut html, part, libraries.is_some());
    }
    html.push_str("</main>\n</div>\n");
    let charts = if libraries.is_some() {
        " Charts by D3 and Observable Plot; their licences stand in this file."
    } else {
        ""
    };
    let _ = writeln!(html, "<footer><p>Made by <code>bench-corpus report</code>.{charts}</p></footer>");
    let _ = writeln!(html, "<script>\n{SCRIPT}</script>");
    if let Some(libraries) = libraries {
        for text in &libraries.scripts {
            let _ = writeln!(html, "<script>\n{text}\n</script>");
        }
        let _ = writeln!(html, "<script>\n{CHARTS}</script>");
    }
    html.push_str("</body>\n</html>\n");
    html
}

fn header(html: &mut String, document: &Document) {
    let _ = write!(
        html,
        "<header class=\"top\">\n<div><p class=\"product\">compiler-alloc</p>\n<h1>Evidence report</h1>\n<p class=\"origin\">{}</p></div>\n\
         <fieldset class=\"theme\"><legend>Colours</legend>\n",
        inline(&document.origin)
    );
    for (value, name, checked) in
        [("system", "System", " checked"), ("light", "Light", ""), ("dark", "Dark", "")]
    {
        let _ = writeln!(
            html,
            "<label><input type=\"radio\" name=\"theme\" value=\"{value}\"{checked}><span>{name}</span></label>"
        );
    }
    html.push_str("</fieldset>\n</header>\n");
}

fn navigation(html: &mut String, document: &Document) {
    html.push_str("<nav aria-label=\"Sections\"><ul>\n<li><a href=\"#overview\">Overview</a></li>\n");
    for part in &document.sections {
        let _ = writeln!(html, "<li><a href=\"#{}\">{}</a></li>", part.id, escape(part.title));
    }
    html.push_str("</ul></nav>\n");
}

/// The first facts of every section, each leading to it.
fn overview(html: &mut String, document: &Document) {
    html.push_str(
        "<section id=\"overview\" aria-labelledby=\"overview-title\">\n<h2 id=\"overview-title\">Overview</h2>\n\
         <p class=\"lead\">compiler-alloc gives compilers their memory: arenas for what a pass makes, heaps for everything else. Below is one number a section, \
         beside its limit or a peer's; each leads to what is behind it. The corpus is C code of others, through whose units the passes of a frontend run.</p>\n\
         <ul class=\"facts\">\n",
    );
    for part in &document.sections {
        for fact in part.facts.iter().take(1) {
            let _ =
                writeln!(html, "<li><a href=\"#{}\">{}</a></li>", part.id, fact_card(fact, Some(part.title)));
        }
    }
    html.push_str("</ul>\n</section>\n");
}

fn section(html: &mut String, part: &Section, has_charts: bool) {
    let Section { id, title, lead, facts, blocks } = part;
    let _ = write!(
        html,
        "<section id=\"{id}\" aria-labelledby=\"{id}-title\">\n<h2 id=\"{id}-title\">{}</h2>\n<p class=\"lead\">{}</p>\n",
        escape(title),
        inline(lead)
    );
    if !facts.is_empty() {
        html.push_str("<ul class=\"facts\">\n");
        for fact in facts {
            let _ = writeln!(html, "<li>{}</li>", fact_card(fact, None));
        }
        html.push_str("</ul>\n");
    }
    for part in blocks {
        block(html, part, has_charts);
    }
    html.push_str("</section>\n");
}

fn fact_card(fact: &Fact, above: Option<&str>) -> String {
    let word = fact.standing.word();
    let mut card = format!("<div class=\"fact {}\">", word.replace(' ', "-"));
    if let Some(above) = above {
        let _ = write!(card, "<span class=\"above\">{}</span>", escape(above));
    }
    let _ = write!(card, "<span class=\"value\">{}", quantity(&fact.value));
    if !fact.limit.is_empty() {
        let _ = write!(card, " <span class=\"limit\">{}</span>", escape(&fact.limit));
    }
    let _ = write!(
        card,
        "</span><span class=\"name\">{}</span><span class=\"standing\">{word}</span></div>",
        inline(&fact.name)
    );
    card
}

fn block(html: &mut String, part: &Block, has_charts: bool) {
    match part {
        Block::Figure(chart) => figure(html, chart, has_charts),
        Block::Table(rows) if rows.rows.len() >= LONG => folded(html, rows),
        Block::Table(rows) => {
            let _ = write!(html, "<div class=\"block\">");
            table(html, rows);
            html.push_str("</div>\n");
        }
        Block::Listing(code) => listing(html, code),
        Block::Note(text) => {
            let _ = writeln!(html, "<p class=\"note\">{}</p>", inline(text));
        }
        Block::Absent { what, remedy } => {
            let _ = writeln!(
                html,
                "<p class=\"absent\"><strong>Missing.</strong> {} Run <code>{}</code> and make the report again.</p>",
                inline(what),
                escape(remedy)
            );
        }
    }
}

fn figure(html: &mut String, chart: &Figure, has_charts: bool) {
    let Figure { id, title, reading, kind, data, table: rows } = chart;
    let data = data.to_string().replace('<', "\\u003c");
    let instead = if has_charts {
        "<noscript><p class=\"note\">The chart needs scripts; the table below says the same.</p></noscript>"
    } else {
        "<p class=\"note\">Not drawn; the table below says the same.</p>"
    };
    let _ = write!(
        html,
        "<figure id=\"{id}\" role=\"group\" aria-labelledby=\"{id}-title\" aria-describedby=\"{id}-reading\">\n\
         <h3 id=\"{id}-title\">{}</h3>\n<p class=\"reading\" id=\"{id}-reading\">{}</p>\n\
         <div class=\"chart\" data-kind=\"{kind}\" data-source=\"{id}-data\">{instead}</div>\n\
         <script type=\"application/json\" id=\"{id}-data\">{data}</script>\n",
        escape(title),
        inline(reading)
    );
    folded(html, rows);
    html.push_str("</figure>\n");
}

fn folded(html: &mut String, rows: &Table) {
    let _ = writeln!(html, "<details><summary>Table: {}</summary>", inline(&rows.caption));
    table(html, rows);
    html.push_str("</details>\n");
}

/// A table in a frame of its own that scrolls, by keyboard too.
fn table(html: &mut String, rows: &Table) {
    let caption = inline(&rows.caption);
    let _ = write!(
        html,
        "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"{}\"><table>\n<caption>{caption}</caption>\n<thead><tr>",
        escape(&rows.caption.replace('`', ""))
    );
    for column in &rows.columns {
        let _ = write!(html, "<th scope=\"col\">{}</th>", inline(column));
    }
    html.push_str("</tr></thead>\n<tbody>\n");
    for row in &rows.rows {
        html.push_str("<tr>");
        for (index, part) in row.iter().enumerate() {
            cell(html, part, index == 0);
        }
        html.push_str("</tr>\n");
    }
    html.push_str("</tbody></table></div>\n");
}

fn cell(html: &mut String, part: &Cell, is_head: bool) {
    let (open, close) = if is_head { ("th scope=\"row\"", "th") } else { ("td", "td") };
    let _ = match part {
        Cell::Text(text) => write!(html, "<{open}>{}</{close}>", inline(text)),
        Cell::Code(text) => write!(html, "<{open}><code>{}</code></{close}>", escape(text)),
        Cell::Number(number) => write!(html, "<{open} class=\"number\">{}</{close}>", quantity(number)),
        Cell::Standing(standing) => {
            let word = standing.word();
            write!(
                html,
                "<{open} class=\"{}\"><span class=\"standing\">{word}</span></{close}>",
                word.replace(' ', "-")
            )
        }
        Cell::Nothing => {
            write!(html, "<{open} class=\"nothing\"><span aria-label=\"none\">–</span></{close}>")
        }
    };
}

fn quantity(number: &Quantity) -> String {
    format!("<data value=\"{}\">{}</data>", escape(&number.raw), escape(&number.shown()))
}

fn listing(html: &mut String, code: &Listing) {
    let shares: Vec<String> =
        code.columns.iter().map(|column| format!("{} {}", column.subject, column.counts)).collect();
    let _ = write!(
        html,
        "<details class=\"listing\"{}><summary><code>{}</code> <span class=\"counts\">{}</span></summary>\n\
         <p class=\"entry\">Stepped: <code>{}</code>. Counts are instructions / conditional branches over nothing.</p>\n<div class=\"columns\">\n",
        if code.is_open { " open" } else { "" },
        escape(&code.title),
        escape(&shares.join(" · ")),
        escape(&code.entry)
    );
    for column in &code.columns {
        instructions(html, &code.title, column);
    }
    html.push_str("</div></details>\n");
}

fn instructions(html: &mut String, title: &str, column: &Column) {
    let Column { subject, counts, extent, lines } = column;
    let _ = write!(
        html,
        "<section aria-label=\"{0}, {1}\"><h4>{1} <span class=\"counts\">{2}</span></h4><p class=\"counts\">{3}</p>\n\
         <pre tabindex=\"0\" aria-label=\"Instructions of {0}, {1}\">",
        escape(title),
        escape(subject),
        escape(counts),
        escape(extent)
    );
    for line in lines {
        let _ = match line {
            Line::Function(name) => writeln!(html, "<span class=\"function\">{}:</span>", escape(name)),
            Line::Instruction { text, marks } => {
                writeln!(html, "<span class=\"marks\">{:>3}</span>  {}", escape(marks), escape(text))
            }
            Line::More(count) => writeln!(html, "<span class=\"more\">     … {count} more</span>"),
        };
    }
    html.push_str("</pre></section>\n");
}

/// Text in which words between backticks are code.
fn inline(text: &str) -> String {
    let mut html = String::new();
    for (index, part) in text.split('`').enumerate() {
        if index % 2 == 1 {
            let _ = write!(html, "<code>{}</code>", escape(part));
        } else {
            html.push_str(&escape(part));
        }
    }
    html
}

/// Text for elements and for attributes in double quotes.
fn escape(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            other => html.push(other),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::document::Standing;

    fn document() -> Document {
        let hostile = "a <b> & \"c\" </script>";
        let mut rows = Table::new(hostile, &["name", "value"]);
        rows.rows.push(vec![Cell::text(hostile), Cell::number("1536", "bytes")]);
        rows.rows.push(vec![Cell::code(hostile), Cell::Standing(Standing::Missed)]);
        let chart = Figure {
            id: "chart",
            title: hostile.into(),
            reading: "read `it`".into(),
            kind: "lines",
            data: serde_json::json!({ "name": hostile }),
            table: rows,
        };
        let part = Section {
            id: "part",
            title: "Part",
            lead: "lead",
            facts: vec![Fact::share("cases", 2, 3)],
            blocks: vec![
                Block::Figure(chart),
                Block::Absent { what: "No run.".into(), remedy: "make report" },
            ],
        };
        Document { origin: "here".into(), sections: vec![part] }
    }

    #[test]
    fn text_of_the_evidence_cannot_become_markup() {
        let html = page(&document(), None);
        let body =
            &html[html.find("<main").expect("there is a body")..html.find("</main>").expect("it ends")];
        assert!(!body.contains("<b>"), "{body}");
        assert_eq!(body.matches("</script>").count(), 1, "only the data's own end: {body}");
    }

    #[test]
    fn no_script_or_style_ends_the_element_that_it_stands_in() {
        for text in [SCRIPT, CHARTS] {
            assert!(!text.contains("</script") && !text.contains("<!--"));
        }
        assert!(!STYLE.contains("</style"));
    }

    #[test]
    fn charts_are_drawn_only_with_libraries_and_the_page_says_so() {
        let libraries = Libraries { scripts: vec!["library();".into()] };
        let (with, without) = (page(&document(), Some(&libraries)), page(&document(), None));
        assert!(with.contains("library();") && with.contains(CHARTS) && !with.contains("no libraries"));
        assert!(!without.contains(CHARTS) && without.contains("Run <code>make report</code>"));
    }

    #[test]
    fn a_number_keeps_what_the_evidence_says_beside_what_people_read() {
        let html = page(&document(), None);
        assert!(html.contains("<data value=\"1536\">1.5\u{a0}KiB</data>"));
        assert!(html.contains("<data value=\"2\">2</data> <span class=\"limit\">of 3</span>"));
    }

    #[test]
    fn what_was_not_measured_names_the_command_that_measures_it() {
        assert!(
            page(&document(), None)
                .contains("<strong>Missing.</strong> No run. Run <code>make report</code>")
        );
    }
}
