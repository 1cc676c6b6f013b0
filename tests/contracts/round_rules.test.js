/** Rules of a round's poll as RoundRules writes them: docs/protocol.md §5.5, §14, §17.7. */
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { concat, hexToBigInt, size, slice } from "viem";
import { assertRefused, startChain } from "./support/chain.js";
import {
  ballots,
  categoriesBytes,
  greedyBytes,
  outcomes,
  proportionalBytes,
  range,
  ruleBytes,
} from "./support/encodings.js";
import { seeded } from "./support/random.js";

const BUDGET = 1000n;

let rules, libraries;
before(async () => {
  const chain = await startChain();
  rules = await chain.deploy("RoundRules");
  libraries = await chain.deploy("Libraries");
});

const check = (ballot, { outcome = outcomes.greedy(), proposals = 3, budget = BUDGET } = {}) =>
  rules.call("check", [ballot, outcome, proposals, budget]);
const write = (ballot, amounts, { outcome = outcomes.greedy(), budget = BUDGET, ...given } = {}) =>
  rules.call("write", [ballot, outcome, budget, amounts, given.categories ?? amounts.map(() => 0)]);
const ruleOf = async (ballot, options, given) =>
  (
    await write(
      ballot,
      range(options).map(() => 1n),
      given,
    )
  )[0];
const refused = (promise, field) =>
  assertRefused(promise, "BudgetTreasuryInvalidParameter", [field]);

/** Coefficients whose sums are exactly `0 … span` (§5.4). */
function exact(span) {
  const length = span === 0n ? 0 : span.toString(2).length;
  return range(length).map((power) =>
    power + 1 < length ? 1n << BigInt(power) : span - ((1n << BigInt(power)) - 1n),
  );
}

const from = (first, coefficients) =>
  coefficients.map((coefficient, index) => [first + index, coefficient]);
/** Largest integer whose square is at most `value`, bit by bit. */
function root(value) {
  let least = 0n;
  for (let bit = 1n << 32n; bit > 0n; bit >>= 1n) {
    if ((least + bit) ** 2n <= value) least += bit;
  }
  return least;
}

/** The constructors once more, from the text of §5.5. */
const constructors = {
  score(options, most) {
    const steps = exact(most);
    const slots = range(options).map((option) => from(option * steps.length, steps));
    return { bits: options * steps.length, slots };
  },
  points(options, credits, atLeast) {
    const steps = exact(credits);
    const slack = exact(credits - atLeast);
    const slots = range(options).map((option) => from(option * steps.length, steps));
    const bits = options * steps.length;
    const terms = [...slots.flat(), ...from(bits, slack)];
    return { bits: bits + slack.length, slots, rows: [{ terms, constant: credits }] };
  },
  quadratic(options, credits) {
    const steps = exact(root(credits));
    const slack = exact(credits);
    const slots = range(options).map((option) => from(option * steps.length, steps));
    const bits = options * steps.length;
    return {
      bits: bits + slack.length,
      slots,
      quadraticRows: [{ slots: range(options), terms: from(bits, slack), constant: credits }],
    };
  },
  ranking(options, given) {
    const scores = given.slice(0, options);
    const places = scores.length;
    const bit = (option, place) => option * places + place;
    const full = places === options;
    const ones = (bits) => ({ terms: bits.map((one) => [one, 1]), constant: 1 });
    return {
      bits: options * places + (full ? 0 : options),
      slots: range(options).map((option) =>
        scores.flatMap((score, place) => (score > 0n ? [[bit(option, place), score]] : [])),
      ),
      rows: [
        ...range(places).map((place) => ones(range(options).map((option) => bit(option, place)))),
        // One place holds one option anyway.
        ...range(places > 1 ? options : 0).map((option) =>
          ones([
            ...range(places).map((place) => bit(option, place)),
            ...(full ? [] : [options * places + option]),
          ]),
        ),
      ],
    };
  },
};

/** Reads §5.2 back, so that what is enumerated is what was written. */
function readRule(bytes) {
  let at = 0;
  const take = (count) => {
    at += count;
    return hexToBigInt(slice(bytes, at - count, at), { size: count, signed: count === 16 });
  };
  const number = () => Number(take(2));
  const [bits, slots, rows, quadraticRows] = range(4).map(number);
  const terms = (count) => range(count).map(() => [number(), take(16)]);
  const rule = {
    bits,
    slots: range(slots).map(() => terms(number())),
    rows: range(rows).map(() => {
      const count = number();
      return { constant: take(16), terms: terms(count) };
    }),
    quadraticRows: range(quadraticRows).map(() => {
      const [used, count, constant] = [number(), number(), take(16)];
      return { constant, slots: range(used).map(number), terms: terms(count) };
    }),
  };
  assert.equal(at, size(bytes));
  return rule;
}

