/**
 * Who organizes at a gateway, what they did, and sign-in by wallet.
 *
 * Source: docs/operations.md, "Several organizers"; the gateway's API (/api/v1/openapi.json).
 */

import { toHex } from "../protocol/encoding.ts";
import { Gateway } from "./gateway.ts";
import { bytes, flag, list, type Of, optional, record, text, time, whole } from "./shape.ts";
import type { Wallet } from "./wallet.ts";

/** Roles, the one that may do most first. */
export const ROLES = ["administrator", "organizer", "moderator", "observer"] as const;
export type Role = (typeof ROLES)[number];

/** What a role may allow. */
export type Permission = "administer" | "organize" | "moderate" | "read-log";

const member = record({
  id: text,
  name: text,
  role: text,
  active: flag,
  wallet: optional(bytes),
  hasToken: flag,
  expiresAt: optional(time),
  revokedAt: optional(time),
});
/** An organizer as administrators see it. */
export type Member = Of<typeof member>;
export const members = list(member);
export const revoked = member;

/** An organizer with a new token; without one where a wallet signs in. */
export const withToken = record({ organizer: member, token: optional(text) });
export type WithToken = Of<typeof withToken>;

/** An organizer to add. */
export interface NewMember {
  readonly name: string;
  readonly role: Role;
  readonly wallet?: string;
  /** Unix seconds. */
  readonly expires_at?: number;
}

const entry = record({
  number: whole,
  at: time,
  name: text,
  role: text,
  action: text,
  target: text,
  result: text,
});
/** What an organizer did or tried. */
export type LogEntry = Of<typeof entry>;
/** Entries, the newest first; `before` asks for the next page. */
export const logPage = record({ entries: list(entry), before: optional(whole) });

const message = record({ message: text });
const opened = record({ token: text });

/**
 * Sign in by a wallet, and return the session's token.
 *
 * @throws Refusal: the wallet is no organizer's. WalletError: the wallet does not sign.
 */
export async function signInBy(
  wallet: Pick<Wallet, "address" | "signMessage">,
  gateway = new Gateway(),
): Promise<string> {
  const asked = { address: toHex(wallet.address) };
  const { message: written } = await gateway.post("/sign-in/message", asked, message);
  const signature = toHex(await wallet.signMessage(written));
  return (await gateway.post("/sign-in", { message: written, signature }, opened)).token;
}
