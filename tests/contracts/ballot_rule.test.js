/** Ballot rules: docs/protocol.md §5.2, §5.3. */
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { concat, numberToHex, size, slice } from "viem";
import { Refused, assertRefused, startChain } from "./support/chain.js";
import { range, ruleBytes, singleChoice, tagged } from "./support/encodings.js";
import { seeded } from "./support/random.js";

const LARGEST = 2n ** 127n - 1n;
const LEAST = -(2n ** 127n);
const one = [[0, 1]];

let libraries;
before(async () => {
  libraries = await (await startChain()).deploy("Libraries");
});
const validate = (bytes) => libraries.call("validateRule", [bytes]);

const valid = {
  "single choice of 2": [singleChoice(2), 2, 1n],
  "single choice of 320": [singleChoice(320), 320, 1n],
  "one bit, no row": [{ bits: 1, slots: [one] }, 1, 1n],
  "bits of no slot": [{ bits: 5, slots: [[[3, 7]]] }, 1, 7n],
  "a bit beyond the first word": [{ bits: 320, slots: [[[63, 1]], [[319, 2]]] }, 2, 2n],
  "bits 0 and 256 are two": [{ bits: 257, slots: [one, [[256, 1]]] }, 2, 1n],
  "all 320 largest coefficients in one slot": [
    { bits: 320, slots: [range(320).map((bit) => [bit, LARGEST])] },
    1,
    320n * LARGEST,
  ],
  "the largest of three slots is the middle one": [
    {
      bits: 4,
      slots: [
        [[0, 2]],
        [
          [1, 3],
          [3, 4],
        ],
        [[2, 6]],
      ],
    },
    3,
    7n,
  ],
  "row of magnitude 2^128 − 1": [
    {
      bits: 2,
      slots: [one],
      rows: [
        {
          terms: [
            [0, LARGEST],
            [1, LARGEST],
          ],
          constant: 1,
        },
      ],
    },
    1,
    1n,
  ],
  "row of magnitude 2^128 − 1 with the least constant": [
    { bits: 1, slots: [one], rows: [{ terms: [[0, LARGEST]], constant: LEAST }] },
    1,
    1n,
  ],
  "row of magnitude 2^128 − 1 with the least coefficient": [
    { bits: 1, slots: [one], rows: [{ terms: [[0, LEAST]], constant: LARGEST }] },
    1,
    1n,
  ],
  "a thousand rows": [
    { bits: 1, slots: [one], rows: range(1000).map((constant) => ({ terms: one, constant })) },
    1,
    1n,
  ],
  "319 bits and a quadratic row": [
    { bits: 319, slots: [one], quadraticRows: [{ slots: [0], terms: [], constant: 1 }] },
    1,
    1n,
  ],
  "one bit and 319 quadratic rows": [
    {
      bits: 1,
      slots: [one],
      quadraticRows: range(319).map((constant) => ({ slots: [0], terms: [], constant })),
    },
    1,
    1n,
  ],
  "quadratic row of magnitude 2^128 − 1": [
    {
      bits: 1,
      slots: [[[0, 2n ** 64n - 1n]]],
      quadraticRows: [{ slots: [0], terms: [], constant: 2n ** 65n - 2n }],
    },
    1,
    2n ** 64n - 1n,
  ],
  "quadratic row over two slots with slack": [
    {
      bits: 4,
      slots: [one, [[1, 2]]],
      quadraticRows: [
        {
          slots: [0, 1],
          terms: [
            [2, -1],
            [3, 4],
          ],
          constant: -9,
        },
      ],
    },
    2,
    2n,
  ],
};

for (const [name, [rule, slots, maximum]] of Object.entries(valid)) {
  test(`valid: ${name}`, async () => {
    assert.deepEqual(await validate(ruleBytes(rule)), [slots, maximum]);
  });
}

