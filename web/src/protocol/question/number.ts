/**
 * A question answered by a number of which only sums become public.
 *
 * Source: docs/protocol.md §5.5. Vectors: tests/vectors/questions.json.
 */

import type { BallotRule, Term } from "../rule.ts";
import { Question, requireDistinct } from "./asked.ts";
import { type Draft, drawn, invalidQuestion } from "./draft.ts";
import { amountOf, type Entries, type EntryProblem } from "./entries.ts";
import { type Fields, type QuestionJson, written } from "./fields.ts";
import { bitsOfSlots, type ChosenBits, integer, oneOf } from "./votes.ts";

const STATISTICS = ["mean", "variance", "mean variance"];

/** The range of the number. */
export interface NumberRange {
  /** `low < high`. */
  readonly low: bigint;
  readonly high: bigint;
  /** For display. */
  readonly unit: string;
}

/** A number in `low … high` and a group; each group's count, sum and sum of squares. */
export class NumberQuestion extends Question {
  static readonly KIND = "number";
  static override readonly COMPETES = false;
  static override readonly HAS_OPTIONS = false;
  readonly kind = NumberQuestion.KIND;
  readonly rule: BallotRule;
  readonly range: NumberRange;
  /** Names, at least two; empty when there is one group only. */
  readonly groups: readonly string[];
  /** "mean", "variance" or both, in this order; variance includes the mean. */
  readonly statistics: readonly string[];

  constructor(
    title: string,
    range: NumberRange,
    groups: readonly string[] = [],
    statistics: readonly string[] = ["mean"],
  ) {
    if (range.low >= range.high)
      throw invalidQuestion("high", `${range.high}, not above ${range.low}`);
    if (groups.length) requireDistinct("groups", groups, 2);
    if (!STATISTICS.includes(statistics.join(" "))) {
      throw invalidQuestion("statistics", "not mean, variance or both in this order");
    }
    super(title);
    this.range = range;
    this.groups = groups;
    this.statistics = statistics;
    this.rule = drawn((draft) => {
      this.#draw(draft);
    });
  }

  /** From JSON. */
  static read(title: string, fields: Fields): NumberQuestion {
    const low = fields.integer("low");
    const high = fields.integer("high");
    const unit = fields.text("unit");
    const groups = fields.has("groups") ? fields.texts("groups") : undefined;
    const statistics = fields.has("statistics") ? fields.texts("statistics") : undefined;
    return new NumberQuestion(title, { low, high, unit }, groups, statistics);
  }

  /** `S = high − low`: what is summed is `y = x − low` in `0 … S`. */
  get span(): bigint {
    return this.range.high - this.range.low;
  }

  /** Whether squares are summed as well. */
  get squares(): boolean {
    return this.statistics.includes("variance");
  }

  /** Count, sum, and the sum of squares where there is one. */
  get slotsPerGroup(): number {
    return this.squares ? 3 : 2;
  }

  labels(): readonly string[] {
    const above = `${this.range.unit} above ${this.range.low}`;
    const names = ["answers", `sum (${above})`, `sum of squares (${above})`];
    const prefixes = this.groups.length ? this.groups.map((group) => `${group}: `) : [""];
    return prefixes.flatMap((prefix) => {
      return names.slice(0, this.slotsPerGroup).map((name) => prefix + name);
    });
  }

  toJson(): QuestionJson {
    const { kind, title, groups, statistics } = this;
    const { low, high, unit } = this.range;
    return {
      kind,
      title,
      low: written(low),
      high: written(high),
      unit,
      ...(groups.length && { groups }),
      ...(statistics.join() !== "mean" && { statistics }),
    };
  }

  #draw(draft: Draft): void {
    const groups = Math.max(1, this.groups.length);
    const members: Term[] = [];
    const bounds: Term[][] = [];
    for (let group = 0; group < groups; group++) {
      const [member] = draft.options(1);
      members.push(member!);
      const value = draft.span(this.span);
      const slot = draft.slot(value);
      if (this.squares) {
        const square = draft.span(this.span ** 2n);
        draft.slot(square);
        const negative = square.map(({ bit, coefficient }) => ({ bit, coefficient: -coefficient }));
        draft.quadraticRow([slot], negative, 0n);
      }
      if (groups > 1) {
        // The value is 0 in groups other than the voter's and free in the voter's own. With one
        // group everybody is in it, and the bits alone keep the value within 0 … S.
        const slack = draft.span(this.span);
        bounds.push([{ bit: member!.bit, coefficient: -this.span }, ...value, ...slack]);
      }
    }
    draft.row(members, 1n);
    for (const bound of bounds) draft.row(bound, 0n);
  }

  override answer(bits: readonly bigint[]): string[] {
    const values = this.rule.slotValues(bits);
    const width = this.slotsPerGroup;
    const group = values.findIndex((value, slot) => slot % width === 0 && value) / width;
    const name = this.groups.length ? `${this.groups[group]}: ` : "";
    const number = this.range.low + values[width * group + 1]!;
    return [name + inUnit(number, this.range.unit)];
  }

  /** Its groups, or the number alone. */
  override get choices(): number {
    return Math.max(1, this.groups.length);
  }

  problem({ chosen, amounts }: Entries): EntryProblem | undefined {
    const { low, high } = this.range;
    const value = amounts[0]?.trim() ? amountOf(amounts[0]) : undefined;
    if (value === undefined || value < low || value > high) return { kind: "number", low, high };
    return this.groups.length && chosen.length !== 1 ? { kind: "group" } : undefined;
  }

  override vote({ chosen, amounts }: Entries): unknown {
    const value = amountOf(amounts[0]);
    return this.groups.length ? { value, group: chosen[0] } : { value };
  }

  protected chosenBits(vote: unknown): ChosenBits {
    const { low, high, unit } = this.range;
    const names = typeof vote === "object" && vote && !Array.isArray(vote) ? Object.keys(vote) : [];
    if (!names.includes("value") || names.some((name) => name !== "value" && name !== "group")) {
      throw new RangeError('a vote is {"value": number, "group": index}');
    }
    const { value: given, group: ofGroup } = vote as { value: unknown; group?: unknown };
    const value = integer(given, "value");
    if (value < low || value > high) {
      throw new RangeError(`${value}, allowed are ${low} to ${high} ${unit}`);
    }
    const groups = this.groups.length ? this.groups : ["all"];
    const named = names.includes("group");
    if (!named && groups.length > 1) throw new RangeError("a group is missing");
    const group = named ? oneOf(groups, ofGroup, "group") : 0;
    const above = value - low;
    const own = [1n, above, above * above].slice(0, this.slotsPerGroup);
    return bitsOfSlots(
      this.rule,
      groups.flatMap((_, number) => own.map((slot) => (number === group ? slot : 0n))),
    );
  }
}

/** A number with its unit; a unit that begins with a digit is multiplied, as in "45 × 100 €". */
export function inUnit(number: bigint, unit: string): string {
  return (isFactor(unit) ? `${number} × ${unit}` : `${number} ${unit}`).trimEnd();
}

/** Whether a unit begins with a digit, so that a number before it would be misread. */
export function isFactor(unit: string): boolean {
  return /^\p{Nd}/u.test(unit);
}
