//! A session: what all units share, and the workers that preprocess them.

use crate::check::Check;
use crate::diagnostics::Diagnostics;
use crate::files::{FileTable, LexedFiles, Provider};
use crate::intern::Interner;
use crate::memory::{Memory, PassAccount, Region};
use crate::meter::{self, Meter, Running};
use crate::options::Options;
use crate::parse::ahead::{self, hand_over};
use crate::parse::tree::External;
use crate::parse::{self, Source, TokenSource, Trees, Visitor};
use crate::pipeline::Team;
use crate::preprocess::macros::MacroNumbers;
use crate::preprocess::tokens::Tokens;
use std::marker::PhantomData;
use std::sync::Arc;

/// Interner and files, shared by all workers; their memory is that of a running pass [`meter::LEX`].
pub struct Session<'p, M: Memory> {
    /// The spellings.
    pub interner: Interner<'p>,
    /// The files.
    pub files: FileTable<'p>,
    meter: Arc<dyn Meter>,
    _memory: PhantomData<fn() -> M>,
}

/// One thread's own memory: empty between units, and warm for the next worker if it is kept.
///
/// The passes run at the same time, a token here, a declaration there; hence a session for each.
pub struct UnitMemory<M: Memory> {
    preprocess: M::Session,
    parse: M::Session,
    check: M::Session,
}

impl<M: Memory> Default for UnitMemory<M> {
    fn default() -> Self {
        Self { preprocess: M::Session::default(), parse: M::Session::default(), check: M::Session::default() }
    }
}

impl<M: Memory> UnitMemory<M> {
    /// What the passes [`meter::PREPROCESS`], [`meter::PARSE`] and [`meter::CHECK`] did with it since this was last asked: a run is a
    /// unit.
    pub fn take_accounts(&mut self) -> [PassAccount; 3] {
        let account = |session| M::take_accounts(session).into_iter().next().unwrap_or_default();
        [account(&mut self.preprocess), account(&mut self.parse), account(&mut self.check)]
    }
}

/// One thread's part of a session: its share of the pass that lexes, and its own memory.
pub struct Worker<'l, 'p: 'l, M: Memory> {
    lex: M::Worker<'l, 'p>,
    memory: UnitMemory<M>,
    numbers: MacroNumbers<'p>,
    /// Whose idle threads help with the next unit.
    team: Option<Arc<Team<M>>>,
}

/// A worker's share of the pass that lexes, while it preprocesses.
pub(crate) struct SharedMemory<'u, 'p, M: Memory> {
    /// For what all units share.
    pub out: &'u M::Out<'p>,
    /// For lexing.
    pub scratch: M::Scratch<'u>,
    /// Files that were lexed before; without them the session reads its own.
    pub lexed: Option<&'u dyn LexedFiles>,
}

/// What a unit starts from.
#[derive(Clone, Copy, Debug)]
pub enum Input<'i> {
    /// A file, relative to the options' directory.
    File(&'i [u8]),
    /// A text with a name for messages.
    Text {
        /// The name.
        name: &'i [u8],
        /// The text.
        text: &'i [u8],
    },
}

/// What became of a unit.
pub struct Outcome<O> {
    /// What the reader of the tokens made of them.
    pub value: O,
    /// What was found.
    pub diagnostics: Diagnostics,
    /// What it took.
    pub usage: Usage,
}

/// What preprocessing a unit took.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Tokens delivered.
    pub tokens: u64,
    /// Macros expanded.
    pub expansions: u64,
    /// Bytes of text read, files read again counted again.
    pub text_bytes: u64,
}

