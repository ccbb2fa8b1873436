//! The accepted twins of the refused programs about scopes and passes.
use compiler_alloc::{Arena, ArenaVec, Session};

struct Node<'a> {
    parent: Option<&'a Node<'a>>,
}

fn main() {
    let source = String::from("outside");
    let mut arena = Arena::new();
    // A value may leave a scope; a reference may not.
    let escaped: u32 = arena.scope(|s| *s.alloc(1));
    arena.scope(|outer| {
        let root = &*outer.alloc(Node { parent: None });
        let mut list = ArenaVec::new();
        list.push(outer, 1);
        let depth = outer.scope(|inner| {
            // The inner handle allocates while the outer is locked; inner data may refer to outer and foreign data.
            let child = inner.alloc(Node { parent: Some(root) });
            let mut inner_list = ArenaVec::new();
            inner_list.push(inner, (&source, list.len()));
            child.parent.is_some()
        });
        // The outer handle works again, and may grow its own vector.
        list.push(outer, escaped + u32::from(depth));
    });
    let mut session = Session::new();
    let total = session.round(|round| {
        let kept = round.pass("one", |pass| {
            let worker = pass.worker();
            let scratch = worker.scratch().alloc(source.len());
            &*worker.out().alloc(*scratch)
        });
        round.pass("two", |pass| *pass.worker().scratch().alloc(*kept))
    });
    assert_eq!(total, 7);
}
