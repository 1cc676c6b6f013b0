/** Whether a ballot is counted: the root over all ballots of a board, and the voter's among them. */

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
 * The root that a board's ballots come to, to be compared with the one on chain.
 *
 * @throws Malformed, Rejected: the board is none, or lists a ballot of nobody in its census.
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
