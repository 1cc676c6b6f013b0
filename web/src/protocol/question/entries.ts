/**
 * What a voter fills in for a question, finished or not, and its possible problems.
 *
 * Entries are JSON, so that drafts keep them; amounts are text as typed. Options count from 0.
 */

/** Options that are chosen or placed; amounts as typed; a number and its group. */
export interface Entries {
  readonly chosen: readonly number[];
  readonly amounts: readonly string[];
}

/** Reason why entries are not a vote yet: a code and its values, with options by name. */
export type EntryProblem =
  | { readonly kind: "choose" | "row" | "column" | "group" | "rule" }
  | { readonly kind: "few" | "places"; readonly least: number }
  | { readonly kind: "many"; readonly most: number }
  | { readonly kind: "budget" | "less" | "over"; readonly amount: bigint }
  | {
      readonly kind: "cap";
      readonly options: readonly string[];
      readonly ofCosts: boolean;
      readonly bound: bigint;
    }
  | { readonly kind: "whole"; readonly option: string }
  | {
      readonly kind: "range";
      readonly option: string;
      readonly low: bigint;
      readonly high: bigint;
    }
  | { readonly kind: "number"; readonly low: bigint; readonly high: bigint };

/** The value of an amount as typed; undefined when it is not a whole number, 0 when empty. */
export function amountOf(typed: string | undefined): bigint | undefined {
  const digits = typed?.trim() ?? "";
  if (!digits) return 0n;
  return /^-?[0-9]{1,40}$/.test(digits) ? BigInt(digits) : undefined;
}