/// Runs `body` with a session over `memory` whose files come from `provider`, and with its only worker.
///
/// What all units shared is gone when this returns; `memory` stays warm and keeps the account of pass [`meter::LEX`].
pub fn with_worker<M: Memory, O>(
    memory: &mut M::Session,
    provider: Provider,
    body: impl for<'l, 'p> FnOnce(&mut Worker<'l, 'p, M>, &Session<'p, M>) -> O,
) -> O {
    M::pass(memory, meter::LEX, |pass| body(&mut Worker::new(pass), &Session::new(pass, provider)))
}

impl<'p, M: Memory> Session<'p, M> {
    /// A session whose shared memory is that of `pass` and whose files come from `provider`.
    pub fn new<'l>(pass: &M::Pass<'l, 'p>, provider: Provider) -> Self
    where
        'p: 'l,
    {
        Self::metered(pass, provider, Arc::new(()))
    }

    /// The same; `meter` is told when a pass begins and ends.
    pub fn metered<'l>(pass: &M::Pass<'l, 'p>, provider: Provider, meter: Arc<dyn Meter>) -> Self
    where
        'p: 'l,
    {
        let mut worker = M::worker(pass);
        let interner = Interner::new(M::split(&mut worker).1);
        Self { interner, files: FileTable::new(provider, meter.clone()), meter, _memory: PhantomData }
    }
}

impl<'l, 'p: 'l, M: Memory> Worker<'l, 'p, M> {
    /// A worker of the session over `pass`; one a thread.
    pub fn new(pass: &M::Pass<'l, 'p>) -> Self {
        Self::with_memory(pass, UnitMemory::default())
    }

    /// A worker whose own memory is `memory`, from a worker before.
    pub fn with_memory(pass: &M::Pass<'l, 'p>, memory: UnitMemory<M>) -> Self {
        Self { lex: M::worker(pass), memory, numbers: MacroNumbers::default(), team: None }
    }

    /// An idle thread of `team` helps with units from now on, if there is a team. One must be idle until the worker is done with the
    /// unit, for it is waited for.
    pub(crate) fn set_team(&mut self, team: Option<Arc<Team<M>>>) {
        self.team = team;
    }

    /// What the passes [`meter::PREPROCESS`], [`meter::PARSE`] and [`meter::CHECK`] did with the worker's own memory since this was last
    /// asked: a run is a unit.
    pub fn take_accounts(&mut self) -> [PassAccount; 3] {
        self.memory.take_accounts()
    }

    /// Ends the worker and keeps its own memory.
    pub fn into_memory(self) -> UnitMemory<M> {
        self.memory
    }

    /// Preprocesses `input` and hands its tokens to `read`. The unit's memory is taken back before this returns.
    pub fn preprocess<O>(
        &mut self,
        session: &Session<'p, M>,
        input: Input<'_>,
        options: &Options,
        read: impl FnOnce(&mut Tokens<'_, 'p, M>) -> O,
    ) -> Outcome<O> {
        let Self { lex, memory, numbers, .. } = self;
        preprocess(
            &mut memory.preprocess,
            lex,
            numbers,
            session,
            None,
            input,
            options,
            meter::PREPROCESS,
            read,
        )
    }

    /// The same with files that were lexed before, `input` among them: the session's [`Provider`] is not asked. `read` also gets the
    /// worker's memory for the check.
    pub(crate) fn preprocess_lexed<O>(
        &mut self,
        session: &Session<'p, M>,
        lexed: &dyn LexedFiles,
        input: Input<'_>,
        options: &Options,
        read: impl FnOnce(&mut Tokens<'_, 'p, M>, &mut M::Session) -> O,
    ) -> Outcome<O> {
        let Self { lex, memory, numbers, .. } = self;
        let UnitMemory { preprocess: tokens_memory, check, .. } = memory;
        preprocess(
            tokens_memory,
            lex,
            numbers,
            session,
            Some(lexed),
            input,
            options,
            meter::PARSE,
            |tokens| read(tokens, check),
        )
    }

    /// Parses `input` and shows each declaration at its top to `visitor`. The unit's memory is taken back before this returns.
    pub fn parse(
        &mut self,
        session: &Session<'p, M>,
        input: Input<'_>,
        options: &Options,
        trees: Trees,
        visitor: &mut impl Visitor,
    ) -> Outcome<parse::Usage> {
        let Self { lex, memory, numbers, .. } = self;
        let UnitMemory { preprocess, parse, .. } = memory;
        parse_with([preprocess, parse], lex, numbers, session, input, options, trees, visitor)
    }

    /// Parses `input` and checks its types. The unit's memory is taken back before this returns.
    ///
    /// Of a long unit another thread makes the trees from the tokens that this one makes, if [`Workers::run_units`] has idle ones; what is
    /// returned does not depend on that.
    ///
    /// [`Workers::run_units`]: crate::pipeline::Workers::run_units
    pub fn check(
        &mut self,
        session: &Session<'p, M>,
        input: Input<'_>,
        options: &Options,
        trees: Trees,
    ) -> Outcome<parse::Usage> {
        if let Some(team) = self.team.clone()
            && team.helps_with(input.len_in(session.files.provider(), options))
            && let Some(outcome) = self.check_with(&team, session, input, options, trees)
        {
            return outcome;
        }
        let Self { lex, memory, numbers, .. } = self;
        let UnitMemory { preprocess, parse, check } = memory;
        with_check::<M, _>(check, &*session.meter, |check| {
            parse_with([preprocess, parse], lex, numbers, session, input, options, trees, check)
        })
    }

    /// [`Worker::check`] with another thread of `team`; None if one thread has to do it, because what is found depends on how far it is.
    fn check_with(
        &mut self,
        team: &Team<M>,
        session: &Session<'p, M>,
        input: Input<'_>,
        options: &Options,
        trees: Trees,
    ) -> Option<Outcome<parse::Usage>> {
        let Self { lex, memory, numbers, .. } = self;
        let mut pass = |read: &mut dyn FnMut(&mut Tokens<'_, 'p, M>)| {
            let tokens = &mut memory.preprocess;
            preprocess(tokens, lex, numbers, session, None, input, options, meter::PREPROCESS, |tokens| {
                read(tokens);
            })
        };
        let mut parsed = None;
        let outcome = pass(&mut |tokens| {
            parsed = Some(parse_beside(team, session, tokens, input, options, trees));
        });
        let ahead::Parsed { value, findings } = parsed?;
        let findings = findings?;
        if findings.is_empty() {
            return Some(Outcome { value, diagnostics: outcome.diagnostics, usage: outcome.usage });
        }
        let (mut findings, mut is_whole) = (Some(findings), false);
        let outcome = pass(&mut |tokens| {
            is_whole = ahead::replay(tokens, findings.take().unwrap_or_default());
        });
        is_whole.then_some(Outcome { value, diagnostics: outcome.diagnostics, usage: outcome.usage })
    }
}

