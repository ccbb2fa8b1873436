//! The macros that are there before the first line: an x86-64 Linux compiler that calls itself GNU C 4.2 and has no vector
//! extensions.

use super::core::Core;
use super::macros::Macro;
use crate::lex::{TokenKind, flag};
use crate::memory::Memory;
use crate::options::Options;

/// The macros that do not depend on options.
const TARGET: &str = include_str!("predefined.h");

/// The text that defines the macros of `options`.
pub fn text(options: &Options) -> Vec<u8> {
    let mut text = String::new();
    if !options.undefine {
        text.push_str(TARGET);
        text.push_str(match options.standard.gnu_inline {
            true => "#define __GNUC_GNU_INLINE__ 1\n",
            false => "#define __GNUC_STDC_INLINE__ 1\n",
        });
        if options.standard.strict {
            text.push_str("#define __STRICT_ANSI__ 1\n");
        } else {
            text.push_str("#define linux 1\n#define unix 1\n");
        }
    }
    text.push_str("#define __STDC__ 1\n#define __STDC_HOSTED__ 1\n#define __STDC_UTF_16__ 1\n#define __STDC_UTF_32__ 1\n");
    if let Some(version) = options.standard.version {
        text.push_str("#define __STDC_VERSION__ ");
        text.push_str(version);
        text.push('\n');
    }
    // The C library says here what it adds to the standard.
    text.push_str("#if __has_include(<stdc-predef.h>)\n#include <stdc-predef.h>\n#endif\n");
    text.into_bytes()
}

/// `meaning` as it would stand after `#define`.
pub fn definition_text<M: Memory>(core: &Core<'_, '_, M>, meaning: Macro<'_>) -> Vec<u8> {
    let Macro::Defined(definition) = meaning else { return Vec::new() };
    let mut text = core.text(definition.name).to_vec();
    if definition.shape.function_like {
        text.push(b'(');
        for (index, &parameter) in definition.parameters.iter().enumerate() {
            if index > 0 {
                text.push(b',');
            }
            let last = index + 1 == definition.parameters.len() && definition.shape.variadic;
            if last && parameter == crate::words::VA_ARGS {
                text.extend_from_slice(b"...");
            } else {
                text.extend_from_slice(core.text(parameter));
                if last {
                    text.extend_from_slice(b"...");
                }
            }
        }
        text.push(b')');
    }
    text.push(b' ');
    for (index, token) in definition.body.iter().enumerate() {
        let after_paste = index > 0 && definition.body[index - 1].has(flag::PASTE_LEFT);
        if token.has(flag::WHITE) && index > 0 && !after_paste {
            text.push(b' ');
        }
        if token.has(flag::STRINGIFY) {
            text.push(b'#');
        }
        match token.kind {
            TokenKind::Parameter => {
                text.extend_from_slice(core.text(definition.parameters[token.parameter as usize]));
            }
            TokenKind::OptionalStart => text.extend_from_slice(b"__VA_OPT__("),
            TokenKind::OptionalEnd => text.push(b')'),
            _ => text.extend_from_slice(core.spelling(token)),
        }
        if token.has(flag::PASTE_LEFT) {
            text.extend_from_slice(b" ## ");
        }
    }
    text
}
