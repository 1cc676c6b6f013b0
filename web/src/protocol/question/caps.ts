/**
 * Caps: bounds on the number or the cost of some options.
 *
 * Source: docs/protocol.md §5.5.
 */

import type { Terms } from "../rule.ts";
import { type Draft, invalidQuestion } from "./draft.ts";
import type { EntryProblem } from "./entries.ts";
import { type Fields, type QuestionJson, written } from "./fields.ts";

/** A bound on some options together. */
export interface Cap {
  /** Their indices, strictly increasing. */
  readonly options: readonly number[];
  /** Whether the bound is on their cost, not on their number. */
  readonly ofCosts: boolean;
  readonly bound: bigint;
}

/** From JSON. */
export function readCap(fields: Fields): Cap {
  const options = fields.integers("options").map(Number);
  const ofCosts = fields.has("budget");
  const bound = fields.integer(ofCosts ? "budget" : "at_most");
  fields.end();
  return { options, ofCosts, bound };
}

/** The JSON form. */
export function capJson({ options, ofCosts, bound }: Cap): QuestionJson {
  return { options, [ofCosts ? "budget" : "at_most"]: written(bound) };
}

/** How much of the bound each of its options uses: 1, or its cost. */
function pricesOf(cap: Cap, costs: readonly bigint[] | undefined): bigint[] {
  return cap.options.map((option) => (cap.ofCosts ? costs![option]! : 1n));
}

/** How much of a cap's bound the chosen options use. */
function takenOf(
  cap: Cap,
  costs: readonly bigint[] | undefined,
  chosen: readonly number[],
): bigint {
  const prices = pricesOf(cap, costs);
  return cap.options.reduce((sum, option, place) => {
    return chosen.includes(option) ? sum + prices[place]! : sum;
  }, 0n);
}

/** The first cap that chosen options break. */
function brokenCap(
  caps: readonly Cap[],
  costs: readonly bigint[] | undefined,
  chosen: readonly number[],
): Cap | undefined {
  return caps.find((cap) => takenOf(cap, costs, chosen) > cap.bound);
}

/** The problem of a cap that chosen options break. */
export function capProblem(
  caps: readonly Cap[],
  options: readonly string[],
  costs: readonly bigint[] | undefined,
  chosen: readonly number[],
): EntryProblem | undefined {
  const cap = brokenCap(caps, costs, chosen);
  if (!cap) return undefined;
  const { ofCosts, bound } = cap;
  return { kind: "cap", options: cap.options.map((option) => options[option]!), ofCosts, bound };
}

/** RangeError when chosen options break a cap. */
export function requireCaps(
  caps: readonly Cap[],
  options: readonly string[],
  costs: readonly bigint[] | undefined,
  chosen: readonly number[],
): void {
  const cap = brokenCap(caps, costs, chosen);
  if (!cap) return;
  const names = cap.options.map((option) => options[option]!).join(", ");
  const noun = cap.ofCosts ? "spent" : "chosen";
  const taken = takenOf(cap, costs, chosen);
  throw new RangeError(`${taken} ${noun} of ${names}: at most ${cap.bound}`);
}

/** Maximum number of its options that a ballot can select. */
export function selectable(cap: Cap, costs: readonly bigint[] | undefined): number {
  let left = cap.bound;
  let count = 0;
  for (const price of pricesOf(cap, costs).sort((one, two) => (one < two ? -1 : 1))) {
    left -= price;
    if (left < 0n) break;
    count += 1;
  }
  return count;
}

/** Refuse caps of unknown options, caps on costs without costs, and caps that cannot bind. */
export function checkCaps(
  caps: readonly Cap[],
  options: number,
  costs: readonly bigint[] | undefined,
): void {
  caps.forEach((cap, number) => {
    const field = `caps[${number}]`;
    if (cap.options.some((option, place) => place > 0 && option <= cap.options[place - 1]!)) {
      throw invalidQuestion(`${field}.options`, "not strictly increasing");
    }
    if (cap.options.some((option) => option < 0 || option >= options)) {
      throw invalidQuestion(`${field}.options`, `not all of 0 … ${options - 1}`);
    }
    if (cap.ofCosts && !costs) throw invalidQuestion(`${field}.budget`, "there are no costs");
    if (cap.bound < 1n) throw invalidQuestion(field, `${cap.bound}, at least 1`);
    const most = pricesOf(cap, costs).reduce((sum, price) => sum + price, 0n);
    if (cap.bound >= most) throw invalidQuestion(field, "it never binds");
  });
}

/** Add a row with its own slack bits for each cap. */
export function drawCaps(
  draft: Draft,
  caps: readonly Cap[],
  options: Terms,
  costs: readonly bigint[] | undefined,
): void {
  for (const cap of caps) {
    const prices = pricesOf(cap, costs);
    const priced = cap.options.map((option, place) => {
      return { bit: options[option]!.bit, coefficient: prices[place]! };
    });
    draft.row([...priced, ...draft.span(cap.bound)], cap.bound);
  }
}
