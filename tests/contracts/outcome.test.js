/** Outcome rules: docs/protocol.md §14. */
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { concat, slice } from "viem";
import { Refused, assertRefused, startChain } from "./support/chain.js";
import { NO_OUTCOME, greedyBytes, range, tagged } from "./support/encodings.js";
import { seeded } from "./support/random.js";

let libraries;
before(async () => {
  libraries = await (await startChain()).deploy("Libraries");
});
const validate = (bytes, slots) => libraries.call("validateOutcome", [bytes, slots]);
const winners = (rule, tally, order) =>
  libraries.call("winners", [greedyBytes(rule), tally, order]);

/** All orders of the slots, by brute force. */
function permutations(slots) {
  if (slots.length === 0) return [[]];
  return slots.flatMap((first) =>
    permutations(slots.filter((slot) => slot !== first)).map((rest) => [first, ...rest]),
  );
}

/** The one order in which nobody stands before somebody better, pair by pair in fractions. */
function isRanking({ order, costs }, tally, places) {
  const better = (a, b) => {
    const left = order === 1 ? tally[a] * BigInt(costs[b]) : tally[a];
    const right = order === 1 ? tally[b] * BigInt(costs[a]) : tally[b];
    return left > right || (left === right && a < b);
  };
  return places.every((a, place) => places.slice(place + 1).every((b) => better(a, b)));
}

function funds({ misfit, minimumSupport, budget, costs }, tally, places) {
  const funded = costs.map(() => false);
  let left = BigInt(budget);
  for (const slot of places) {
    if (tally[slot] < BigInt(minimumSupport)) continue;
    if (BigInt(costs[slot]) <= left) {
      funded[slot] = true;
      left -= BigInt(costs[slot]);
    } else if (misfit === 1) break;
  }
  return funded;
}

for (const order of [0, 1]) {
  for (const misfit of [0, 1]) {
    test(`greedy agrees with brute force: order ${order}, misfit ${misfit}`, async () => {
      const random = seeded(`greedy ${order} ${misfit}`);
      for (let round = 0; round < 12; round++) {
        const slots = 1 + random.number(5);
        // Few distinct values, so that ties and misfits occur.
        const scale = [1n, 1n, 10n ** 18n, 2n ** 124n][random.number(4)];
        const rule = {
          order,
          misfit,
          minimumSupport: random.number(3),
          budget: scale * random.below(16),
          costs: range(slots).map(() => scale * (1n + random.below(7))),
        };
        const tally = range(slots).map(() => random.below(5));
        const orders = permutations(range(slots));
        const results = await libraries.callAll(
          "winners",
          orders.map((places) => [greedyBytes(rule), tally, places]),
        );
        const right = orders.findIndex((places) => isRanking(rule, tally, places));
        results.forEach((result, index) => {
          if (index === right) {
            assert.deepEqual(result, funds(rule, tally, orders[index]));
          } else {
            assert.ok(result instanceof Refused, `order ${orders[index]} was accepted`);
            assert.equal(result.name, "OutcomeOrderWrong");
          }
        });
      }
    });
  }
}

test("votes per cost are compared exactly at the largest values", async () => {
  const most = 2n ** 200n - 1n;
  const cost = 2n ** 128n - 1n;
  // most / cost against (most − 1) / cost, and against most / (cost − 1).
  const equalCosts = { order: 1, budget: cost, costs: [cost, cost] };
  assert.deepEqual(await winners(equalCosts, [most - 1n, most], [1, 0]), [false, true]);
  await assertRefused(winners(equalCosts, [most - 1n, most], [0, 1]), "OutcomeOrderWrong", [1]);
  const lower = { order: 1, budget: cost, costs: [cost, cost - 1n] };
  assert.deepEqual(await winners(lower, [most, most], [1, 0]), [false, true]);
  await assertRefused(winners(lower, [most, most], [0, 1]), "OutcomeOrderWrong", [1]);
  // Products of 257 and 258 bits, of which the larger has the smaller low word.
  const votes = [2n ** 129n, 2n ** 130n];
  assert.deepEqual(await winners(equalCosts, votes, [1, 0]), [false, true]);
  await assertRefused(winners(equalCosts, votes, [0, 1]), "OutcomeOrderWrong", [1]);
});

