//! Runs one operation of the interface many times, so that its instructions can be counted: `tools/drop-in-operations` does so for both
//! sides. Without an argument, prints the operations' names and how many times each runs.

use bumpalo::Bump;
use bumpalo::collections::{String, Vec};
use std::hint::black_box;
use typed_arena::Arena;

/// How many times each runs.
const TIMES: u64 = 10_000;

const TEXT: &str = "a name of thirty bytes or so..";

/// The name, and what runs so many times.
type Operation = (&'static str, fn(u64));

const OPERATIONS: [Operation; 21] = [
    ("nothing", |_| ()),
    ("bump-alloc", |times| {
        let bump = Bump::new();
        (0..times).for_each(|n| {
            black_box(bump.alloc((n, n)));
        });
    }),
    ("bump-alloc-with", |times| {
        let bump = Bump::new();
        (0..times).for_each(|n| {
            black_box(bump.alloc_with(|| [n; 8]));
        });
    }),
    ("bump-alloc-str", |times| {
        let bump = Bump::new();
        (0..times).for_each(|_| {
            black_box(bump.alloc_str(black_box(TEXT)));
        });
    }),
    ("bump-alloc-slice-copy", |times| {
        let bump = Bump::new();
        (0..times).for_each(|n| {
            black_box(bump.alloc_slice_copy(&[n; 20]));
        });
    }),
    ("bump-alloc-slice-fill-iter", |times| {
        let bump = Bump::new();
        (0..times).for_each(|n| {
            black_box(bump.alloc_slice_fill_iter((0..20_u32).map(|m| n + u64::from(m))));
        });
    }),
    ("bump-reset", |times| {
        let mut bump = Bump::new();
        for n in 0..times {
            black_box(bump.alloc([n; 100]));
            bump.reset();
        }
    }),
    ("vec-push", |times| {
        let bump = Bump::new();
        for n in 0..times / 100 {
            let mut vec = Vec::new_in(&bump);
            (0..100).for_each(|m| vec.push(n + m));
            black_box(vec);
        }
    }),
    ("vec-extend", |times| {
        let bump = Bump::new();
        (0..times).for_each(|n| {
            black_box(Vec::from_iter_in(n..n + 20, &bump));
        });
    }),
    ("vec-extend-from-slice", |times| {
        let bump = Bump::new();
        let mut vec = Vec::new_in(&bump);
        (0..times).for_each(|n| vec.extend_from_slice(black_box(&[n; 20])));
        black_box(vec);
    }),
    ("vec-insert-remove", |times| {
        let bump = Bump::new();
        let mut vec = bumpalo::vec![in &bump; 0u64; 100];
        for n in 0..times {
            vec.insert(50, n);
            black_box(vec.remove(20));
        }
    }),
    ("vec-retain", |times| {
        let bump = Bump::new();
        for _ in 0..times / 100 {
            let mut vec = Vec::from_iter_in(0..100, &bump);
            vec.retain(|n| black_box(n) % 3 == 0);
            black_box(vec);
        }
    }),
    ("string-push-str", |times| {
        let bump = Bump::new();
        let mut string = String::new_in(&bump);
        (0..times).for_each(|_| string.push_str(black_box(TEXT)));
        black_box(string);
    }),
    ("string-format", |times| {
        let bump = Bump::new();
        (0..times).for_each(|n| {
            black_box(bumpalo::format!(in &bump, "{}: {}", n, TEXT));
        });
    }),
    ("string-replace-range", |times| {
        let bump = Bump::new();
        let mut string =
            String::from_str_in("text some of which is replaced here and there, and which goes on", &bump);
        for _ in 0..times / 2 {
            string.replace_range(10..20, black_box("another part"));
            string.replace_range(10..22, black_box("0123456789"));
        }
        black_box(string);
    }),
    ("typed-alloc", |times| {
        let arena = Arena::new();
        (0..times).for_each(|n| {
            black_box(arena.alloc(n));
        });
    }),
    ("typed-extend", |times| {
        let arena = Arena::new();
        (0..times).for_each(|n| {
            black_box(arena.alloc_extend(n..n + 20));
        });
    }),
    ("typed-extend-unannounced", |times| {
        let arena = Arena::new();
        (0..times).for_each(|n| {
            black_box(arena.alloc_extend((n..n + 20).filter(|n| n % 2 == 0)));
        });
    }),
    ("typed-alloc-str", |times| {
        let arena = Arena::new();
        (0..times).for_each(|_| {
            black_box(arena.alloc_str(black_box(TEXT)));
        });
    }),
    ("typed-iter-mut", |times| {
        let mut arena = Arena::new();
        (0..times).for_each(|n| {
            arena.alloc(n);
        });
        arena.iter_mut().for_each(|n| *n = black_box(*n));
    }),
    ("typed-into-vec", |times| {
        let arena = Arena::new();
        (0..times).for_each(|n| {
            arena.alloc_extend(n..n + 20);
        });
        black_box(arena.into_vec());
    }),
];

fn main() {
    match std::env::args().nth(1) {
        None => OPERATIONS.iter().for_each(|(name, _)| println!("{name} {TIMES}")),
        Some(asked) => match OPERATIONS.iter().find(|(name, _)| *name == asked) {
            Some((_, run)) => run(black_box(TIMES)),
            None => {
                eprintln!("no operation is called {asked:?}; without an argument, all are listed");
                std::process::exit(2);
            }
        },
    }
}