/** Every list of slot values that some ballot gives, by trying all bits. */
function votes({ bits, slots, rows, quadraticRows }) {
  assert.ok(bits <= 14, `${bits} bits`);
  const found = new Set();
  for (let vector = 0; vector < 1 << bits; vector++) {
    const sum = (terms) =>
      terms.reduce((total, [bit, factor]) => total + ((vector >> bit) & 1 ? factor : 0n), 0n);
    const values = slots.map(sum);
    const squares = (used) => used.reduce((total, slot) => total + values[slot] ** 2n, 0n);
    if (
      rows.every(({ terms, constant }) => sum(terms) === constant) &&
      quadraticRows.every((row) => squares(row.slots) + sum(row.terms) === row.constant)
    ) {
      found.add(values.join());
    }
  }
  return [...found].toSorted();
}

/** Every list of that length with values in `0 … most` for which `allowed` holds. */
function lists(options, most, allowed) {
  let all = [[]];
  for (let option = 0; option < options; option++) {
    all = all.flatMap((list) => range(most + 1).map((value) => [...list, value]));
  }
  return all
    .filter(allowed)
    .map((list) => list.join())
    .toSorted();
}

const total = (list) => list.reduce((sum, value) => sum + value, 0);
const squares = (list) => total(list.map((value) => value * value));

/** Every way to give the scores to different options. */
function rankings(options, scores) {
  let all = [range(options).map(() => 0)];
  let places = [[]];
  for (const score of scores.slice(0, options)) {
    const next = [];
    const nextPlaces = [];
    all.forEach((list, index) => {
      for (const option of range(options)) {
        if (places[index].includes(option)) continue;
        next.push(list.with(option, score));
        nextPlaces.push([...places[index], option]);
      }
    });
    [all, places] = [next, nextPlaces];
  }
  return [...new Set(all.map((list) => list.join()))].toSorted();
}

test("every kind's bytes are those of its constructor, for every number of proposals", async () => {
  const wide = 2n ** 64n - 1n;
  for (const options of [1, 2, 3, 5, 8]) {
    for (const most of [1n, 2n, 5n, 7n, 8n, 100n, wide]) {
      assert.equal(
        await ruleOf(ballots.score(most), options),
        ruleBytes(constructors.score(options, most)),
        `score ${most} of ${options}`,
      );
      assert.equal(
        await ruleOf(ballots.quadratic(most), options),
        ruleBytes(constructors.quadratic(options, most)),
        `quadratic ${most} of ${options}`,
      );
      for (const least of [0n, 1n, most / 2n, most]) {
        assert.equal(
          await ruleOf(ballots.points(most, least), options),
          ruleBytes(constructors.points(options, most, least)),
          `points ${least} … ${most} of ${options}`,
        );
      }
    }
    for (const scores of [
      [1n, 1n],
      [3n, 2n, 1n],
      [5n, 3n, 0n],
      [2n, 0n, 0n, 0n],
      [wide, wide, 1n],
    ]) {
      assert.equal(
        await ruleOf(ballots.ranking(scores), options),
        ruleBytes(constructors.ranking(options, scores)),
        `ranking ${scores} of ${options}`,
      );
    }
  }
});

test("ballots are exactly those that the kind means", async () => {
  const expected = [];
  for (const [options, most] of [
    [1, 5],
    [2, 4],
    [3, 6],
  ]) {
    expected.push([ballots.score(most), options, lists(options, most, () => true)]);
  }
  for (const [options, credits, least] of [
    [1, 5, 2],
    [2, 6, 0],
    [2, 6, 6],
    [3, 5, 3],
  ]) {
    const allowed = (list) => total(list) >= least && total(list) <= credits;
    expected.push([ballots.points(credits, least), options, lists(options, credits, allowed)]);
  }
  for (const [options, credits] of [
    [1, 4],
    [2, 10],
    [3, 12],
  ]) {
    const most = Number(root(BigInt(credits)));
    const allowed = (list) => squares(list) <= credits;
    expected.push([ballots.quadratic(credits), options, lists(options, most, allowed)]);
  }
  for (const [options, scores] of [
    [1, [3, 1]],
    [2, [3, 1]],
    [3, [3, 1]],
    [4, [2, 1]],
    [3, [2, 1, 0]],
    [3, [1, 1, 1]],
    [2, [3, 2, 1]],
  ]) {
    expected.push([ballots.ranking(scores), options, rankings(options, scores)]);
  }
  for (const [ballot, options, allowed] of expected) {
    const rule = await ruleOf(ballot, options);
    const [slots] = await libraries.call("validateRule", [rule]);
    assert.equal(slots, options);
    assert.deepEqual(votes(readRule(rule)), allowed, `${ballot} over ${options}`);
  }
});

