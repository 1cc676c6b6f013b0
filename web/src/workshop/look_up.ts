/**
 * Whether a ballot is counted: the root of a board's ballots, and the voter's ballot among them.
 */

import { BallotLayout } from "../protocol/ballot.ts";
import { decodeLeaves, splitSections } from "../protocol/board.ts";
import { Census } from "../protocol/census.ts";
import { sameBytes } from "../protocol/encoding.ts";
import { Malformed } from "../protocol/errors.ts";
import { SumTree } from "../protocol/merkle_sum.ts";
import { Committee } from "../protocol/parameters.ts";
import { ProofShape } from "../protocol/proof.ts";
import { BallotRule } from "../protocol/rule.ts";
import type { Counted } from "./jobs.ts";

/**
 * Compute the root of a board's ballots, to compare it with the one on chain.
 *
 * @throws Malformed, Rejected: the board is invalid, or has a ballot of a voter outside its census.
 */
export function countedRoot(board: Uint8Array, voter: Uint8Array): Counted {
  const sections = splitSections(board);
  const rule = BallotRule.decode(sections.rule);
  const { threshold } = Committee.decode(sections.committee);
  const layout = new BallotLayout(new ProofShape(rule, threshold));
  const census = Census.decode(sections.census);
  const leaves = decodeLeaves(sections.leaves, layout.size);
  const ballots = layout.decodeMany(leaves.map(({ ballot }) => ballot));
  const tree = new SumTree(
    ballots.map((ballot) => {
      const entry = census.find(ballot.voter);
      if (!entry) throw new Malformed("board.leaves", "a ballot of nobody in the census");
      const { castAtUnixS, digest } = ballot;
      return { voter: ballot.voter, weight: entry.weight, castAtUnixS, digest };
    }),
    ballots.map(({ sharing }) => sharing[0]!),
  );
  const own = ballots.find((ballot) => sameBytes(ballot.voter, voter));
  return { digest: own?.digest, root: tree.root };
}
