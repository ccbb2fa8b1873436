//! A syntax tree in an arena: nodes with a name, children and attributes in vectors that grow as a parser would grow them.

use crate::rng::Rng;
use crate::subjects::Subject;

/// Seed of the shapes that the stepper's case `ast` builds.
pub const SEED: u64 = 0xA57;

/// One node: 56 bytes of fields, three of them pointing into the same arena.
#[derive(Clone, Copy, Debug)]
pub struct Node<'a> {
    /// What it is.
    pub kind: u32,
    /// Where it stands in the source.
    pub offset: u32,
    /// Its identifier, copied out of the source.
    pub name: &'a str,
    /// Its children, in order.
    pub children: &'a [&'a Node<'a>],
    /// Small facts, one word each.
    pub attributes: &'a [u32],
}

/// What one node will look like, drawn before anything is measured.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    kind: u32,
    name: &'static str,
    children: u32,
    attributes: u32,
}

const NAMES: [&str; 8] =
    ["i", "len", "self", "index", "buffer", "allocate", "source_text", "translation_unit"];

/// Children reach back at most this far.
const REACH: usize = 8;

/// Draws `count` shapes: 0 to 5 children, most often few, and 0 to 6 attributes.
pub fn shapes(seed: u64, count: usize) -> Vec<Shape> {
    let mut rng = Rng::new(seed);
    (0..count)
        .map(|_| Shape {
            kind: rng.below(64) as u32,
            name: NAMES[rng.below(NAMES.len())],
            children: rng.below(6).min(rng.below(6)) as u32,
            attributes: rng.below(7).min(rng.below(7)) as u32,
        })
        .collect()
}

/// Builds one node a shape and returns the last one. Costs one string copy, two lists and one value a node.
///
/// # Panics
/// When `shapes` is empty.
#[inline(always)]
pub fn build<'a, S: Subject>(arena: &'a S, shapes: &[Shape]) -> &'a Node<'a> {
    let root: &'a Node<'a> =
        arena.alloc(Node { kind: 0, offset: 0, name: "", children: &[], attributes: &[] });
    let mut recent = [root; REACH];
    for (index, shape) in shapes.iter().enumerate() {
        let name = arena.alloc_str(shape.name);
        let mut children = arena.list();
        for back in 0..shape.children as usize {
            arena.push(&mut children, recent[index.wrapping_sub(back) % REACH]);
        }
        let mut attributes = arena.list();
        for attribute in 0..shape.attributes {
            arena.push(&mut attributes, shape.kind ^ attribute);
        }
        let node = Node {
            kind: shape.kind,
            offset: index as u32,
            name,
            children: arena.freeze(children),
            attributes: arena.freeze(attributes),
        };
        recent[(index + 1) % REACH] = arena.alloc(node);
    }
    recent[shapes.len() % REACH]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_the_same_for_a_seed() {
        let sum = |seed| shapes(seed, 100).iter().map(|shape| shape.children + shape.attributes).sum::<u32>();
        assert_eq!(sum(1), sum(1));
        assert!(shapes(SEED, 100).iter().any(|shape| shape.children == 0));
        assert!(shapes(SEED, 200).iter().any(|shape| shape.children >= 4));
    }

    #[cfg(feature = "peers")]
    #[test]
    fn peers_build_the_same_tree() {
        fn count<S: Subject>() -> (usize, usize) {
            let arena = S::with_capacity(1 << 16);
            let root = build(&arena, &shapes(SEED, 50));
            (root.children.len(), root.attributes.len())
        }
        assert_eq!(count::<bumpalo::Bump>(), count::<oxc_allocator::Allocator>());
    }
}
