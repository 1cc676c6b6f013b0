/**
 * Which of a person's keys may vote or propose in a round or poll.
 *
 * Source: docs/protocol.md §6, §17.2.
 */

import type { CensusEntry } from "../protocol/census.ts";
import { toHex } from "../protocol/encoding.ts";
import { type Gateway, Refusal } from "./gateway.ts";
import type { Registration } from "./registration.ts";
import { readVoters, type Standing, standingOf } from "./standing.ts";
import { membership } from "./views.ts";

/** Larger censuses are not loaded without being asked: the gateway is asked for single entries. */
const MAX_CENSUS = 5000;
/** More keys are not looked up without being asked. */
const MAX_KEYS = 8;

/** A key and whether it votes. */
export interface KeyStanding {
  readonly key: Uint8Array;
  readonly standing: Standing;
}

/**
 * Standing of each key in a poll, according to the gateway's list of voters; undefined if the
 * gateway does not know the list.
 *
 * Up to `MAX_CENSUS` voters, the gateway does not learn the keys. The list is not checked against
 * the chain here: before a ballot is cast, it is (`readStanding`).
 *
 * @throws Refusal, Unreachable, Malformed: as `Gateway`.
 */
export async function readStandings(
  gateway: Gateway,
  { poll, voters }: { readonly poll: bigint; readonly voters: number },
  keys: readonly Uint8Array[],
  registrations: readonly Registration[],
): Promise<readonly KeyStanding[] | undefined> {
  const asked = keys.slice(0, MAX_KEYS);
  if (!asked.length) return [];
  const names = [...asked, ...registrations.map(({ invitation }) => invitation)];
  let entries: readonly CensusEntry[];
  try {
    ({ entries } = await readVoters(gateway, poll, voters, names, MAX_CENSUS));
  } catch (error) {
    if (error instanceof Refusal && error.problem.code === "not-found") return undefined;
    throw error;
  }
  return asked.map((key) => ({ key, standing: standingOf(entries, key, registrations) }));
}

/**
 * The keys whose accounts are members of a round.
 *
 * @throws Refusal, Unreachable, Malformed: as `Gateway`.
 */
export async function readMembers(
  gateway: Gateway,
  round: bigint,
  keys: readonly Uint8Array[],
): Promise<readonly Uint8Array[]> {
  const found = await Promise.all(
    keys.slice(0, MAX_KEYS).map(async (key) => {
      try {
        await gateway.get(`/rounds/${round}/members/${toHex(key)}`, membership);
        return [key];
      } catch (error) {
        const code = error instanceof Refusal ? error.problem.code : "";
        if (["no-such-member", "members-unknown"].includes(code)) return [];
        throw error;
      }
    }),
  );
  return found.flat();
}
