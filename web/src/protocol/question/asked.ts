/**
 * What every question is: a title, a ballot rule, and names for its slots.
 *
 * Source: docs/protocol.md §5.5, §5.7, §5.8.
 */

import type { BallotRule } from "../rule.ts";
import { refuse } from "./draft.ts";
import type { Entries, EntryProblem } from "./entries.ts";
import type { QuestionJson } from "./fields.ts";
import { type ChosenBits, completed, disambiguate } from "./votes.ts";

/**
 * One question of a poll.
 *
 * Constructors throw Rejected (check P2) when nobody could answer, or the rule is invalid.
 */
export abstract class Question {
  /** As JSON names it. */
  abstract readonly kind: string;
  /** What is asked. */
  readonly title: string;
  /** The ballot rule of this question alone. */
  abstract readonly rule: BallotRule;

  constructor(title: string) {
    this.title = title;
  }

  /** What each slot stands for. */
  abstract labels(): readonly string[];

  /** The JSON form, without what is left at its default. */
  abstract toJson(): QuestionJson;

  /**
   * Bits of a vote, slack included.
   *
   * @param vote What JSON can state (§5.9); indices count from 0.
   * @throws RangeError: no such vote can be cast; says why.
   */
  voteBits(vote: unknown): bigint[] {
    return completed(this.rule, this.chosenBits(vote));
  }

  /** What bits that obey the rule state, a line each. */
  answer(bits: readonly bigint[]): string[] {
    const values = this.rule.slotValues(bits);
    return disambiguate(this.labels()).filter((_, slot) => values[slot]);
  }

  /** How many things can be chosen, placed or given to in its form. */
  get choices(): number {
    return this.labels().length;
  }

  /** The first thing that is wrong with what is filled in, as far as a voter can be told what. */
  abstract problem(entries: Entries): EntryProblem | undefined;

  /** The vote that entries without a problem state. */
  vote({ chosen }: Entries): unknown {
    return chosen;
  }

  /** Bits that state a vote, slack left out; RangeError when it is none. */
  protected abstract chosenBits(vote: unknown): ChosenBits;
}

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
