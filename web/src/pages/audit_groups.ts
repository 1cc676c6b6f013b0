/** Groups of an audit's checks, each with one sentence for readers who are no experts. */

import type { Finding } from "../protocol/checks/audit.ts";
import { verdictOf } from "../protocol/checks/checks.ts";

/** By the letters of their checks (docs/protocol.md §13). */
const LETTERS = { setup: "PG", voters: "C", ballots: "B", count: "TSRA", decision: "OD" } as const;

export type CheckGroup = keyof typeof LETTERS;
export const CHECK_GROUPS = Object.keys(LETTERS) as readonly CheckGroup[];

/** `assumed`: nothing fails, but a check rests on somebody's word. */
export type AuditState = "holds" | "fails" | "not checked" | "assumed";

/** Group of a check's number. */
export function groupOf(check: string): CheckGroup {
  return CHECK_GROUPS.find((group) => LETTERS[group].includes(check.charAt(0))) ?? "setup";
}

/** State of some findings together. */
export function stateOf(findings: readonly Finding[]): AuditState {
  const verdict = verdictOf(findings);
  const assumed = verdict === "holds" && findings.some(({ assumes }) => assumes);
  return assumed ? "assumed" : verdict;
}

/** A detail in parts: hashes, moments in Unix seconds, and the text between them. */
export function detailParts(text: string): string[] {
  return text.split(/(0x[0-9a-f]{16,}|\b[1-9][0-9]{9}\b)/i).filter(Boolean);
}
