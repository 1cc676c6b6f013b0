/**
 * What every question is: a title, a ballot rule, and names for its slots.
 *
 * Source: docs/protocol.md §5.5, §5.7, §5.8.
 */

import type { BallotRule } from "../rule.ts";
import { refuse } from "./draft.ts";

/**
 * One question of a poll.
 *
 * Constructors throw Rejected (check P2) when nobody could answer, or the rule is invalid.
 */
export interface Question {
  /** As JSON names it. */
  readonly kind: string;
  /** What is asked. */
  readonly title: string;
  /** The ballot rule of this question alone. */
  readonly rule: BallotRule;
  /** What each slot stands for. */
  labels(): readonly string[];
  /** The JSON form, without what is left at its default. */
  toJson(): QuestionJson;
}

/** For `JSON.stringify`. */
export type QuestionJson = Readonly<Record<string, unknown>>;

/** Refused below a number of options. */
export function requireCount(field: string, options: readonly unknown[], least: number): void {
  if (options.length < least) throw refuse(field, `${options.length}, at least ${least}`);
}

/** Refused below a number of options, and when two have one name. */
export function requireDistinct(field: string, options: readonly string[], least: number): void {
  requireCount(field, options, least);
  const names = new Set<string>();
  options.forEach((name, number) => {
    if (names.has(name)) throw refuse(`${field}[${number}]`, `named "${name}" as another before`);
    names.add(name);
  });
}
