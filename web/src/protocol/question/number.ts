/**
 * A question that is answered by a number which only sums show.
 *
 * Source: docs/protocol.md §5.5. Vectors: tests/vectors/questions.json.
 */

import type { BallotRule, Term } from "../rule.ts";
import { type Question, type QuestionJson, requireDistinct } from "./asked.ts";
import { type Draft, drawn, refuse } from "./draft.ts";
import { type Fields, written } from "./fields.ts";

const STATISTICS = ["mean", "variance", "mean variance"];

/** What a number is asked for. */
export interface NumberRange {
  /** `low < high`. */
  readonly low: bigint;
  readonly high: bigint;
  /** For display. */
  readonly unit: string;
}

/** A number in `low … high` and a group; each group's count, sum and sum of squares. */
export class NumberQuestion implements Question {
  static readonly KIND = "number";
  readonly kind = NumberQuestion.KIND;
  readonly title: string;
  readonly rule: BallotRule;
  readonly range: NumberRange;
  /** Names, at least two; none when there is but one. */
  readonly groups: readonly string[];
  /** "mean", "variance" or both, in this order; variance brings the mean with it. */
  readonly statistics: readonly string[];

  constructor(
    title: string,
    range: NumberRange,
    groups: readonly string[] = [],
    statistics: readonly string[] = ["mean"],
  ) {
    if (range.low >= range.high) throw refuse("high", `${range.high}, not above ${range.low}`);
    if (groups.length) requireDistinct("groups", groups, 2);
    if (!STATISTICS.includes(statistics.join(" "))) {
      throw refuse("statistics", "not mean, variance or both in this order");
    }
    this.title = title;
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

  /** Of each group: how many, the sum of `x − low`, the sum of its squares. */
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
        // In a group that is not the voter's the value is 0; in theirs it is anything. With one
        // group everybody is in it, and the bits alone keep the value within 0 … S.
        const slack = draft.span(this.span);
        bounds.push([{ bit: member!.bit, coefficient: -this.span }, ...value, ...slack]);
      }
    }
    draft.row(members, 1n);
    for (const bound of bounds) draft.row(bound, 0n);
  }
}
