/**
 * A vote in words, for the voter to compare with what was chosen.
 *
 * Source: docs/protocol.md §8.9. Vectors: tests/vectors/openings.json.
 */

import { Points, Quadratic, Score, Split } from "./question/amounts.ts";
import type { Question } from "./question/asked.ts";
import { NumberQuestion } from "./question/number.ts";
import { Ranking } from "./question/ranking.ts";

/** What a ballot says on one question: its title, and the answer as a person reads it. */
export interface Said {
  readonly question: string;
  readonly answer: readonly string[];
}

/**
 * A vote in words, question by question.
 *
 * @param questions What the poll asks, in order.
 * @param bits A vote that obeys the rule that they make.
 */
export function whatItSays(questions: readonly Question[], bits: readonly bigint[]): Said[] {
  let at = 0;
  return questions.map((question) => {
    const own = bits.slice(at, at + question.rule.bits);
    at += question.rule.bits;
    return { question: question.title, answer: answerOf(question, own) };
  });
}

/**
 * Labels, each behind its number where two of them look alike.
 *
 * Anybody may give a proposal the title of another one: a ballot for it must not read the same.
 */
export function disambiguate(labels: readonly string[]): readonly string[] {
  const seen = new Set(
    labels.map((label) => label.normalize("NFKC").replace(/[\p{C}\p{Z}]/gu, "")),
  );
  if (seen.size === labels.length) return labels;
  return labels.map((label, place) => `#${place + 1} ${label}`);
}

function answerOf(question: Question, bits: readonly bigint[]): string[] {
  const values = question.rule.slotValues(bits);
  if (question instanceof NumberQuestion) {
    const width = question.slotsPerGroup;
    const group = values.findIndex((value, slot) => slot % width === 0 && value) / width;
    const name = question.groups.length ? `${question.groups[group]}: ` : "";
    const number = question.range.low + values[width * group + 1]!;
    return [`${name}${number} ${question.range.unit}`.trimEnd()];
  }
  if (question instanceof Ranking) {
    const options = disambiguate(question.options);
    return question.scores.flatMap((_, place) => {
      const placed = options.filter((_, option) => bits[question.bit(option, place)]);
      return placed.map((option) => `${place + 1}. ${option}`);
    });
  }
  const labels = disambiguate(question.labels());
  for (const kind of [Points, Quadratic, Score, Split]) {
    if (question instanceof kind) return amounts(labels, values);
  }
  return labels.filter((_, slot) => values[slot]);
}

function amounts(labels: readonly string[], values: readonly bigint[]): string[] {
  return labels.flatMap((label, slot) => (values[slot] ? [`${label}: ${values[slot]}`] : []));
}
