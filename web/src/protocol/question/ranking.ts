/**
 * A question answered by ranking options.
 *
 * Source: docs/protocol.md §5.5. Vectors: tests/vectors/questions.json.
 */

import type { BallotRule } from "../rule.ts";
import { Question, requireCount } from "./asked.ts";
import { type Draft, drawn, invalidQuestion } from "./draft.ts";
import type { Entries, EntryProblem } from "./entries.ts";
import { type Fields, type QuestionJson, written } from "./fields.ts";
import { type ChosenBits, disambiguate, indices } from "./votes.ts";

/** The first places are filled, without gaps, and a place gives its score. */
export class Ranking extends Question {
  static readonly KIND = "ranking";
  readonly kind = Ranking.KIND;
  readonly rule: BallotRule;
  /** At least one. */
  readonly options: readonly string[];
  /** Scores of place 1, 2, …: not increasing, none negative, the first at least 1. */
  readonly scores: readonly bigint[];
  /** Places that must be filled; all of them when left out. */
  readonly atLeast: number | undefined;

  constructor(
    title: string,
    options: readonly string[],
    scores: readonly bigint[],
    atLeast?: number,
  ) {
    const places = scores.length;
    requireCount("options", options, 1);
    if (places < 1 || places > options.length) {
      throw invalidQuestion("scores", `${places} places for ${options.length} options`);
    }
    if (scores.some((score, place) => place > 0 && score > scores[place - 1]!)) {
      throw invalidQuestion("scores", "a later place scores more");
    }
    if (scores[0]! < 1n || scores[places - 1]! < 0n) {
      throw invalidQuestion("scores", "the first is at least 1, none is negative");
    }
    const fewest = atLeast ?? places;
    if (fewest < 0 || fewest > places) {
      throw invalidQuestion("at_least", `${fewest} outside 0 … ${places}`);
    }
    super(title);
    this.options = options;
    this.scores = scores;
    this.atLeast = atLeast;
    this.rule = drawn((draft) => {
      this.#draw(draft);
    });
  }

  /** From JSON. */
  static read(title: string, fields: Fields): Ranking {
    const options = fields.texts("options");
    const scores = fields.integers("scores");
    const atLeast = fields.has("at_least") ? Number(fields.integer("at_least")) : undefined;
    return new Ranking(title, options, scores, atLeast);
  }

  override get slotsObjection(): string | undefined {
    if (new Set(this.scores).size < this.scores.length) {
      return "places with equal scores: opened ballots would not tell them apart";
    }
    // If every option has a place, the one without a score is in the last.
    if (this.scores.at(-1) === 0n && this.fewest < this.options.length) {
      return "a place scores 0: opened ballots would not tell it from no place";
    }
    return undefined;
  }

  /** Places that must be filled. */
  get fewest(): number {
    return this.atLeast ?? this.scores.length;
  }

  /** Number of places. */
  get places(): number {
    return this.scores.length;
  }

  /** Number of the bit that puts an option into a place, both from 0. */
  bit(option: number, place: number): number {
    return option * this.scores.length + place;
  }

  labels(): readonly string[] {
    return this.options;
  }

  toJson(): QuestionJson {
    const { kind, title, options, scores, atLeast } = this;
    const members = { kind, title, options, scores: scores.map(written) };
    return { ...members, ...(atLeast !== undefined && { at_least: atLeast }) };
  }

  #draw(draft: Draft): void {
    const options = [...this.options.keys()];
    const places = [...this.scores.keys()];
    draft.ones(options.length * places.length);
    for (const option of options) {
      const scored = places.map((place) => {
        return { bit: this.bit(option, place), coefficient: this.scores[place]! };
      });
      draft.slot(scored.filter(({ coefficient }) => coefficient));
    }
    // A bit holds at most one place anyway, and a full ranking leaves no option out.
    const gapless = places.length > 1 && this.fewest < options.length;
    const slack = gapless ? draft.ones(options.length) : [];
    // At most one of these is set: that of the first empty place. It empties all
    // places from there on, so that there can be no gap.
    const ends = draft.ones(places.length - this.fewest);
    const one = (option: number, place: number) => {
      return { bit: this.bit(option, place), coefficient: 1n };
    };
    for (const place of places) {
      const placed = options.map((option) => one(option, place));
      draft.row([...placed, ...ends.slice(0, Math.max(0, place - this.fewest + 1))], 1n);
    }
    if (places.length === 1) return;
    for (const option of options) {
      const own = places.map((place) => one(option, place));
      draft.row([...own, ...slack.slice(option, option + 1)], 1n);
    }
  }

  override answer(bits: readonly bigint[]): string[] {
    const options = disambiguate(this.options);
    return this.scores.flatMap((_, place) => {
      const placed = options.filter((_, option) => bits[this.bit(option, place)]);
      return placed.map((option) => `${place + 1}. ${option}`);
    });
  }

  problem({ chosen }: Entries): EntryProblem | undefined {
    if (chosen.length < this.fewest) return { kind: "places", least: this.fewest };
    const most = this.scores.length;
    return chosen.length > most ? { kind: "many", most } : undefined;
  }

  protected chosenBits(vote: unknown): ChosenBits {
    const placed = indices(this.options, vote);
    const { length } = this.scores;
    if (placed.length < this.fewest || placed.length > length) {
      const allowed = `${this.fewest} to ${length}`;
      throw new RangeError(`places filled: ${placed.length}, allowed are ${allowed}`);
    }
    return new Map(
      [...this.options.keys()].flatMap((option) => {
        return [...this.scores.keys()].map((place) => {
          return [this.bit(option, place), BigInt(placed[place] === option)] as const;
        });
      }),
    );
  }
}
