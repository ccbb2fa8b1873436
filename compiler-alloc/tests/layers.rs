//! The layer rule: a module may name only modules before it, and only the std layer may use `std` or `alloc`.

use std::path::{Path, PathBuf};

/// Top-level modules, bottom up. Those of later issues have their place already.
const LAYERS: [&str; 23] = [
    "units",
    "config",
    "size_class",
    "sync",
    "counters",
    "fault",
    "page_source",
    "metadata",
    "span",
    "region",
    "fixed_heap",
    "arena",
    "free_list",
    "remote_free",
    "slab",
    "central",
    "transfer",
    "heap",
    "actor",
    "profile",
    "stats",
    "diag",
    "lib",
];

/// The tower that must never meet `arena`.
const HEAP_TOWER: [&str; 6] = ["free_list", "remote_free", "slab", "central", "transfer", "heap"];

/// Files below `profile` that belong to the std layer, and why.
const STD_FILES: [(&str, &str); 3] = [
    ("arena/session.rs", "names of passes and their tables"),
    ("page_source/system.rs", "pages over std::alloc"),
    ("sync.rs", "the thread-local word that checks lock order in debug builds"),
];

/// Files that may ask for the configuration, besides tests and `profile`.
const CFG_FILES: [&str; 8] = [
    "sync.rs",
    "page_source/mod.rs",
    "arena/mod.rs",
    "arena/poison.rs",
    "arena/poison/valgrind.rs",
    "arena/allocator.rs",
    "arena/fingerprinted.rs",
    "lib.rs",
];

/// Files that only tests see: their module stands under `cfg(test)`.
const TEST_FILES: [&str; 5] = [
    "page_source/model.rs",
    "span/loom_models.rs",
    "arena/loom_models.rs",
    "heap/models.rs",
    "actor/loom_models.rs",
];

/// One source file: its path below `src`, and its code without comments and without what only tests see.
struct Source {
    path: String,
    code: String,
}

impl Source {
    fn module(&self) -> &str {
        self.path.split(['/', '.']).next().unwrap()
    }

    /// How many `super` lead from the file's module to the root.
    fn depth(&self) -> usize {
        let folders = self.path.matches('/').count();
        if self.path.ends_with("/mod.rs") { folders } else { folders + 1 }
    }

    fn layer(&self) -> usize {
        layer_of(self.module()).unwrap_or_else(|| panic!("{} belongs to no layer", self.path))
    }
}

fn layer_of(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| *layer == module)
}

fn files_below(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_below(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    files_below(&root, &mut paths);
    let sources: Vec<Source> = paths
        .iter()
        .map(|path| Source {
            path: path.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/"),
            code: code_of(&std::fs::read_to_string(path).unwrap()),
        })
        .filter(|source| !TEST_FILES.contains(&source.path.as_str()))
        .collect();
    assert!(sources.len() >= 15, "only {} files: is this the right folder?", sources.len());
    sources
}

/// The text without line comments, and without items that stand under a `cfg` that needs `test`.
fn code_of(text: &str) -> String {
    let mut code = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let line = line.split("//").next().unwrap();
        if line.contains("#[cfg(test)]") || line.contains("#[cfg(all(test") {
            skip_item(&mut lines);
        } else {
            code.push_str(line);
            code.push('\n');
        }
    }
    code
}

/// Skips to the end of the item that begins on the next line: a line without braces that ends it, or its closing brace.
fn skip_item<'t>(lines: &mut impl Iterator<Item = &'t str>) {
    let mut depth = 0_i32;
    for line in lines {
        let line = line.split("//").next().unwrap();
        let opened = line.matches('{').count() as i32;
        depth += opened - line.matches('}').count() as i32;
        let is_attribute = line.trim_start().starts_with("#[");
        if depth <= 0 && !is_attribute && (opened > 0 || line.contains(['}', ';'])) {
            return;
        }
    }
}

/// What follows the root in the paths of the code: `crate::`, or at least `depth` times `super::`.
fn paths_from_the_root(code: &str, depth: usize) -> Vec<&str> {
    let begins =
        |at: usize| !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$' || c == ':');
    let mut rests = Vec::new();
    for (at, word) in code.match_indices("crate::").filter(|(at, _)| begins(*at)) {
        rests.push(&code[at + word.len()..]);
    }
    for (at, _) in code.match_indices("super::").filter(|(at, _)| begins(*at)) {
        let mut rest = &code[at..];
        let mut steps = 0;
        while let Some(higher) = rest.strip_prefix("super::") {
            rest = higher;
            steps += 1;
        }
        if steps >= depth {
            rests.push(rest);
        }
    }
    rests
}

/// Top-level modules that the code of a file `depth` below the root names, nested use lists included.
fn named_modules(code: &str, depth: usize) -> Vec<String> {
    let mut modules = Vec::new();
    for rest in paths_from_the_root(code, depth) {
        if let Some(list) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut item = String::new();
            for c in list.chars() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => modules.push(std::mem::take(&mut item)),
                    _ if depth == 0 => item.push(c),
                    _ => {}
                }
            }
            modules.push(item);
        } else {
            modules.push(rest.to_string());
        }
    }
    modules
        .iter()
        .map(|path| path.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>())
        .filter(|module| layer_of(module).is_some())
        .collect()
}

