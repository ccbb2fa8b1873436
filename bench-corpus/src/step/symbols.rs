//! Names for addresses of a traced process: its executable's function symbols, its memory map for the rest.

use std::fs;
use std::path::Path;

/// A place in code, free of addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The function, without the compiler's hashes; the object where no symbol covers the address.
    pub function: String,
    /// Bytes from the start of the function, or of the object's mapping.
    pub offset: u64,
    /// File name of the object; `anonymous` for memory without a file.
    pub object: String,
}

#[derive(Clone, Debug)]
struct Function {
    start: u64,
    bytes: u64,
    name: String,
    mangled: String,
}

#[derive(Clone, Debug)]
struct Mapping {
    start: u64,
    end: u64,
    /// Address at which the object's first byte is mapped.
    base: u64,
    object: String,
}

/// Functions and mappings of one process.
#[derive(Clone, Debug, Default)]
pub struct Symbols {
    functions: Vec<Function>,
    mappings: Vec<Mapping>,
}

impl Symbols {
    /// Reads the symbol tables of `executable` and of the `library` loaded before it, and the memory map of process `pid` that runs them.
    ///
    /// # Errors
    /// When one of them cannot be read, or is not a 64-bit little-endian ELF file.
    pub fn of_process(executable: &Path, library: Option<&Path>, pid: i32) -> Result<Self, String> {
        let map = fs::read_to_string(format!("/proc/{pid}/maps"))
            .map_err(|error| format!("memory map: {error}"))?;
        let mut symbols = Self { functions: Vec::new(), mappings: mappings(&map) };
        for file in std::iter::once(executable).chain(library) {
            let name = object_name(&file.to_string_lossy());
            let mapped = symbols.mappings.iter().find(|mapping| mapping.object == name);
            let base = mapped.map_or(0, |mapping| mapping.base);
            let bytes = fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
            let functions = elf_functions(&bytes, base)
                .ok_or_else(|| format!("{} is no 64-bit ELF file with symbols", file.display()))?;
            symbols.functions.extend(functions);
        }
        symbols.functions.sort_by_key(|function| function.start);
        Ok(symbols)
    }

    /// Symbols of one object, for tests: start, length and name of each function.
    #[cfg(test)]
    pub fn from_functions<const N: usize>(object: &str, functions: [(u64, u64, &str); N]) -> Self {
        let function = |(start, bytes, name): (u64, u64, &str)| Function {
            start,
            bytes,
            name: name.into(),
            mangled: name.into(),
        };
        Self {
            functions: functions.into_iter().map(function).collect(),
            mappings: vec![Mapping { start: 0, end: u64::MAX, base: 0, object: object.into() }],
        }
    }

    /// The place of an address.
    pub fn place(&self, address: u64) -> Place {
        let mapping = self.mappings.iter().find(|mapping| (mapping.start..mapping.end).contains(&address));
        let object = mapping.map_or("anonymous", |mapping| &mapping.object).to_owned();
        match self.function(address) {
            Some(function) => {
                Place { function: function.name.clone(), offset: address - function.start, object }
            }
            None => {
                let base = mapping.map_or(address, |mapping| mapping.base);
                Place { function: object.clone(), offset: address - base, object }
            }
        }
    }

    /// The linker's name of the function at `address`: what callgrind calls it.
    pub fn mangled(&self, address: u64) -> Option<&str> {
        self.function(address).map(|function| function.mangled.as_str())
    }

    fn function(&self, address: u64) -> Option<&Function> {
        let after = self.functions.partition_point(|function| function.start <= address);
        let function = &self.functions[after.checked_sub(1)?];
        (address - function.start < function.bytes).then_some(function)
    }
}

fn object_name(path: &str) -> String {
    path.rsplit('/').next().unwrap_or(path).to_owned()
}

fn mappings(map: &str) -> Vec<Mapping> {
    let mut mappings: Vec<Mapping> = Vec::new();
    for line in map.lines() {
        let mut fields = line.split_ascii_whitespace();
        let (Some(range), Some(_), Some(offset)) = (fields.next(), fields.next(), fields.next()) else {
            continue;
        };
        let Some((start, end)) = range.split_once('-') else { continue };
        let hex = |text: &str| u64::from_str_radix(text, 16).ok();
        let (Some(start), Some(end), Some(offset)) = (hex(start), hex(end), hex(offset)) else { continue };
        let object = fields.nth(2).map_or_else(|| "anonymous".to_owned(), object_name);
        let base = match mappings.last() {
            Some(last) if last.object == object && object != "anonymous" => last.base,
            _ => start.wrapping_sub(offset),
        };
        mappings.push(Mapping { start, end, base, object });
    }
    mappings
}

