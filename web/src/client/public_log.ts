/**
 * The public log of a round: what its organizers changed about members, and hid of what they wrote.
 *
 * Source: docs/protocol.md §17.2, §17.8; the gateway's API (/api/v1/openapi.json).
 */

import type { Gateway } from "./gateway.ts";
import { bytes, flag, list, type Of, optional, record, text, time, whole } from "./shape.ts";

const replacement = record({
  number: whole,
  at: time,
  transaction: bytes,
  invitation: bytes,
  formerKey: optional(bytes),
  code: bytes,
  reason: optional(text),
});
/** A replaced code of an invitation: an event of the treasury. */
export type Replacement = Of<typeof replacement>;

/** A part of a round's replacements, newest first; `next` asks for the next part. */
const replacements = record({
  total: whole,
  replacements: list(replacement),
  next: optional(whole),
});

const decision = record({
  comment: bytes,
  proposal: bytes,
  hidden: flag,
  reason: text,
  moderator: text,
  decidedAt: time,
});
/** A moderator's decision to hide a comment, or to show it again. */
export type Decision = Of<typeof decision>;

/** A part of a round's decisions, oldest first; `next` asks for the next part. */
const decisions = record({ entries: list(decision), next: optional(whole) });

/** Replaced codes of a round, the newest first. */
export async function readReplacements(
  gateway: Gateway,
  round: bigint,
  before?: number,
): Promise<Of<typeof replacements>> {
  const query = before === undefined ? "" : `?before=${before}`;
  return await gateway.get(`/rounds/${round}/replacements${query}`, replacements);
}

/** Decisions about comments of a round, the oldest first. */
export async function readDecisions(
  gateway: Gateway,
  round: bigint,
  after = 0,
): Promise<Of<typeof decisions>> {
  return await gateway.get(`/rounds/${round}/moderation?after=${after}`, decisions);
}
