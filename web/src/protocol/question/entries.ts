/**
 * What a voter fills in about a question, finished or not, and what can be wrong with it.
 *
 * Entries are JSON, so that drafts keep them; amounts are text as typed. Options count from 0.
 */

import type { Cap } from "./caps.ts";

/** Options chosen or placed; amounts as typed; a number and its group. */
export interface Entries {
  readonly chosen: readonly number[];
  readonly amounts: readonly string[];
}

/** Why entries are no vote yet: a code, and what belongs to it. */
export type EntryProblem =
  | { readonly kind: "choose" | "row" | "column" | "group" | "rule" }
  | { readonly kind: "few" | "places"; readonly least: number }
  | { readonly kind: "many"; readonly most: number }
  | { readonly kind: "budget" | "less" | "over"; readonly amount: bigint }
  | { readonly kind: "cap"; readonly cap: Cap }
  | { readonly kind: "whole"; readonly option: number }
  | {
      readonly kind: "range";
      readonly option: number;
      readonly low: bigint;
      readonly high: bigint;
    }
  | { readonly kind: "number"; readonly low: bigint; readonly high: bigint };

/** What an amount as typed says; undefined when it is no whole number, 0 when nothing is typed. */
export function amountOf(typed: string | undefined): bigint | undefined {
  const digits = typed?.trim() ?? "";
  if (!digits) return 0n;
  return /^-?[0-9]{1,40}$/.test(digits) ? BigInt(digits) : undefined;
}
