/**
 * The bulletin board of one poll as bytes: everything public beside the chain.
 *
 * Source: docs/protocol.md §16. Vectors: tests/vectors/board.json.
 */

import {
  concat,
  HASH_BYTES,
  POINT_BYTES,
  Reader,
  sameBytes,
  SIGNATURE_BYTES,
  unsigned,
  utf8,
} from "./encoding.ts";
import { Malformed } from "./errors.ts";
import type { SumRoot } from "./merkle_sum.ts";
import { encodeShare, readShare, type Share } from "./sharing.ts";

const MAGIC = "ostraka/board/v1";

const SECTIONS = [
  "poll",
  "parameters",
  "rule",
  "outcomeRule",
  "description",
  "committee",
  "pollKeys",
  "census",
  "leaves",
  "root",
  "shares",
] as const;

/** A node's X25519 poll key (32 bytes) under its signature. */
export interface PollKeyAnnouncement {
  readonly publicKey: Uint8Array;
  readonly signature: Uint8Array;
}

/** A canonical ballot, the hash of its boxes, and the voter's signature over both. */
export interface SignedBallot {
  readonly ballot: Uint8Array;
  readonly boxesHash: Uint8Array;
  readonly signature: Uint8Array;
}

/** A node's signature of the root. */
export interface Attestation {
  readonly node: number;
  readonly signature: Uint8Array;
}

/** The root of a settling round with the signatures that anchor it. */
export interface AnchoredRoot {
  readonly round: number;
  readonly root: SumRoot;
  readonly attestations: readonly Attestation[];
}

/** A node's aggregate share under its signature. */
export interface SignedShare {
  readonly node: number;
  readonly share: Share;
  readonly signature: Uint8Array;
}

/** The sections of a board by name, still encoded: each check answers for its own section. */
export type Sections = Readonly<Record<(typeof SECTIONS)[number], Uint8Array>>;

/**
 * Split a board into its sections.
 *
 * @throws Malformed: another magic, a section missing or cut short, trailing bytes.
 */
export function splitSections(data: Uint8Array): Sections {
  const reader = new Reader(data, "board");
  const magic = reader.take(MAGIC.length, "magic");
  if (!sameBytes(magic, utf8(MAGIC))) {
    throw new Malformed("board: not an Ostraka board of version 1");
  }
  const named = SECTIONS.map((name) => [name, reader.prefixed(4, name)] as const);
  reader.end();
  return Object.fromEntries(named) as Sections;
}

/** A board of encoded sections. */
export function joinSections(sections: Sections): Uint8Array {
  const framed = SECTIONS.flatMap((name) => [unsigned(sections[name].length, 4), sections[name]]);
  return concat([utf8(MAGIC), ...framed]);
}

/** Read section 7; Malformed when it is none. */
export function decodePollKeys(data: Uint8Array): PollKeyAnnouncement[] {
  const size = HASH_BYTES + SIGNATURE_BYTES;
  if (data.length % size) {
    throw new Malformed(`board.poll_keys: ${data.length} bytes, no multiple of ${size}`);
  }
  const reader = new Reader(data, "board.poll_keys");
  return Array.from({ length: data.length / size }, () => ({
    publicKey: reader.take(HASH_BYTES, "key"),
    signature: reader.take(SIGNATURE_BYTES, "signature"),
  }));
}

/** Section 9. */
export function encodeLeaves(leaves: readonly SignedBallot[]): Uint8Array {
  const encoded = leaves.flatMap(({ ballot, boxesHash, signature }) => {
    return [ballot, boxesHash, signature];
  });
  return concat([unsigned(leaves.length, 4), ...encoded]);
}

/** Read section 9 with ballots of `ballotBytes` bytes; Malformed when it is none. */
export function decodeLeaves(data: Uint8Array, ballotBytes: number): SignedBallot[] {
  const reader = new Reader(data, "board.leaves");
  const count = reader.small(4, "count");
  // Compared before any loop: a forged count must not make us allocate.
  if (data.length !== 4 + count * (ballotBytes + HASH_BYTES + SIGNATURE_BYTES)) {
    throw new Malformed(`board.leaves: ${data.length} bytes do not hold ${count} ballots`);
  }
  return Array.from({ length: count }, () => ({
    ballot: reader.take(ballotBytes, "ballot"),
    boxesHash: reader.take(HASH_BYTES, "boxes_hash"),
    signature: reader.take(SIGNATURE_BYTES, "signature"),
  }));
}

/** Section 10. */
export function encodeRoot(anchored: AnchoredRoot | undefined): Uint8Array {
  if (!anchored) return new Uint8Array();
  const { round, root, attestations } = anchored;
  return concat([
    unsigned(round, 4),
    root.hash,
    root.sum,
    unsigned(root.count, 4),
    unsigned(attestations.length, 1),
    ...attestations.flatMap(({ node, signature }) => [unsigned(node, 1), signature]),
  ]);
}

/** Read section 10, undefined before anchoring; Malformed when it is none. */
export function decodeRoot(data: Uint8Array): AnchoredRoot | undefined {
  if (!data.length) return undefined;
  const reader = new Reader(data, "board.root");
  const round = reader.small(4, "round");
  const root = {
    hash: reader.take(HASH_BYTES, "hash"),
    sum: reader.take(POINT_BYTES, "sum"),
    count: reader.small(4, "count"),
  };
  const attestations = readByNode(reader, "attestations", (node) => ({
    node,
    signature: reader.take(SIGNATURE_BYTES, "signature"),
  }));
  reader.end();
  return { round, root, attestations };
}

/** Section 11. */
export function encodeShares(shares: readonly SignedShare[]): Uint8Array {
  const encoded = shares.flatMap(({ node, share, signature }) => {
    return [unsigned(node, 1), encodeShare(share), signature];
  });
  return concat([unsigned(shares.length, 1), ...encoded]);
}

/** Read section 11 of a poll with `slots` slots; Malformed when it is none. */
export function decodeShares(data: Uint8Array, slots: number): SignedShare[] {
  const reader = new Reader(data, "board.shares");
  const shares = readByNode(reader, "count", (node) => ({
    node,
    share: readShare(reader, slots, `share of node ${node}`),
    signature: reader.take(SIGNATURE_BYTES, "signature"),
  }));
  reader.end();
  return shares;
}

/** A counted list of things by node, nodes strictly increasing. */
function readByNode<T>(reader: Reader, field: string, read: (node: number) => T): T[] {
  let previous = 0;
  return Array.from({ length: reader.small(1, field) }, () => {
    const node = reader.small(1, "node");
    if (node <= previous) {
      throw new Malformed(`board: node ${node} does not follow node ${previous} in strict order`);
    }
    previous = node;
    return read(node);
  });
}
