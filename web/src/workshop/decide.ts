/** Outcomes of opened ballots. */

import { Malformed } from "../protocol/errors.ts";
import { BallotOutcome } from "../protocol/outcome/ballots.ts";
import { decide } from "../protocol/outcome/methods/decide.ts";
import type { Decided } from "../protocol/outcome/methods/steps.ts";
import { decodeOutcomeRule } from "../protocol/outcome/parts.ts";
import type { Jobs } from "./jobs.ts";

/**
 * Decide by a rule on opened ballots.
 *
 * @throws Malformed, Rejected: another rule, or ballots that do not fit it.
 */
export function decideBy({ rule: encoded, ballots }: Jobs["decide"]["input"]): Decided {
  const rule = decodeOutcomeRule(encoded);
  if (!(rule instanceof BallotOutcome)) throw new Malformed("outcome", "not a rule on ballots");
  return decide(rule, ballots);
}
