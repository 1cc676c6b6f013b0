/**
 * Section 14 of a board: a complete run of the shuffle, its signatures, and the opened ballots.
 *
 * Source: docs/protocol.md §16. Vectors: tests/vectors/opened.json.
 */

import { type Attestation, readByNode } from "../board.ts";
import { HASH_BYTES, Reader, SCALAR_BYTES, SIGNATURE_BYTES, toInteger } from "../encoding.ts";
import { Malformed } from "../errors.ts";
import type { BallotRule } from "../rule.ts";
import type { Share } from "../sharing.ts";
import { BYTES_A_BALLOT, readRun, type RunRecord } from "./state.ts";

const SUBJECT = "board.opened";
const HEAD_BYTES = 5;

/** Dimensions of a poll's section 14. */
export interface OpenedShape {
  /** `t`, nodes in each group. */
  readonly threshold: number;
  /** `N`, at least 1. */
  readonly ballots: number;
  /** `k`, of each ballot. */
  readonly slots: number;
  /** Length of one slot, at least 1. */
  readonly slotBytes: number;
}

/** The dimensions for `ballots` ballots under a rule. */
export function openedShape(rule: BallotRule, threshold: number, ballots: number): OpenedShape {
  const slotBytes = Math.ceil(rule.maxSlotValue.toString(16).length / 2);
  return { threshold, ballots, slots: rule.slots.length, slotBytes };
}

/** What section 14 carries. */
export interface OpenedBallots {
  readonly run: RunRecord;
  /** The nodes' `Shuffled` signatures, nodes strictly increasing. */
  readonly attestations: readonly Attestation[];
  /** Slots and blinding of each position of the last state. */
  readonly openings: readonly Share[];
}

/**
 * Read section 14; groups, points and scalars of the steps are checked with the steps.
 *
 * @throws Malformed: there is no ballot, another length than that of its numbers of steps and
 *   signatures, nodes that do not increase, or a blinding that is not reduced.
 */
export function decodeOpened(data: Uint8Array, shape: OpenedShape): OpenedBallots {
  const { threshold, ballots, slots, slotBytes } = shape;
  if (!ballots) throw new Malformed("ballots", "0, at least 1 can be shuffled");
  const stepBytes = threshold + BYTES_A_BALLOT * ballots + HASH_BYTES;
  const head = new Reader(data.subarray(0, HEAD_BYTES), SUBJECT);
  head.skip(4, "turn");
  const steps = head.small(1, "steps");
  const signedAt = HEAD_BYTES + steps * stepBytes;
  const signatures = new Reader(data.subarray(signedAt), SUBJECT).small(1, "signatures");
  const openingsAt = signedAt + 1 + signatures * (1 + SIGNATURE_BYTES);
  // Compare before any loop, so that a forged number allocates nothing.
  const expected = openingsAt + ballots * (slots * slotBytes + SCALAR_BYTES);
  if (data.length !== expected) {
    const reason = `${data.length} bytes, expected ${expected}`;
    throw new Malformed(SUBJECT, `${reason} for ${ballots} ballots, ${steps} steps`);
  }
  const reader = new Reader(data, SUBJECT);
  const run = readRun(reader, threshold, ballots);
  const attestations = readByNode(reader, "signatures", (node) => ({
    node,
    signature: reader.take(SIGNATURE_BYTES, "signature"),
  }));
  return { run, attestations, openings: readOpenings(reader, shape) };
}

function readOpenings(reader: Reader, { ballots, slots, slotBytes }: OpenedShape): Share[] {
  const votes = Array.from({ length: ballots }, () => {
    const ballot = reader.take(slots * slotBytes, "ballots");
    return Array.from({ length: slots }, (_, slot) => {
      return toInteger(ballot.subarray(slot * slotBytes, (slot + 1) * slotBytes));
    });
  });
  return votes.map((values, number) => {
    return { values, blinding: reader.scalar(`blindings[${number}]`) };
  });
}
