/** Bytes of rules (docs/protocol.md §5.2) and outcome rules (§14), valid or not. */
import { concat, keccak256, numberToHex, size, stringToHex, zeroAddress } from "viem";

const u8 = (value) => numberToHex(value, { size: 1 });
const u16 = (value) => numberToHex(value, { size: 2 });
const u128 = (value) => numberToHex(value, { size: 16 });
const i128 = (value) => numberToHex(BigInt(value), { size: 16, signed: true });
const termsOf = (terms) => terms.map(([bit, coefficient]) => concat([u16(bit), i128(coefficient)]));

/**
 * @param slots lists of `[bit, coefficient]`
 * @param rows `{ terms, constant }`
 * @param quadraticRows `{ slots, terms, constant }`
 */
export function ruleBytes({ bits, slots = [], rows = [], quadraticRows = [] }) {
  return concat([
    ...[bits, slots.length, rows.length, quadraticRows.length].map(u16),
    ...slots.flatMap((terms) => [u16(terms.length), ...termsOf(terms)]),
    ...rows.flatMap((row) => [u16(row.terms.length), i128(row.constant), ...termsOf(row.terms)]),
    ...quadraticRows.flatMap((row) => [
      u16(row.slots.length),
      u16(row.terms.length),
      i128(row.constant),
      ...row.slots.map(u16),
      ...termsOf(row.terms),
    ]),
  ]);
}

export const range = (count) => Array.from({ length: count }, (_, index) => index);

export const singleChoice = (options) => ({
  bits: options,
  slots: range(options).map((bit) => [[bit, 1]]),
  rows: [{ terms: range(options).map((bit) => [bit, 1]), constant: 1 }],
});

export const NO_OUTCOME = "0x00";

export function greedyBytes({ order = 0, misfit = 0, minimumSupport = 0, budget, costs }) {
  return concat([
    "0x01",
    u8(order),
    u8(misfit),
    u128(minimumSupport),
    u128(budget),
    u16(costs.length),
    ...costs.map(u128),
  ]);
}

export function majorityBytes({
  abstention = 0,
  strict = 1,
  quorum = 0,
  numerator = 1,
  denominator = 2,
}) {
  const share = [numerator, denominator].map((value) => numberToHex(value, { size: 8 }));
  return concat(["0x02", u8(abstention), u8(strict), u128(quorum), ...share]);
}

export const pluralityBytes = ({ seats = 1, minimumSupport = 0, contenders }) =>
  concat(["0x03", u16(seats), u128(minimumSupport), u16(contenders)]);

export function categoriesBytes({
  order = 0,
  misfit = 0,
  leftover = 0,
  minimumSupport = 0,
  budget,
  budgets,
  costs,
  categories,
}) {
  return concat([
    "0x04",
    ...[order, misfit, leftover].map(u8),
    u128(minimumSupport),
    u128(budget),
    u16(budgets.length),
    ...budgets.map(u128),
    u16(costs.length),
    ...costs.flatMap((cost, slot) => [u128(cost), u16(categories[slot])]),
  ]);
}

export const proportionalBytes = ({ amount, contenders }) =>
  concat(["0x05", u128(amount), u16(contenders)]);

export const Method = Object.freeze({
  EqualShares: 0,
  Runoff: 1,
  TransferableVote: 2,
  Phragmen: 3,
});

const ballotsHead = ({
  method = Method.EqualShares,
  objectionTime = 3600,
  vetoHolder = zeroAddress,
  utility = 0,
  completion = 1,
  increment = completion >= 2 ? 1 : 0,
}) =>
  concat([
    "0x08",
    u8(method),
    numberToHex(objectionTime, { size: 4 }),
    vetoHolder,
    ...(method === Method.EqualShares ? [...[utility, completion].map(u8), u128(increment)] : []),
  ]);

/** A rule that decides by opened ballots: about costs within a budget, or about seats. */
export function ballotsBytes({ budget, costs, seats, options, ...head }) {
  const limit =
    costs === undefined
      ? [...(seats === undefined ? [] : [u16(seats)]), u16(options)]
      : [u128(budget), u16(costs.length), ...costs.map(u128)];
  return concat([ballotsHead(head), ...limit]);
}

/** @param parts lists of `[slots, encoding]` */
export const partsBytes = (parts) =>
  concat([
    "0x06",
    u8(parts.length),
    ...parts.flatMap(([slots, encoding]) => [u16(slots), u16(size(encoding)), encoding]),
  ]);

const u64 = (value) => numberToHex(value, { size: 8 });

/** What a round fixes of its ballots (§17.7). */
export const ballots = {
  singleChoice: "0x00",
  approval: (atLeast, atMost) => concat(["0x01", u16(atLeast), u16(atMost)]),
  knapsack: "0x02",
  score: (maxScore) => concat(["0x03", u64(maxScore)]),
  points: (credits, atLeast = 0) => concat(["0x04", u64(credits), u64(atLeast)]),
  quadratic: (credits) => concat(["0x05", u64(credits)]),
  ranking: (scores) => concat(["0x06", u16(scores.length), ...scores.map(u64)]),
};

/** What a round fixes of its outcome rule (§17.7). */
export const outcomes = {
  greedy: ({ order = 0, misfit = 0, minimumSupport = 1 } = {}) =>
    concat(["0x01", u8(order), u8(misfit), u128(minimumSupport)]),
  categories: ({ order = 0, misfit = 0, leftover = 0, minimumSupport = 1, budgets }) =>
    concat([
      "0x04",
      ...[order, misfit, leftover].map(u8),
      u128(minimumSupport),
      u16(budgets.length),
      ...budgets.map(u128),
    ]),
  proportional: "0x05",
  ballots: (head = {}) => ballotsHead(head),
};

export const tagged = (tag, ...parts) =>
  keccak256(concat([stringToHex(`ostraka/v2/${tag}`), ...parts]));
