/**
 * Drafts of the user's entries, stored on this device until they are sent.
 *
 * A voter's draft holds the choice unencrypted. It is bound to the poll and deleted as soon as its
 * ballot is recorded.
 */

import { toHex } from "../protocol/encoding.ts";
import type { Store } from "./votes.ts";

/**
 * The draft of a subject, undefined where there is no readable one.
 *
 * @param subject Identifier of its subject, e.g. a poll's context.
 */
export function readDraft(store: Store, subject: Uint8Array): unknown {
  try {
    return JSON.parse(store.getItem(nameOf(subject)) ?? "null") ?? undefined;
  } catch {
    return undefined;
  }
}

/** Store a draft. */
export function writeDraft(store: Store, subject: Uint8Array, draft: unknown): void {
  store.setItem(nameOf(subject), JSON.stringify(draft));
}

/** Delete a draft. */
export function dropDraft(store: Store, subject: Uint8Array): void {
  store.removeItem(nameOf(subject));
}

function nameOf(subject: Uint8Array): string {
  return `ostraka/draft/${toHex(subject)}`;
}