/// Hands `tokens` to a thread of `team` that parses and checks them.
fn parse_beside<'u, 'p, M: Memory>(
    team: &Team<M>,
    session: &Session<'p, M>,
    tokens: &mut Tokens<'u, 'p, M>,
    input: Input<'_>,
    options: &Options,
    trees: Trees,
) -> ahead::Parsed<parse::Usage> {
    let (delivery, mut handed) = hand_over(&session.interner, options);
    let mut parsed = None;
    team.beside(
        |memory| {
            session.meter.begin_share();
            let UnitMemory { parse, check, .. } = memory;
            let limits = options.parse_limits;
            let usage = with_check::<M, _>(check, &*session.meter, |check| {
                let _running = Running::enter(&*session.meter, meter::PARSE);
                parse_tokens::<M, _>(parse, &mut handed, &*session.meter, limits, trees, check)
            });
            session.meter.end_share(input.name());
            parsed = Some(handed.finish(usage));
        },
        || ahead::deliver(tokens, delivery),
    );
    parsed.expect("the other thread has returned")
}

/// Runs `parse` with a check in `memory`.
fn with_check<M: Memory, O>(
    memory: &mut M::Session,
    meter: &dyn Meter,
    parse: impl for<'u> FnOnce(&mut Metered<'_, Check<'u, M::Unit<'u>>>) -> O,
) -> O {
    M::pass(memory, meter::CHECK, |pass| {
        let mut worker = M::worker(pass);
        let (_, out) = M::split(&mut worker);
        let outcome = parse(&mut Metered { check: Check::new(M::unit(out)), meter });
        meter.held(meter::CHECK, M::held(out));
        outcome
    })
}

impl<'i> Input<'i> {
    /// What it is called.
    fn name(self) -> &'i [u8] {
        match self {
            Input::File(name) | Input::Text { name, .. } => name,
        }
    }

    /// How many bytes it has; 0 if that cannot be said before it is read, or if it can be read only once.
    fn len_in(self, provider: &Provider, options: &Options) -> u64 {
        match self {
            Input::Text { text, .. } => text.len() as u64,
            Input::File(path) => provider.len_of(&options.in_directory(path)),
        }
    }
}

