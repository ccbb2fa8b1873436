//! What an edit makes be computed again, counted by salsa's own log of executions.

use crate::project::Project;
use passes_incremental::{Project as Units, fingerprint, index, places, set_trees_max, summary, tree};

#[test]
fn nothing_is_computed_twice() {
    let mut project = Project::new();
    project.run();
    let first = project.db.take_recomputed();
    // Six files of the project, our stddef.h, and stdc-predef.h, which every unit looks for and which is not there.
    assert_eq!(first.to_string(), "3 checked, 3 diagnostics, 3 summary, 8 tokens");
    project.run();
    assert_eq!(project.db.take_recomputed().to_string(), "nothing");
    assert!(project.db.refresh().is_empty());
}

#[test]
fn an_edit_of_one_unit_checks_that_unit() {
    let mut project = Project::checked();
    let edited = project.edit("/p/b.c", "#include \"base.h\"\nlong b(void) { return twice(2); }\n");
    assert_eq!(edited, "1 checked, 1 diagnostics, 1 summary, 1 tokens");
}

#[test]
fn an_edit_of_a_leaf_header_checks_its_only_user() {
    let mut project = Project::checked();
    let edited = project.edit("/p/leaf.h", "#define LEAF 22\n");
    assert_eq!(edited, "1 checked, 1 diagnostics, 1 summary, 1 tokens");
}

#[test]
fn an_edit_of_a_header_of_all_checks_all_and_lexes_one_file() {
    let mut project = Project::checked();
    let edited =
        project.edit("/p/types.h", "#ifndef TYPES_H\n#define TYPES_H\ntypedef long number;\n#endif\n");
    assert_eq!(edited, "3 checked, 3 diagnostics, 3 summary, 1 tokens");
}

#[test]
fn an_edit_that_no_parser_sees_ends_at_the_fingerprint() {
    let mut project = Project::checked();
    let before = fingerprint(&project.db, project.units[0]);
    // The comment is behind everything.
    let edited = project.edit(
        "/p/a.c",
        "#include \"base.h\"\n#include \"leaf.h\"\nint a(void) { return twice(LEAF); }\n// end\n",
    );
    assert_eq!(edited, "1 checked, 1 tokens");
    assert_eq!(fingerprint(&project.db, project.units[0]), before);
}

#[test]
fn taking_an_edit_back_checks_nothing_if_nobody_looked() {
    let mut project = Project::checked();
    project.texts.set("/p/types.h", "typedef char number;\n");
    assert_eq!(project.db.refresh().len(), 1);
    project.texts.set("/p/types.h", crate::project::FILES[4].1);
    assert_eq!(project.db.refresh().len(), 1);
    project.run();
    assert_eq!(project.db.take_recomputed().to_string(), "1 tokens");
}

#[test]
fn a_header_that_appears_and_goes_is_an_edit() {
    let mut project = Project::checked();
    let missing = project.edit("/p/b.c", "#include \"new.h\"\nint b;\n");
    assert_eq!(missing, "1 checked, 1 diagnostics, 1 summary, 3 tokens");
    assert_eq!(project.run()[1][0].message, "new.h: No such file or directory");
    project.texts.set("/p/new.h", "int new;\n");
    assert_eq!(project.db.refresh(), [b"/p/new.h".as_slice().into()]);
    assert!(project.run()[1].is_empty());
    project.texts.remove("/p/new.h");
    assert_eq!(project.db.refresh().len(), 1);
    assert_eq!(project.run()[1][0].code.name(), "missing-file");
}

#[test]
fn the_index_of_all_units_is_made_anew_only_if_a_summary_changed() {
    let mut project = Project::checked();
    let units = Units::new(&project.db, project.units.clone());
    let before = index(&project.db, units).clone();
    assert_eq!(before.keys().collect::<Vec<_>>(), ["a", "b", "c"]);
    project.db.take_recomputed();
    // A body changes, and every place after it.
    let edited = project.edit("/p/b.c", "#include \"base.h\"\n\n\nlong b(void) { return 7; }\n");
    assert!(edited.contains("1 checked") && edited.contains("1 summary"), "{edited}");
    let _ = index(&project.db, units);
    // hidden() went, so the summary did change.
    assert_eq!(project.db.take_recomputed().to_string(), "1 index");
    project.edit("/p/b.c", "#include \"base.h\"\n\nlong b(void) { return 8 + 1; }\n");
    assert_eq!(*index(&project.db, units), before);
    assert_eq!(project.db.take_recomputed().to_string(), "nothing");
    project.edit("/p/types.h", "typedef long number;\n");
    assert_eq!(summary(&project.db, project.units[2]).objects[0].ty, "long int");
}

#[test]
fn what_was_read_of_a_tree_stays_when_the_tree_is_given_back() {
    let mut project = Project::checked();
    let found = places(&project.db, project.units[0]).clone();
    assert_eq!(found, [("a".to_owned(), b"/p/a.c".to_vec(), 40)]);
    // Units that were used later push the tree out at the next change.
    set_trees_max(&mut project.db, 1);
    project.texts.set("/p/unrelated.h", "");
    tree(&project.db, project.units[1]);
    tree(&project.db, project.units[2]);
    project.db.watch(b"/p/unrelated.h");
    project.texts.set("/p/unrelated.h", "int unrelated;\n");
    project.db.take_recomputed();
    assert_eq!(project.db.refresh().len(), 1);
    assert_eq!(places(&project.db, project.units[0]), &found);
    assert_eq!(project.db.take_recomputed().to_string(), "nothing");
    // The tree itself is built again, and those who read it do not notice.
    let rebuilt = tree(&project.db, project.units[0]);
    assert_eq!(rebuilt.get().externals.len(), 3);
    assert_eq!(places(&project.db, project.units[0]), &found);
    assert_eq!(project.db.take_recomputed().to_string(), "1 sealed_tree");
    // Nor do they when the tree is gone, and an edit leads to the same tree.
    project.texts.set("/p/a.c", format!("{}// end\n", crate::project::FILES[0].1));
    tree(&project.db, project.units[1]);
    project.db.take_recomputed();
    project.db.refresh();
    assert_eq!(places(&project.db, project.units[0]), &found);
    assert_eq!(project.db.take_recomputed().to_string(), "1 checked, 1 tokens");
}