test("approval names at most all that stand", async () => {
  for (const [least, most, options] of [
    [2, 5, 3],
    [4, 5, 3],
    [0, 5, 3],
    [1, 2, 3],
  ]) {
    const [atLeast, atMost] = [Math.min(least, options), Math.min(most, options)];
    const allowed = (list) => total(list) >= atLeast && total(list) <= atMost;
    const rule = await ruleOf(ballots.approval(least, most), options);
    assert.deepEqual(votes(readRule(rule)), lists(options, 1, allowed));
  }
});

/** [ballot, most proposals that fit into 320 bits and quadratic rows] */
const WIDEST = [
  [ballots.singleChoice, 320],
  [ballots.approval(0, 3), 318],
  [ballots.approval(2, 2), 320],
  [ballots.knapsack, 310],
  [ballots.score(1n), 320],
  [ballots.score(100n), 45],
  [ballots.score(2n ** 64n - 1n), 5],
  [ballots.points(100n), 44],
  [ballots.points(100n, 100n), 45],
  [ballots.points(7n, 6n), 106],
  [ballots.quadratic(99n), 78],
  [ballots.quadratic(100n), 78],
  [ballots.quadratic(1n), 318],
  [ballots.quadratic(2n ** 64n - 1n), 7],
  [ballots.ranking([2n, 1n]), 106],
  [ballots.ranking(range(17).map(() => 1n)), 17],
  [ballots.ranking(range(16).map(() => 2n ** 64n - 1n)), 18],
  [ballots.ranking([3n, 2n, 1n]), 80],
];

test("as many proposals as fit into a ballot, and not one more", async () => {
  for (const [ballot, most] of WIDEST) {
    assert.deepEqual(await check(ballot, { proposals: most }), [0, false], ballot);
    await refused(check(ballot, { proposals: most + 1 }), "maximumProposals");
    const rule = await ruleOf(ballot, most);
    const [slots, maximum] = await libraries.call("validateRule", [rule]);
    assert.equal(slots, most);
    // Whatever the electorate weighs, a tally stays below 2^200.
    assert.ok(maximum * (2n ** 128n - 1n) < 2n ** 200n, ballot);
  }
});

test("fewer proposals never make a ballot wider", async () => {
  for (const [ballot, most] of WIDEST) {
    for (const options of [1, 2, 3, most >> 1, most - 2, most - 1]) {
      const rule = await ruleOf(ballot, options);
      await libraries.call("validateRule", [rule]);
    }
  }
});

test("invalid ballots, each for its field", async () => {
  const long = concat([ballots.ranking([1n, 1n]), "0x00"]);
  for (const [ballot, field] of [
    ["0x", "ballot"],
    ["0x07", "ballot"],
    ["0xff", "ballot"],
    ["0x0000", "ballot"],
    ["0x01", "ballot"],
    [slice(ballots.approval(0, 1), 0, 4), "ballot"],
    [concat([ballots.approval(0, 1), "0x00"]), "ballot"],
    [ballots.approval(0, 0), "ballot.atMost"],
    [ballots.approval(3, 2), "ballot.atMost"],
    ["0x0200", "ballot"],
    ["0x03", "ballot"],
    [ballots.score(0n), "ballot.maxScore"],
    [concat([ballots.score(1n), "0x00"]), "ballot"],
    [ballots.points(0n), "ballot.credits"],
    [ballots.points(5n, 6n), "ballot.atLeast"],
    [slice(ballots.points(5n), 0, 9), "ballot"],
    [ballots.quadratic(0n), "ballot.credits"],
    [concat([ballots.quadratic(5n), ballots.score(1n)]), "ballot"],
    ["0x0600", "ballot"],
    [ballots.ranking([]), "ballot.places"],
    [ballots.ranking([1n]), "ballot.places"],
    [ballots.ranking([4n, 3n, 2n, 1n]), "ballot.places"],
    [ballots.ranking([0n, 0n]), "ballot.scores"],
    [ballots.ranking([1n, 2n]), "ballot.scores"],
    [ballots.ranking([2n, 1n, 2n]), "ballot.scores"],
    [slice(ballots.ranking([1n, 1n]), 0, 18), "ballot"],
    [long, "ballot"],
  ]) {
    await refused(check(ballot), field);
  }
});

