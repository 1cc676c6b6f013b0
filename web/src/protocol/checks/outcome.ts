/**
 * Check O1: the outcome.
 *
 * Source: docs/protocol.md §13.
 */

import { sameBytes } from "../encoding.ts";
import { Rejected, Undecided } from "../errors.ts";
import {
  OUTCOME_ATTESTED,
  OUTCOME_MISSED,
  OUTCOME_VETOED,
  type OutcomeEvidence,
} from "../evidence.ts";
import { BallotOutcome } from "../outcome/ballots.ts";
import { awardsOf as awardsOfBallots, decide } from "../outcome/methods/decide.ts";
import { groupsOf } from "../outcome/methods/profile.ts";
import { NoOutcome } from "../outcome/none.ts";
import type { OutcomeRule } from "../outcome/rule.ts";
import { ballotsHash } from "../shuffle/openings.ts";
import type { Tally } from "../tally_proof.ts";
import { counted } from "../wording.ts";
import { type Audit, readable } from "./audit.ts";
import { absentOpened } from "./opened.ts";

/**
 * O1: the outcome recomputed from the tally is the one that the contract gives; where opened ballots
 * decide, recomputed from them, the one that nodes attested.
 */
export function checkO1(audit: Audit): string {
  const { outcomeRule, tally } = audit;
  if (outcomeRule instanceof NoOutcome) return "the tally is the result";
  if (outcomeRule instanceof BallotOutcome) return checkAttested(audit);
  const awards = awardsOf(outcomeRule, tally, "R1");
  const given = audit.chain.awards && readable(audit.chain.awards);
  if (!sameAwards(awards, given)) {
    throw new Rejected("O1", "outcome", "the contract has a different one");
  }
  return awarded(awards);
}

/**
 * Awards of the tally, or of the opened ballots where they decide.
 *
 * @param needed number of the check that fails if the rule does not fit
 */
export function recomputed(audit: Audit, needed: string): bigint[] {
  const { outcomeRule } = audit;
  if (!(outcomeRule instanceof BallotOutcome)) return awardsOf(outcomeRule, audit.tally, needed);
  const ballots = openedBallots(audit);
  if (ballots[0]?.length !== outcomeRule.slots) throw new Undecided(`needs ${needed}`);
  return awardsOfBallots(outcomeRule, decide(outcomeRule, groupsOf(ballots)));
}

/** Awards of a tally; Undecided when its number of entries does not fit the rule. */
export function awardsOf(rule: OutcomeRule, tally: Tally, needed: string): bigint[] {
  try {
    return rule.awards(tally.values);
  } catch (error) {
    if (error instanceof Rejected) throw new Undecided(`needs ${needed}`);
    throw error;
  }
}

function checkAttested(audit: Audit): string {
  const attested = audit.chain.outcome && readable(audit.chain.outcome);
  if (!attested) throw new Undecided("the chain shows no outcome that nodes attested");
  const { state } = attested;
  if (!audit.sections.opened && state === OUTCOME_MISSED) {
    return "no ballot was opened, and nobody attested an outcome";
  }
  const awards = recomputed(audit, "P2");
  const said = awarded(awards);
  if (!OUTCOME_ATTESTED.includes(state)) {
    if (state === OUTCOME_MISSED) return `${said}, but nobody attested it in time`;
    throw new Undecided("nodes have not attested the outcome yet");
  }
  compare(audit, attested, awards);
  return state === OUTCOME_VETOED ? `${said}, but vetoed` : said;
}

function compare(audit: Audit, attested: OutcomeEvidence, awards: readonly bigint[]): void {
  if (!sameBytes(attested.ballotsHash, ballotsHash(openedBallots(audit)))) {
    throw new Rejected("O1", "outcome", "nodes attested that of other ballots");
  }
  if (!sameAwards(awards, attested.awards)) {
    throw new Rejected("O1", "outcome", "nodes attested a different one");
  }
}

function openedBallots(audit: Audit): (readonly bigint[])[] {
  if (absentOpened(audit)) throw new Undecided("no ballot is opened");
  return audit.opened.openings.map(({ values }) => values);
}

function awarded(awards: readonly bigint[]): string {
  return `${awards.filter(Boolean).length} of ${counted(awards.length, "option", "options")} awarded`;
}

function sameAwards(left: readonly bigint[], right: readonly bigint[] | undefined): boolean {
  return left.length === right?.length && left.every((award, slot) => award === right[slot]);
}
