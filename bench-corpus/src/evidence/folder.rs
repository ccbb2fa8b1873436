//! The repository's evidence folders: declared files are read, generated files are written in the judge's one spelling.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// What stands in a cell to which no value applies.
pub const ABSENT: &str = "-";

/// A row of a declared file that can be promised before it is built.
pub const BUILT: &str = "built";

/// A folder that holds `allocator/`, `release/`, `perf/` and `compat/`.
#[derive(Clone, Debug)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// The folder at `root`.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The repository: the nearest folder above the working directory that holds the profiles.
    ///
    /// # Errors
    /// When there is none.
    pub fn repository() -> Result<Self, String> {
        let here =
            std::env::current_dir().map_err(|error| format!("the working directory is gone: {error}"))?;
        let found = here.ancestors().find(|folder| folder.join("allocator/profiles.tsv").is_file());
        found.map(Self::at).ok_or_else(|| {
            "no allocator/profiles.tsv here or above; run the command inside the repository".into()
        })
    }

    /// The path of a file in it.
    pub fn path(&self, file: &str) -> PathBuf {
        self.root.join(file)
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The rows of a tab-separated file. Columns are found by name.
    ///
    /// # Errors
    /// When the file cannot be read or a row does not fit `T`.
    pub fn read<T: DeserializeOwned>(&self, file: &str) -> Result<Vec<T>, String> {
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(b'\t')
            .quoting(false)
            .from_path(self.path(file))
            .map_err(|error| format!("{file}: {error}"))?;
        reader.deserialize().collect::<Result<_, _>>().map_err(|error| format!("{file}: {error}"))
    }

    /// Writes rows as a tab-separated file, the header from the names of the fields.
    ///
    /// # Errors
    /// When the file cannot be written, or a cell holds what a cell must not hold.
    pub fn write<T: Serialize>(&self, file: &str, rows: &[T]) -> Result<(), String> {
        let mut writer = csv::WriterBuilder::new()
            .delimiter(b'\t')
            .quote_style(csv::QuoteStyle::Never)
            .from_writer(Vec::new());
        for row in rows {
            writer.serialize(row).map_err(|error| format!("{file}: {error}"))?;
        }
        let bytes = writer.into_inner().map_err(|error| format!("{file}: {error}"))?;
        self.write_bytes(file, &bytes)
    }

    /// Writes a file and the folders above it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_bytes(&self, file: &str, bytes: &[u8]) -> Result<(), String> {
        let path = self.path(file);
        let parent = path.parent().unwrap_or(&self.root);
        fs::create_dir_all(parent).map_err(|error| format!("{}: {error}", parent.display()))?;
        fs::write(&path, bytes).map_err(|error| format!("{}: {error}", path.display()))
    }

    /// The bytes of a file; `None` when there is none.
    pub fn bytes(&self, file: &str) -> Option<Vec<u8>> {
        fs::read(self.path(file)).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize, serde::Deserialize, PartialEq, Debug)]
    struct Row {
        profile: String,
        value: u64,
    }

    #[test]
    fn rows_come_back_as_they_were_written() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let folder = Folder::at(folder.path());
        let rows = vec![Row { profile: "a".into(), value: 7 }, Row { profile: "b \"c\"".into(), value: 0 }];
        folder.write("release/x.tsv", &rows).expect("rows are written");
        assert_eq!(
            folder.bytes("release/x.tsv").expect("the file is there"),
            b"profile\tvalue\na\t7\nb \"c\"\t0\n"
        );
        assert_eq!(folder.read::<Row>("release/x.tsv").expect("rows are read"), rows);
    }
}
