/**
 * Questions that put the voter into one of several buckets: histogram, cross-tabulation.
 *
 * Source: docs/protocol.md §5.5. Vectors: tests/vectors/questions.json.
 */

import type { BallotRule } from "../rule.ts";
import { Question, requireDistinct } from "./asked.ts";
import { invalidQuestion } from "./draft.ts";
import type { Entries, EntryProblem } from "./entries.ts";
import { type Fields, type QuestionJson, written } from "./fields.ts";
import { OneOption, singleChoice } from "./selection.ts";
import { type ChosenBits, oneForEach, oneHot, oneOf } from "./votes.ts";

/** One of at least two buckets with distinct names. */
export class Histogram extends OneOption {
  static readonly KIND = "histogram";
  readonly kind = Histogram.KIND;
  /**
   * For buckets that are brackets of a number: bucket `j` holds `bounds[j] <= x < bounds[j + 1]`;
   * strictly increasing, one more than buckets.
   */
  readonly bounds: readonly bigint[] | undefined;

  constructor(title: string, options: readonly string[], bounds?: readonly bigint[]) {
    requireDistinct("options", options, 2);
    if (bounds && bounds.length !== options.length + 1) {
      throw invalidQuestion("bounds", `${bounds.length}, expected ${options.length + 1}`);
    }
    if (bounds?.some((bound, place) => place > 0 && bound <= bounds[place - 1]!)) {
      throw invalidQuestion("bounds", "not strictly increasing");
    }
    super(title, options);
    this.bounds = bounds;
  }

  /** From JSON. */
  static read(title: string, fields: Fields): Histogram {
    const bounds = fields.has("bounds") ? fields.integers("bounds") : undefined;
    return new Histogram(title, fields.texts("options"), bounds);
  }

  toJson(): QuestionJson {
    const { kind, title, options, bounds } = this;
    return { kind, title, options, ...(bounds && { bounds: bounds.map(written) }) };
  }
}

/** One row and one column, counted together. */
export class CrossTabulation extends Question {
  static readonly KIND = "cross_tabulation";
  static override readonly HAS_OPTIONS = false;
  readonly kind = CrossTabulation.KIND;
  readonly rule: BallotRule;
  /** Names, at least two; slot `row · columns + column`. */
  readonly rows: readonly string[];
  readonly columns: readonly string[];

  constructor(title: string, rows: readonly string[], columns: readonly string[]) {
    requireDistinct("rows", rows, 2);
    requireDistinct("columns", columns, 2);
    super(title);
    this.rows = rows;
    this.columns = columns;
    this.rule = singleChoice(rows.length * columns.length);
  }

  /** From JSON. */
  static read(title: string, fields: Fields): CrossTabulation {
    return new CrossTabulation(title, fields.texts("rows"), fields.texts("columns"));
  }

  labels(): readonly string[] {
    return this.rows.flatMap((row) => this.columns.map((column) => `${row} / ${column}`));
  }

  toJson(): QuestionJson {
    const { kind, title, rows, columns } = this;
    return { kind, title, rows, columns };
  }

  /** Rows first, then columns. */
  override get choices(): number {
    return this.rows.length + this.columns.length;
  }

  problem({ chosen }: Entries): EntryProblem | undefined {
    const rows = this.rows.length;
    if (!chosen.some((one) => one < rows)) return { kind: "row" };
    return chosen.some((one) => one >= rows) ? undefined : { kind: "column" };
  }

  override vote({ chosen }: Entries): unknown {
    const rows = this.rows.length;
    return [chosen.find((one) => one < rows), chosen.find((one) => one >= rows)! - rows];
  }

  protected chosenBits(vote: unknown): ChosenBits {
    const { rows, columns } = this;
    const [row, column] = oneForEach(vote, "vote", 2, "row and column");
    const pair = columns.length * oneOf(rows, row, "row") + oneOf(columns, column, "column");
    return oneHot(rows.length * columns.length, pair);
  }
}
