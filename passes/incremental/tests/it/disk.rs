//! What the stamps of files tell, and what they do not.

use passes_incremental::{Content, Database, Disk, FileSystem, diagnostics};
use std::fs::{self, FileTimes};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

fn bytes(path: &Path) -> &[u8] {
    path.as_os_str().as_bytes()
}

/// Makes `path` look as if it changed a while ago.
fn age(path: &Path) {
    let file = fs::File::options().append(true).open(path).expect("it is there");
    let past = SystemTime::now() - Duration::from_secs(100);
    file.set_times(FileTimes::new().set_modified(past)).expect("its time can be set");
}

#[test]
fn a_file_that_changed_just_now_has_no_stamp_to_trust() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("a.c");
    fs::write(&path, "int a;\n").expect("it can be written");
    // As if it were written in the moment that it is read: a clock that ticks slowly, or a time ahead of ours.
    let file = fs::File::options().append(true).open(&path).expect("it is there");
    let future = SystemTime::now() + Duration::from_secs(100);
    file.set_times(FileTimes::new().set_modified(future)).expect("its time can be set");
    assert!(Disk.read(bytes(&path)).1.is_none());
    assert!(Disk.stamp(bytes(&path)).is_some());
    age(&path);
    let (content, stamp) = Disk.read(bytes(&path));
    assert!(stamp.is_some() && stamp == Disk.stamp(bytes(&path)));
    let Content::Text { text, identity } = content else { panic!("it has a text") };
    assert_eq!(&*text, b"int a;\n");
    // Another path to the same file.
    let link = folder.path().join("link.c");
    std::os::unix::fs::symlink(&path, &link).expect("a link can be made");
    let Content::Text { identity: of_link, .. } = Disk.read(bytes(&link)).0 else { panic!("it has a text") };
    assert_eq!(identity, of_link);
}

#[test]
fn a_change_of_the_same_length_is_seen_and_a_touch_is_none() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("a.c");
    fs::write(&path, "int a;\n").expect("it can be written");
    age(&path);
    let mut db = Database::over(Disk);
    let unit = db.unit(bytes(&path), &crate::project::options());
    assert!(diagnostics(&db, unit).is_empty());
    assert!(db.refresh().is_empty());
    // Other times, the same text.
    age(&path);
    assert!(db.refresh().is_empty());
    fs::write(&path, "int +;\n").expect("it can be written");
    assert_eq!(db.refresh().len(), 1);
    assert_eq!(diagnostics(&db, unit).len(), 1);
    fs::remove_file(&path).expect("it can be removed");
    assert_eq!(db.refresh().len(), 1);
    assert_eq!(diagnostics(&db, unit)[0].code.name(), "missing-file");
    // A folder in its place is no file, and no change of what was found.
    fs::create_dir(&path).expect("it can be made");
    db.refresh();
    assert_eq!(diagnostics(&db, unit).len(), 1);
}
