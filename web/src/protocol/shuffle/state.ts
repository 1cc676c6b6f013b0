/**
 * A run of the shuffle: the states that it goes through, their hashes, and its canonical bytes.
 *
 * Source: docs/protocol.md §19.2, §19.4, §19.8. Vectors: tests/vectors/shuffle.json.
 */

import { encodePoints, type Point } from "../curve.ts";
import { HASH_BYTES, Reader, taggedHash, unsigned } from "../encoding.ts";
import type { Group } from "./groups.ts";

/** Length of a step's proof for each ballot. */
export const BYTES_A_BALLOT = 320;

/** What one run belongs to. */
export interface RunContext {
  /** 32 bytes. */
  readonly pollContext: Uint8Array;
  /** Digest of the anchored root, 32 bytes (§10.4). */
  readonly rootDigest: Uint8Array;
  /** Number of the proposer's turn. */
  readonly turn: number;
}

/** Commitments in some order, and how they came to be. */
export class ShuffleState {
  readonly run: RunContext;
  /** Number of steps before, 0 for the anchored ballots. */
  readonly step: number;
  /** `V_1 … V_N`. */
  readonly values: readonly Point[];
  /** `V_1 ‖ … ‖ V_N`. */
  readonly encodedValues: Uint8Array;
  /** Hash that nodes sign and that the next step's proof binds, 32 bytes (§19.4). */
  readonly hash: Uint8Array;

  private constructor(
    run: RunContext,
    step: number,
    group: Group,
    before: Uint8Array,
    values: readonly Point[],
    sharingHash: Uint8Array,
  ) {
    this.run = run;
    this.step = step;
    this.values = values;
    this.encodedValues = encodePoints(values);
    this.hash = taggedHash(
      "shuffle-state",
      run.pollContext,
      run.rootDigest,
      unsigned(run.turn, 4),
      Uint8Array.of(step, group.length, ...group),
      before,
      unsigned(values.length, 4),
      taggedHash("shuffle-values", this.encodedValues),
      sharingHash,
    );
  }

  /**
   * The anchored ballots as a state.
   *
   * @param values `V` of each ballot, in the order of leaves.
   * @param sharing `A_1 … A_{t−1}` of the first ballot, then of the second, and so on.
   */
  static start(run: RunContext, values: readonly Point[], sharing: readonly Point[]): ShuffleState {
    const sharingHash = taggedHash("shuffle-sharing", encodePoints(sharing));
    return new ShuffleState(run, 0, [], new Uint8Array(HASH_BYTES), values, sharingHash);
  }

  /** The state to which a group's step leads. */
  after(group: Group, values: readonly Point[], sharingHash: Uint8Array): ShuffleState {
    return new ShuffleState(this.run, this.step + 1, group, this.hash, values, sharingHash);
  }
}

/** One step as a board carries it. */
export interface StepRecord {
  /** The nodes that made it. */
  readonly group: Group;
  /** New commitments with the proof of shuffle, 320 bytes for each ballot. */
  readonly proof: Uint8Array;
  /** Hash of the new `A`, 32 bytes. */
  readonly sharingHash: Uint8Array;
}

/** One run as a board carries it, without the nodes' signatures. */
export interface RunRecord {
  readonly turn: number;
  readonly steps: readonly StepRecord[];
}

/**
 * Read a run over `ballots` ballots; groups, points and scalars are checked with the steps.
 *
 * @throws Malformed: bytes are missing.
 */
export function readRun(reader: Reader, threshold: number, ballots: number): RunRecord {
  const turn = reader.small(4, "turn");
  const steps = Array.from({ length: reader.small(1, "steps") }, (_, number) => ({
    group: [...reader.take(threshold, `steps[${number}].group`)],
    proof: reader.take(BYTES_A_BALLOT * ballots, `steps[${number}].proof`),
    sharingHash: reader.take(HASH_BYTES, `steps[${number}].sharing_hash`),
  }));
  return { turn, steps };
}