const slotOf = (terms, bits = 2) => ({ bits, slots: [terms] });
const rowOf = (terms, constant = 1, bits = 2) => ({
  bits,
  slots: [one],
  rows: [{ terms, constant }],
});
const quadraticOf = (row, bits = 2, slots = [one, [[1, 1]]]) => ({
  bits,
  slots,
  quadraticRows: [{ slots: [0], terms: [], constant: 1, ...row }],
});
const secondRow = (terms, constant = 1) => ({
  bits: 2,
  slots: [one],
  rows: [
    { terms: one, constant: 1 },
    { terms, constant },
  ],
});

/** Each breaks one thing: the rule, the reason, the values it carries. */
const refused = {
  "no bits": [{ bits: 0, slots: [one] }, "BallotRuleNoBits", []],
  "no slots": [{ bits: 1, slots: [] }, "BallotRuleNoSlots", []],
  "no slots but a row": [
    { bits: 1, slots: [], rows: [{ terms: one, constant: 1 }] },
    "BallotRuleNoSlots",
    [],
  ],
  "321 bits": [{ bits: 321, slots: [one] }, "BallotRuleTooWide", [321]],
  "65535 bits": [{ bits: 65535, slots: [one] }, "BallotRuleTooWide", [65535]],
  "320 bits and a quadratic row": [quadraticOf({}, 320), "BallotRuleTooWide", [321]],
  "one bit and 320 quadratic rows": [
    {
      bits: 1,
      slots: [one],
      quadraticRows: range(320).map((constant) => ({ slots: [0], terms: [], constant })),
    },
    "BallotRuleTooWide",
    [321],
  ],
  "more slots than bits": [{ bits: 1, slots: [one, one] }, "BallotRuleTooManySlots", [2, 1]],
  "slot without terms": [slotOf([]), "BallotRuleSlotWithoutTerms", [0]],
  "second slot without terms": [{ bits: 2, slots: [one, []] }, "BallotRuleSlotWithoutTerms", [1]],
  "slot with a zero coefficient": [slotOf([[1, 0]]), "BallotRuleZeroCoefficient", [1]],
  "slot with coefficient −1": [slotOf([[1, -1]]), "BallotRuleNegativeCoefficient", [1]],
  "slot with the least coefficient": [slotOf([[0, LEAST]]), "BallotRuleNegativeCoefficient", [0]],
  "slot with a bit just outside": [slotOf([[2, 1]]), "BallotRuleIndexOutOfRange", [2, 2]],
  "slot with bit 65535": [slotOf([[65535, 1]]), "BallotRuleIndexOutOfRange", [65535, 2]],
  "slot with a bit twice": [
    slotOf([
      [1, 1],
      [1, 1],
    ]),
    "BallotRuleNotIncreasing",
    [1],
  ],
  "slot with falling bits": [
    slotOf([
      [1, 1],
      [0, 1],
    ]),
    "BallotRuleNotIncreasing",
    [0],
  ],
  "bit in two slots": [{ bits: 2, slots: [one, one] }, "BallotRuleBitInTwoSlots", [0]],
  "bit 255 in two slots": [
    { bits: 320, slots: [[[255, 1]], [[255, 1]]] },
    "BallotRuleBitInTwoSlots",
    [255],
  ],
  "bit 256 in two slots": [
    { bits: 320, slots: [[[256, 1]], [[256, 1]]] },
    "BallotRuleBitInTwoSlots",
    [256],
  ],
  "bit 319 in the first and the last slot": [
    {
      bits: 320,
      slots: [
        [[319, 1]],
        one,
        [
          [1, 1],
          [319, 9],
        ],
      ],
    },
    "BallotRuleBitInTwoSlots",
    [319],
  ],
  "row without terms": [rowOf([], 0), "BallotRuleRowWithoutTerms", [0]],
  "second row without terms": [secondRow([]), "BallotRuleRowWithoutTerms", [1]],
  "row with a zero coefficient": [rowOf([[0, 0]]), "BallotRuleZeroCoefficient", [0]],
  "row with a bit just outside": [rowOf([[2, 1]]), "BallotRuleIndexOutOfRange", [2, 2]],
  "row with a bit twice": [
    rowOf([
      [0, 1],
      [0, 1],
    ]),
    "BallotRuleNotIncreasing",
    [0],
  ],
  "row with falling bits": [
    rowOf([
      [1, 1],
      [0, 1],
    ]),
    "BallotRuleNotIncreasing",
    [0],
  ],
  "row of magnitude 2^128": [
    rowOf(
      [
        [0, LARGEST],
        [1, LARGEST],
      ],
      2,
    ),
    "BallotRuleRowTooLarge",
    [0],
  ],
  "row of magnitude 2^128 by a negative constant": [
    rowOf(
      [
        [0, LARGEST],
        [1, LARGEST],
      ],
      -2,
    ),
    "BallotRuleRowTooLarge",
    [0],
  ],
  "row whose terms cancel but whose magnitude is 2^128": [
    rowOf(
      [
        [0, LARGEST],
        [1, -LARGEST],
      ],
      2,
    ),
    "BallotRuleRowTooLarge",
    [0],
  ],
  "row of two least values": [rowOf([[0, LEAST]], LEAST), "BallotRuleRowTooLarge", [0]],
  "second row too large": [secondRow([[0, LEAST]], LEAST), "BallotRuleRowTooLarge", [1]],
  "row of 320 largest coefficients": [
    rowOf(
      range(320).map((bit) => [bit, LARGEST]),
      0,
      320,
    ),
    "BallotRuleRowTooLarge",
    [0],
  ],
  "quadratic row without slots": [
    quadraticOf({ slots: [], terms: one }),
    "BallotRuleQuadraticRowWithoutSlots",
    [0],
  ],
  "quadratic row with a slot just outside": [
    quadraticOf({ slots: [2] }),
    "BallotRuleIndexOutOfRange",
    [2, 2],
  ],
  "quadratic row with a bit for a slot": [
    quadraticOf({ slots: [3] }, 4),
    "BallotRuleIndexOutOfRange",
    [3, 2],
  ],
  "quadratic row with a slot twice": [
    quadraticOf({ slots: [1, 1] }),
    "BallotRuleNotIncreasing",
    [1],
  ],
  "quadratic row with falling slots": [
    quadraticOf({ slots: [1, 0] }),
    "BallotRuleNotIncreasing",
    [0],
  ],
  "quadratic row with a zero coefficient": [
    quadraticOf({ terms: [[1, 0]] }),
    "BallotRuleZeroCoefficient",
    [1],
  ],
  "quadratic row with a bit just outside": [
    quadraticOf({ terms: [[2, 1]] }),
    "BallotRuleIndexOutOfRange",
    [2, 2],
  ],
  "quadratic row with a bit twice": [
    quadraticOf({
      terms: [
        [0, 1],
        [0, 1],
      ],
    }),
    "BallotRuleNotIncreasing",
    [0],
  ],
  "quadratic row with falling bits": [
    quadraticOf({
      terms: [
        [1, 1],
        [0, 1],
      ],
    }),
    "BallotRuleNotIncreasing",
    [0],
  ],
  "square of 2^64": [
    quadraticOf({ constant: 0 }, 1, [[[0, 2n ** 64n]]]),
    "BallotRuleQuadraticRowTooLarge",
    [0],
  ],
  "square beyond 256 bits": [
    quadraticOf({ constant: 0 }, 319, [range(319).map((bit) => [bit, LARGEST])]),
    "BallotRuleQuadraticRowTooLarge",
    [0],
  ],
  "square that would be 0 modulo 2^256": [
    quadraticOf({ constant: 0 }, 3, [
      [
        [0, LARGEST],
        [1, LARGEST],
        [2, 2],
      ],
    ]),
    "BallotRuleQuadraticRowTooLarge",
    [0],
  ],
  "squares that only together are too large": [
    quadraticOf({ slots: [0, 1] }, 2, [[[0, 2n ** 64n - 1n]], [[1, 2n ** 33n]]]),
    "BallotRuleQuadraticRowTooLarge",
    [0],
  ],
  "quadratic row of magnitude 2^128 by its constant": [
    quadraticOf({ constant: 2n ** 65n - 1n }, 1, [[[0, 2n ** 64n - 1n]]]),
    "BallotRuleQuadraticRowTooLarge",
    [0],
  ],
  "quadratic row of magnitude 2^128 by a negative constant": [
    quadraticOf({ constant: -(2n ** 65n - 1n) }, 1, [[[0, 2n ** 64n - 1n]]]),
    "BallotRuleQuadraticRowTooLarge",
    [0],
  ],
  "quadratic row of magnitude 2^128 by a term": [
    quadraticOf({ terms: [[1, LEAST]], constant: LARGEST }, 2, [one]),
    "BallotRuleQuadraticRowTooLarge",
    [0],
  ],
};

