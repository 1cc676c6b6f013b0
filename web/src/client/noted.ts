/**
 * Numbers of ballots that were noted on this device before their voter cast or challenged them.
 *
 * Source: docs/protocol.md §8.9.
 */

import { fromHex, toHex } from "../protocol/encoding.ts";
import { AuditError } from "../protocol/errors.ts";
import { bytes, list, type Of, record, whole } from "./shape.ts";
import type { Store } from "./votes.ts";

/** So many are kept of a poll. */
const MOST = 50;

const noted = list(record({ digest: bytes, atMs: whole }));

/** Noted digests of a poll, oldest first; none where what is kept cannot be read. */
export function notedDigests(store: Store, pollContext: Uint8Array): Of<typeof noted> {
  try {
    return noted(JSON.parse(store.getItem(nameOf(pollContext)) ?? "[]"), "noted");
  } catch (error) {
    if (error instanceof AuditError || error instanceof SyntaxError) return [];
    throw error;
  }
}

/** Note a digest; one that is noted already keeps its time. */
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
