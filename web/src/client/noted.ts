/**
 * Ballot numbers that this device noted before the voter cast or challenged the ballots.
 *
 * Source: docs/protocol.md §8.9.
 */

import { fromHex, HASH_BYTES, toHex } from "../protocol/encoding.ts";
import { AuditError } from "../protocol/errors.ts";
import { bytes, list, type Of, record, whole } from "./shape.ts";
import type { Store } from "./votes.ts";

/** Maximum number of digests stored for a poll. */
const MOST = 50;

const noted = list(record({ digest: bytes, atMs: whole }));

/** Data that the page's address carries from the voter's device. */
export interface Carried {
  /** Number of a ballot that is not opened yet, to be noted. */
  readonly number: Uint8Array | undefined;
  /** An opened ballot's content, "" where there is none. */
  readonly opening: string;
}

/** Data of the fragment (`#`); a number that arrives with its opened ballot is ignored. */
export function carriedBy(fragment: string): Carried {
  const read = new URLSearchParams(fragment.slice(1));
  const opening = read.get("opening") ?? "";
  // A device that opens a different ballot would carry that ballot's number along.
  return { number: opening ? undefined : digestOf(read.get("number") ?? ""), opening };
}

/** A typed digest; undefined if it is invalid. */
export function digestOf(typed: string): Uint8Array | undefined {
  try {
    const digest = fromHex(typed.trim(), "number");
    return digest.length === HASH_BYTES ? digest : undefined;
  } catch (error) {
    if (error instanceof AuditError) return undefined;
    throw error;
  }
}

/** Noted digests of a poll, oldest first; none where the stored text is unreadable. */
export function notedDigests(store: Store, pollContext: Uint8Array): Of<typeof noted> {
  try {
    return noted(JSON.parse(store.getItem(nameOf(pollContext)) ?? "[]"), "noted");
  } catch (error) {
    if (error instanceof AuditError || error instanceof SyntaxError) return [];
    throw error;
  }
}

/** Note a digest; one that is already noted keeps its time. */
export function noteDigest(
  store: Store,
  pollContext: Uint8Array,
  digest: Uint8Array,
  atMs: number,
): void {
  const before = notedDigests(store, pollContext);
  const number = toHex(digest);
  if (before.some((one) => toHex(one.digest) === number)) return;
  const all = [...before, { digest: fromHex(number, "digest"), atMs }].slice(-MOST);
  const content = all.map((one) => ({ digest: toHex(one.digest), at_ms: one.atMs }));
  store.setItem(nameOf(pollContext), JSON.stringify(content));
}

function nameOf(pollContext: Uint8Array): string {
  return `ostraka/noted/${toHex(pollContext)}`;
}
