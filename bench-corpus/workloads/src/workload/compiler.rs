//! A compiler that uses no arena: tokens and names as strings, trees of boxes and vectors, symbol tables as hash maps, passes that rewrite
//! trees into new ones, a graph a function, all dropped at different times. Everything goes through Rust's default allocator, so `malloc`.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::hash::DefaultHasher;

use bench_measured::rng::Rng;

use crate::Scale;

const FILES: usize = 100;
const FUNCTIONS: usize = 40;
const DEPTH: usize = 6;

/// The same order of keys in every run.
type Table<V> = HashMap<String, V, BuildHasherDefault<DefaultHasher>>;

#[derive(Clone)]
enum Tree {
    Leaf(String),
    Call(String, Vec<Tree>),
    Pair(Box<Tree>, Box<Tree>),
}

struct Function {
    name: String,
    body: Vec<Tree>,
}

/// What stays of a file when its trees are gone.
struct Summary {
    symbols: Table<usize>,
    code: Vec<Box<[u32]>>,
}

pub fn run(scale: Scale) {
    let mut summaries = Vec::new();
    for file in 0..scale.of(FILES) {
        let functions = parse(file);
        let resolved: Vec<Function> = functions.iter().map(fold).collect();
        drop(functions);
        summaries.push(lower(&resolved));
    }
    let symbols: usize = summaries.iter().map(|summary| summary.symbols.values().sum::<usize>()).sum();
    let code: usize = summaries.iter().flat_map(|summary| &summary.code).map(|code| code.len()).sum();
    println!("symbols\t{symbols}\ncode\t{code}");
}

fn parse(file: usize) -> Vec<Function> {
    let mut rng = Rng::new(file as u64);
    (0..FUNCTIONS)
        .map(|number| Function {
            name: format!("function_{file}_{number}"),
            body: (0..rng.between(4, 16)).map(|_| tree(&mut rng, DEPTH)).collect(),
        })
        .collect()
}

fn tree(rng: &mut Rng, depth: usize) -> Tree {
    let name = |rng: &mut Rng| format!("name_{}", rng.below(5000));
    match rng.below(4) {
        _ if depth == 0 => Tree::Leaf(name(rng)),
        0 => Tree::Leaf(name(rng)),
        1 => {
            let called = name(rng);
            Tree::Call(called, (0..rng.below(5)).map(|_| tree(rng, depth - 1)).collect())
        }
        _ => Tree::Pair(Box::new(tree(rng, depth - 1)), Box::new(tree(rng, depth - 1))),
    }
}

/// A pass that builds a new tree.
fn fold(function: &Function) -> Function {
    fn rewrite(tree: &Tree) -> Tree {
        match tree {
            Tree::Leaf(name) => Tree::Leaf(name.to_uppercase()),
            Tree::Call(name, arguments) if arguments.is_empty() => Tree::Leaf(format!("{name}()")),
            Tree::Call(name, arguments) => Tree::Call(name.clone(), arguments.iter().map(rewrite).collect()),
            Tree::Pair(left, right) => match (rewrite(left), rewrite(right)) {
                (Tree::Leaf(left), Tree::Leaf(right)) if left < right => Tree::Leaf(left + &right),
                (left, right) => Tree::Pair(Box::new(left), Box::new(right)),
            },
        }
    }
    Function { name: function.name.clone(), body: function.body.iter().map(rewrite).collect() }
}

fn lower(functions: &[Function]) -> Summary {
    let mut summary = Summary { symbols: Table::default(), code: Vec::new() };
    for function in functions {
        summary.symbols.insert(function.name.clone(), function.body.len());
        let mut code = Vec::new();
        let mut edges: Vec<Vec<u32>> = Vec::new();
        for tree in &function.body {
            emit(tree, &mut code, &mut edges, &mut summary.symbols);
        }
        code.extend(edges.iter().map(|targets| targets.len() as u32));
        summary.code.push(code.into_boxed_slice());
    }
    summary
}

fn emit(tree: &Tree, code: &mut Vec<u32>, edges: &mut Vec<Vec<u32>>, symbols: &mut Table<usize>) -> u32 {
    let here = edges.len() as u32;
    edges.push(Vec::new());
    let targets: Vec<u32> = match tree {
        Tree::Leaf(name) => {
            *symbols.entry(name.clone()).or_default() += 1;
            Vec::new()
        }
        Tree::Call(name, arguments) => {
            *symbols.entry(name.clone()).or_default() += 1;
            arguments.iter().map(|argument| emit(argument, code, edges, symbols)).collect()
        }
        Tree::Pair(left, right) => {
            vec![emit(left, code, edges, symbols), emit(right, code, edges, symbols)]
        }
    };
    code.push(targets.len() as u32);
    edges[here as usize] = targets;
    here
}
