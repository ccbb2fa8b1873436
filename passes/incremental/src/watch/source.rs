//! Where the units come from: a build's list of commands, or a folder of C files. Both change while they are watched.

use super::Invocation;
use super::signals::parent;
use crate::database::Database;
use crate::inputs::{Project, Unit};
use passes::driver::compile_commands::{self, FILE_NAME};
use passes::options::Options;
use salsa::Setter;
use std::collections::HashMap;
use std::fs;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Folders deeper than this are not looked into.
const DEPTH_MAX: usize = 64;

/// See the module.
pub struct Source {
    kind: Kind,
    /// What `__DATE__` and `__TIME__` are, always the same: a list that is read again must not change units.
    time: u64,
    /// The list's text, as it was read last.
    text: Option<String>,
    /// Why the units stayed as they were, as it was told last.
    complaint: Option<String>,
    /// The unit for each file, and for each way that it is compiled.
    known: HashMap<(PathBuf, usize), Unit>,
    units: Vec<Unit>,
    project: Option<Project>,
}

enum Kind {
    /// The list of commands at this path.
    Build(PathBuf),
    /// Every C file below.
    Folder {
        path: PathBuf,
        options: Box<Options>,
        /// Folders that were looked into.
        folders: Vec<PathBuf>,
    },
}

/// A unit as it should be.
struct Wanted {
    path: PathBuf,
    file: Vec<u8>,
    options: Options,
}

impl Source {
    /// What `invocation` names.
    ///
    /// # Errors
    /// There is nothing at its path.
    pub fn open(invocation: &Invocation) -> Result<Self, String> {
        let path = Path::new(&invocation.path);
        let facts = fs::metadata(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let list = path.join(FILE_NAME);
        let kind = if facts.is_file() {
            Kind::Build(path.to_owned())
        } else if list.is_file() {
            Kind::Build(list)
        } else {
            let options = Box::new(invocation.options.clone());
            Kind::Folder { path: path.to_owned(), options, folders: Vec::new() }
        };
        Ok(Self {
            kind,
            time: invocation.options.time,
            text: None,
            complaint: None,
            known: HashMap::new(),
            units: Vec::new(),
            project: None,
        })
    }

    /// What is watched, for people.
    pub fn shown(&self) -> String {
        match &self.kind {
            Kind::Build(path) | Kind::Folder { path, .. } => path.display().to_string(),
        }
    }

    /// The units, in order.
    pub fn units(&self) -> &[Unit] {
        &self.units
    }

    /// The same as an input.
    ///
    /// # Panics
    /// Before the first [`update`](Self::update).
    pub fn project(&self) -> Project {
        self.project.expect("the units were read")
    }

    /// Directories where something appears or goes if the units change.
    pub fn places(&self) -> Vec<PathBuf> {
        match &self.kind {
            Kind::Build(path) => vec![parent(path.as_os_str().as_bytes())],
            Kind::Folder { folders, .. } => folders.clone(),
        }
    }

    /// Takes over which units there are now, and whether that changed. What cannot be used is told to `messages`.
    ///
    /// # Errors
    /// There was no list the first time, or no units. A list that is gone, broken or empty later leaves the units as they are, which is
    /// said once.
    pub fn update(&mut self, db: &mut Database, messages: &mut dyn Write) -> Result<bool, String> {
        let is_first = self.project.is_none();
        let wanted = match self.read(messages) {
            Ok(Some(wanted)) if wanted.is_empty() => Err(format!("{}: no C files", self.shown())),
            other => other,
        };
        let wanted = match wanted {
            Ok(wanted) => {
                self.complaint = None;
                match wanted {
                    Some(wanted) => wanted,
                    None => return Ok(false),
                }
            }
            Err(message) if is_first => return Err(message),
            Err(message) => {
                if self.complaint.as_ref() != Some(&message) {
                    // Nothing can be done about closed messages here; the output says so soon.
                    let _ =
                        writeln!(messages, "cfront watch: warning: {message}; the units stay as they were");
                    self.complaint = Some(message);
                }
                return Ok(false);
            }
        };
        let mut numbers: HashMap<PathBuf, usize> = HashMap::new();
        let mut units = Vec::with_capacity(wanted.len());
        let mut has_changed = false;
        for Wanted { path, file, options } in wanted {
            let number = numbers.entry(path.clone()).or_default();
            let unit = *self.known.entry((path, *number)).or_insert_with(|| db.unit(&file, &options));
            *number += 1;
            if **unit.path(db) != *file {
                unit.set_path(db).to(file.into());
                has_changed = true;
            }
            if **unit.options(db) != options {
                unit.set_options(db).to(options.into());
                has_changed = true;
            }
            units.push(unit);
        }
        has_changed |= self.units != units;
        self.units.clone_from(&units);
        match self.project {
            Some(project) if project.units(db) != units.as_slice() => {
                project.set_units(db).to(units);
            }
            Some(_) => {}
            None => self.project = Some(Project::new(db, units)),
        }
        Ok(has_changed && !is_first)
    }

    /// The units as they should be; nothing if the list did not change.
    fn read(&mut self, messages: &mut dyn Write) -> Result<Option<Vec<Wanted>>, String> {
        let time = self.time;
        match &mut self.kind {
            Kind::Build(path) => {
                let text =
                    fs::read_to_string(&*path).map_err(|error| format!("{}: {error}", path.display()))?;
                if self.text.as_ref() == Some(&text) {
                    return Ok(None);
                }
                let list = compile_commands::Database::parse(path, &text)?;
                self.text = Some(text);
                for failure in &list.failures {
                    // As above.
                    let _ = writeln!(messages, "cfront watch: error: {failure}");
                }
                let wanted = list.units.into_iter().map(|unit| Wanted {
                    path: unit.path,
                    file: unit.file.into_bytes(),
                    options: Options { time, ..unit.options },
                });
                Ok(Some(wanted.collect()))
            }
            Kind::Folder { path, options, folders } => {
                folders.clear();
                let mut files = Vec::new();
                walk(path, DEPTH_MAX, folders, &mut files)
                    .map_err(|error| format!("{}: {error}", path.display()))?;
                files.sort();
                let wanted = files.into_iter().map(|path| Wanted {
                    file: path.as_os_str().as_bytes().to_vec(),
                    path,
                    options: (**options).clone(),
                });
                Ok(Some(wanted.collect()))
            }
        }
    }
}

/// Adds the C files below `folder`, without links to folders and without hidden ones. What cannot be read is left out, but for `folder`.
fn walk(
    folder: &Path,
    depth: usize,
    folders: &mut Vec<PathBuf>,
    files: &mut Vec<PathBuf>,
) -> std::io::Result<()> {
    let entries = fs::read_dir(folder)?;
    folders.push(folder.to_owned());
    for entry in entries.flatten() {
        let (path, Ok(kind)) = (entry.path(), entry.file_type()) else { continue };
        let is_hidden = entry.file_name().as_bytes().starts_with(b".");
        if kind.is_dir() && !is_hidden && depth > 0 {
            // A folder may go while it is looked into.
            let _ = walk(&path, depth - 1, folders, files);
        } else if !kind.is_dir() && path.extension().is_some_and(|extension| extension == "c") {
            files.push(path);
        }
    }
    Ok(())
}
