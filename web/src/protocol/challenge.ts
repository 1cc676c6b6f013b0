/**
 * Cast or challenge: check that a sealed ballot holds what its voter chose.
 *
 * A program that prepares ballots may be malicious. It shows a ballot's digest before the voter
 * decides to cast or to challenge the ballot. It opens a challenged ballot, which is never cast.
 *
 * Source: docs/protocol.md §8.9; Benaloh, "Simple Verifiable Elections", EVT 2006. Vectors:
 * tests/vectors/openings.json.
 */

import { BallotLayout } from "./ballot.ts";
import { CommitmentKey, generators } from "./commitment.ts";
import { modulo, samePoint } from "./curve.ts";
import { sameBytes, toHex } from "./encoding.ts";
import { Rejected } from "./errors.ts";
import { openedDigest, type Opening } from "./opening.ts";
import { RejectedProofs, verifyProofs } from "./proof_batch.ts";
import type { PublishedPoll } from "./published.ts";
import type { Randomness } from "./randomness.ts";

/** The parts of a poll against which an opening is checked. */
export type ChallengedPoll = Pick<PublishedPoll, "identity" | "context" | "rule" | "shape">;

/**
 * Perform checks V1 to V4: the ballot holds the vote that the opening shows.
 *
 * @param poll The poll as it is on chain.
 * @param noted The digest that was shown before the voter chose to challenge.
 * @throws Rejected: one of the checks fails. Malformed: the ballot cannot be decoded (V2).
 */
export function checkOpening(
  poll: ChallengedPoll,
  noted: Uint8Array,
  opening: Opening,
  randomness: Randomness,
): void {
  const digest = openedDigest(opening);
  if (!sameBytes(digest, noted)) {
    const reason = `it has the digest ${toHex(digest)}, not the one noted before`;
    throw new Rejected("V1", "ballot", reason);
  }
  if (!isOf(opening, poll)) {
    const reason = "of a different poll than the chain has under this number";
    throw new Rejected("V2", "opening", reason);
  }
  const { rule, shape } = poll;
  const { proof } = new BallotLayout(shape).decode(opening.ballot);
  try {
    verifyProofs(generators(rule.width), shape, poll.context, [proof], randomness);
  } catch (failure) {
    if (!(failure instanceof RejectedProofs)) throw failure;
    throw new Rejected("V3", "proof", failure.reason);
  }
  const problem = rule.violated(opening.bits);
  if (problem) throw new Rejected("V4", "bits", `not a ballot of this poll: ${problem}`);
  const values = rule.slotValues(opening.bits).map(modulo);
  const [opened] = new CommitmentKey(rule.width).commit([[values, opening.blinding]]);
  if (!samePoint(opened!, proof.points[0]!)) {
    throw new Rejected("V4", "commitment", "it contains a different vote than shown");
  }
}

function isOf({ poll, context }: Opening, expected: ChallengedPoll): boolean {
  const { identity } = expected;
  return (
    poll.chainId === identity.chainId &&
    poll.pollId === identity.pollId &&
    sameBytes(poll.registry, identity.registry) &&
    sameBytes(context, expected.context)
  );
}
