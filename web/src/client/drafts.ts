/**
 * What a voter has filled in and not cast: kept on this device, and nowhere once it is cast.
 *
 * A draft is a choice in the clear. It is bound to the poll and dropped as soon as its ballot is
 * recorded.
 */

import { toHex } from "../protocol/encoding.ts";
import type { Store } from "./votes.ts";

/** The draft of a poll, undefined where there is none that can be read. */
export function readDraft(store: Store, pollContext: Uint8Array): unknown {
  try {
    return JSON.parse(store.getItem(nameOf(pollContext)) ?? "null") ?? undefined;
  } catch {
    return undefined;
  }
}

/** Keep a draft. */
export function writeDraft(store: Store, pollContext: Uint8Array, draft: unknown): void {
  store.setItem(nameOf(pollContext), JSON.stringify(draft));
}

/** Drop it. */
export function dropDraft(store: Store, pollContext: Uint8Array): void {
  store.removeItem(nameOf(pollContext));
}

function nameOf(pollContext: Uint8Array): string {
  return `ostraka/draft/${toHex(pollContext)}`;
}
