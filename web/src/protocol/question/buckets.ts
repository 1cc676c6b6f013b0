/**
 * Questions that put the voter into one of several buckets: histogram, cross-tabulation.
 *
 * Source: docs/protocol.md §5.5. Vectors: tests/vectors/questions.json.
 */

import type { BallotRule } from "../rule.ts";
import { type Question, type QuestionJson, requireDistinct } from "./asked.ts";
import { refuse } from "./draft.ts";
import { type Fields, written } from "./fields.ts";
import { singleChoice } from "./selection.ts";

/** One bucket. */
export class Histogram implements Question {
  static readonly KIND = "histogram";
  readonly kind = Histogram.KIND;
  readonly title: string;
  readonly rule: BallotRule;
  /** Names of the buckets, at least two. */
  readonly options: readonly string[];
  /**
   * For buckets that are brackets of a number: bucket `j` holds `bounds[j] <= x < bounds[j + 1]`;
   * strictly increasing, one more than buckets.
   */
  readonly bounds: readonly bigint[] | undefined;

  constructor(title: string, options: readonly string[], bounds?: readonly bigint[]) {
    requireDistinct("options", options, 2);
    if (bounds && bounds.length !== options.length + 1) {
      throw refuse("bounds", `${bounds.length}, expected ${options.length + 1}`);
    }
    if (bounds?.some((bound, place) => place > 0 && bound <= bounds[place - 1]!)) {
      throw refuse("bounds", "not strictly increasing");
    }
    this.title = title;
    this.options = options;
    this.bounds = bounds;
    this.rule = singleChoice(options.length);
  }

  /** From JSON. */
  static read(title: string, fields: Fields): Histogram {
    const bounds = fields.has("bounds") ? fields.integers("bounds") : undefined;
    return new Histogram(title, fields.texts("options"), bounds);
  }

  labels(): readonly string[] {
    return this.options;
  }

  toJson(): QuestionJson {
    const { kind, title, options, bounds } = this;
    return { kind, title, options, ...(bounds && { bounds: bounds.map(written) }) };
  }
}

/** One row and one column, counted together. */
export class CrossTabulation implements Question {
  static readonly KIND = "cross_tabulation";
  readonly kind = CrossTabulation.KIND;
  readonly title: string;
  readonly rule: BallotRule;
  /** Names, at least two; slot `row · columns + column`. */
  readonly rows: readonly string[];
  readonly columns: readonly string[];

  constructor(title: string, rows: readonly string[], columns: readonly string[]) {
    requireDistinct("rows", rows, 2);
    requireDistinct("columns", columns, 2);
    this.title = title;
    this.rows = rows;
    this.columns = columns;
    this.rule = singleChoice(rows.length * columns.length);
  }

  /** From JSON. */
  static read(title: string, fields: Fields): CrossTabulation {
    return new CrossTabulation(title, fields.texts("rows"), fields.texts("columns"));
  }

  /** `row / column`. */
  labels(): readonly string[] {
    return this.rows.flatMap((row) => this.columns.map((column) => `${row} / ${column}`));
  }

  toJson(): QuestionJson {
    const { kind, title, rows, columns } = this;
    return { kind, title, rows, columns };
  }
}
