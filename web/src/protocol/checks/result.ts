/**
 * Checks R1 to R3: the tally.
 *
 * Source: docs/protocol.md §13.
 */

import { keccak256, sameBytes, word } from "../encoding.ts";
import { Rejected, Undecided } from "../errors.ts";
import { checkLargest, verifyOpening } from "../tally_proof.ts";
import { counted } from "../wording.ts";
import type { Audit } from "./audit.ts";

/** R1: tally and blinding on chain open the anchored sum and have the stored digest. */
export function checkR1(audit: Audit): string {
  const { tally, chain, largestVotes } = audit;
  const { values } = tally;
  if (values.length !== audit.rule.slots.length) {
    throw new Rejected("R1", "tally", counted(values.length, "entry", "entries"));
  }
  const encoded = [32, values.length, ...values].map(word);
  if (!sameBytes(keccak256(...encoded), chain.tallyDigest)) {
    throw new Rejected("R1", "tally digest", "of a different tally");
  }
  try {
    verifyOpening(audit.key, chain.root.sum, tally, largestVotes);
  } catch (error) {
    // R2 reports an excess; here it would hide whether the opening is correct.
    if (error instanceof Rejected && error.check === "R2") throw new Undecided("needs R2");
    throw error;
  }
  return "opens the anchored sum";
}

/** R2: no slot exceeds the total weight times the largest slot value. */
export function checkR2(audit: Audit): string {
  checkLargest(audit.tally.values, audit.largestVotes);
  return `at most ${audit.largestVotes} possible`;
}

/** R3: the tally was accepted from the dispute window's end on, before its deadline. */
export function checkR3(audit: Audit): string {
  const { tally, chain } = audit;
  const { talliedAt, disputeWindowEndsAt: start, tallyDeadline: end } = chain;
  if (talliedAt < start || talliedAt >= end) {
    throw new Rejected("R3", "tally", `accepted at ${talliedAt}, not in ${start} … ${end - 1n}`);
  }
  return `${counted(tally.values.length, "result", "results")} accepted at ${talliedAt}`;
}
