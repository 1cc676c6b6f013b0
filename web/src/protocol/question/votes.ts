/**
 * Votes on one question: from JSON to bits, and in words.
 *
 * Indices count from 0.
 *
 * Source: docs/protocol.md §5.4, §5.5, §5.9. Vectors: tests/vectors/votes.json.
 */

import { type BallotRule, evaluate, slackBits, type Terms } from "../rule.ts";

/** Values of the bits of a vote; the others are slack or zero. */
export type ChosenBits = ReadonlyMap<number, bigint>;

/**
 * All bits, from those of the vote: the other bits of each row are its slack.
 *
 * @throws RangeError: the rule allows no such vote.
 */
export function completed(rule: BallotRule, chosen: ChosenBits): bigint[] {
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

/** One bit of `count`. */
export function oneHot(count: number, chosen: number): ChosenBits {
  return new Map(Array.from({ length: count }, (_, slot) => [slot, BigInt(slot === chosen)]));
}

/** Bits that give slots their values; all slots have exact-bound coefficients (§5.4). */
export function bitsOfSlots(rule: BallotRule, values: readonly bigint[]): ChosenBits {
  return new Map(
    rule.slots.flatMap((terms, slot) => {
      const bits = slackBits(rule.slotMaxima[slot]!, values[slot]!);
      return terms.map(({ bit }, place) => [bit, bits[place]!] as const);
    }),
  );
}

/** Distinct indices of options, in order; RangeError when the vote is not such a list. */
export function indices(options: readonly string[], vote: unknown): number[] {
  if (!Array.isArray(vote)) throw new RangeError("not a list of options");
  const chosen = vote.map((option: unknown) => oneOf(options, option, "option"));
  chosen.forEach((option, number) => {
    if (chosen.indexOf(option) < number)
      throw new RangeError(`${options[option]!} is chosen twice`);
  });
  return chosen;
}

/** An index into names; RangeError when it is invalid. */
export function oneOf(names: readonly string[], index: unknown, noun: string): number {
  if (typeof index !== "number" || !Number.isInteger(index)) {
    throw new RangeError(`${noun}: ${String(index).slice(0, 40)} is no index`);
  }
  if (index < 0 || index >= names.length) {
    throw new RangeError(`${noun} ${index} does not exist, there are 0 to ${names.length - 1}`);
  }
  return index;
}

/** A list with an entry for each of `names`; RangeError when the vote is not such a list. */
export function oneForEach(
  vote: unknown,
  what: string,
  count: number,
  noun: string,
): readonly unknown[] {
  if (!Array.isArray(vote) || vote.length !== count) {
    throw new RangeError(`${what}: not a list of ${count}, one for each ${noun}`);
  }
  return vote;
}

const DECIMAL = /^(0|-?[1-9][0-9]{0,39})$/;

/** A whole number; RangeError when the value is not one. */
export function integer(value: unknown, name: string): bigint {
  if (typeof value === "bigint") return value;
  if (typeof value === "number" && Number.isSafeInteger(value)) return BigInt(value);
  if (typeof value === "string" && DECIMAL.test(value)) return BigInt(value);
  throw new RangeError(`${name}: ${String(value).slice(0, 40)} is no whole number`);
}

/**
 * Labels, each with its number in front where two of them look alike.
 *
 * A proposal may copy the title of another one: ballots for the two must read differently.
 */
export function disambiguate(labels: readonly string[]): readonly string[] {
  const seen = new Set(
    labels.map((label) => label.normalize("NFKC").replace(/[\p{C}\p{Z}]/gu, "")),
  );
  if (seen.size === labels.length) return labels;
  return labels.map((label, place) => `#${place + 1} ${label}`);
}
