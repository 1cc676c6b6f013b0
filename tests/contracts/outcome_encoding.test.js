/** Outcome rules in Solidity: which bytes are a rule, and what is wrong with the others. */
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { concat, slice } from "viem";
import { assertRefused, startChain } from "./support/chain.js";
import {
  Method,
  NO_OUTCOME,
  ballotsBytes,
  categoriesBytes,
  greedyBytes,
  majorityBytes,
  partsBytes,
  pluralityBytes,
  proportionalBytes,
  range,
  tagged,
} from "./support/encodings.js";

let libraries;
before(async () => {
  libraries = await (await startChain()).deploy("Libraries");
});
const validate = (bytes, slots) => libraries.call("validateOutcome", [bytes, slots]);
const good = greedyBytes({ budget: 10, costs: [1, 2, 3] });

test("valid: none, and greedy with all flags and extremes", async () => {
  await validate(NO_OUTCOME, 320);
  await validate(good, 3);
  const most = 2n ** 128n - 1n;
  const extreme = { order: 1, misfit: 1, minimumSupport: most, budget: most };
  await validate(greedyBytes({ ...extreme, costs: range(320).map(() => most) }), 320);
  const divided = { ...extreme, leftover: 1, budgets: range(300).map(() => most) };
  const [costs, categories] = [range(320).map(() => most), range(320).map((slot) => slot % 300)];
  await validate(categoriesBytes({ ...divided, costs, categories }), 320);
  const share = { numerator: 2n ** 64n - 1n, denominator: 2n ** 64n - 1n };
  await validate(majorityBytes({ abstention: 1, strict: 0, quorum: most, ...share }), 3);
  await validate(pluralityBytes({ seats: 320, minimumSupport: most, contenders: 320 }), 320);
  await validate(proportionalBytes({ amount: most, contenders: 320 }), 320);
  await validate(ballotsBytes({ ...runoff, vetoHolder: `0x${"ff".repeat(20)}` }), 3);
  await validate(ballotsBytes({ ...stv, seats: 3, objectionTime: 2 ** 32 - 1 }), 3);
  const full = { budget: most, costs: range(320).map(() => most) };
  await validate(ballotsBytes({ ...full, utility: 1, completion: 3 }), 320);
  await validate(ballotsBytes({ ...full, method: Method.Phragmen }), 320);
  await validate(partsBytes(range(255).map(() => [1, NO_OUTCOME])), 255);
});

const runoff = { method: Method.Runoff, options: 3 };
const stv = { method: Method.TransferableVote, seats: 2, options: 3 };
const shares = { budget: 5, costs: [1, 2] };
const apart = { budget: 5, budgets: [5, 4], costs: [1, 2], categories: [0, 1] };
const byCategory = categoriesBytes(apart);
const plain = pluralityBytes({ contenders: 2 });

