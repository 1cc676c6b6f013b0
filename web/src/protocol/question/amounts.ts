/**
 * Questions answered by a number for each option: score, points, split, quadratic.
 *
 * Source: docs/protocol.md §5.5. Vectors: tests/vectors/questions.json.
 */

import type { BallotRule, Term } from "../rule.ts";
import { Question, requireCount } from "./asked.ts";
import { type Draft, drawn, invalidQuestion } from "./draft.ts";
import { amountOf, type Entries, type EntryProblem } from "./entries.ts";
import { type Fields, type QuestionJson, written } from "./fields.ts";
import { bitsOfSlots, type ChosenBits, disambiguate, integer, oneForEach } from "./votes.ts";

/** A number for each option, its slot; bounds limit the cost of all numbers together. */
export abstract class Amounts extends Question {
  abstract readonly options: readonly string[];
  /** Lowest and highest total of the values. */
  abstract readonly least: bigint;
  abstract readonly most: bigint;

  /** Total of the values; undefined where they are independent. */
  abstract totalOf(values: readonly bigint[]): bigint | undefined;

  labels(): readonly string[] {
    return this.options;
  }

  override answer(bits: readonly bigint[]): string[] {
    const values = this.rule.slotValues(bits);
    return disambiguate(this.options).flatMap((label, slot) => {
      return values[slot] ? [`${label}: ${values[slot]}`] : [];
    });
  }

  /** Amounts of all options as typed; undefined where they are not numbers. */
  amountsIn({ amounts }: Entries): (bigint | undefined)[] {
    return this.options.map((_, option) => amountOf(amounts[option]));
  }

  /** Total of the amounts that are numbers. */
  totalIn(entries: Entries): bigint {
    return this.totalOf(this.amountsIn(entries).map((value) => value ?? 0n)) ?? 0n;
  }

  /** The problem of one option's amount alone. */
  problemAt(place: number, { amounts }: Entries): EntryProblem | undefined {
    const option = this.options[place]!;
    const high = this.rule.slotMaxima[place]!;
    const value = amountOf(amounts[place]);
    if (value === undefined) return { kind: "whole", option };
    return value < 0n || value > high ? { kind: "range", option, low: 0n, high } : undefined;
  }

  problem(entries: Entries): EntryProblem | undefined {
    for (const place of this.options.keys()) {
      const problem = this.problemAt(place, entries);
      if (problem) return problem;
    }
    const values = this.amountsIn(entries);
    const total = this.totalOf(values as bigint[]);
    if (total === undefined) return undefined;
    if (total < this.least) return { kind: "less", amount: this.least - total };
    if (total > this.most) return { kind: "over", amount: total - this.most };
    return undefined;
  }

  override vote(entries: Entries): unknown {
    return this.amountsIn(entries);
  }

  protected chosenBits(vote: unknown): ChosenBits {
    const { options, rule, least, most } = this;
    const given = oneForEach(vote, "values", options.length, "option");
    const values = options.map((name, option) => {
      const value = integer(given[option], name);
      const largest = rule.slotMaxima[option]!;
      if (value < 0n || value > largest) {
        throw new RangeError(`${name}: ${value}, allowed are 0 to ${largest}`);
      }
      return value;
    });
    const total = this.totalOf(values);
    if (total !== undefined && (total < least || total > most)) {
      const allowed = least === most ? `${most}` : `${least} to ${most}`;
      throw new RangeError(`the values come to ${total}, allowed are ${allowed}`);
    }
    return bitsOfSlots(rule, values);
  }
}

/** A score in 0 … `maxScore` for each option. */
export class Score extends Amounts {
  static readonly KIND = "score";
  readonly kind = Score.KIND;
  readonly rule: BallotRule;
  readonly options: readonly string[];
  readonly maxScore: bigint;
  readonly least = 0n;
  readonly most = 0n;

  constructor(title: string, options: readonly string[], maxScore: bigint) {
    requireCount("options", options, 1);
    requirePositive("max_score", maxScore);
    super(title);
    this.options = options;
    this.maxScore = maxScore;
    this.rule = drawn((draft) => {
      drawAmounts(draft, options.length, maxScore);
    });
  }

  /** From JSON. */
  static read(title: string, fields: Fields): Score {
    return new Score(title, fields.texts("options"), fields.integer("max_score"));
  }

  toJson(): QuestionJson {
    const { kind, title, options, maxScore } = this;
    return { kind, title, options, max_score: written(maxScore) };
  }

  totalOf(): undefined {
    return undefined;
  }
}

/** Points that are distributed, at most `credits` of them. */
export class Points extends Amounts {
  static readonly KIND = "points";
  readonly kind = Points.KIND;
  readonly rule: BallotRule;
  readonly options: readonly string[];
  /** At least 1. */
  readonly credits: bigint;
  /** Minimum number of points that must be distributed. */
  readonly atLeast: bigint;
  /** Maximum for one option; `credits` when left out. */
  readonly maxPerOption: bigint | undefined;

