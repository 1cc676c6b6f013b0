/**
 * Cast or challenge: check that a sealed ballot holds what its voter chose.
 *
 * A program that prepares ballots may be malicious. It shows a ballot's digest before the voter
 * decides to cast or to challenge the ballot. It opens a challenged ballot, which is never cast.
 *
 * Source: docs/protocol.md §8.9; Benaloh, "Simple Verifiable Elections", EVT 2006. Vectors:
 * tests/vectors/openings.json.
 */

import { BallotLayout } from "./ballot.ts";
import { CommitmentKey, generators } from "./commitment.ts";
import { modulo, R, samePoint } from "./curve.ts";
import {
  ADDRESS_BYTES,
  fromHex,
  HASH_BYTES,
  sameBytes,
  SCALAR_BYTES,
  taggedHash,
  toHex,
  toInteger,
  unsigned,
  utf8,
} from "./encoding.ts";
import { Malformed, Rejected } from "./errors.ts";
import { parseJson } from "./json.ts";
import type { PollIdentity } from "./parameters.ts";
import { RejectedProofs, verifyProofs } from "./proof_batch.ts";
import type { PublishedPoll } from "./published.ts";
import type { Randomness } from "./randomness.ts";

const FORMAT = "ostraka/opening/v2";
const MEMBERS = [
  "ballot",
  "bits",
  "blinding",
  "chain_id",
  "format",
  "poll",
  "poll_context",
  "registry",
];

/** A challenged ballot with the opening of its commitment to the vote. */
export interface Opening {
  /** Which poll the ballot was made for. */
  readonly poll: PollIdentity;
  /** Its `pollContext`, 32 bytes. */
  readonly context: Uint8Array;
  /** Canonical ballot. */
  readonly ballot: Uint8Array;
  /** The vote in the rule's bits, slack included. */
  readonly bits: readonly bigint[];
  /** `ρ(0)` of `V`, in [0, R). */
  readonly blinding: bigint;
}

/** The parts of a poll against which an opening is checked. */
export type ChallengedPoll = Pick<PublishedPoll, "identity" | "context" | "rule" | "shape">;

/** The file that the voter's program writes, for `JSON.stringify`. */
export function openingToJson({ poll, context, ballot, bits, blinding }: Opening) {
  return {
    format: FORMAT,
    chain_id: poll.chainId.toString(),
    registry: toHex(poll.registry),
    poll: poll.pollId.toString(),
    poll_context: toHex(context),
    ballot: toHex(ballot),
    bits: bits.join(""),
    blinding: toHex(unsigned(blinding, SCALAR_BYTES)),
  };
}

/** Read the file; Malformed names the member that is wrong. */
export function readOpening(content: string): Opening {
  const json = parseJson(utf8(content), "opening");
  if (!(json instanceof Map) || [...json.keys()].sort().join() !== MEMBERS.join()) {
    throw new Malformed("opening", `not a JSON object with the members ${MEMBERS.join(", ")}`);
  }
  const text = (name: string, pattern: RegExp, what: string) => {
    const value: unknown = json.get(name);
    if (typeof value !== "string" || !pattern.test(value)) {
      throw new Malformed(`opening.${name}`, `not ${what}`);
    }
    return value;
  };
  const bytes = (name: string, size?: number) => {
    const value = fromHex(text(name, /^/, "0x-hex"), `opening.${name}`);
    if (size !== undefined && value.length !== size) {
      throw new Malformed(`opening.${name}`, `${value.length} bytes, expected ${size}`);
    }
    return value;
  };
  const number = (name: string) => BigInt(text(name, /^[1-9][0-9]{0,18}$/, "a decimal number"));
  text("format", new RegExp(`^${FORMAT}$`), FORMAT);
  const bits = text("bits", /^[01]{1,4096}$/, "a string of 0 and 1");
  const blinding = toInteger(bytes("blinding", SCALAR_BYTES));
  if (blinding >= R) throw new Malformed("opening.blinding", "not reduced");
  return {
    poll: {
      chainId: number("chain_id"),
      registry: bytes("registry", ADDRESS_BYTES),
      pollId: number("poll"),
    },
    context: bytes("poll_context", HASH_BYTES),
    ballot: bytes("ballot"),
    bits: Array.from(bits, BigInt),
    blinding,
  };
}

/** Digest of the ballot, 32 bytes. */
export function openedDigest({ ballot }: Opening): Uint8Array {
  return taggedHash("ballot", ballot);
}

/**
 * Perform checks V1 to V4: the ballot holds the vote that the opening shows.
 *
 * @param poll The poll as it is on chain.
 * @param noted The digest that was shown before the voter chose to challenge.
 * @throws Rejected: one of the checks fails. Malformed: the ballot cannot be decoded (V2).
 */
export function checkOpening(
  poll: ChallengedPoll,
  noted: Uint8Array,
  opening: Opening,
  randomness: Randomness,
): void {
  const digest = openedDigest(opening);
  if (!sameBytes(digest, noted)) {
    const reason = `it has the digest ${toHex(digest)}, not the one noted before`;
    throw new Rejected("V1", "ballot", reason);
  }
  if (!isOf(opening, poll)) {
    const reason = "of a different poll than the chain has under this number";
    throw new Rejected("V2", "opening", reason);
  }
  const { rule, shape } = poll;
  const { proof } = new BallotLayout(shape).decode(opening.ballot);
  try {
    verifyProofs(generators(rule.width), shape, poll.context, [proof], randomness);
  } catch (failure) {
    if (!(failure instanceof RejectedProofs)) throw failure;
    throw new Rejected("V3", "proof", failure.reason);
  }
  const problem = rule.violated(opening.bits);
  if (problem) throw new Rejected("V4", "bits", `not a ballot of this poll: ${problem}`);
  const values = rule.slotValues(opening.bits).map(modulo);
  const [opened] = new CommitmentKey(rule.width).commit([[values, opening.blinding]]);
  if (!samePoint(opened!, proof.points[0]!)) {
    throw new Rejected("V4", "commitment", "it contains a different vote than shown");
  }
}

function isOf({ poll, context }: Opening, expected: ChallengedPoll): boolean {
  const { identity } = expected;
  return (
    poll.chainId === identity.chainId &&
    poll.pollId === identity.pollId &&
    sameBytes(poll.registry, identity.registry) &&
    sameBytes(context, expected.context)
  );
}