for (const [name, bytes, slots, reason, values] of [
  ["no bytes", "0x", 1, "OutcomeMalformed", [0]],
  ["none with a byte more", "0x0000", 1, "OutcomeMalformed", [2]],
  ["kind 9", "0x09", 1, "OutcomeUnknownKind", [9]],
  ["opened ballots: no method", "0x08", 1, "OutcomeMalformed", [1]],
  ["method 4", ballotsBytes({ ...runoff, method: 4 }), 3, "OutcomeOutOfRange", ["method", 4]],
  [
    "no time to object",
    ballotsBytes({ ...runoff, objectionTime: 0 }),
    3,
    "OutcomeOutOfRange",
    ["objectionTime", 0],
  ],
  ["a head cut short", slice(ballotsBytes(runoff), 0, 25), 3, "OutcomeMalformed", [25]],
  ["runoff cut short", slice(ballotsBytes(runoff), 0, 27), 3, "OutcomeMalformed", [27]],
  ["runoff of other options", ballotsBytes(runoff), 4, "OutcomeSlotsDiffer", [3, 4]],
  ["runoff with a byte more", concat([ballotsBytes(runoff), "0x00"]), 3, "OutcomeMalformed", [29]],
  ["no seat to transfer to", ballotsBytes({ ...stv, seats: 0 }), 3, "OutcomeOutOfRange"],
  ["more seats than options", ballotsBytes({ ...stv, seats: 4 }), 3, "OutcomeOutOfRange"],
  ["transfers over other options", ballotsBytes(stv), 2, "OutcomeSlotsDiffer", [3, 2]],
  ["utility 2", ballotsBytes({ ...shares, utility: 2 }), 2, "OutcomeUnknownFlag", [26, 2]],
  [
    "completion 4",
    ballotsBytes({ ...shares, completion: 4 }),
    2,
    "OutcomeOutOfRange",
    ["completion", 4],
  ],
  [
    "add-one of nothing",
    ballotsBytes({ ...shares, completion: 2, increment: 0 }),
    2,
    "OutcomeOutOfRange",
    ["increment", 0],
  ],
  [
    "an increment that nothing uses",
    ballotsBytes({ ...shares, increment: 7 }),
    2,
    "OutcomeOutOfRange",
    ["increment", 7],
  ],
  ["shares: a cost missing", ballotsBytes(shares), 3, "OutcomeSlotsDiffer", [2, 3]],
  ["shares cut short", slice(ballotsBytes(shares), 0, 93), 2, "OutcomeMalformed", [93]],
  [
    "shares: a cost of zero",
    ballotsBytes({ ...shares, costs: [1, 0] }),
    2,
    "BallotOutcomeCostIsZero",
    [1],
  ],
  [
    "Phragmén: a cost of zero",
    ballotsBytes({ budget: 1, costs: [0], method: Method.Phragmen }),
    1,
    "BallotOutcomeCostIsZero",
    [0],
  ],
  [
    "opened ballots as a part",
    partsBytes([
      [3, ballotsBytes(runoff)],
      [1, NO_OUTCOME],
    ]),
    4,
    "OutcomeUnknownKind",
    [8],
  ],
  ["kind 255", "0xff", 1, "OutcomeUnknownKind", [255]],
  ["a greedy head cut short", slice(good, 0, 36), 3, "OutcomeMalformed", [36]],
  ["a cost cut short", slice(good, 0, 84), 3, "OutcomeMalformed", [84]],
  ["a cost missing", slice(good, 0, 69), 3, "OutcomeMalformed", [69]],
  ["a trailing byte", concat([good, "0x00"]), 3, "OutcomeMalformed", [86]],
  ["a cost too few", good, 4, "OutcomeSlotsDiffer", [3, 4]],
  ["a cost too many", good, 2, "OutcomeSlotsDiffer", [3, 2]],
  ["order 2", greedyBytes({ order: 2, budget: 1, costs: [1] }), 1, "OutcomeUnknownFlag", [1, 2]],
  ["misfit 2", greedyBytes({ misfit: 2, budget: 1, costs: [1] }), 1, "OutcomeUnknownFlag", [2, 2]],
  ["a cost of zero", greedyBytes({ budget: 1, costs: [1, 0] }), 2, "OutcomeCostIsZero", [1]],
  [
    "majority of no share",
    majorityBytes({ numerator: 0 }),
    2,
    "OutcomeOutOfRange",
    ["numerator", 0],
  ],
  ["majority of more than all", majorityBytes({ numerator: 3 }), 2, "OutcomeOutOfRange"],
  ["strictly more than all", majorityBytes({ numerator: 2 }), 2, "OutcomeOutOfRange"],
  ["majority: abstention 2", majorityBytes({ abstention: 2 }), 2, "OutcomeUnknownFlag", [1, 2]],
  ["majority: strict 2", majorityBytes({ strict: 2 }), 2, "OutcomeUnknownFlag", [2, 2]],
  ["majority over three", majorityBytes({}), 3, "OutcomeSlotsDiffer", [2, 3]],
  ["majority over two of three", majorityBytes({ abstention: 1 }), 2, "OutcomeSlotsDiffer", [3, 2]],
  ["majority cut short", slice(majorityBytes({}), 0, 34), 2, "OutcomeMalformed", [34]],
  ["no seat", pluralityBytes({ seats: 0, contenders: 2 }), 2, "OutcomeOutOfRange", ["seats", 0]],
  [
    "more seats than contenders",
    pluralityBytes({ seats: 3, contenders: 2 }),
    3,
    "OutcomeOutOfRange",
  ],
  ["more contenders than slots", plain, 1, "OutcomeSlotsDiffer", [2, 1]],
  ["plurality with a byte more", concat([plain, "0x00"]), 2, "OutcomeMalformed", [22]],
  ["no category", categoriesBytes({ ...apart, budgets: [] }), 2, "OutcomeOutOfRange"],
  [
    "an unknown category",
    categoriesBytes({ ...apart, categories: [0, 2] }),
    2,
    "OutcomeUnknownCategory",
    [1, 2],
  ],
  ["leftover 2", categoriesBytes({ ...apart, leftover: 2 }), 2, "OutcomeUnknownFlag", [3, 2]],
  [
    "category cost of zero",
    categoriesBytes({ ...apart, costs: [0, 1] }),
    2,
    "OutcomeCostIsZero",
    [0],
  ],
  ["categories for more slots", byCategory, 3, "OutcomeSlotsDiffer", [2, 3]],
  ["categories cut short", slice(byCategory, 0, 107), 2, "OutcomeMalformed", [107]],
  [
    "no amount",
    proportionalBytes({ amount: 0, contenders: 1 }),
    1,
    "OutcomeOutOfRange",
    ["amount", 0],
  ],
  ["no contender", proportionalBytes({ amount: 1, contenders: 0 }), 1, "OutcomeOutOfRange"],
  [
    "shares for more than there are",
    proportionalBytes({ amount: 1, contenders: 2 }),
    1,
    "OutcomeSlotsDiffer",
    [2, 1],
  ],
  ["one part", partsBytes([[2, plain]]), 2, "OutcomeOutOfRange", ["parts", 1]],
  [
    "a part without slots",
    partsBytes([
      [2, plain],
      [0, NO_OUTCOME],
    ]),
    2,
    "OutcomeOutOfRange",
  ],
  [
    "parts of too few slots",
    partsBytes([
      [2, plain],
      [2, plain],
    ]),
    5,
    "OutcomeSlotsDiffer",
    [4, 5],
  ],
  [
    "parts within parts",
    partsBytes([
      [1, NO_OUTCOME],
      [
        4,
        partsBytes([
          [2, plain],
          [2, plain],
        ]),
      ],
    ]),
    5,
    "OutcomeUnknownKind",
    [6],
  ],
  [
    "a part that is empty",
    partsBytes([
      [2, plain],
      [1, "0x"],
    ]),
    3,
    "OutcomeMalformed",
    [0],
  ],
  [
    "parts with a byte more",
    concat([
      partsBytes([
        [2, plain],
        [1, NO_OUTCOME],
      ]),
      "0x00",
    ]),
    3,
    "OutcomeMalformed",
  ],
  [
    "a part longer than the rule",
    slice(
      partsBytes([
        [1, NO_OUTCOME],
        [2, plain],
      ]),
      0,
      31,
    ),
    3,
    "OutcomeMalformed",
    [31],
  ],
]) {
  test(`refused: ${name}`, () => assertRefused(validate(bytes, slots), reason, values));
}

test("digest is tagged", async () => {
  assert.equal(await libraries.call("outcomeDigest", [good]), tagged("outcome", good));
});

test("no tally gives the awards of a rule on opened ballots", async () => {
  const rule = ballotsBytes({ budget: 10, costs: [1, 2, 3] });
  await validate(rule, 3);
  const given = libraries.call("awards", [rule, [3n, 2n, 1n], []]);
  await assertRefused(given, "OutcomeUnknownKind", [8]);
});
