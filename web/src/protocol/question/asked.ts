/**
 * The base of all questions: a title, a ballot rule, and names for its slots.
 *
 * Source: docs/protocol.md §5.5, §5.7, §5.8.
 */

import type { BallotRule } from "../rule.ts";
import { invalidQuestion } from "./draft.ts";
import type { Entries, EntryProblem } from "./entries.ts";
import type { QuestionJson } from "./fields.ts";
import { type ChosenBits, completed, disambiguate } from "./votes.ts";

/**
 * One question of a poll.
 *
 * Constructors throw Rejected (check P2) when no answer is possible or the rule is invalid.
 */
export abstract class Question {
  /** Whether its slots are options that an outcome rule can choose. */
  static readonly COMPETES: boolean = true;
  /** Whether `options` are among its JSON members. */
  static readonly HAS_OPTIONS: boolean = true;
  /** Name of the kind in JSON. */
  abstract readonly kind: string;
  /** The title that voters read. */
  readonly title: string;
  /** The ballot rule of this question alone. */
  abstract readonly rule: BallotRule;

  constructor(title: string) {
    this.title = title;
  }

  /** Names of the slots. */
  abstract labels(): readonly string[];

  /** The JSON form, without what is left at its default. */
  abstract toJson(): QuestionJson;

  /**
   * Bits of a vote, slack included.
   *
   * @param vote What JSON can state (§5.9); indices count from 0.
   * @throws RangeError: no such vote can be cast; the message names the reason.
   */
  voteBits(vote: unknown): bigint[] {
    return completed(this.rule, this.chosenBits(vote));
  }

  /** The answer that valid bits hold, in lines of text. */
  answer(bits: readonly bigint[]): string[] {
    const values = this.rule.slotValues(bits);
    return disambiguate(this.labels()).filter((_, slot) => values[slot]);
  }

  /** Why different answers have equal slots, in words; undefined if slots tell each answer. */
  get slotsObjection(): string | undefined {
    return undefined;
  }

  /** Number of options that the form offers. */
  get choices(): number {
    return this.labels().length;
  }

  /** The first problem of what is filled in. */
  abstract problem(entries: Entries): EntryProblem | undefined;

  /** The vote that entries without a problem state. */
  vote({ chosen }: Entries): unknown {
    return chosen;
  }

  /** Bits of a vote without slack; RangeError when the vote is invalid. */
  protected abstract chosenBits(vote: unknown): ChosenBits;
}

/** Rejected (check P2) below a number of options. */
export function requireCount(field: string, options: readonly unknown[], least: number): void {
  if (options.length < least) throw invalidQuestion(field, `${options.length}, at least ${least}`);
}

/** Rejected (check P2) below a number of options, and when two have the same name. */
export function requireDistinct(field: string, options: readonly string[], least: number): void {
  requireCount(field, options, least);
  const names = new Set<string>();
  options.forEach((name, number) => {
    if (names.has(name))
      throw invalidQuestion(`${field}[${number}]`, `named "${name}" as another before`);
    names.add(name);
  });
}
