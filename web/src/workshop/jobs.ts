/**
 * Messages between page and worker, as plain data that can pass between threads.
 *
 * Polls are passed as bytes, errors as their class and message.
 */

import type { Opening } from "../protocol/opening.ts";
import type { Claimed, Finding } from "../protocol/checks/audit.ts";
import { AuditError, Malformed, Rejected, Undecided } from "../protocol/errors.ts";
import type { ChainEvidence } from "../protocol/evidence.ts";
import type { SumRoot } from "../protocol/merkle_sum.ts";
import type { PollIdentity } from "../protocol/parameters.ts";
import type { SealedBallot } from "../protocol/prepare.ts";
import type { BallotGroup } from "../protocol/outcome/methods/profile.ts";
import type { Decided } from "../protocol/outcome/methods/steps.ts";
import type { FailedProof } from "../protocol/proof_batch.ts";
import type { UnixSeconds } from "../protocol/units.ts";

/**
 * The parts of a checked poll that the worker needs.
 *
 * The whole poll would load every kind of question and outcome into the worker.
 */
export interface PollTerms {
  readonly identity: PollIdentity;
  /** `pollContext`, 32 bytes. */
  readonly context: Uint8Array;
  /** Canonical bytes of the ballot rule. */
  readonly rule: Uint8Array;
  /** Secrecy threshold `t`. */
  readonly threshold: number;
  /** The nodes' poll keys, node 1 first. */
  readonly pollKeys: readonly Uint8Array[];
}

/** A vote to make a ballot from. */
export interface Vote {
  readonly poll: PollTerms;
  /** 20-byte account. */
  readonly voter: Uint8Array;
  /** The vote in the rule's bits, slack included. */
  readonly bits: readonly bigint[];
  /** Timestamp of the latest block that the voter saw. */
  readonly castAtUnixS: UnixSeconds;
}

/** A challenged ballot and its poll. */
export interface Challenge {
  readonly poll: PollTerms;
  /** Digest that was shown before the ballot was challenged. */
  readonly noted: Uint8Array;
  readonly opening: Opening;
}

/** The counted ballot of one voter on a board, and the root of all its ballots. */
export interface Counted {
  /** Digest of the voter's ballot, undefined where there is none. */
  readonly digest: Uint8Array | undefined;
  /** Recomputed from all ballots. */
  readonly root: SumRoot;
}

/** Input and output of each kind of job. */
export interface Jobs {
  /** Make tables for a poll while its voter still chooses. */
  warm: { input: PollTerms; output: null };
  /** Share, prove and seal a vote; RangeError when its bits break the rule. */
  seal: { input: Vote; output: SealedBallot };
  /** Checks V1 to V4 of a challenged ballot; Rejected, Malformed when one fails. */
  challenge: { input: Challenge; output: null };
  /** Decode and verify ballots, and return failures; Malformed when one cannot be decoded. */
  verify: { input: { poll: PollTerms; ballots: readonly Uint8Array[] }; output: FailedProof[] };
  /** Find a voter's counted ballot; Malformed, Rejected when the board is invalid. */
  look_up: { input: { board: Uint8Array; voter: Uint8Array }; output: Counted };
  /** Decide by a rule on opened ballots, given by its canonical bytes. */
  decide: { input: { rule: Uint8Array; ballots: readonly BallotGroup[] }; output: Decided };
  /** Perform every numbered check; Malformed when the board is invalid. */
  audit: {
    input: { claimed: Claimed; chain: ChainEvidence; board: Uint8Array };
    output: Finding[];
  };
}

export type Kind = keyof Jobs;

/** Called with the progress of a running job. */
export type Progress = (done: number, total: number) => void;

/** From page to worker. */
export type Request = {
  [K in Kind]: { readonly id: number; readonly kind: K; readonly input: Jobs[K]["input"] };
}[Kind];

/** From worker to page. */
export type Message =
  | { readonly id: number; readonly progress: readonly [done: number, total: number] }
  | { readonly id: number; readonly output: Jobs[Kind]["output"] }
  | { readonly id: number; readonly failure: Failure };

/** An error as plain data. */
export interface Failure {
  readonly name: string;
  readonly message: string;
  /** Of a `Rejected`. */
  readonly rejected?: { readonly check: string; readonly item: string; readonly reason: string };
  /** Of a `Malformed`. */
  readonly malformed?: { readonly item: string; readonly reason: string };
}

/** Convert an error to plain data. */
export function failureOf(error: unknown): Failure {
  if (!(error instanceof Error)) return { name: "Error", message: String(error) };
  const { name, message } = error;
  if (error instanceof Malformed) {
    const { item, reason } = error;
    return { name, message, malformed: { item, reason } };
  }
  if (error instanceof Rejected) {
    const { check, item, reason } = error;
    return { name, message, rejected: { check, item, reason } };
  }
  return { name, message };
}

/** Restore an error, of its class where callers distinguish it. */
export function errorOf({ name, message, rejected, malformed }: Failure): Error {
  if (rejected) return new Rejected(rejected.check, rejected.item, rejected.reason);
  if (malformed) return new Malformed(malformed.item, malformed.reason);
  const known = { Undecided, AuditError, RangeError } as const;
  const Class = name in known ? known[name as keyof typeof known] : Error;
  return new Class(message);
}
