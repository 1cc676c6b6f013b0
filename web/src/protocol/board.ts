/**
 * The bulletin board of one poll as bytes: all public data that is not on chain.
 *
 * Source: docs/protocol.md §16. Vectors: tests/vectors/board.json.
 */

import { HASH_BYTES, POINT_BYTES, Reader, sameBytes, SIGNATURE_BYTES, utf8 } from "./encoding.ts";
import { Malformed } from "./errors.ts";
import type { SumRoot } from "./merkle_sum.ts";
import { PUBLIC_KEY_BYTES } from "./poll_key.ts";
import { readShare, type Share } from "./sharing.ts";

const MAGIC = "ostraka/board/v2";

/** Sections by tag: 1 to 9 are always present, the others exactly when they have content. */
const SECTIONS = new Map<number, Exclude<keyof Sections, "notes">>([
  [1, "poll"],
  [2, "parameters"],
  [3, "rule"],
  [4, "outcomeRule"],
  [5, "description"],
  [6, "committee"],
  [7, "pollKeys"],
  [8, "census"],
  [9, "leaves"],
  [10, "root"],
  [11, "shares"],
  [12, "redemptions"],
  [13, "extension"],
  [14, "opened"],
]);
const ALWAYS = 9;
/** Tags from here on are notes, which no check reads. */
const NOTES_FROM = 0x8000;
const MAX_NOTES_BYTES = 2 ** 26;
const MAX_LENGTH = 2n ** 53n;

/** The sections of a board by name, still encoded: each check decodes its own section. */
export interface Sections {
  readonly poll: Uint8Array;
  readonly parameters: Uint8Array;
  readonly rule: Uint8Array;
  readonly outcomeRule: Uint8Array;
  readonly description: Uint8Array;
  readonly committee: Uint8Array;
  readonly pollKeys: Uint8Array;
  readonly census: Uint8Array;
  readonly leaves: Uint8Array;
  /** From anchoring on. */
  readonly root?: Uint8Array;
  /** From release on. */
  readonly shares?: Uint8Array;
  /** Present where voters were invited. */
  readonly redemptions?: Uint8Array;
  readonly extension?: Uint8Array;
  /** Present where ballots were opened. */
  readonly opened?: Uint8Array;
  /** Lengths of the notes by tag; no check reads them. */
  readonly notes: ReadonlyMap<number, number>;
}

/** A node's poll key (1,216 bytes), and its signature over all nodes' keys (`PollKeys`). */
export interface PollKeyAnnouncement {
  readonly publicKey: Uint8Array;
  readonly signature: Uint8Array;
}

/**
 * A canonical ballot, its signing key's two coordinates (64 bytes), the hash of its boxes, and that
 * key's signature over ballot and boxes.
 */