fn violations(sources: &[Source]) -> Vec<String> {
    let mut violations = Vec::new();
    for source in sources {
        let is_heap = HEAP_TOWER.contains(&source.module());
        for module in named_modules(&source.code, source.depth()) {
            if layer_of(&module).unwrap() > source.layer() {
                violations.push(format!("{} names the higher module {module}", source.path));
            }
            if source.module() == "arena" && HEAP_TOWER.contains(&module.as_str())
                || is_heap && module == "arena"
            {
                violations.push(format!("{} names {module}: the towers never meet", source.path));
            }
        }
        for word in ["use crate as ", "use crate::{self", "use super as "] {
            if source.code.contains(word) {
                violations.push(format!(
                    "{} renames a module, so that names of it are not seen: {word}",
                    source.path
                ));
            }
        }
        let is_std_layer = source.layer() >= layer_of("profile").unwrap()
            || STD_FILES.iter().any(|(path, _)| *path == source.path);
        if !is_std_layer {
            for word in
                ["std::", "extern crate alloc", "alloc::vec", "alloc::boxed", "alloc::string", "alloc::sync"]
            {
                if uses(&source.code, word) {
                    violations.push(format!("{} uses {word}", source.path));
                }
            }
        }
        let may_ask = CFG_FILES.contains(&source.path.as_str()) || source.module() == "profile";
        if !may_ask {
            for word in ["#[cfg(", "#![cfg(", "cfg!(", "cfg_attr("] {
                if source.code.contains(word) {
                    violations.push(format!("{} asks for the configuration: {word}", source.path));
                }
            }
        }
    }
    violations
}

/// Whether a path begins with `word` somewhere, and is not the tail of a longer one.
fn uses(code: &str, word: &str) -> bool {
    code.match_indices(word)
        .any(|(at, _)| !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':'))
}

#[test]
fn modules_name_only_modules_below_them() {
    let violations = violations(&sources());
    assert!(violations.is_empty(), "\n{}", violations.join("\n"));
}

#[test]
fn the_rule_sees_what_it_forbids() {
    let found =
        |path: &str, code: &str| violations(&[Source { path: path.to_string(), code: code_of(code) }]).len();
    assert_eq!(found("span/cache.rs", "use crate::fault::Fault;"), 0);
    assert_eq!(found("span/cache.rs", "use crate::arena::Arena;"), 1);
    assert_eq!(found("span/cache.rs", "use crate::{fault::{Fault, FaultCode}, profile};"), 1);
    assert_eq!(found("span/cache.rs", "fn f() { crate::profile::x() }"), 1);
    assert_eq!(found("span/cache.rs", "use super::super::arena::Arena; use super::super::fault::Fault;"), 1);
    assert_eq!(found("span/cache.rs", "use super::arena_of_a_span; use super::span::Span;"), 0);
    assert_eq!(found("slab.rs", "type T = super::heap::ThreadHeap;"), 1);
    assert_eq!(found("arena/raw/mod.rs", "use super::super::{slab::Slab, span::Span};"), 2);
    assert_eq!(found("span/cache.rs", "use crate as c;"), 1);
    assert_eq!(found("heap/mod.rs", "use crate::arena::Arena;"), 1);
    assert_eq!(found("arena/chunk.rs", "use crate::slab::Slab;"), 2);
    assert_eq!(found("arena/chunk.rs", "let x: std::vec::Vec<u8>;"), 1);
    assert_eq!(found("arena/session.rs", "let x: std::vec::Vec<u8>;"), 0);
    assert_eq!(found("arena/chunk.rs", "use core::alloc::Layout; // std::vec"), 0);
    assert_eq!(found("arena/chunk.rs", "#[cfg(feature = \"x\")]\nfn f() {}"), 1);
    assert_eq!(found("arena/chunk.rs", "#[cfg(test)]\nmod tests {\n use std::vec;\n}\nfn f() {}"), 0);
    assert_eq!(found("arena/chunk.rs", "#[cfg(test)]\nmod tests;\nuse std::vec;"), 1);
}

#[test]
fn the_std_layer_has_no_forgotten_files() {
    let sources = sources();
    for (path, reason) in STD_FILES {
        let source = sources.iter().find(|source| source.path == path);
        let needed = source.is_none_or(|source| uses(&source.code, "std::"));
        assert!(needed, "{path} is excepted ({reason}) and uses no std");
    }
}

/// The modules that `lib.rs` declares.
fn declared_modules(lib: &str) -> Vec<&str> {
    lib.lines()
        .filter_map(|line| {
            line.trim().trim_start_matches("pub(crate) ").trim_start_matches("pub ").strip_prefix("mod ")
        })
        .map(|rest| rest.trim_end_matches(';'))
        .collect()
}

fn text_of(path_from_crate: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path_from_crate)).unwrap()
}

#[test]
fn modules_are_declared_in_lib_and_have_a_layer() {
    let lib = text_of("src/lib.rs");
    let declared = declared_modules(&lib);
    for module in &declared {
        assert!(layer_of(module).is_some(), "{module} has no layer");
    }
    for source in sources() {
        let module = source.module();
        assert!(module == "lib" || declared.contains(&module), "{} is part of no module", source.path);
    }
}

#[test]
fn the_code_map_names_every_module_bottom_up() {
    let (lib, architecture) = (text_of("src/lib.rs"), text_of("../ARCHITECTURE.md"));
    let map = architecture.split("## Code map").nth(1).expect("ARCHITECTURE.md has a code map");
    let ours = map.split("### compiler-alloc").nth(1).unwrap().split("\n#").next().unwrap();
    let mapped: Vec<&str> =
        ours.lines().filter_map(|line| line.strip_prefix("- `")?.split('`').next()).collect();
    let mut declared = declared_modules(&lib);
    declared.sort_by_key(|module| layer_of(module));
    assert_eq!(mapped, declared, "the code map and lib.rs name the same modules, bottom up");
}