/// A check whose declarations a meter is told of, if it wants to be.
struct Metered<'m, V> {
    check: V,
    meter: &'m dyn Meter,
}

impl<V: Visitor> Visitor for Metered<'_, V> {
    fn external<'t, T: Source, R: Region<'t>>(&mut self, external: &External<'t>, tree: &R, source: &mut T) {
        let wanted = self.meter.wants_declarations();
        let _running = wanted.then(|| Running::enter(self.meter, meter::CHECK));
        self.check.external(external, tree, source);
    }

    fn end<T: Source>(&mut self, source: &mut T) {
        self.check.end(source);
    }
}

/// Parses `input` with the memory of the passes [`meter::PREPROCESS`] and [`meter::PARSE`].
#[expect(clippy::too_many_arguments, reason = "the parts of a worker, which its methods lend out one by one")]
fn parse_with<'l, 'p: 'l, M: Memory>(
    [tokens_memory, parse_memory]: [&mut M::Session; 2],
    lex: &mut M::Worker<'l, 'p>,
    numbers: &mut MacroNumbers<'p>,
    session: &Session<'p, M>,
    input: Input<'_>,
    options: &Options,
    trees: Trees,
    visitor: &mut impl Visitor,
) -> Outcome<parse::Usage> {
    preprocess(tokens_memory, lex, numbers, session, None, input, options, meter::PARSE, |tokens| {
        parse_tokens::<M, _>(parse_memory, tokens, &*session.meter, options.parse_limits, trees, visitor)
    })
}

/// Parses what `source` delivers with the memory of the pass [`meter::PARSE`].
fn parse_tokens<M: Memory, T: TokenSource>(
    memory: &mut M::Session,
    source: T,
    meter: &dyn Meter,
    limits: parse::Limits,
    trees: Trees,
    visitor: &mut impl Visitor,
) -> parse::Usage {
    M::pass(memory, meter::PARSE, |pass| {
        let mut worker = M::worker(pass);
        let (scratch, out) = M::split(&mut worker);
        let region = M::unit(out);
        let usage = match trees {
            Trees::Released => parse::parse(source, region, scratch, limits, visitor),
            Trees::Kept => {
                let mut names = M::worker(pass);
                let (names, _) = M::split(&mut names);
                parse::parse_kept(source, &region, names, scratch, limits, visitor, |_| {})
            }
        };
        meter.held(meter::PARSE, M::held(out));
        usage
    })
}

/// Preprocesses `input` with `memory`; the time counts for `pass`.
#[expect(clippy::too_many_arguments, reason = "the parts of a worker, which its methods lend out one by one")]
fn preprocess<'l, 'p: 'l, M: Memory, O>(
    memory: &mut M::Session,
    lex: &mut M::Worker<'l, 'p>,
    numbers: &mut MacroNumbers<'p>,
    session: &Session<'p, M>,
    lexed: Option<&dyn LexedFiles>,
    input: Input<'_>,
    options: &Options,
    pass: &'static str,
    read: impl FnOnce(&mut Tokens<'_, 'p, M>) -> O,
) -> Outcome<O> {
    let _running = Running::enter(&*session.meter, pass);
    let main = match input {
        Input::File(path) if lexed.is_none() => {
            Some(session.files.provider().open_main(&options.in_directory(path)))
        }
        _ => None,
    };
    M::pass(memory, meter::PREPROCESS, |pass| {
        let mut worker = M::worker(pass);
        let (scratch, out) = M::split(lex);
        let (lexed_out, shared) = (out, SharedMemory { out, scratch, lexed });
        let (scratch, out) = M::split(&mut worker);
        let mut tokens =
            Tokens::start(session, shared, M::unit(out), scratch, options, numbers, input, main.as_ref());
        let value = read(&mut tokens);
        let (usage, diagnostics) = tokens.finish();
        session.meter.held(meter::LEX, M::held(lexed_out));
        session.meter.held(meter::PREPROCESS, M::held(out));
        Outcome { value, diagnostics, usage }
    })
}
