/**
 * The chain of an audit log: each entry's hash covers its members and the hash of the entry before.
 *
 * Source: backend/ostraka/wire/audit_entries.py; docs/operations.md, "Several organizers".
 */

import { sha256 } from "@noble/hashes/sha2.js";

import { toHex, utf8 } from "../protocol/encoding.ts";
import type { LogEntry } from "./team.ts";

const PURPOSE = "ostraka/audit-log/v1\n";
/** What the first entry has in place of the hash of the entry before. */
const START = `0x${"0".repeat(64)}`;

/** The first entry at which a log is not unchanged, and why. */
export interface Flaw {
  readonly number: number;
  readonly kind: "missing" | "unlinked" | "changed";
}

/** The hash of an entry, as 0x-hex. */
export function hashOf({ hash: _, ...entry }: LogEntry): string {
  // Members in the order of their names, numbers in decimal, all else in ASCII.
  const members = Object.entries({ ...entry, at: Number(entry.at) })
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, value]) => `"${name}":${JSON.stringify(value)}`);
  return toHex(sha256(utf8(PURPOSE + inAscii(`{${members.join(",")}}`))));
}

/** The first flaw of a whole log, the earliest entry first; undefined if it is intact. */
export function flawIn(entries: readonly LogEntry[]): Flaw | undefined {
  let previous = START;
  let number = 0;
  for (const entry of entries) {
    number += 1;
    if (entry.number !== number) return { number, kind: "missing" };
    if (entry.previous !== previous) return { number, kind: "unlinked" };
    if (entry.hash !== hashOf(entry)) return { number, kind: "changed" };
    previous = entry.hash;
  }
  return undefined;
}

/** A whole log as a file that `ostraka organizer verify --file` checks. */
export function logFile(entries: readonly LogEntry[]): string {
  const written = entries.map((entry) => ({ ...entry, at: Number(entry.at) }));
  return `${JSON.stringify({ entries: written }, undefined, 1)}\n`;
}

function inAscii(json: string): string {
  return json.replace(/[\u007f-\uffff]/g, (unit) => {
    return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}
