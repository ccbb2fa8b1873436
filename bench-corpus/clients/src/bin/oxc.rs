//! oxc, the JavaScript compiler: parses every `.js` file below a folder, resolves its names and prints it.
//!
//! One allocator serves a file after the other and is reset between them, as oxc's pool does. With `kept` as the third argument every
//! file has an allocator of its own and all trees live until the last file is compiled, as in a bundler.

use std::hint::black_box;
use std::path::PathBuf;
use std::process::ExitCode;

use clients::{Client, Digest};
use oxc_allocator::Allocator;
use oxc_codegen::Codegen;
use oxc_parser::Parser;
use oxc_semantic::SemanticBuilder;
use oxc_span::SourceType;

struct JavaScript {
    texts: Vec<String>,
    keeps_trees: bool,
}

impl Client for JavaScript {
    fn new(input: PathBuf) -> Result<Self, String> {
        let files = clients::files_below(&input, "js")?;
        let texts = files.into_iter().map(|file| {
            std::fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))
        });
        let keeps_trees = std::env::args().nth(3).is_some_and(|flag| flag == "kept");
        Ok(Self { texts: texts.collect::<Result<_, _>>()?, keeps_trees })
    }

    fn compile(&mut self, mut digest: Option<&mut Digest>) -> Result<(), String> {
        let mut kept = Vec::new();
        let mut allocator = Allocator::default();
        for text in &self.texts {
            compile(&allocator, text, digest.as_deref_mut())?;
            match self.keeps_trees {
                true => kept.push(std::mem::take(&mut allocator)),
                false => allocator.reset(),
            }
        }
        Ok(())
    }
}

/// Compiles one file; its tree stays in the allocator.
fn compile(allocator: &Allocator, text: &str, digest: Option<&mut Digest>) -> Result<(), String> {
    let parsed = Parser::new(allocator, text, SourceType::unambiguous()).parse();
    if let Some(error) = parsed.diagnostics.into_iter().next() {
        return Err(format!("{error}"));
    }
    let program = allocator.alloc(parsed.program);
    let checked = SemanticBuilder::new_compiler().build(program);
    let scopes = checked.semantic.into_scoping();
    let printed = black_box(Codegen::new().with_scoping(Some(scopes)).build(program).code);
    if let Some(digest) = digest {
        digest.take(printed.as_bytes());
    }
    Ok(())
}

fn main() -> ExitCode {
    clients::main::<JavaScript>()
}