  constructor(
    title: string,
    options: readonly string[],
    credits: bigint,
    atLeast = 0n,
    maxPerOption?: bigint,
  ) {
    const largest = maxPerOption ?? credits;
    requireCount("options", options, 1);
    requirePositive("credits", credits);
    if (atLeast < 0n || atLeast > credits) {
      throw invalidQuestion("at_least", `${atLeast} outside 0 … ${credits}`);
    }
    if (largest < 1n || largest > credits) {
      throw invalidQuestion("max_per_option", `${largest} outside 1 … ${credits}`);
    }
    const most = largest * BigInt(options.length);
    if (most < atLeast)
      throw invalidQuestion("at_least", `${atLeast}, at most ${most} can be given`);
    super(title);
    this.options = options;
    this.credits = credits;
    this.atLeast = atLeast;
    this.maxPerOption = maxPerOption;
    this.rule = drawn((draft) => {
      const given = drawAmounts(draft, options.length, largest);
      draft.row([...given, ...draft.span(credits - atLeast)], credits);
    });
  }

  /** From JSON. */
  static read(title: string, fields: Fields): Points {
    const options = fields.texts("options");
    const credits = fields.integer("credits");
    const atLeast = fields.has("at_least") ? fields.integer("at_least") : 0n;
    const most = fields.has("max_per_option") ? fields.integer("max_per_option") : undefined;
    return new Points(title, options, credits, atLeast, most);
  }

  toJson(): QuestionJson {
    const { kind, title, options, credits, atLeast, maxPerOption } = this;
    return {
      kind,
      title,
      options,
      credits: written(credits),
      ...(atLeast && { at_least: written(atLeast) }),
      ...(maxPerOption !== undefined && { max_per_option: written(maxPerOption) }),
    };
  }

  totalOf(values: readonly bigint[]): bigint {
    return sum(values);
  }

  get least(): bigint {
    return this.atLeast;
  }

  get most(): bigint {
    return this.credits;
  }
}

/** A whole that is divided completely among the options. */
export class Split extends Amounts {
  static readonly KIND = "split";
  readonly kind = Split.KIND;
  readonly rule: BallotRule;
  readonly options: readonly string[];
  /** Units of the whole, at least 1. */
  readonly total: bigint;

  constructor(title: string, options: readonly string[], total = PERCENT) {
    requireCount("options", options, 2);
    requirePositive("total", total);
    super(title);
    this.options = options;
    this.total = total;
    this.rule = drawn((draft) => {
      draft.row(drawAmounts(draft, options.length, total), total);
    });
  }

  /** From JSON. */
  static read(title: string, fields: Fields): Split {
    const options = fields.texts("options");
    return new Split(title, options, fields.has("total") ? fields.integer("total") : PERCENT);
  }

  toJson(): QuestionJson {
    const { kind, title, options, total } = this;
    return { kind, title, options, ...(total !== PERCENT && { total: written(total) }) };
  }

  totalOf(values: readonly bigint[]): bigint {
    return sum(values);
  }

  get least(): bigint {
    return this.total;
  }

  get most(): bigint {
    return this.total;
  }
}

const PERCENT = 100n;

/** Votes whose squares cost credits, at most `credits` of them. */
export class Quadratic extends Amounts {
  static readonly KIND = "quadratic";
  readonly kind = Quadratic.KIND;
  readonly rule: BallotRule;
  readonly options: readonly string[];
  readonly credits: bigint;
  readonly least = 0n;

  constructor(title: string, options: readonly string[], credits: bigint) {
    requireCount("options", options, 1);
    requirePositive("credits", credits);
    super(title);
    this.options = options;
    this.credits = credits;
    this.rule = drawn((draft) => {
      drawAmounts(draft, options.length, integerRoot(credits));
      draft.quadraticRow([...options.keys()], draft.span(credits), credits);
    });
  }

  /** From JSON. */
  static read(title: string, fields: Fields): Quadratic {
    return new Quadratic(title, fields.texts("options"), fields.integer("credits"));
  }

  toJson(): QuestionJson {
    const { kind, title, options, credits } = this;
    return { kind, title, options, credits: written(credits) };
  }

  totalOf(values: readonly bigint[]): bigint {
    return sum(values.map((value) => value * value));
  }

  get most(): bigint {
    return this.credits;
  }
}

/** A span for each option, its slot; the bits of all. */
function drawAmounts(draft: Draft, options: number, largest: bigint): Term[] {
  const amounts = Array.from({ length: options }, () => draft.span(largest));
  for (const amount of amounts) draft.slot(amount);
  return amounts.flat();
}

/** `⌊√value⌋`, by Newton's method from above. */
function integerRoot(value: bigint): bigint {
  let root = 1n << BigInt((value.toString(2).length + 1) >> 1);
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

function requirePositive(field: string, value: bigint): void {
  if (value < 1n) throw invalidQuestion(field, `${value}, at least 1`);
}

function sum(values: readonly bigint[]): bigint {
  return values.reduce((total, value) => total + value, 0n);
}
