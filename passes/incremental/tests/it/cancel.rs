//! A change ends the queries that run, soon, and what they leave is right.

use crate::project::options;
use passes_incremental::{Content, Database, FileSystem, Runner, Stamp, Texts, diagnostics};
use salsa::{CancellationToken, Cancelled, Database as _};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex};

/// A unit of one file that takes a while: so many functions.
fn long_unit(functions: usize) -> String {
    (0..functions).map(|number| format!("int f{number}(int a) {{ return a + {number}; }}\n")).collect()
}

/// Texts that cancel whoever reads one of them.
struct Tripwire {
    texts: Texts,
    path: &'static [u8],
    token: Arc<Mutex<Option<CancellationToken>>>,
}

impl FileSystem for Tripwire {
    fn read(&self, path: &[u8]) -> (Content, Option<Stamp>) {
        if path == self.path
            && let Some(token) = self.token.lock().expect("nobody panics").take()
        {
            token.cancel();
        }
        self.texts.read(path)
    }

    fn stamp(&self, path: &[u8]) -> Option<Stamp> {
        self.texts.stamp(path)
    }

    fn has_stamps(&self) -> bool {
        false
    }
}

#[test]
fn a_check_that_is_cancelled_in_the_middle_keeps_what_is_done_and_can_be_done_again() {
    let texts = Texts::new([
        ("/a.c", "#include \"first.h\"\nint a;\n#include \"second.h\"\nint b\n"),
        ("/first.h", "int first;\n"),
        ("/second.h", "int second;\n"),
    ]);
    let token = Arc::new(Mutex::new(None));
    let db = Database::over(Tripwire { texts, path: b"/second.h", token: token.clone() });
    *token.lock().expect("nobody panics") = Some(db.cancellation_token());
    let unit = db.unit(b"/a.c", &options());
    let check = || Cancelled::catch(AssertUnwindSafe(|| diagnostics(&db, unit).len()));
    let result = check();
    assert!(matches!(result, Err(Cancelled::Local)), "{result:?}");
    assert_eq!(db.take_recomputed().to_string(), "1 checked, 1 diagnostics, 3 tokens");
    assert_eq!(check().ok(), Some(1));
    // The unit and what it reads behind the place where it ended; the files before it are there.
    assert_eq!(db.take_recomputed().to_string(), "1 checked, 1 diagnostics, 1 tokens");
}

#[test]
fn a_change_ends_a_running_check_in_the_middle_of_a_unit() {
    let texts = Texts::new([("/long.c", long_unit(20_000).as_str()), ("/b.c", "int b;\n")]);
    let mut db = Database::over(texts.clone());
    let units = [b"/long.c".as_slice(), b"/b.c"].map(|path| db.unit(path, &options()));
    let runner = Runner::new(1);
    // The small unit first, so that an edit of it is an edit of what was asked for.
    runner.run(db.clone(), &units[1..]).expect("nobody changes anything");
    let (started, has_started) = std::sync::mpsc::channel();
    let outcome = std::thread::scope(|scope| {
        let running = db.clone();
        let check = scope.spawn(|| {
            let running = running;
            started.send(()).expect("the test waits");
            runner.run(running, &units)
        });
        has_started.recv().expect("the check starts");
        texts.set("/b.c", "int c;\n");
        // Waits until the clone is gone: the check has ended, one way or the other.
        assert_eq!(db.refresh().len(), 1);
        check.join().expect("no panic but a cancellation")
    });
    // A machine that is fast enough may be done before the edit; then there was nothing to cancel.
    if let Err(cancelled) = outcome {
        assert!(matches!(cancelled, Cancelled::PendingWrite), "{cancelled:?}");
    }
    let results = runner.run(db.clone(), &units).expect("nobody changes anything");
    assert!(results.iter().all(|result| result.diagnostics.is_empty()));
}
