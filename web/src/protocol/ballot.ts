/**
 * Canonical ballots: the public part of what a voter casts. The shares are sealed separately.
 *
 * Source: docs/protocol.md §8.6. Vectors: tests/vectors/ballot.json.
 */

import { decodePoints, type Point } from "./curve.ts";
import {
  ADDRESS_BYTES,
  concat,
  POINT_BYTES,
  Reader,
  SCALAR_BYTES,
  scalars,
  taggedHash,
  unsigned,
} from "./encoding.ts";
import { Malformed } from "./errors.ts";
import type { BallotProof, ProofShape } from "./proof.ts";
import { type UnixSeconds, unixSeconds } from "./units.ts";

const CAST_AT_BYTES = 8;

/** One cast ballot. */
export class Ballot {
  /** Canonical bytes. */
  readonly encoded: Uint8Array;
  /** Chain time at which it was cast. */
  readonly castAtUnixS: UnixSeconds;
  /** `V, A_1, …, A_{t−1}`. */
  readonly sharing: readonly Point[];
  /** Commitments and responses, bound to the voter. */
  readonly proof: BallotProof;
  /** The ballot's digest in signatures, receipts and the sum tree, 32 bytes. */
  readonly digest: Uint8Array;

  constructor(
    encoded: Uint8Array,
    castAtUnixS: UnixSeconds,
    sharing: readonly Point[],
    proof: BallotProof,
  ) {
    this.encoded = encoded;
    this.castAtUnixS = castAtUnixS;
    this.sharing = sharing;
    this.proof = proof;
    this.digest = taggedHash("ballot", encoded);
  }

  /** 20-byte account. */
  get voter(): Uint8Array {
    return this.proof.voter;
  }
}

/** The position of each field in a poll's ballots; all ballots of a poll share it. */
export class BallotLayout {
  /** Number of commitments and responses. */
  readonly shape: ProofShape;
  /** Length of a canonical ballot in bytes. */
  readonly size: number;

  constructor(shape: ProofShape) {
    this.shape = shape;
    this.size =
      ADDRESS_BYTES + CAST_AT_BYTES + POINT_BYTES * shape.points + SCALAR_BYTES * shape.scalars;
  }

  /** The ballot that carries `proof`. */
  build(castAtUnixS: UnixSeconds, proof: BallotProof): Ballot {
    const { zValue, zBits, zSquare } = proof;
    const blindings = this.shape.rule.slotsAreBits ? [zValue, zSquare] : [zValue, zBits, zSquare];
    const encoded = concat([
      proof.voter,
      unsigned(castAtUnixS, CAST_AT_BYTES),
      proof.encodedPoints,
      scalars([...proof.responses, ...blindings]),
    ]);
    return new Ballot(encoded, castAtUnixS, proof.points.slice(0, this.shape.threshold), proof);
  }

  /**
   * Read one canonical ballot.
   *
   * @param subject How errors name it.
   * @throws Malformed: wrong length, a point off the curve or the identity, an unreduced scalar.
   */
  decode(data: Uint8Array, subject = "ballot"): Ballot {
    if (data.length !== this.size) {
      throw new Malformed(subject, `${data.length} bytes, expected ${this.size}`);
    }
    const { rule, threshold } = this.shape;
    const reader = new Reader(data, subject);
    const voter = reader.take(ADDRESS_BYTES, "voter");
    const castAtUnixS = unixSeconds(reader.unsigned(CAST_AT_BYTES, "cast_at"));
    const encodedPoints = reader.take(POINT_BYTES * this.shape.points, "points");
    // Points before scalars: if there are several faults, every verifier names the same one.
    const points = decodeNamed(encodedPoints, subject);
    const responses = Array.from({ length: rule.bits }, () => reader.scalar("responses"));
    const zValue = reader.scalar("z_value");
    const zBits = rule.slotsAreBits ? 0n : reader.scalar("z_bits");
    const zSquare = reader.scalar("z_square");
    reader.end();
    const proof = { voter, points, encodedPoints, responses, zValue, zBits, zSquare };
    return new Ballot(data, castAtUnixS, points.slice(0, threshold), proof);
  }

  /** Read many canonical ballots; Malformed as `decode`, naming the position. */
  decodeMany(items: readonly Uint8Array[]): Ballot[] {
    return items.map((data, number) => this.decode(data, `ballots[${number}]`));
  }
}

function decodeNamed(encodedPoints: Uint8Array, subject: string): Point[] {
  try {
    return decodePoints(encodedPoints);
  } catch (error) {
    if (error instanceof Malformed) throw new Malformed(`${subject}.${error.item}`, error.reason);
    throw error;
  }
}
