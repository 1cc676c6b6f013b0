/**
 * Check O1: the outcome.
 *
 * Source: docs/protocol.md §13.
 */

import { Rejected, Undecided } from "../errors.ts";
import { BallotOutcome } from "../outcome/ballots.ts";
import { NoOutcome } from "../outcome/none.ts";
import type { OutcomeRule } from "../outcome/rule.ts";
import type { Tally } from "../tally_proof.ts";
import { counted } from "../wording.ts";
import { type Audit, readable } from "./audit.ts";

/** O1: the outcome recomputed from the tally is the one that the contract gives. */
export function checkO1(audit: Audit): string {
  const { outcomeRule, tally } = audit;
  if (outcomeRule instanceof NoOutcome) return "the tally is the result";
  const awards = awardsOf(outcomeRule, tally, "R1");
  const given = audit.chain.awards && readable(audit.chain.awards);
  if (!sameAwards(awards, given)) {
    throw new Rejected("O1", "outcome", "the contract has a different one");
  }
  return `${awards.filter(Boolean).length} of ${counted(awards.length, "option", "options")} awarded`;
}

/** Awards of a tally; Undecided when its number of entries does not fit the rule. */
export function awardsOf(rule: OutcomeRule, tally: Tally, needed: string): bigint[] {
  if (rule instanceof BallotOutcome) throw new Undecided("needs the opened ballots");
  try {
    return rule.awards(tally.values);
  } catch (error) {
    if (error instanceof Rejected) throw new Undecided(`needs ${needed}`);
    throw error;
  }
}

function sameAwards(left: readonly bigint[], right: readonly bigint[] | undefined): boolean {
  return left.length === right?.length && left.every((award, slot) => award === right[slot]);
}