for (const [name, [rule, reason, values]] of Object.entries(refused)) {
  test(`refused: ${name}`, () => assertRefused(validate(ruleBytes(rule)), reason, values));
}

const FULL = {
  bits: 4,
  slots: [
    one,
    [
      [1, 2],
      [2, 3],
    ],
  ],
  rows: [
    {
      terms: [
        [0, 1],
        [3, -1],
      ],
      constant: -5,
    },
  ],
  quadraticRows: [{ slots: [0, 1], terms: [[3, 2]], constant: 9 }],
};

test("refused: every proper prefix of a rule is truncated", async () => {
  const bytes = ruleBytes(FULL);
  assert.deepEqual(await validate(bytes), [2, 5n]);
  const lengths = range(size(bytes));
  const results = await libraries.callAll(
    "validateRule",
    lengths.map((length) => [length === 0 ? "0x" : slice(bytes, 0, length)]),
  );
  results.forEach((result, length) => {
    assert.ok(result instanceof Refused, `prefix of ${length} bytes was accepted`);
    assert.equal(result.name, "BallotRuleTruncated");
    assert.ok(result.values[0] <= BigInt(length));
  });
});

for (const surplus of [1, 2, 18, 32, 1000]) {
  test(`refused: ${surplus} trailing bytes`, () =>
    assertRefused(
      validate(concat([ruleBytes(FULL), `0x${"00".repeat(surplus)}`])),
      "BallotRuleTrailingBytes",
      [surplus],
    ));
}

test("refused: counts beyond what is there", async () => {
  const bytes = ruleBytes(FULL);
  // Bytes of counts: slots, rows, quadratic rows, terms of the first slot.
  for (const at of [3, 5, 7, 9]) {
    const more = concat([slice(bytes, 0, at), "0xff", slice(bytes, at + 1)]);
    await assert.rejects(validate(more), Refused);
  }
});

test("digest is tagged", async () => {
  const bytes = ruleBytes(FULL);
  assert.equal(await libraries.call("ruleDigest", [bytes]), tagged("rule", bytes));
});

test("random bytes are refused for a reason, never a panic", async () => {
  const random = seeded("bytes");
  const bytes = ruleBytes(FULL);
  const mutated = range(400).map(() => {
    const at = random.number(size(bytes));
    return concat([
      ...(at > 0 ? [slice(bytes, 0, at)] : []),
      numberToHex(random.number(256), { size: 1 }),
      ...(at + 1 < size(bytes) ? [slice(bytes, at + 1)] : []),
    ]);
  });
  const results = await libraries.callAll(
    "validateRule",
    mutated.map((one) => [one]),
  );
  for (const result of results) {
    if (result instanceof Refused) assert.match(result.name, /^BallotRule/);
  }
});