test("ties go to the lower slot, by votes and by votes per cost", async () => {
  const byVotes = { budget: 1, costs: [1, 1, 1] };
  assert.deepEqual(await winners(byVotes, [5, 5, 5], [0, 1, 2]), [true, false, false]);
  await assertRefused(winners(byVotes, [5, 5, 5], [1, 0, 2]), "OutcomeOrderWrong", [1]);
  const byCost = { order: 1, budget: 4, costs: [4, 2, 1] };
  assert.deepEqual(await winners(byCost, [8, 4, 2], [0, 1, 2]), [true, false, false]);
  await assertRefused(winners(byCost, [8, 4, 2], [2, 1, 0]), "OutcomeOrderWrong", [1]);
});

test("support just at the minimum counts, cost just at the rest fits", async () => {
  const rule = { minimumSupport: 3, budget: 5, costs: [5, 1] };
  assert.deepEqual(await winners(rule, [3, 2], [0, 1]), [true, false]);
});

test("a misfit is passed over or ends the pass; one without support never ends it", async () => {
  const costs = [9, 3, 2];
  assert.deepEqual(await winners({ budget: 5, costs }, [3, 2, 1], [0, 1, 2]), [false, true, true]);
  const stop = { misfit: 1, budget: 5, costs };
  assert.deepEqual(await winners(stop, [3, 2, 1], [0, 1, 2]), [false, false, false]);
  const unsupported = { misfit: 1, minimumSupport: 2, budget: 3, costs: [3, 9, 9] };
  assert.deepEqual(await winners(unsupported, [2, 1, 1], [0, 1, 2]), [true, false, false]);
});

test("refused orders: repeated, missing, surplus and unknown slots, also after the pass has ended", async () => {
  const rule = { misfit: 1, budget: 0, costs: [1, 1, 1] };
  const tally = [3, 2, 1];
  for (const [order, place] of [
    [[0, 0, 1], 1],
    [[0, 1, 1], 2],
    [[0, 2, 1], 2],
    [[0, 1, 3], 2],
    [[3, 0, 1], 0],
    [[65535, 0, 1], 0],
  ]) {
    await assertRefused(winners(rule, tally, order), "OutcomeOrderWrong", [place]);
  }
  await assertRefused(winners(rule, tally, [0, 1]), "OutcomeOrderIncomplete", [2, 3]);
  await assertRefused(winners(rule, tally, [0, 1, 2, 2]), "OutcomeOrderIncomplete", [4, 3]);
  await assertRefused(winners(rule, tally, []), "OutcomeOrderIncomplete", [0, 3]);
});

test("a rule that is not greedy names no winners", async () => {
  const digest = tagged("outcome", NO_OUTCOME);
  await assertRefused(libraries.call("winners", [NO_OUTCOME, [1], [0]]), "OutcomeNotGreedy", [
    digest,
  ]);
});

const good = greedyBytes({ budget: 10, costs: [1, 2, 3] });

test("valid: none, and greedy with all flags and extremes", async () => {
  await validate(NO_OUTCOME, 320);
  await validate(good, 3);
  const most = 2n ** 128n - 1n;
  const extreme = { order: 1, misfit: 1, minimumSupport: most, budget: most };
  await validate(greedyBytes({ ...extreme, costs: range(320).map(() => most) }), 320);
});

for (const [name, bytes, slots, reason, values] of [
  ["no bytes", "0x", 1, "OutcomeMalformed", [0]],
  ["none with a byte more", "0x0000", 1, "OutcomeMalformed", [2]],
  ["kind 2", "0x02", 1, "OutcomeUnknownKind", [2]],
  ["kind 255", "0xff", 1, "OutcomeUnknownKind", [255]],
  ["a greedy head cut short", slice(good, 0, 36), 3, "OutcomeMalformed", [36]],
  ["a cost cut short", slice(good, 0, 84), 3, "OutcomeMalformed", [84]],
  ["a cost missing", slice(good, 0, 69), 3, "OutcomeMalformed", [69]],
  ["a trailing byte", concat([good, "0x00"]), 3, "OutcomeMalformed", [86]],
  ["a cost too few", good, 4, "OutcomeSlotsDiffer", [3, 4]],
  ["a cost too many", good, 2, "OutcomeSlotsDiffer", [3, 2]],
  ["order 2", greedyBytes({ order: 2, budget: 1, costs: [1] }), 1, "OutcomeUnknownFlags", [2, 0]],
  ["misfit 2", greedyBytes({ misfit: 2, budget: 1, costs: [1] }), 1, "OutcomeUnknownFlags", [0, 2]],
  ["a cost of zero", greedyBytes({ budget: 1, costs: [1, 0] }), 2, "OutcomeCostIsZero", [1]],
]) {
  test(`refused: ${name}`, () => assertRefused(validate(bytes, slots), reason, values));
}

test("digest is tagged", async () => {
  assert.equal(await libraries.call("outcomeDigest", [good]), tagged("outcome", good));
});
