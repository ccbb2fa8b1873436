//! A small project in memory, and the same work without a database.

use compiler_alloc::Session as MemorySession;
use passes::diagnostics::Diagnostic;
use passes::files::Provider;
use passes::memory::arenas::ArenaMemory;
use passes::options::Options;
use passes::parse::Trees;
use passes::session::{Input, with_worker};
use passes_incremental::{Database, Runner, Texts, Unit};
use std::sync::Arc;

/// Three units; all include `base.h`, which includes `types.h`; `a.c` alone includes `leaf.h`.
pub const FILES: &[(&str, &str)] = &[
    ("/p/a.c", "#include \"base.h\"\n#include \"leaf.h\"\nint a(void) { return twice(LEAF); }\n"),
    (
        "/p/b.c",
        "#include \"base.h\"\nstatic int hidden(void) { return 1; }\nlong b(void) { return twice(hidden()); }\n",
    ),
    ("/p/c.c", "#include \"base.h\"\n#include <stddef.h>\nnumber c = sizeof(size_t);\n"),
    ("/p/base.h", "#ifndef BASE_H\n#define BASE_H\n#include \"types.h\"\nnumber twice(number);\n#endif\n"),
    ("/p/types.h", "#ifndef TYPES_H\n#define TYPES_H\ntypedef int number;\n#endif\n"),
    ("/p/leaf.h", "#define LEAF 21\n"),
];

pub const UNITS: [&str; 3] = ["/p/a.c", "/p/b.c", "/p/c.c"];

/// Options without the system's directories, but our own headers.
pub fn options() -> Options {
    Options { system_directories: vec![b"<cfront>".to_vec()], time: 0, ..Options::default() }
}

pub struct Project {
    pub texts: Texts,
    pub db: Database,
    pub units: Vec<Unit>,
    pub runner: Runner,
}

impl Project {
    /// The project, with nothing computed.
    pub fn new() -> Self {
        let texts = Texts::new(FILES.iter().copied());
        let db = Database::over(texts.clone());
        let units = UNITS.map(|path| db.unit(path.as_bytes(), &options())).into();
        Self { texts, db, units, runner: Runner::new(1) }
    }

    /// The project, up to date.
    pub fn checked() -> Self {
        let mut project = Self::new();
        project.run();
        project.db.take_recomputed();
        project
    }

    /// Brings everything up to date and answers what was found, unit by unit.
    pub fn run(&mut self) -> Vec<Arc<[Diagnostic]>> {
        let results = self.runner.run(self.db.clone(), &self.units).expect("nobody changes anything");
        results.into_iter().map(|result| result.diagnostics).collect()
    }

    /// Writes `text` to `path`, brings everything up to date, and answers what that took, as text.
    pub fn edit(&mut self, path: &str, text: &str) -> String {
        self.db.take_recomputed();
        self.texts.set(path, text);
        self.db.refresh();
        self.run();
        self.db.take_recomputed().to_string()
    }
}

/// What a run without a database finds in `path` of `files`.
pub fn cold(files: &[(String, Vec<u8>)], path: &str, options: &Options) -> Vec<Diagnostic> {
    let mut memory = MemorySession::new();
    with_worker::<ArenaMemory, _>(&mut memory, Provider::Texts(files.to_vec()), |worker, session| {
        let outcome = worker.check(session, Input::File(path.as_bytes()), options, Trees::Released);
        outcome.diagnostics.as_slice().to_vec()
    })
}
