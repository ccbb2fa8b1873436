//! A database's answer is the answer of a run that knows nothing.

use crate::project::{FILES, Project, UNITS, cold, options};

/// Edits in order: each leads to other findings in some unit.
const EDITS: &[(&str, &str)] = &[
    ("/p/leaf.h", "#define LEAF nothing\n"),
    ("/p/types.h", "typedef struct { int x; } number;\n"),
    ("/p/base.h", "#include \"types.h\"\nnumber twice(number, number);\n#warning \"base\"\n"),
    ("/p/b.c", "#include \"base.h\"\nint b(void) { return 1 }\n"),
    ("/p/types.h", "typedef int number;\n/* not closed\n"),
    ("/p/c.c", "#include \"base.h\"\n#include \"gone.h\"\n"),
    ("/p/types.h", "typedef int number;\n"),
    ("/p/base.h", "#pragma once\n#include \"types.h\"\n#include \"base.h\"\nnumber twice(number);\n"),
    ("/p/b.c", "??=include \"base.h\"\n"),
    ("/p/a.c", ""),
];

#[test]
fn after_every_edit_the_findings_are_those_of_a_cold_run() {
    let mut project = Project::checked();
    let mut files: Vec<(String, Vec<u8>)> =
        FILES.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect();
    let mut found_any = 0;
    for (path, text) in EDITS {
        let at = files.iter().position(|(name, _)| name == path).expect("a file of the project");
        files[at].1 = text.as_bytes().to_vec();
        project.edit(path, text);
        for (unit, found) in UNITS.iter().zip(project.run()) {
            assert_eq!(*found, cold(&files, unit, &options()), "{unit} after an edit of {path}");
            found_any += found.len();
        }
    }
    assert!(found_any > 20, "the edits lead to findings: {found_any}");
}

#[test]
fn sealed_trees_of_wrong_programs_are_made_without_other_findings() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/errors");
    let mut programs = 0;
    for entry in std::fs::read_dir(folder).expect("the programs of the passes' tests") {
        let path = entry.expect("it can be listed").path();
        let text = std::fs::read(&path).expect("it can be read");
        // A file holds several programs; as one they are wrong in more ways.
        let files = [("/e.c".to_owned(), text.clone())];
        let texts = passes_incremental::Texts::default();
        texts.set("/e.c", text);
        let db = passes_incremental::Database::over(texts);
        let unit = db.unit(b"/e.c", &options());
        let found = passes_incremental::diagnostics(&db, unit);
        assert_eq!(**found, cold(&files, "/e.c", &options()), "{}", path.display());
        programs += 1;
    }
    assert!(programs > 20, "{programs}");
}