/// The function symbols of an ELF file, sorted by address, loaded at `base` when position independent.
fn elf_functions(file: &[u8], base: u64) -> Option<Vec<Function>> {
    const SYMBOL_TABLE: u32 = 2;
    const DYNAMIC_SYMBOL_TABLE: u32 = 11;
    const FUNCTION: u8 = 2;
    const SHARED_OBJECT: u16 = 3;
    let word16 = |at: usize| Some(u16::from_le_bytes(file.get(at..at + 2)?.try_into().ok()?));
    let word32 = |at: usize| Some(u32::from_le_bytes(file.get(at..at + 4)?.try_into().ok()?));
    let word64 = |at: usize| Some(u64::from_le_bytes(file.get(at..at + 8)?.try_into().ok()?));
    if file.get(..6)? != b"\x7fELF\x02\x01" {
        return None;
    }
    let bias = if word16(16)? == SHARED_OBJECT { base } else { 0 };
    let sections = word64(40)? as usize;
    let (section_bytes, section_count) = (word16(58)? as usize, word16(60)? as usize);
    let header = |index: usize| sections + index * section_bytes;
    let of_kind = |kind| (0..section_count).map(header).find(|&at| word32(at + 4) == Some(kind));
    // A stripped library keeps at least the functions that it exports.
    let table = of_kind(SYMBOL_TABLE).or_else(|| of_kind(DYNAMIC_SYMBOL_TABLE))?;
    let (start, bytes, link) =
        (word64(table + 24)? as usize, word64(table + 32)? as usize, word32(table + 40)? as usize);
    let names = word64(header(link) + 24)? as usize;
    let mut functions = Vec::new();
    for at in (start..start + bytes).step_by(24) {
        let (name, info, value, size) =
            (word32(at)? as usize, *file.get(at + 4)?, word64(at + 8)?, word64(at + 16)?);
        if info & 0xf == FUNCTION && size > 0 {
            let text = file.get(names + name..)?;
            let mangled =
                String::from_utf8_lossy(&text[..text.iter().position(|&byte| byte == 0)?]).into_owned();
            functions.push(Function {
                start: bias + value,
                bytes: size,
                name: plain_name(&mangled),
                mangled,
            });
        }
    }
    // Two names of one function (merged duplicates): the first by name, in every run.
    functions.sort_by(|a, b| (a.start, &a.name).cmp(&(b.start, &b.name)));
    functions.dedup_by_key(|function| function.start);
    Some(functions)
}

/// A Rust path from a mangled name, without its hash; other names stay as they are.
fn plain_name(mangled: &str) -> String {
    legacy_path(mangled).unwrap_or_else(|| mangled.to_owned())
}

/// Reads `_ZN`, segments each led by its length, `E`; drops the last segment, which is the hash.
fn legacy_path(mangled: &str) -> Option<String> {
    let mut rest = mangled.strip_prefix("_ZN")?;
    let mut segments = Vec::new();
    while !rest.starts_with('E') {
        let digits = rest.find(|letter: char| !letter.is_ascii_digit())?;
        let len: usize = rest[..digits].parse().ok()?;
        segments.push(rest.get(digits..digits + len)?);
        rest = &rest[digits + len..];
    }
    if segments.last().is_some_and(|last| last.len() == 17 && last.starts_with('h')) {
        segments.pop();
    }
    let path = segments.join("::");
    let mut plain = path.replace("..", "::").replace("_$LT$", "<");
    for (code, letter) in [
        ("$LT$", "<"),
        ("$GT$", ">"),
        ("$RF$", "&"),
        ("$BP$", "*"),
        ("$LP$", "("),
        ("$RP$", ")"),
        ("$C$", ","),
        ("$u20$", " "),
        ("$u7b$", "{"),
        ("$u7d$", "}"),
        ("$u5b$", "["),
        ("$u5d$", "]"),
        ("$u3b$", ";"),
        ("$u27$", "'"),
    ] {
        plain = plain.replace(code, letter);
    }
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_named_by_function_and_offset() {
        let symbols = Symbols::from_functions("program", [(0x100, 0x10, "first"), (0x200, 0x10, "second")]);
        assert_eq!(symbols.place(0x10f).function, "first");
        assert_eq!(symbols.place(0x10f).offset, 0xf);
        assert_eq!(symbols.place(0x110).function, "program");
        assert_eq!(symbols.place(0x200).function, "second");
        assert_eq!(symbols.place(0x10).offset, 0x10);
    }

    #[test]
    fn hashes_leave_the_names() {
        let name = "_ZN14bench_measured5probe5cases8alloc_2417h2c833a6d66c61b56E";
        assert_eq!(plain_name(name), "bench_measured::probe::cases::alloc_24");
        assert_eq!(
            plain_name("_ZN7bumpalo13Bump$LT$_$GT$17alloc_layout_slow17h0536f577489f5638E"),
            "bumpalo::Bump<_>::alloc_layout_slow"
        );
        assert_eq!(plain_name("memcpy"), "memcpy");
    }

    #[test]
    fn the_memory_map_gives_each_object_one_base() {
        let map = "1000-2000 r--p 00000000 00:00 1 /lib/libc.so.6\n2000-3000 r-xp 00001000 00:00 1 /lib/libc.so.6\n\
                   5000-6000 rw-p 00000000 00:00 0 \n";
        let symbols = Symbols { functions: Vec::new(), mappings: mappings(map) };
        assert_eq!(
            symbols.place(0x2010),
            Place { function: "libc.so.6".into(), offset: 0x1010, object: "libc.so.6".into() }
        );
        assert_eq!(symbols.place(0x5000).function, "anonymous");
    }

    #[test]
    fn this_very_test_program_finds_its_own_function() {
        let executable = std::env::current_exe().expect("the test has a file");
        let symbols = Symbols::of_process(&executable, None, std::process::id() as i32).expect("own symbols");
        let address = plain_name as *const () as u64;
        assert!(symbols.place(address).function.ends_with("plain_name"), "{:?}", symbols.place(address));
        assert!(symbols.mangled(address).is_some());
    }
}
