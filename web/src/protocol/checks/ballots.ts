/**
 * Checks B1 to B6: the ballots.
 *
 * Source: docs/protocol.md §13.
 */

import { compareBytes, sameBytes } from "../encoding.ts";
import { Malformed, Rejected } from "../errors.ts";
import { ballotStatement } from "../prepare.ts";
import { RejectedProofs, verifyProofs } from "../proof_batch.ts";
import { firstRefused, type Signed } from "../signature_batch.ts";
import { addressOf, recoverKey } from "../typed_data.ts";
import { counted } from "../wording.ts";
import { type Audit, ballotName } from "./audit.ts";

/** Number of ballots that are verified together; progress is reported after each batch. */
const BATCH = 2000;

/** Ballots that B6 names, at most: each takes some time to find. */
const MOST_NAMED = 20;

/** B1: every ballot decodes canonically. */
export function checkB1(audit: Audit): string {
  return `${counted(audit.ballots.length, "ballot", "ballots")} of ${audit.layout.size} bytes`;
}

/** B2: leaves are strictly increasing by voter. */
export function checkB2(audit: Audit): string {
  let previous: Uint8Array = new Uint8Array();
  for (const ballot of audit.ballots) {
    if (compareBytes(ballot.voter, previous) <= 0) {
      throw new Rejected("B2", ballotName(ballot), "its voter does not follow in strict order");
    }
    previous = ballot.voter;
  }
  return "one ballot a voter";
}

/** B3: every voter is in the census. */
export function checkB3(audit: Audit): string {
  return counted(audit.weights.length, "voter", "voters");
}

/** B4: every ballot is signed by its voter's signing key. */
export function checkB4(audit: Audit): string {
  const { ballots } = audit;
  audit.requireVoters();
  for (let start = 0; start < ballots.length; start += BATCH) {
    const end = Math.min(start + BATCH, ballots.length);
    checkSigners(audit, start, end);
    audit.advance(end);
  }
  return counted(ballots.length, "signature", "signatures");
}

/** Check the signatures of the ballots from `start` up to `end`, and name the first bad one. */
function checkSigners(audit: Audit, start: number, end: number): void {
  const { ballots, leaves, census, domain, chain } = audit;
  const fails = (number: number, reason: string) => {
    return new Rejected("B4", `leaf ${number}, ${ballotName(ballots[number]!)}`, reason);
  };
  const signed: Signed[] = [];
  let failure: Rejected | undefined;
  for (let number = start; number < end && !failure; number++) {
    const ballot = ballots[number]!;
    const { publicKey, boxesHash, signature } = leaves[number]!;
    if (!sameBytes(addressOf(publicKey), census.find(ballot.voter)!.signingKey)) {
      failure = fails(number, "its public key is not that of the census");
    } else {
      const digest = domain.digest(...ballotStatement(chain.pollContext, ballot, boxesHash));
      signed.push({ digest, signature, publicKey });
    }
  }
  const bad = firstRefused(signed, audit.randomness);
  if (bad !== undefined) throw fails(start + bad, refusal(signed[bad]!));
  if (failure) throw failure;
}

/** Why a signature is refused, in the words of its recovery. */
function refusal({ digest, signature, publicKey }: Signed): string {
  let signer: Uint8Array;
  try {
    signer = recoverKey(digest, signature);
  } catch (error) {
    if (error instanceof Malformed) return error.message;
    throw error;
  }
  if (sameBytes(signer, publicKey)) throw new Error("a batch refused a signature that recovers");
  return "not signed by its public key";
}

/** B5: every cast time lies within the voting period. */
export function checkB5(audit: Audit): string {
  const { opensAt, closesAt } = audit.parameters;
  for (const ballot of audit.ballots) {
    if (ballot.castAtUnixS < opensAt || ballot.castAtUnixS >= closesAt) {
      throw new Rejected("B5", ballotName(ballot), `cast at ${ballot.castAtUnixS}`);
    }
  }
  return `from ${opensAt} to ${closesAt}`;
}

/** B6: every ballot's rows and equations hold. Names the first that fail. */
export function checkB6(audit: Audit): string {
  const { ballots, key, layout, chain } = audit;
  const failed: string[] = [];
  let reason = "";
  for (let start = 0; start < ballots.length; start += BATCH) {
    // The one after the last that is named says whether there are others.
    const wanted = MOST_NAMED + 1 - failed.length;
    if (!wanted) break;
    const batch = ballots.slice(start, start + BATCH);
    const proofs = batch.map(({ proof }) => proof);
    try {
      verifyProofs(
        key.generators,
        layout.shape,
        chain.pollContext,
        proofs,
        audit.randomness,
        wanted,
      );
    } catch (error) {
      if (!(error instanceof RejectedProofs)) throw error;
      failed.push(...error.failures.map(({ number }) => ballotName(batch[number]!)));
      reason ||= error.reason;
    }
    audit.advance(ballots.length + start + batch.length);
  }
  if (failed.length) {
    const others = failed.length > MOST_NAMED ? " and others" : "";
    throw new Rejected("B6", failed.slice(0, MOST_NAMED).join(", ") + others, reason);
  }
  return counted(ballots.length, "proof", "proofs");
}
