/**
 * Openings of challenged ballots, and the file in which one travels to another device.
 *
 * Source: docs/protocol.md §8.9. Vectors: tests/vectors/openings.json.
 */

import { R } from "./curve.ts";
import {
  ADDRESS_BYTES,
  fromHex,
  HASH_BYTES,
  SCALAR_BYTES,
  taggedHash,
  toHex,
  toInteger,
  unsigned,
  utf8,
} from "./encoding.ts";
import { Malformed } from "./errors.ts";
import { parseJson } from "./json.ts";
import type { PollIdentity } from "./parameters.ts";

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
