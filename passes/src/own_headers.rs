//! The freestanding headers that are part of the program; `include/` in the crate is their source.

use crate::options::OWN_HEADERS;

/// Name and text of each.
pub const HEADERS: &[(&str, &str)] = &[
    ("complex.h", include_str!("../include/complex.h")),
    ("cpuid.h", include_str!("../include/cpuid.h")),
    ("emmintrin.h", include_str!("../include/emmintrin.h")),
    ("float.h", include_str!("../include/float.h")),
    ("iso646.h", include_str!("../include/iso646.h")),
    ("limits.h", include_str!("../include/limits.h")),
    ("stdalign.h", include_str!("../include/stdalign.h")),
    ("stdarg.h", include_str!("../include/stdarg.h")),
    ("stdatomic.h", include_str!("../include/stdatomic.h")),
    ("stdbool.h", include_str!("../include/stdbool.h")),
    ("stddef.h", include_str!("../include/stddef.h")),
    ("stdint.h", include_str!("../include/stdint.h")),
    ("stdnoreturn.h", include_str!("../include/stdnoreturn.h")),
    ("tgmath.h", include_str!("../include/tgmath.h")),
    ("unwind.h", include_str!("../include/unwind.h")),
];

/// Whether `path` names something in the directory of own headers, which is on no disk.
pub fn is_own(path: &[u8]) -> bool {
    path.starts_with(OWN_HEADERS.as_bytes())
}

/// The text of the header at `path`.
pub fn text(path: &[u8]) -> Option<&'static [u8]> {
    let name = path.strip_prefix(OWN_HEADERS.as_bytes())?.strip_prefix(b"/")?;
    HEADERS.iter().find(|(header, _)| header.as_bytes() == name).map(|(_, text)| text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::{HEADERS, text};

    #[test]
    fn every_header_of_the_directory_is_built_in() {
        let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("include");
        let on_disk = std::fs::read_dir(directory).expect("the crate has its headers");
        let names = on_disk.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let headers = names.filter(|name| name.ends_with(".h")).count();
        assert_eq!(headers, HEADERS.len());
        assert!(text(b"<cfront>/stddef.h").is_some());
        assert!(text(b"<cfront>/nothing.h").is_none());
    }
}