export interface BoardLeaf {
  readonly ballot: Uint8Array;
  readonly publicKey: Uint8Array;
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

/**
 * Split a board into its sections; only the lengths of notes are kept.
 *
 * @throws Malformed: wrong magic or version; a section is missing, unknown, repeated, out of order
 *   or cut short; or too many notes.
 */
export function splitSections(data: Uint8Array): Sections {
  const magic = data.subarray(0, MAGIC.length);
  if (!sameBytes(magic, utf8(MAGIC))) {
    if (sameBytes(magic.subarray(0, MAGIC.length - 1), utf8(MAGIC.slice(0, -1)))) {
      const found = new TextDecoder().decode(magic);
      throw new Malformed("board", `${found}, expected ${MAGIC}`);
    }
    throw new Malformed("board", "not an Ostraka board");
  }
  const reader = new Reader(data, "board");
  reader.take(MAGIC.length, "magic");
  const sections = new Map<string, Uint8Array>();
  const notes = new Map<number, number>();
  let previous = 0;
  let bytesOfNotes = 0;
  while (reader.left) {
    const tag = reader.small(2, "tag");
    if (tag <= previous) {
      throw new Malformed("board", `section ${tag} does not follow section ${previous} in order`);
    }
    previous = tag;
    const name = SECTIONS.get(tag);
    const shown = name ? snakeCase(name) : `section ${tag}`;
    const length = reader.unsigned(8, `${shown}.length`);
    if (length >= MAX_LENGTH) {
      throw new Malformed(`board.${shown}`, `length ${length} is not below 2^53`);
    }
    const size = Number(length);
    if (tag >= NOTES_FROM) {
      notes.set(tag, size);
      bytesOfNotes += size;
      if (bytesOfNotes > MAX_NOTES_BYTES) {
        throw new Malformed("board", `notes of more than ${MAX_NOTES_BYTES} bytes`);
      }
      reader.skip(size, shown);
    } else if (name) {
      sections.set(name, reader.take(size, shown));
    } else {
      throw new Malformed("board", `section ${tag} is unknown to this program`);
    }
  }
  for (const [tag, name] of SECTIONS) {
    if (tag <= ALWAYS && !sections.has(name)) {
      throw new Malformed(`board.${snakeCase(name)}`, "missing");
    }
  }
  return { ...Object.fromEntries(sections), notes } as unknown as Sections;
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Decode section 7; Malformed when it is invalid. */
export function decodePollKeys(data: Uint8Array): PollKeyAnnouncement[] {
  const size = PUBLIC_KEY_BYTES + SIGNATURE_BYTES;
  if (data.length % size) {
    throw new Malformed("board.poll_keys", `${data.length} bytes, no multiple of ${size}`);
  }
  const reader = new Reader(data, "board.poll_keys");
  return Array.from({ length: data.length / size }, () => ({
    publicKey: reader.take(PUBLIC_KEY_BYTES, "key"),
    signature: reader.take(SIGNATURE_BYTES, "signature"),
  }));
}

/** Decode section 9 with ballots of `ballotBytes` bytes; Malformed when it is invalid. */
export function decodeLeaves(data: Uint8Array, ballotBytes: number): BoardLeaf[] {
  const reader = new Reader(data, "board.leaves");
  const count = reader.small(4, "count");
  const recordBytes = ballotBytes + POINT_BYTES + HASH_BYTES + SIGNATURE_BYTES;
  // Compare before any loop, so that a forged count allocates nothing.
  if (data.length !== 4 + count * recordBytes) {
    throw new Malformed("board.leaves", `${data.length} bytes do not hold ${count} ballots`);
  }
  return Array.from({ length: count }, () => ({
    ballot: reader.take(ballotBytes, "ballot"),
    publicKey: reader.take(POINT_BYTES, "public_key"),
    boxesHash: reader.take(HASH_BYTES, "boxes_hash"),
    signature: reader.take(SIGNATURE_BYTES, "signature"),
  }));
}

/** Decode section 10; Malformed when it is invalid. */
export function decodeRoot(data: Uint8Array): AnchoredRoot {
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

/** Decode section 11 of a poll with `slots` slots; Malformed when it is invalid. */
export function decodeShares(data: Uint8Array, slots: number): SignedShare[] {
  const reader = new Reader(data, "board.shares");
  // A section is present exactly when it has content.
  if (data[0] === 0) throw new Malformed("board.shares", "none");
  const shares = readByNode(reader, "count", (node) => ({
    node,
    share: readShare(reader, slots, `share of node ${node}`),
    signature: reader.take(SIGNATURE_BYTES, "signature"),
  }));
  reader.end();
  return shares;
}

/** Read a counted list with one entry a node, nodes strictly increasing. */
export function readByNode<T>(reader: Reader, field: string, read: (node: number) => T): T[] {
  let previous = 0;
  return Array.from({ length: reader.small(1, field) }, () => {
    const node = reader.small(1, "node");
    if (node <= previous) {
      throw new Malformed("board", `node ${node} does not follow node ${previous} in strict order`);
    }
    previous = node;
    return read(node);
  });
}
