//! Makes a census of voters, and a complete ballot of each, from one seed, on all cores.
//!
//!     ostraka-prover census|ballots FILE
//!
//! Reads the poll from standard input: a line for each name with its value. `census` writes the
//! packed census to FILE. `ballots` appends the records of a board's leaves to FILE, and each ballot's
//! blinding to the file that `blindings` names, if it is there. It prints the root of the sum tree and
//! the sums that nodes would share. benchmarks/made_boards.py uses it.

mod ballots;
mod encoding;
mod fixed_bases;
mod keys;
mod rule;
mod tree;

use ark_bn254::{Fr, G1Affine};
use ark_ff::Zero;
use ballots::{Made, Poll};
use encoding::{from_big_endian, scalar, Hash};
use fixed_bases::Tables;
use keys::{Signing, Voter};
use rayon::prelude::*;
use rule::Rule;
use std::collections::HashMap;
use std::error::Error;
use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::{read_to_string, stdin, BufWriter, Write};
use tree::{ascend, depth, Node};

/// Height of the subtrees that cores make one by one.
const SUBTREE_HEIGHT: u32 = 10;
/// Subtrees of each core before their records are written.
const SUBTREES_A_CORE: usize = 8;

type Failure = Box<dyn Error>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let input = Input::read(&read_to_string(stdin())?);
    match &arguments[..] {
        [action, file] if action == "census" => census(&input, file),
        [action, file] if action == "ballots" => ballots(&input, file),
        _ => Err("usage: ostraka-prover census|ballots FILE".into()),
    }
}

fn census(input: &Input, file: &str) -> Result<(), Failure> {
    let (count, weights) = (input.number("voters")?, input.weights()?);
    let signing = Signing::new(input.hash("seed")?, count);
    let mut out = BufWriter::new(OpenOptions::new().append(true).create(true).open(file)?);
    for (place, voter) in signing.voters(count).iter().enumerate() {
        for part in
            [&voter.address[..], &voter.address, &weights[place % weights.len()].to_be_bytes()]
        {
            out.write_all(part)?;
        }
    }
    Ok(out.flush()?)
}

fn ballots(input: &Input, file: &str) -> Result<(), Failure> {
    let count = input.number("voters")?;
    let poll = input.poll(count)?;
    let signing = Signing::new(poll.seed, 3 * count);
    let voters = signing.voters(count);
    let append = |file: &str| OpenOptions::new().append(true).create(true).open(file);
    let mut out = append(file)?;
    let mut blindings = input.0.get("blindings").map(|file| append(file)).transpose()?;
    let mut nodes: Vec<Node> = Vec::new();
    let mut totals = vec![vec![Fr::zero(); poll.rule.slots.len() + 1]; poll.threshold];
    let size = 1 << SUBTREE_HEIGHT;
    let height = depth(count).min(SUBTREE_HEIGHT);
    let subtrees: Vec<(usize, &[Voter])> = voters.chunks(size).enumerate().collect();
    for some in subtrees.chunks(SUBTREES_A_CORE * rayon::current_num_threads()) {
        let made: Vec<(Made, Node)> = some
            .par_iter()
            .map(|(number, voters)| {
                let mut made = poll.make(&signing, number * size, voters);
                let node = ascend(std::mem::take(&mut made.leaves), height);
                (made, node)
            })
            .collect();
        for (made, node) in made {
            out.write_all(&made.records)?;
            if let Some(file) = &mut blindings {
                file.write_all(&made.blindings)?;
            }
            nodes.push(node);
            for (sums, more) in totals.iter_mut().zip(&made.sums) {
                sums.iter_mut().zip(more).for_each(|(sum, value)| *sum += value);
            }
        }
    }
    let rest = depth(nodes.len());
    let (hash, sum) = ascend(nodes, rest);
    println!("hash {}", hex(&hash));
    println!("sum {}", hex(&encoding::point(&sum)));
    println!("sums {}", totals.iter().flatten().map(|sum| hex(&scalar(sum))).collect::<String>());
    Ok(())
}

/// Values by their names.
struct Input(HashMap<String, String>);

impl Input {
    fn read(text: &str) -> Self {
        let pairs = text.lines().filter_map(|line| line.split_once(' '));
        Self(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    fn text(&self, name: &str) -> Result<&str, Failure> {
        self.0.get(name).map(String::as_str).ok_or_else(|| format!("{name} is missing").into())
    }

    fn number(&self, name: &str) -> Result<usize, Failure> {
        match self.text(name)?.parse() {
            Ok(0) => Err(format!("{name} is 0").into()),
            parsed => Ok(parsed?),
        }
    }

    fn bytes(&self, name: &str) -> Result<Vec<u8>, Failure> {
        let text = self.text(name)?.as_bytes();
        let digit = |byte: &u8| char::from(*byte).to_digit(16).map(|digit| digit as u8);
        text.chunks(2)
            .map(|pair| Some(digit(pair.first()?)? << 4 | digit(pair.get(1)?)?))
            .collect::<Option<_>>()
            .ok_or_else(|| format!("{name} is not hexadecimal").into())
    }

    fn hash(&self, name: &str) -> Result<Hash, Failure> {
        self.bytes(name)?.try_into().map_err(|_| format!("{name} has not 32 bytes").into())
    }

    fn weights(&self) -> Result<Vec<u128>, Failure> {
        Ok(self.text("weights")?.split(',').map(str::parse).collect::<Result<_, _>>()?)
    }

    fn poll(&self, voters: usize) -> Result<Poll, Failure> {
        let rule = Rule::decode(&self.bytes("rule")?).ok_or("rule has missing or surplus bytes")?;
        let threshold = self.number("threshold")?;
        let bases = generators(&self.bytes("generators")?).ok_or("generators are not points")?;
        if bases.len() != 1 + rule.width() {
            return Err("generators: not as many as the rule uses".into());
        }
        let votes: Vec<Vec<bool>> = self
            .text("votes")?
            .split(',')
            .map(|bits| bits.bytes().map(|bit| bit == b'1').collect())
            .collect();
        if votes.iter().any(|bits| bits.len() != rule.bits) {
            return Err("votes: not a bit for each of the rule".into());
        }
        let multiplications = voters * Poll::multiplications(&rule, threshold);
        Ok(Poll {
            threshold,
            context: self.hash("context")?,
            separator: self.hash("separator")?,
            ballot_type: self.hash("ballot_type")?,
            cast_from: self.number("cast_from")? as u64,
            cast_span: self.number("cast_span")? as u64,
            votes,
            weights: self.weights()?,
            tables: Tables::new(&bases, multiplications),
            rule,
            seed: self.hash("seed")?,
        })
    }
}

fn generators(encoded: &[u8]) -> Option<Vec<G1Affine>> {
    let (numbers, rest) = encoded.as_chunks::<32>();
    let points = numbers.chunks(2).map(|pair| {
        let [x, y] = pair else { return None };
        let point = G1Affine::new_unchecked(from_big_endian(x)?, from_big_endian(y)?);
        point.is_on_curve().then_some(point)
    });
    rest.is_empty().then(|| points.collect())?
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
