//! What the results hold.

use crate::project::Project;
use passes_incremental::{MemoryReport, WAITING, tree};

#[test]
fn the_report_has_used_and_reserved_bytes_of_tokens_and_trees() {
    let mut project = Project::checked();
    // One was asked for, the others wait.
    tree(&project.db, project.units[1]);
    let report = MemoryReport::of(&mut project.db);
    for (query, results) in [("tokens", 8), ("sealed_tree", 1), (WAITING, 2)] {
        let memory = report.query(query).expect("it was asked");
        assert_eq!(memory.count, results);
        assert!(memory.sealed.used > 1000 && memory.sealed.used <= memory.sealed.reserved, "{memory:?}");
    }
    assert_eq!(report.query("summary").expect("it was asked").sealed.reserved, 0);
    let text = report.to_string();
    assert!(text.contains("sealed_tree") && text.contains("reserved"), "{text}");
}
