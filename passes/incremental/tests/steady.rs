//! Memory over many edits, by the span backend's own statistics, which are the process's: a program of its own, with one test.

#[path = "it/project.rs"]
#[expect(dead_code, reason = "shared with the other tests")]
mod project;

use compiler_alloc::profile::compiler_internal::{shutdown, stats};
use passes_incremental::{MemoryReport, tree};
use project::{FILES, Project};

/// Bytes that salsa says its results hold: its records, and sealed results.
fn reported(project: &mut Project) -> (usize, usize) {
    let report = MemoryReport::of(&mut project.db);
    let records = report.queries.iter().map(|query| query.records).sum();
    (records, report.queries.iter().map(|query| query.sealed.reserved).sum())
}

#[test]
fn a_thousand_edits_hold_what_ten_do_and_nothing_when_all_is_over() {
    let mut project = Project::checked();
    let edit = |project: &mut Project, number: usize| {
        // As long as each other, so that what is held can be the same.
        project.texts.set("/p/leaf.h", format!("#define LEAF {}\n", 1000 + number));
        project.texts.set("/p/b.c", format!("{}int more{};\n", FILES[1].1, 1000 + number));
        assert_eq!(project.db.refresh().len(), 2);
        project.run();
        // One tree is asked for after every edit, one goes from check to check without.
        tree(&project.db, project.units[1]);
    };
    (0..10).for_each(|number| edit(&mut project, number));
    let held = |project: &mut Project| {
        let (records, reserved) = reported(project);
        [records, reserved, stats().sealed_live_bytes, stats().arena_live_bytes]
    };
    let after_ten = held(&mut project);
    // What was replaced is still held until the next change.
    assert!(after_ten[2] >= after_ten[1] && after_ten[1] > 10_000, "{after_ten:?}");
    (10..1000).for_each(|number| edit(&mut project, number));
    let after_a_thousand = held(&mut project);
    // Where a result's last piece ends differs by a few bytes, by what lies beside it. Records of salsa are the same.
    assert_eq!(after_a_thousand[0], after_ten[0]);
    for (now, then) in after_a_thousand.into_iter().zip(after_ten) {
        assert!(now <= then + then / 50, "{after_a_thousand:?} after {after_ten:?}");
    }
    drop(project);
    assert_eq!((stats().sealed_live_bytes, stats().arena_live_bytes), (0, 0));
    let report = shutdown();
    assert!(report.leak().is_none(), "{report:?}");
}
