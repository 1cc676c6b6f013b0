/**
 * Outcomes of rules on opened ballots.
 *
 * Source: docs/protocol.md §14.10. Vectors: tests/vectors/ballot_outcomes.json.
 */

import {
  type BallotOutcome,
  EqualShares,
  InstantRunoff,
  Phragmen,
  TransferableVote,
} from "../ballots.ts";
import { equalShares } from "./equal_shares.ts";
import { phragmen } from "./phragmen.ts";
import type { BallotGroup } from "./profile.ts";
import { instantRunoff } from "./runoff.ts";
import type { Decided } from "./steps.ts";
import { transferableVote } from "./transferable.ts";

/**
 * The winners of a rule, in the order in which they won, and the steps to them.
 *
 * @throws Rejected: a ballot has another number of slots than the rule (check P2).
 */
export function decide(rule: BallotOutcome, groups: readonly BallotGroup[]): Decided {
  for (const { slots } of groups) rule.checkSlots(slots.length);
  if (rule instanceof EqualShares) return equalShares(rule, groups);
  if (rule instanceof InstantRunoff) return instantRunoff(rule, groups);
  if (rule instanceof TransferableVote) return transferableVote(rule, groups);
  if (rule instanceof Phragmen) return phragmen(rule, groups);
  throw new TypeError("an unknown rule on ballots");
}

/** 1 for each winner. */
export function awardsOf(rule: BallotOutcome, { winners }: Decided): bigint[] {
  return Array.from({ length: rule.slots }, (_, slot) => (winners.includes(slot) ? 1n : 0n));
}
