/**
 * What somebody has filled in and not sent: kept on this device, and nowhere once it is sent.
 *
 * A voter's draft is a choice in the clear. It is bound to the poll and dropped as soon as its ballot
 * is recorded.
 */

import { toHex } from "../protocol/encoding.ts";
import type { Store } from "./votes.ts";

/**
 * The draft of something, undefined where there is none that can be read.
 *
 * @param subject What it is of: a poll's context, or what else names one thing.
 */
export function readDraft(store: Store, subject: Uint8Array): unknown {
  try {
    return JSON.parse(store.getItem(nameOf(subject)) ?? "null") ?? undefined;
  } catch {
    return undefined;
  }
}

/** Keep a draft. */
export function writeDraft(store: Store, subject: Uint8Array, draft: unknown): void {
  store.setItem(nameOf(subject), JSON.stringify(draft));
}

/** Drop it. */
export function dropDraft(store: Store, subject: Uint8Array): void {
  store.removeItem(nameOf(subject));
}

function nameOf(subject: Uint8Array): string {
  return `ostraka/draft/${toHex(subject)}`;
}
