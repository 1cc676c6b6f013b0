/**
 * Read a vote on one question out of what JSON can state, and show one in words.
 *
 * Indices count from 0.
 *
 * Source: docs/protocol.md §5.4, §5.5, §5.9. Vectors: tests/vectors/votes.json.
 */

import { type BallotRule, evaluate, slackBits, type Terms } from "../rule.ts";

/** Values of the bits that state a vote; the others are slack, or zero. */
export type ChosenBits = ReadonlyMap<number, bigint>;

/**
 * All bits, from those that state the vote: each row's other bits are its slack.
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

/** Bits that give slots, all of exact-bound coefficients (§5.4), their values. */
export function bitsOfSlots(rule: BallotRule, values: readonly bigint[]): ChosenBits {
  return new Map(
    rule.slots.flatMap((terms, slot) => {
      const bits = slackBits(rule.slotMaxima[slot]!, values[slot]!);
      return terms.map(({ bit }, place) => [bit, bits[place]!] as const);
    }),
  );
}

/** Distinct indices of options, in their order; RangeError when the vote is no such list. */
export function indices(options: readonly string[], vote: unknown): number[] {
  if (!Array.isArray(vote)) throw new RangeError("not a list of options");
  const chosen = vote.map((option: unknown) => oneOf(options, option, "option"));
  chosen.forEach((option, number) => {
    if (chosen.indexOf(option) < number)
      throw new RangeError(`${options[option]!} is chosen twice`);
  });
  return chosen;
}

/** An index into names; RangeError when it is none. */
export function oneOf(names: readonly string[], index: unknown, noun: string): number {
  if (typeof index !== "number" || !Number.isInteger(index)) {
    throw new RangeError(`${noun}: ${String(index).slice(0, 40)} is no index`);
  }
  if (index < 0 || index >= names.length) {
    throw new RangeError(`${noun} ${index} does not exist, there are 0 to ${names.length - 1}`);
  }
  return index;
}

/** A list with an entry for each of something; RangeError when the vote is no such list. */
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

/** A whole number; RangeError when the value is none. */
export function integer(value: unknown, name: string): bigint {
  if (typeof value === "bigint") return value;
  if (typeof value === "number" && Number.isSafeInteger(value)) return BigInt(value);
  if (typeof value === "string" && DECIMAL.test(value)) return BigInt(value);
  throw new RangeError(`${name}: ${String(value).slice(0, 40)} is no whole number`);
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
