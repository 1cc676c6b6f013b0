/**
 * Whether a key may vote in a poll: for which accounts, or why not.
 *
 * Source: docs/protocol.md §6.
 */

import { Census, type CensusEntry } from "../protocol/census.ts";
import { sameBytes, toHex } from "../protocol/encoding.ts";
import { Refusal, type Gateway } from "./gateway.ts";
import type { Registration } from "./registration.ts";
import { voterEntries } from "./views.ts";

/** Larger censuses are not loaded: the gateway is asked for single entries. */
const MAX_CENSUS = 20_000;
const CENSUS_ENTRY_BYTES = 56;

export type Standing =
  /**
   * The key votes for these accounts: only one, unless the poll allows shared keys. They are
   * `listed` unless the gateway does not have the list of voters.
   */
  | { readonly kind: "votes"; readonly accounts: readonly Uint8Array[]; readonly listed: boolean }
  /** The account of the key, or the invitation that it redeemed, votes with another key. */
  | { readonly kind: "other key"; readonly account: Uint8Array; readonly signingKey: Uint8Array }
  /** The invitation was redeemed with this key but is not in the census. */
  | { readonly kind: "left out"; readonly registration: Registration }
  /** Nobody votes with it. */
  | { readonly kind: "nobody" }
  /** The gateway's list of voters is not the one that the chain fixes. */
  | { readonly kind: "false list" }
  /** Weights differ although every ballot will be opened: they would name voters. */
  | { readonly kind: "weights" };

/**
 * Standing of a key in a poll.
 *
 * @param entries Census entries, at least those that name the key or one of its invitations.
 * @param key 20-byte address.
 * @param registrations Registrations of this poll that are stored here.
 */
export function standingOf(
  entries: readonly CensusEntry[],
  key: Uint8Array,
  registrations: readonly Registration[],
): Standing {
  const accounts = entries
    .filter(({ signingKey }) => sameBytes(signingKey, key))
    .map(({ account }) => account);
  if (accounts.length) return { kind: "votes", accounts, listed: true };
  const own = registrations.filter(({ signingKey }) => sameBytes(signingKey, key));
  const names = [key, ...own.map(({ invitation }) => invitation)];
  const taken = entries.find(({ account }) => names.some((name) => sameBytes(name, account)));
  if (taken) return { kind: "other key", account: taken.account, signingKey: taken.signingKey };
  const [missing] = own;
  return missing ? { kind: "left out", registration: missing } : { kind: "nobody" };
}

/**
 * Whether a key may vote in a poll, according to the gateway's list of voters.
 *
 * @param voters How many there are.
 * @param root Census root on chain; undefined where it was not read.
 * @param weight What every voter must weigh; undefined where weights may differ.
 */
export async function readStanding(
  gateway: Gateway,
  pollId: bigint,
  voters: number,
  key: Uint8Array,
  registrations: readonly Registration[],
  root: Uint8Array | undefined,
  weight?: bigint,
): Promise<Standing> {
  try {
    const names = [key, ...registrations.map(({ invitation }) => invitation)];
    const found = await readVoters(gateway, pollId, voters, names, MAX_CENSUS);
    if (root && found.root && !sameBytes(found.root, root)) return { kind: "false list" };
    if (weight !== undefined && found.entries.some((one) => one.weight !== weight)) {
      return { kind: "weights" };
    }
    return standingOf(found.entries, key, registrations);
  } catch (error) {
    // Another gateway's poll: the nodes know who may vote.
    if (error instanceof Refusal && error.problem.code === "not-found") {
      return { kind: "votes", accounts: [key], listed: false };
    }
    throw error;
  }
}

/** Entries of a poll's census, at least those that name certain addresses. */
export interface Voters {
  readonly entries: readonly CensusEntry[];
  /** Root of the census; undefined if only parts of it were read. */
  readonly root: Uint8Array | undefined;
}

/**
 * Read a poll's census from the gateway, or of a large one the entries that name addresses.
 *
 * @param voters How many there are.
 * @param most Number of voters up to which the whole census is read, so that the gateway does not
 *   learn the addresses.
 * @throws Refusal, Unreachable, Malformed: as `Gateway`.
 */
export async function readVoters(
  gateway: Gateway,
  pollId: bigint,
  voters: number,
  addresses: readonly Uint8Array[],
  most: number,
): Promise<Voters> {
  if (voters <= most) {
    const limit = (voters + 1) * CENSUS_ENTRY_BYTES;
    return Census.decode(await gateway.download(`/polls/${pollId}/census`, limit));
  }
  const found = await Promise.all(
    [...new Set(addresses.map(toHex))].map((name) => {
      return gateway.get(`/polls/${pollId}/voters/${name}`, voterEntries);
    }),
  );
  // A request by account and one by key may return the same entry.
  const entries = new Map(found.flat().map((entry) => [toHex(entry.account), entry]));
  return { entries: [...entries.values()], root: undefined };
}
