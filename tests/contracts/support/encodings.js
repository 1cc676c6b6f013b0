/** Bytes of rules (docs/protocol.md §5.2) and outcome rules (§14), valid or not. */
import { concat, keccak256, numberToHex, stringToHex } from "viem";

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
    numberToHex(order, { size: 1 }),
    numberToHex(misfit, { size: 1 }),
    u128(minimumSupport),
    u128(budget),
    u16(costs.length),
    ...costs.map(u128),
  ]);
}

export const tagged = (tag, ...parts) =>
  keccak256(concat([stringToHex(`ostraka/v1/${tag}`), ...parts]));
