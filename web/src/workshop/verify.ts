/** Verification of many ballots. */

import { BallotLayout } from "../protocol/ballot.ts";
import { generators } from "../protocol/commitment.ts";
import { ProofShape } from "../protocol/proof.ts";
import { RejectedProofs, verifyProofs } from "../protocol/proof_batch.ts";
import { systemRandomness } from "../protocol/randomness.ts";
import { BallotRule } from "../protocol/rule.ts";
import type { Jobs, Progress } from "./jobs.ts";

/** Number of ballots between two reports of progress. */
const BATCH = 500;

/** Decode and verify ballots, and return failures; Malformed when one cannot be decoded. */
export function verifyBallots(
  { poll, ballots }: Jobs["verify"]["input"],
  progress: Progress,
): Jobs["verify"]["output"] {
  const rule = BallotRule.decode(poll.rule);
  const layout = new BallotLayout(new ProofShape(rule, poll.threshold));
  const bases = generators(rule.width);
  const failures: Jobs["verify"]["output"] = [];
  for (let start = 0; start < ballots.length; start += BATCH) {
    const proofs = ballots.slice(start, start + BATCH).map((encoded, place) => {
      return layout.decode(encoded, `ballots[${start + place}]`).proof;
    });
    try {
      verifyProofs(bases, layout.shape, poll.context, proofs, systemRandomness);
    } catch (error) {
      if (!(error instanceof RejectedProofs)) throw error;
      for (const { number, reason } of error.failures) {
        failures.push({ number: start + number, reason });
      }
    }
    progress(start + proofs.length, ballots.length);
  }
  return failures;
}
