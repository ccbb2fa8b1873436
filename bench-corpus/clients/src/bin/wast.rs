//! wast, the assembler of WebAssembly text: parses every `.wat` file below a folder and encodes it.

use std::hint::black_box;
use std::path::PathBuf;
use std::process::ExitCode;

use clients::{Client, Digest};
use wast::Wat;
use wast::parser::{self, ParseBuffer};

struct Assembler {
    texts: Vec<(PathBuf, String)>,
}

impl Client for Assembler {
    fn new(input: PathBuf) -> Result<Self, String> {
        let files = clients::files_below(&input, "wat")?;
        let texts = files.into_iter().map(|file| {
            let text = std::fs::read_to_string(&file);
            text.map(|text| (file.clone(), text)).map_err(|error| format!("{}: {error}", file.display()))
        });
        Ok(Self { texts: texts.collect::<Result<_, _>>()? })
    }

    fn compile(&mut self, mut digest: Option<&mut Digest>) -> Result<(), String> {
        for (file, text) in &self.texts {
            let refused = |error: wast::Error| format!("{}: {error}", file.display());
            let buffer = ParseBuffer::new(text).map_err(refused)?;
            let mut module = parser::parse::<Wat<'_>>(&buffer).map_err(refused)?;
            let binary = black_box(module.encode().map_err(refused)?);
            if let Some(digest) = &mut digest {
                digest.take(&binary);
            }
        }
        Ok(())
    }
}

fn main() -> ExitCode {
    clients::main::<Assembler>()
}