test("no rule is written for a kind that does not exist", async () => {
  // Read as a ranking, these bytes would be one of two places.
  const places = slice(ballots.ranking([2n, 1n]), 1);
  for (const kind of ["0x07", "0xff"]) await refused(ruleOf(concat([kind, places]), 3), "ballot");
});

test("invalid outcomes, each for its field", async () => {
  const most = 2n ** 128n - 1n;
  const budgets = [400n, 600n];
  const divided = outcomes.categories({ budgets });
  for (const [outcome, field] of [
    ["0x", "outcome"],
    ["0x00", "outcome"],
    ["0x02", "outcome"],
    ["0x06", "outcome"],
    [slice(outcomes.greedy(), 0, 18), "outcome"],
    [concat([outcomes.greedy(), "0x00"]), "outcome"],
    [outcomes.greedy({ order: 2 }), "outcome.order"],
    [outcomes.greedy({ misfit: 2 }), "outcome.misfit"],
    [outcomes.categories({ order: 2, budgets }), "outcome.order"],
    [outcomes.categories({ misfit: 2, budgets }), "outcome.misfit"],
    [outcomes.categories({ leftover: 2, budgets }), "outcome.leftover"],
    [outcomes.categories({ budgets: [] }), "outcome.categories"],
    [outcomes.categories({ budgets: range(201).map(() => 1n) }), "outcome.categories"],
    [outcomes.categories({ budgets: [400n, 601n] }), "outcome.budgets"],
    [outcomes.categories({ budgets: [most, most] }), "outcome.budgets"],
    [slice(divided, 0, 21), "outcome"],
    [slice(divided, 0, 53), "outcome"],
    [concat([divided, "0x00"]), "outcome"],
    ["0x0500", "outcome"],
  ]) {
    await refused(check(ballots.singleChoice, { outcome }), field);
  }
  // Without amounts there is nothing to fill a knapsack with.
  await refused(check(ballots.knapsack, { outcome: outcomes.proportional }), "ballot");
  const counted = (outcome) => check(ballots.singleChoice, { outcome });
  assert.deepEqual(await counted(divided), [2, false]);
  assert.deepEqual(await counted(outcomes.categories({ budgets: range(200).map(() => 5n) })), [
    200,
    false,
  ]);
  assert.deepEqual(await counted(outcomes.proportional), [0, true]);
  for (const flags of [{ order: 1 }, { misfit: 1 }, { leftover: 1 }]) {
    assert.deepEqual(await counted(outcomes.greedy(flags)), [0, false]);
    assert.deepEqual(await counted(outcomes.categories({ ...flags, budgets })), [2, false]);
  }
});

test("outcome rules are what the round fixed with budget and proposals put in", async () => {
  const random = seeded("outcome rules");
  for (let round = 0; round < 12; round++) {
    const options = 1 + random.number(6);
    const amounts = range(options).map(() => 1n + random.below(2n ** 100n));
    const budgets = range(1 + random.number(3)).map(() => random.below(300));
    const categories = amounts.map(() => random.number(budgets.length));
    const flags = {
      order: random.number(2),
      misfit: random.number(2),
      leftover: random.number(2),
      minimumSupport: random.below(2n ** 128n),
    };
    const budget = 1000n + random.below(2n ** 100n);
    const written = async (outcome) =>
      (await write(ballots.singleChoice, amounts, { outcome, budget, categories }))[1];
    assert.equal(
      await written(outcomes.greedy(flags)),
      greedyBytes({ ...flags, budget, costs: amounts }),
    );
    const byCategory = await written(outcomes.categories({ ...flags, budgets }));
    assert.equal(
      byCategory,
      categoriesBytes({ ...flags, budget, budgets, costs: amounts, categories }),
    );
    const shares = await written(outcomes.proportional);
    assert.equal(shares, proportionalBytes({ amount: budget, contenders: options }));
    for (const outcomeRule of [byCategory, shares]) {
      await libraries.call("validateOutcome", [outcomeRule, options]);
    }
  }
});
