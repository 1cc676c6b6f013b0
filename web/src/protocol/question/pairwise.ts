/**
 * A question answered by a ranking of which every pair of options is counted.
 *
 * Source: docs/protocol.md §5.5.13. Vectors: tests/vectors/questions.json.
 */

import { type BallotRule, slackBits, type Term } from "../rule.ts";
import { Question, requireCount } from "./asked.ts";
import { type Draft, drawn, invalidQuestion } from "./draft.ts";
import type { Entries, EntryProblem } from "./entries.ts";
import type { Fields, QuestionJson } from "./fields.ts";
import { type ChosenBits, disambiguate, indices } from "./votes.ts";

/**
 * The voter ranks options, the best first; those left out tie below all others.
 *
 * Slot `i` is the number of options below option `i`. The other slots are the ordered pairs: the
 * voter prefers the first option of the pair to the second.
 */
export class Pairwise extends Question {
  static readonly KIND = "pairwise";
  readonly kind = Pairwise.KIND;
  readonly rule: BallotRule;
  /** At least two. */
  readonly options: readonly string[];
  /** Number of options that must be ranked; all of them when left out. */
  readonly atLeast: number | undefined;

  constructor(title: string, options: readonly string[], atLeast?: number) {
    requireCount("options", options, 2);
    const fewest = atLeast ?? options.length;
    if (fewest < 0 || fewest > options.length) {
      throw invalidQuestion("at_least", `${fewest} outside 0 … ${options.length}`);
    }
    super(title);
    this.options = options;
    this.atLeast = atLeast;
    this.rule = drawn((draft) => {
      this.#draw(draft);
    });
  }

  /** From JSON. */
  static read(title: string, fields: Fields): Pairwise {
    const options = fields.texts("options");
    const atLeast = fields.has("at_least") ? Number(fields.integer("at_least")) : undefined;
    return new Pairwise(title, options, atLeast);
  }

  /** Number of options that must be ranked. */
  get fewest(): number {
    return this.atLeast ?? this.options.length;
  }

  /** Number of options that can be ranked. */
  get places(): number {
    return this.options.length;
  }

  override get choices(): number {
    return this.options.length;
  }

  /** Ordered pairs of different options, in the order of their slots. */
  get pairs(): (readonly [number, number])[] {
    return pairsOf(this.options.length);
  }

  /** The options, then `A > B` for each pair. */
  labels(): readonly string[] {
    const { options, pairs } = this;
    return [
      ...options,
      ...pairs.map(([better, worse]) => `${options[better]!} > ${options[worse]!}`),
    ];
  }

  toJson(): QuestionJson {
    const { kind, title, options, atLeast } = this;
    return { kind, title, options, ...(atLeast !== undefined && { at_least: atLeast }) };
  }

  /** Most options at the end of a ranking; 1 where each has a place of its own. */
  get #mostTied(): number {
    return Math.max(1, this.options.length - this.fewest);
  }

  #draw(draft: Draft): void {
    const count = this.options.length;
    const wins = this.options.map(() => draft.span(BigInt(count - 1)));
    for (const terms of wins) draft.slot(terms);
    const better: Term[][] = this.options.map(() => []);
    const worse: Term[][] = this.options.map(() => []);
    for (const [first, second] of this.pairs) {
      const pair = draft.ones(1);
      draft.slot(pair);
      better[first]!.push(...pair);
      worse[second]!.push(...pair);
    }
    // An option of the tied end is compared with one option less for each of its equals.
    const slack = this.options.map(() => draft.span(BigInt(this.#mostTied - 1)));
    // Set is the bit of the number of options at the end.
    const ends = this.#mostTied > 1 ? draft.ones(this.#mostTied) : [];
    wins.forEach((own, option) => {
      const beaten = better[option]!.map(({ bit }) => ({ bit, coefficient: -1n }));
      draft.row([...own, ...beaten], 0n);
    });
    wins.forEach((own, option) => {
      draft.row([...own, ...worse[option]!, ...slack[option]!], BigInt(count - 1));
    });
    const weighed = (weight: (tied: bigint) => bigint) => {
      return ends.slice(1).map(({ bit }, tied) => ({ bit, coefficient: weight(BigInt(tied + 1)) }));
    };
    if (ends.length) {
      draft.row(ends, 1n);
      const missing = weighed((tied) => (tied * (tied + 1n)) / 2n);
      draft.row([...wins.flat(), ...missing], BigInt((count * (count - 1)) / 2));
    }
    // The wins of linear orders, and of no others, have the largest sum of squares.
    draft.quadraticRow([...this.options.keys()], weighed(squares), squares(BigInt(count - 1)));
  }

  /** The options with their places; the last one, if it is the only one left. */
  override answer(bits: readonly bigint[]): string[] {
    const wins = this.rule.slotValues(bits).slice(0, this.options.length);
    const names = disambiguate(this.options);
    const alone = wins.filter((own) => !own).length === 1;
    return [...wins.keys()]
      .sort((left, right) => Number(wins[right]! - wins[left]!))
      .filter((option) => alone || wins[option])
      .map((option, place) => `${place + 1}. ${names[option]!}`);
  }

  problem({ chosen }: Entries): EntryProblem | undefined {
    return chosen.length < this.fewest ? { kind: "places", least: this.fewest } : undefined;
  }

  protected chosenBits(vote: unknown): ChosenBits {
    const placed = indices(this.options, vote);
    const { length } = this.options;
    if (placed.length < this.fewest) {
      const allowed = `${this.fewest} to ${length}`;
      throw new RangeError(`options ranked: ${placed.length}, allowed are ${allowed}`);
    }
    const below = this.options.map((_, option) => {
      const place = placed.indexOf(option);
      return place < 0 ? 0 : length - 1 - place;
    });
    const tied = Math.max(1, length - placed.length);
    const most = this.#mostTied;
    const bits = [
      ...below.flatMap((wins) => slackBits(BigInt(length - 1), BigInt(wins))),
      ...this.pairs.map(([better, worse]) => BigInt(below[better]! > below[worse]!)),
      ...below.flatMap((wins) => slackBits(BigInt(most - 1), wins ? 0n : BigInt(tied - 1))),
      ...(most > 1 ? Array.from({ length: most }, (_, end) => BigInt(tied === end + 1)) : []),
    ];
    return new Map(bits.entries());
  }
}

/** Ordered pairs of different numbers below `count`, in the order of a question's slots. */
export function pairsOf(count: number): (readonly [number, number])[] {
  const options = Array.from({ length: count }, (_, option) => option);
  return options.flatMap((better) => {
    return options.filter((worse) => worse !== better).map((worse) => [better, worse] as const);
  });
}

/** `0² + 1² + … + last²`. */
function squares(last: bigint): bigint {
  return (last * (last + 1n) * (2n * last + 1n)) / 6n;
}
