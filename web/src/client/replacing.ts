/**
 * A new code for a member who lost the key: found in the organizer's file of codes, and saved to a file.
 *
 * The file of codes and the new code stay in the browser. Only the addresses are sent.
 *
 * Source: docs/protocol.md §17.2; backend/ostraka/cli/invite.py.
 */

import { toHex } from "../protocol/encoding.ts";
import type { SigningKey } from "../protocol/keys.ts";
import { csvLine, readCsv } from "./csv.ts";
import { AT_ONCE, codeOf, invitationLink, invitationOf } from "./invitations.ts";

/** Why a code is replaced; public. */
export const REASONS = ["lost-key", "stolen-code", "other"] as const;
export type Reason = (typeof REASONS)[number];

/** A line of a file of codes; name and postal address are "" where the file has none. */
export interface SavedCode {
  readonly invitation: SigningKey;
  readonly name: string;
  readonly postalAddress: string;
}

/** A file that has no valid codes. */
export class NoCodes extends Error {
  /** The line that is wrong; 1 for the header. */
  readonly line: number;

  constructor(line: number) {
    super(`line ${line} has no code`);
    this.line = line;
  }
}

/**
 * The invitations of a file of codes, as this website or `ostraka invite` saved it.
 *
 * @param notify Called with the number read so far.
 * @throws NoCodes
 */
export async function readCodes(
  text: string,
  notify: (done: number) => void = () => undefined,
): Promise<SavedCode[]> {
  const { lines, broken } = readCsv(text);
  const [head, ...rows] = lines;
  const columns = head?.values ?? [];
  if (broken !== undefined) throw new NoCodes(broken);
  if (!columns.includes("code") || !rows.length) throw new NoCodes(1);
  const found: SavedCode[] = [];
  for (const { line, values } of rows) {
    const value = (name: string) => values[columns.indexOf(name)] ?? "";
    const code = invitationOf(value("code"));
    if (!code) throw new NoCodes(line);
    found.push({
      invitation: code.invitation,
      name: value("name"),
      postalAddress: value("postal_address"),
    });
    if (found.length % AT_ONCE === 0) {
      notify(found.length);
      await new Promise((later) => setTimeout(later, 0));
    }
  }
  return found;
}

/** The saved codes that fit a name, a postal address, the address of an invitation, or a code. */
export function matching(codes: readonly SavedCode[], query: string): readonly SavedCode[] {
  const wanted = query.trim().toLowerCase();
  if (!wanted) return [];
  const code = invitationOf(wanted);
  const address = code ? toHex(code.invitation.address) : wanted;
  if (/^0x[0-9a-f]{40}$/.test(address)) {
    return codes.filter(({ invitation }) => toHex(invitation.address) === address);
  }
  return codes.filter(({ name, postalAddress }) => {
    return `${name}\n${postalAddress}`.toLowerCase().includes(wanted);
  });
}

/** A code that takes the place of an invitation's own, as a CSV file with the link that redeems it. */
export function newCodeFile(origin: string, saved: SavedCode, replacement: SigningKey): string {
  const { invitation, name, postalAddress } = saved;
  const code = codeOf(invitation) + codeOf(replacement);
  const values = [
    code,
    invitationLink(origin, code),
    toHex(invitation.address),
    name,
    postalAddress,
  ];
  return ["code,link,invitation,name,postal_address", csvLine(values), ""].join("\n");
}
