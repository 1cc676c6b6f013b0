/**
 * Invitations as key pairs: the organizer publishes their addresses, each invitee gets one secret.
 *
 * The secret is the code. The organizer's browser makes it and saves it to a file, and stores it
 * nowhere else: anyone who has it can register in the invitee's place.
 *
 * Source: docs/protocol.md §6.7; backend/ostraka/wire/invitations.py.
 */

import { fromHex, toHex } from "../protocol/encoding.ts";
import { SigningKey } from "../protocol/keys.ts";
import type { Randomness } from "../protocol/randomness.ts";
import type { Account } from "./account_file.ts";

/** Maximum number of invitations made at once. */
export const MOST_INVITATIONS = 10_000;
/** Number of invitations between two updates of the page. */
export const AT_ONCE = 50;

const CODE = /(?:^|#)(?:0x)?([0-9a-f]{64})([0-9a-f]{64})?$/;

/** What an invitee receives. */
export interface InvitationCode {
  readonly invitation: SigningKey;
  /** Key of the code that replaces the invitation's own, after its key was lost. */
  readonly replacement: SigningKey | undefined;
}

/** Make invitations; `notify` is called with the number made so far. */
export async function makeInvitations(
  count: number,
  randomness: Randomness,
  notify: (done: number) => void = () => undefined,
): Promise<SigningKey[]> {
  const made: SigningKey[] = [];
  while (made.length < count) {
    const next = Math.min(AT_ONCE, count - made.length);
    for (let place = 0; place < next; place++) made.push(SigningKey.generate(randomness));
    notify(made.length);
    await new Promise((later) => setTimeout(later, 0));
  }
  return made;
}

/** The code of an invitation: 64 hexadecimal digits. */
export function codeOf(invitation: SigningKey): string {
  return toHex(invitation.secret()).slice(2);
}

/**
 * What a code has, or a link that ends with one; undefined where it is invalid. Letters print codes in
 * groups, so blanks do not count.
 */
export function invitationOf(text: string): InvitationCode | undefined {
  const [, own, next] = CODE.exec(text.replace(/\s+/g, "").toLowerCase()) ?? [];
  if (own === undefined) return undefined;
  try {
    const [invitation, replacement] = [own, next].map((digits) => {
      return digits === undefined ? undefined : new SigningKey(fromHex(`0x${digits}`, "code"));
    });
    return invitation && { invitation, replacement };
  } catch (error) {
    // Not every number of this length is a key.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** The accounts of invitations for a specification. */
export function invitedAccounts(invitations: readonly SigningKey[], weight: bigint): Account[] {
  return invitations.map(({ address }) => ({ account: toHex(address), weight }));
}

/** Invitations as a CSV file, each with the link that redeems it. */
export function invitationsFile(
  origin: string,
  invitations: readonly SigningKey[],
  weight: bigint,
): string {
  const rows = invitations.map((one) => {
    const code = codeOf(one);
    return [code, invitationLink(origin, code), toHex(one.address), weight].join(",");
  });
  return ["code,link,address,weight", ...rows, ""].join("\n");
}

/** The code is in the fragment (`#`), so that no server logs it. */
export function invitationLink(origin: string, code: string): string {
  return `${origin}/register#${code}`;
}
