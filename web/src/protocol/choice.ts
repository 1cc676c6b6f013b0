/**
 * From what a voter chooses to the bits of a ballot.
 *
 * A vote is what JSON can say (§5.9). Indices count from 0.
 *
 * Source: docs/protocol.md §5.4, §5.5, §5.9. Vectors: tests/vectors/votes.json.
 */

import { type Amounts, Points, Quadratic, Score, Split } from "./question/amounts.ts";
import type { Question } from "./question/asked.ts";
import { CrossTabulation, Histogram } from "./question/buckets.ts";
import { pricesOf } from "./question/caps.ts";
import { NumberQuestion } from "./question/number.ts";
import { Ranking } from "./question/ranking.ts";
import { Approval, Knapsack, SingleChoice } from "./question/selection.ts";
import { type BallotRule, evaluate, slackBits, type Terms } from "./rule.ts";

/** Values of the bits that say a vote; the others are slack, or zero. */
type ChosenBits = Map<number, bigint>;

/**
 * Bits of a ballot on all questions of a poll.
 *
 * @param vote A vote; where there are several questions, a list with one for each.
 * @throws RangeError: no such vote can be cast; says on what and why.
 */
export function ballotBits(questions: readonly Question[], vote: unknown): bigint[] {
  if (questions.length === 1) return voteBits(questions[0]!, vote);
  const votes = listed(vote, "votes", questions.length, "question");
  return questions.flatMap((question, number) => {
    try {
      return voteBits(question, votes[number]);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new RangeError(`${question.title}: ${error.message}`, { cause: error });
    }
  });
}

/** Bits of a vote on one question, slack included; RangeError says why there are none. */
export function voteBits(question: Question, vote: unknown): bigint[] {
  return completed(question.rule, chosenBits(question, vote));
}

function chosenBits(question: Question, vote: unknown): ChosenBits {
  if (question instanceof SingleChoice || question instanceof Histogram) {
    return oneHot(question.options.length, oneOf(question.options, vote, "option"));
  }
  if (question instanceof Approval || question instanceof Knapsack) {
    return selected(question, vote);
  }
  if (
    question instanceof Score ||
    question instanceof Points ||
    question instanceof Split ||
    question instanceof Quadratic
  ) {
    return amounts(question, vote);
  }
  if (question instanceof Ranking) return places(question, vote);
  if (question instanceof CrossTabulation) {
    const { rows, columns } = question;
    const [row, column] = listed(vote, "vote", 2, "row and column");
    const pair = columns.length * oneOf(rows, row, "row") + oneOf(columns, column, "column");
    return oneHot(rows.length * columns.length, pair);
  }
  if (question instanceof NumberQuestion) return numbered(question, vote);
  throw new TypeError(`${question.kind} is no kind of question`);
}

/** All bits, from those that say the vote: each row's other bits are its slack. */
function completed(rule: BallotRule, chosen: ChosenBits): bigint[] {
  const bits = Array.from({ length: rule.bits }, (_, bit) => chosen.get(bit) ?? 0n);
  const known = new Set(chosen.keys());
  const fill = (terms: Terms, left: bigint) => {
    const slack = terms.filter(({ bit }) => !known.has(bit));
    const used = evaluate(
      terms.filter(({ bit }) => known.has(bit)),
      bits,
    );
    const span = slack.reduce((sum, { coefficient }) => sum + coefficient, 0n);
    if (left - used < 0n || left - used > span) {
      throw new RangeError(`the choice comes to ${used}, allowed are ${left - span} to ${left}`);
    }
    slackBits(span, left - used).forEach((value, number) => {
      bits[slack[number]!.bit] = value;
      known.add(slack[number]!.bit);
    });
  };
  for (const { terms, constant } of rule.rows) fill(terms, constant);
  const values = rule.slotValues(bits);
  for (const { slots, terms, constant } of rule.quadraticRows) {
    fill(terms, constant - slots.reduce((sum, slot) => sum + values[slot]! ** 2n, 0n));
  }
  return bits;
}

function oneHot(count: number, chosen: number): ChosenBits {
  return new Map(Array.from({ length: count }, (_, slot) => [slot, BigInt(slot === chosen)]));
}

function selected(question: Approval | Knapsack, vote: unknown): ChosenBits {
  const { options, costs, caps } = question;
  const chosen = indices(options, vote);
  if (question instanceof Approval) {
    const { atLeast, atMost } = question;
    if (chosen.length < atLeast || chosen.length > atMost) {
      const allowed = `${atLeast} to ${atMost}`;
      throw new RangeError(`options chosen: ${chosen.length}, allowed are ${allowed}`);
    }
  } else {
    const spent = chosen.reduce((sum, option) => sum + question.costs[option]!, 0n);
    if (spent > question.budget) {
      throw new RangeError(`the choice costs ${spent}, the budget is ${question.budget}`);
    }
  }
  for (const cap of caps) {
    const prices = pricesOf(cap, costs);
    const taken = cap.options.reduce((sum, option, place) => {
      return chosen.includes(option) ? sum + prices[place]! : sum;
    }, 0n);
    if (taken > cap.bound) {
      const names = cap.options.map((option) => options[option]!).join(", ");
      const noun = cap.ofCosts ? "spent" : "chosen";
      throw new RangeError(`${taken} ${noun} of ${names}: at most ${cap.bound}`);
    }
  }
  return new Map([...options.keys()].map((option) => [option, BigInt(chosen.includes(option))]));
}

