//! solar, the Solidity compiler: parses every `.sol` file below a folder, lowers and checks the program.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process::ExitCode;

use clients::{Client, Digest};
use solar::config::CompileOpts;
use solar::interface::{ColorChoice, Session};
use solar::sema::Compiler;
use solar::sema::hir::HirPrinter;

struct Solidity {
    folder: PathBuf,
    files: Vec<PathBuf>,
}

impl Client for Solidity {
    fn new(input: PathBuf) -> Result<Self, String> {
        Ok(Self { files: clients::files_below(&input, "sol")?, folder: input })
    }

    fn compile(&mut self, digest: Option<&mut Digest>) -> Result<(), String> {
        let options = CompileOpts {
            base_path: Some(self.folder.clone()),
            include_paths: vec![self.folder.clone()],
            ..CompileOpts::default()
        };
        let session = Session::builder()
            .opts(options)
            .with_buffer_emitter(ColorChoice::Never)
            .single_threaded()
            .build();
        let mut compiler = Compiler::new(session);
        let outcome = compiler.enter_mut(|compiler| -> solar::interface::Result<bool> {
            let mut parsing = compiler.parse();
            parsing.load_files(&self.files)?;
            parsing.parse();
            Ok(compiler.lower_asts()?.is_continue()
                && matches!(compiler.analysis()?, ControlFlow::Continue(())))
        });
        let said = compiler.sess().emitted_diagnostics().map(|said| said.to_string()).unwrap_or_default();
        if compiler.sess().dcx.has_errors().is_err() || outcome.is_err() {
            return Err(said);
        }
        if let Some(digest) = digest {
            digest.take(said.as_bytes());
            digest.take(compiler.enter(|compiler| HirPrinter::new(compiler.gcx()).print_all()).as_bytes());
        }
        Ok(())
    }
}

fn main() -> ExitCode {
    clients::main::<Solidity>()
}
