/**
 * From what a voter chooses to the bits of a ballot.
 *
 * Source: docs/protocol.md §5.4, §5.5.
 */

import { type BallotRule, evaluate, slackBits } from "./rule.ts";

/**
 * Bits of a ballot that selects some slots: single choice, approval and knapsack.
 *
 * @param chosen Slots, counted from 0.
 * @throws RangeError: the rule asks for more than a selection, or forbids this one; says why.
 */
export function selectionBits(rule: BallotRule, chosen: Iterable<number>): bigint[] {
  const plain = rule.slots.every((terms) => terms.length === 1 && terms[0]!.coefficient === 1n);
  if (!plain || rule.rows.length > 1 || rule.quadraticRows.length) {
    throw new RangeError("this poll's ballot is no plain selection of options");
  }
  const bits = new Array<bigint>(rule.bits).fill(0n);
  for (const slot of chosen) {
    const terms = rule.slots[slot];
    if (!terms) {
      throw new RangeError(`option ${slot + 1} does not exist, there are ${rule.slots.length}`);
    }
    bits[terms[0]!.bit] = 1n;
  }
  const ofSlots = new Set(rule.slots.map((terms) => terms[0]!.bit));
  for (const { terms, constant } of rule.rows) {
    const slack = terms.filter(({ bit }) => !ofSlots.has(bit));
    const used = evaluate(terms, bits);
    const span = slack.reduce((sum, { coefficient }) => sum + coefficient, 0n);
    const left = constant - used;
    if (left < 0n || left > span) {
      const allowed = `${constant - span} to ${constant}`;
      throw new RangeError(`the choice comes to ${used}, allowed are ${allowed}`);
    }
    slackBits(span, left).forEach((value, number) => {
      bits[slack[number]!.bit] = value;
    });
  }
  return bits;
}
