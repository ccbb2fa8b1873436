//! The JavaScript that draws the charts: D3 and Observable Plot, as npm installs them from `bench-corpus/charts`.

use std::path::Path;

/// What goes into the page before the charts' own script.
pub struct Libraries {
    /// In the order in which they must run, each after its licence.
    pub scripts: Vec<String>,
}

/// Each library: its licence and its published file, below `node_modules`.
const FILES: [(&str, &str); 2] = [
    ("d3/LICENSE", "d3/dist/d3.min.js"),
    ("@observablehq/plot/LICENSE", "@observablehq/plot/dist/plot.umd.min.js"),
];

impl Libraries {
    /// Reads them from a `node_modules`; `None` if there is no such folder.
    ///
    /// # Errors
    /// A sentence with the file that is missing there, or that cannot stand in a page.
    pub fn read(folder: &Path) -> Result<Option<Self>, String> {
        if !folder.is_dir() {
            return Ok(None);
        }
        let text = |file: &str| {
            let path = folder.join(file);
            let text =
                std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            let is_safe = !text.contains("</script") && !text.contains("<!--");
            if is_safe {
                Ok(text)
            } else {
                Err(format!("{}: would end the script that it stands in", path.display()))
            }
        };
        let script = |(licence, library): (&str, &str)| {
            let licence = text(licence)?.replace("*/", "* /");
            Ok(format!("/*\n{licence}*/\n{}", text(library)?))
        };
        let scripts = FILES.into_iter().map(script).collect::<Result<_, String>>()?;
        Ok(Some(Self { scripts }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn installed(plot: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for (licence, library) in FILES {
            for (file, text) in [(licence, "Licence"), (library, plot)] {
                let path = folder.path().join(file);
                std::fs::create_dir_all(path.parent().expect("the file lies in a folder")).expect("a folder");
                std::fs::write(path, text).expect("the file is written");
            }
        }
        folder
    }

    #[test]
    fn every_library_comes_with_its_licence() {
        let folder = installed("draw();");
        let libraries = Libraries::read(folder.path()).expect("they are read").expect("they are there");
        assert_eq!(libraries.scripts, ["/*\nLicence*/\ndraw();"; 2]);
    }

    #[test]
    fn half_an_installation_and_a_script_that_ends_early_are_refused_by_name() {
        let nowhere = Path::new("no-such-folder");
        assert!(Libraries::read(nowhere).is_ok_and(|libraries| libraries.is_none()));
        let folder = installed("\"</script>\"");
        let error = Libraries::read(folder.path()).err().expect("it would end the script");
        assert!(error.contains("d3.min.js"), "{error}");
        std::fs::remove_dir_all(folder.path().join("d3")).expect("the folder is removed");
        let error = Libraries::read(folder.path()).err().expect("a library is missing");
        assert!(error.contains("d3/LICENSE"), "{error}");
    }
}