function amounts(question: Amounts, vote: unknown): ChosenBits {
  const { options, rule, least, most } = question;
  const given = listed(vote, "values", options.length, "option");
  const values = options.map((name, option) => {
    const value = integer(given[option], name);
    const largest = rule.slotMaxima[option]!;
    if (value < 0n || value > largest) {
      throw new RangeError(`${name}: ${value}, allowed are 0 to ${largest}`);
    }
    return value;
  });
  const total = question.totalOf(values);
  if (total !== undefined && (total < least || total > most)) {
    const allowed = least === most ? `${most}` : `${least} to ${most}`;
    throw new RangeError(`the values come to ${total}, allowed are ${allowed}`);
  }
  return ofSlots(rule, values);
}

function places(question: Ranking, vote: unknown): ChosenBits {
  const placed = indices(question.options, vote);
  const { length } = question.scores;
  if (placed.length < question.fewest || placed.length > length) {
    const allowed = `${question.fewest} to ${length}`;
    throw new RangeError(`places filled: ${placed.length}, allowed are ${allowed}`);
  }
  return new Map(
    [...question.options.keys()].flatMap((option) => {
      return [...question.scores.keys()].map((place) => {
        return [question.bit(option, place), BigInt(placed[place] === option)] as const;
      });
    }),
  );
}

function numbered(question: NumberQuestion, vote: unknown): ChosenBits {
  const { low, high, unit } = question.range;
  const names = typeof vote === "object" && vote && !Array.isArray(vote) ? Object.keys(vote) : [];
  if (!names.includes("value") || names.some((name) => name !== "value" && name !== "group")) {
    throw new RangeError('a vote is {"value": number, "group": index}');
  }
  const { value: given, group: ofGroup } = vote as { value: unknown; group?: unknown };
  const value = integer(given, "value");
  if (value < low || value > high) {
    throw new RangeError(`${value}, allowed are ${low} to ${high} ${unit}`);
  }
  const groups = question.groups.length ? question.groups : ["all"];
  const named = names.includes("group");
  if (!named && groups.length > 1) throw new RangeError("a group is missing");
  const group = named ? oneOf(groups, ofGroup, "group") : 0;
  const above = value - low;
  const own = [1n, above, above * above].slice(0, question.slotsPerGroup);
  return ofSlots(
    question.rule,
    groups.flatMap((_, number) => own.map((slot) => (number === group ? slot : 0n))),
  );
}

/** Bits that give slots, all of exact-bound coefficients (§5.4), their values. */
function ofSlots(rule: BallotRule, values: readonly bigint[]): ChosenBits {
  return new Map(
    rule.slots.flatMap((terms, slot) => {
      const bits = slackBits(rule.slotMaxima[slot]!, values[slot]!);
      return terms.map(({ bit }, place) => [bit, bits[place]!] as const);
    }),
  );
}

function indices(options: readonly string[], vote: unknown): number[] {
  if (!Array.isArray(vote)) throw new RangeError("not a list of options");
  const chosen = vote.map((option: unknown) => oneOf(options, option, "option"));
  chosen.forEach((option, number) => {
    if (chosen.indexOf(option) < number)
      throw new RangeError(`${options[option]!} is chosen twice`);
  });
  return chosen;
}

function oneOf(names: readonly string[], index: unknown, noun: string): number {
  if (typeof index !== "number" || !Number.isInteger(index)) {
    throw new RangeError(`${noun}: ${String(index).slice(0, 40)} is no index`);
  }
  if (index < 0 || index >= names.length) {
    throw new RangeError(`${noun} ${index} does not exist, there are 0 to ${names.length - 1}`);
  }
  return index;
}

function listed(vote: unknown, what: string, count: number, noun: string): readonly unknown[] {
  if (!Array.isArray(vote) || vote.length !== count) {
    throw new RangeError(`${what}: not a list of ${count}, one for each ${noun}`);
  }
  return vote;
}

const DECIMAL = /^(0|-?[1-9][0-9]{0,39})$/;

function integer(value: unknown, name: string): bigint {
  if (typeof value === "bigint") return value;
  if (typeof value === "number" && Number.isSafeInteger(value)) return BigInt(value);
  if (typeof value === "string" && DECIMAL.test(value)) return BigInt(value);
  throw new RangeError(`${name}: ${String(value).slice(0, 40)} is no whole number`);
}
