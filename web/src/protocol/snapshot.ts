/**
 * Sources of a census, from which anyone can read it again.
 *
 * Source: docs/protocol.md §6.5, §6.6.
 */

import { fromHex, toHex, utf8 } from "./encoding.ts";
import { Malformed } from "./errors.ts";
import type { Json } from "./json.ts";
import type { UnixSeconds } from "./units.ts";
import { type ClassRule, readClassRule } from "./weight_classes.ts";

const INVITED_MEMBERS = ["kind", "root", "nonce"];
const MEMBERS = ["kind", "contract", "block", "unit", "keys", "classes"];

/** The source of a census. */
export interface CensusSource {
  readonly kind: "members" | "votes";
  /** A MemberRegistry, or a token with votes (ERC-5805). */
  readonly contract: Uint8Array;
  /** Past block whose state counts. */
  readonly block: bigint;
  /** Votes that give a weight of 1; 1 for members. */
  readonly unit: bigint;
  /** The VotingKeys contract, undefined when every account signs itself. */
  readonly keys: Uint8Array | undefined;
  /** How weights are equalized within classes, undefined where they are not. */
  readonly classes: ClassRule | undefined;
}

/** A census whose voters redeemed invitations (§6.7). */
export interface InvitedCensus {
  readonly kind: "invitations";
  /** Census root of all invitations, 32 bytes. */
  readonly root: Uint8Array;
  /** 32 random bytes where the poll belongs to no round; undefined in a round. */
  readonly nonce: Uint8Array | undefined;
}

/** The origin of a poll's electorate. */
export type CensusOrigin = CensusSource | InvitedCensus;

/** Read the member `census` of a description; Malformed when it is invalid. */
export function readOrigin(content: Json): CensusOrigin {
  if (!(content instanceof Map) || content.get("kind") !== "invitations") {
    return readSource(content);
  }
  const members = content as ReadonlyMap<string, Json>;
  for (const name of members.keys()) {
    if (!INVITED_MEMBERS.includes(name)) throw bad("not a census by invitation", "");
  }
  const nonce = members.get("nonce") ?? null;
  return {
    kind: "invitations",
    root: hash(members.get("root") ?? null, "root"),
    nonce: nonce === null ? undefined : hash(nonce, "nonce"),
  };
}

/** Canonical JSON of a source as a round fixes it (§17.4): a time, in Unix seconds, not a block. */
export function sourceAtTime(source: CensusSource, at: UnixSeconds): Uint8Array {
  const { kind, contract, unit, keys, classes } = source;
  const members: Record<string, string> = {
    at: at.toString(),
    kind: JSON.stringify(kind),
    contract: JSON.stringify(toHex(contract)),
  };
  if (kind === "votes") members["unit"] = JSON.stringify(unit.toString());
  if (keys) members["keys"] = JSON.stringify(toHex(keys));
  if (classes !== undefined) {
    members["classes"] = typeof classes === "bigint" ? `${classes}` : JSON.stringify(classes);
  }
  const sorted = Object.keys(members).sort();
  return utf8(`{${sorted.map((name) => `"${name}":${members[name]}`).join()}}`);
}

/** Read a source on chain; Malformed when it is invalid. */
export function readSource(content: Json): CensusSource {
  if (!(content instanceof Map)) throw bad("not a source of a census", "");
  const members = content as ReadonlyMap<string, Json>;
  for (const name of members.keys()) {
    if (!MEMBERS.includes(name)) throw bad("not a source of a census", "");
  }
  const kind = members.get("kind");
  if (kind !== "members" && kind !== "votes") throw bad("unknown", ".kind");
  const block = members.get("block");
  if (typeof block !== "bigint" || block < 0n || block >= 1n << 63n) {
    throw bad("not a number of a block", ".block");
  }
  const given = members.get("unit") ?? null;
  if (kind === "members" && given !== null) {
    throw bad("members have weights, not votes", ".unit");
  }
  const unit = given ?? "1";
  if (typeof unit !== "string" || !/^[1-9][0-9]{0,38}$/.test(unit)) {
    throw bad("not a positive decimal", ".unit");
  }
  const keys = members.get("keys") ?? null;
  const classes = members.get("classes") ?? null;
  return {
    kind,
    contract: address(members.get("contract") ?? null, "contract"),
    block,
    unit: BigInt(unit),
    keys: keys === null ? undefined : address(keys, "keys"),
    classes: classes === null ? undefined : readClassRule(classes, "description.census.classes"),
  };
}

function hash(value: Json, member: string): Uint8Array {
  if (typeof value !== "string" || !/^0x[0-9a-f]{64}$/.test(value)) {
    throw bad("not 32 bytes in lower-case 0x-hex", `.${member}`);
  }
  return fromHex(value, `description.census.${member}`);
}

function address(value: Json, member: string): Uint8Array {
  if (typeof value !== "string" || !/^0x[0-9a-f]{40}$/.test(value)) {
    throw bad("not an address in lower-case 0x-hex", `.${member}`);
  }
  return fromHex(value, `description.census.${member}`);
}

function bad(reason: string, member: string): Malformed {
  return new Malformed(`description.census${member}`, reason);
}
