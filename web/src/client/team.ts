/**
 * Who organizes at a gateway, what they did, and sign-in by wallet.
 *
 * Source: docs/operations.md, "Several organizers"; the gateway's API (/api/v1/openapi.json).
 */

import { toHex } from "../protocol/encoding.ts";
import { Gateway } from "./gateway.ts";
import { bytes, flag, list, type Of, optional, record, text, time, whole } from "./shape.ts";
import type { Wallet } from "./wallet.ts";

/** Entries of the audit log on one page, and in one answer when all are read. */
const LOG_PAGE = 25;
const LOG_PART = 500;

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
const members = list(member);

/** An organizer with a new token; without one where a wallet signs in. */
const withToken = record({ organizer: member, token: optional(text) });
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
  organizer: text,
  name: text,
  role: text,
  action: text,
  target: text,
  result: text,
  previous: text,
  hash: text,
});
/** What an organizer did or tried. */
export type LogEntry = Of<typeof entry>;
/** Entries, the newest first; `before` asks for the next page. */
const logPage = record({ entries: list(entry), before: optional(whole) });

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

/** All organizers, former ones too. */
export async function teamOf(gateway: Gateway): Promise<readonly Member[]> {
  return await gateway.get("/organizers", members);
}

/** Add an organizer; the answer shows the new token for the only time. */
export async function addMember(gateway: Gateway, wanted: NewMember): Promise<WithToken> {
  return await gateway.post("/organizers", wanted, withToken);
}

/** Replace an organizer's token. */
export async function rotateToken(gateway: Gateway, id: string): Promise<WithToken> {
  return await gateway.post(`/organizers/${id}/rotation`, {}, withToken);
}

/** Give an organizer another role. */
export async function changeRole(gateway: Gateway, id: string, role: Role): Promise<void> {
  await gateway.put(`/organizers/${id}/role`, { role }, member);
}

/** End an organizer's access. */
export async function revokeAccess(gateway: Gateway, id: string): Promise<void> {
  await gateway.post(`/organizers/${id}/revocation`, {}, member);
}

/** A page of the audit log, the newest entries first. */
export async function readLog(
  gateway: Gateway,
  before: number | undefined,
): Promise<Of<typeof logPage>> {
  const from = before === undefined ? "" : `&before=${before}`;
  return await gateway.get(`/audit-log?limit=${LOG_PAGE}${from}`, logPage);
}

/**
 * The whole audit log, the earliest entry first.
 *
 * @param notify Called with the number read so far.
 */
export async function readWholeLog(
  gateway: Gateway,
  notify: (done: number) => void = () => undefined,
): Promise<LogEntry[]> {
  const found: LogEntry[] = [];
  let before: number | undefined;
  do {
    const from = before === undefined ? "" : `&before=${before}`;
    const part = await gateway.get(`/audit-log?limit=${LOG_PART}${from}`, logPage);
    found.push(...part.entries);
    notify(found.length);
    before = part.before;
  } while (before !== undefined);
  return found.reverse();
}

/** End the session of a sign-in by wallet; an organizer's own token stays valid. */
export async function signOut(gateway: Gateway): Promise<void> {
  await gateway.post("/sign-out", {}, record({ closed: flag }));
}
