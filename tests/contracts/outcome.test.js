/** Outcome rules: docs/protocol.md §14. */
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { Refused, assertRefused, startChain } from "./support/chain.js";
import {
  NO_OUTCOME,
  categoriesBytes,
  greedyBytes,
  majorityBytes,
  partsBytes,
  pluralityBytes,
  proportionalBytes,
  range,
} from "./support/encodings.js";
import { seeded } from "./support/random.js";

let libraries;
before(async () => {
  libraries = await (await startChain()).deploy("Libraries");
});
const validate = (bytes, slots) => libraries.call("validateOutcome", [bytes, slots]);
const awards = (bytes, tally, order) => libraries.call("awards", [bytes, tally, order]);
const winners = async (rule, tally, order) =>
  (await awards(greedyBytes(rule), tally, order)).map((award) => award === 1n);

/** All orders of the slots, by brute force. */
function permutations(slots) {
  if (slots.length === 0) return [[]];
  return slots.flatMap((first) =>
    permutations(slots.filter((slot) => slot !== first)).map((rest) => [first, ...rest]),
  );
}

/** The one order in which nobody stands before somebody better, pair by pair in fractions. */
function isRanking(rank, places) {
  const better = (a, b) => {
    const [left, right] = [rank[a][0] * rank[b][1], rank[b][0] * rank[a][1]];
    return left > right || (left === right && a < b);
  };
  return places.every((a, place) => places.slice(place + 1).every((b) => better(a, b)));
}

/** Rank of each slot as a fraction. */
const ranks = ({ order, costs }, tally) =>
  tally.map((votes, slot) => [votes, order === 1 ? BigInt(costs[slot]) : 1n]);

function funds({ misfit, minimumSupport, budget, costs }, tally, places) {
  const funded = costs.map(() => 0n);
  let left = BigInt(budget);
  for (const slot of places) {
    if (tally[slot] < BigInt(minimumSupport)) continue;
    if (BigInt(costs[slot]) <= left) {
      funded[slot] = 1n;
      left -= BigInt(costs[slot]);
    } else if (misfit === 1) break;
  }
  return funded;
}

/** Straight from §14.6: one list of passes that may each end. */
function fundsByCategory(rule, tally, places) {
  const funded = rule.costs.map(() => 0n);
  const supported = places.filter((slot) => tally[slot] >= BigInt(rule.minimumSupport));
  const spent = (slots) =>
    slots.reduce((sum, slot) => sum + funded[slot] * BigInt(rule.costs[slot]), 0n);
  const all = range(tally.length);
  const ended = new Set();
  for (const slot of supported) {
    const category = rule.categories[slot];
    if (ended.has(category)) continue;
    const own = all.filter((other) => rule.categories[other] === category);
    const cost = BigInt(rule.costs[slot]);
    const fits =
      spent(own) + cost <= BigInt(rule.budgets[category]) &&
      spent(all) + cost <= BigInt(rule.budget);
    if (fits) funded[slot] = 1n;
    else if (rule.misfit === 1) ended.add(category);
  }
  if (rule.leftover === 0) return funded;
  for (const slot of supported.filter((one) => funded[one] === 0n)) {
    if (spent(all) + BigInt(rule.costs[slot]) <= BigInt(rule.budget)) funded[slot] = 1n;
    else if (rule.misfit === 1) break;
  }
  return funded;
}

/** One of all orders is accepted, the right one, with just these awards. */
async function onlyRightOrder(bytes, tally, rank, expected) {
  const orders = permutations(range(rank.length));
  const results = await libraries.callAll(
    "awards",
    orders.map((places) => [bytes, tally, places]),
  );
  const right = orders.findIndex((places) => isRanking(rank, places));
  results.forEach((result, index) => {
    if (index === right) {
      assert.deepEqual(result, expected(orders[index]));
    } else {
      assert.ok(result instanceof Refused, `order ${orders[index]} was accepted`);
      assert.equal(result.name, "OutcomeOrderWrong");
    }
  });
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
        await onlyRightOrder(greedyBytes(rule), tally, ranks(rule, tally), (places) =>
          funds(rule, tally, places),
        );
      }
    });

    for (const leftover of [0, 1]) {
      const flags = `order ${order}, misfit ${misfit}, leftover ${leftover}`;
      test(`categories agree with brute force: ${flags}`, async () => {
        const random = seeded(`categories ${flags}`);
        for (let round = 0; round < 8; round++) {
          const slots = 2 + random.number(4);
          const count = 1 + random.number(3);
          const rule = {
            order,
            misfit,
            leftover,
            minimumSupport: random.number(3),
            budget: random.below(20),
            budgets: range(count).map(() => random.below(12)),
            costs: range(slots).map(() => 1n + random.below(7)),
            categories: range(slots).map(() => random.number(count)),
          };
          const tally = range(slots).map(() => random.below(5));
          await onlyRightOrder(categoriesBytes(rule), tally, ranks(rule, tally), (places) =>
            fundsByCategory(rule, tally, places),
          );
        }
      });
    }
  }
}

test("greedy is greedy with one category that has the whole budget", async () => {
  const random = seeded("one category");
  for (let round = 0; round < 20; round++) {
    const slots = 1 + random.number(8);
    const rule = {
      misfit: random.number(2),
      minimumSupport: random.number(2),
      budget: random.below(30),
      costs: range(slots).map(() => 1n + random.below(9)),
    };
    // Descending already, so that the order is that of the slots.
    const tally = range(slots).map((slot) => BigInt(slots - slot));
    const divided = { ...rule, budgets: [rule.budget], categories: range(slots).map(() => 0) };
    assert.deepEqual(
      await awards(categoriesBytes(divided), tally, range(slots)),
      await awards(greedyBytes(rule), tally, range(slots)),
    );
  }
});

test("majority: strict or not, at just the share, with and without abstention", async () => {
  const most = 2n ** 200n - 1n;
  const wide = 2n ** 64n - 1n;
  for (const [rule, tally, expected] of [
    [{}, [51, 49], [1, 0]],
    [{}, [50, 50], [0, 1]],
    [{ strict: 0 }, [50, 50], [1, 0]],
    [{ strict: 0, numerator: 2, denominator: 3 }, [2, 1], [1, 0]],
    [{ strict: 0, numerator: 2, denominator: 3 }, [199, 100], [0, 1]],
    [{ strict: 0, numerator: 1, denominator: 1 }, [9, 0], [1, 0]],
    [{ strict: 0, numerator: 1, denominator: 1 }, [most, 1], [0, 1]],
    [{}, [0, 0], [0, 0]],
    [{ abstention: 1 }, [0, 0, 9], [0, 0, 0]],
    [{ abstention: 1, quorum: 12 }, [2, 1, 9], [1, 0, 0]],
    [{ abstention: 1, quorum: 13 }, [2, 1, 9], [0, 0, 0]],
    [{ quorum: 3 }, [1, 2], [0, 1]],
    [{ quorum: 4 }, [2, 1], [0, 0]],
    // Products of 264 bits that differ in the lowest.
    [{ numerator: wide - 1n, denominator: wide }, [most, 0], [1, 0]],
    [{ numerator: (1n << 63n) - 1n, denominator: wide }, [most, most], [1, 0]],
    [{ strict: 0, numerator: 1n << 63n, denominator: wide }, [most, most], [0, 1]],
    [{ strict: 0, numerator: 1n << 62n, denominator: 1n << 63n }, [most, most], [1, 0]],
    [{ numerator: 1n << 62n, denominator: 1n << 63n }, [most, most], [0, 1]],
    [{ numerator: 1n << 62n, denominator: 1n << 63n }, [most, most - 1n], [1, 0]],
  ]) {
    const given = await awards(majorityBytes(rule), tally, []);
    assert.deepEqual(given, expected.map(BigInt), `${JSON.stringify(Object.keys(rule))} ${tally}`);
  }
  await assertRefused(awards(majorityBytes({}), [1, 2], [1, 0]), "OutcomeOrderIncomplete", [2, 0]);
});

test("plurality agrees with brute force; abstentions are never awarded", async () => {
  const random = seeded("plurality");
  for (let round = 0; round < 24; round++) {
    const contenders = 1 + random.number(5);
    const abstentions = random.number(3);
    const seats = 1 + random.number(contenders);
    const minimumSupport = random.number(4);
    const tally = range(contenders + abstentions).map(() => random.below(5));
    const bytes = pluralityBytes({ seats, minimumSupport, contenders });
    const rank = tally.slice(0, contenders).map((votes) => [votes, 1n]);
    await onlyRightOrder(bytes, tally, rank, (places) =>
      tally.map((votes, slot) => {
        const place = places.indexOf(slot);
        return place >= 0 && place < seats && votes >= BigInt(minimumSupport) ? 1n : 0n;
      }),
    );
  }
});

test("proportional agrees with brute force, and gives all of it to the last unit", async () => {
  const random = seeded("proportional");
  for (let round = 0; round < 24; round++) {
    const contenders = 1 + random.number(5);
    const tally = range(contenders + random.number(2)).map(() => random.below(6));
    const amount = 1n + random.below([7n, 100n, 2n ** 128n - 1n][random.number(3)]);
    const votes = tally.slice(0, contenders);
    const total = votes.reduce((sum, one) => sum + one, 0n);
    const rank = votes.map((one) => [total === 0n ? 0n : (amount * one) % total, 1n]);
    await onlyRightOrder(proportionalBytes({ amount, contenders }), tally, rank, (places) => {
      const parts = tally.map((one, slot) =>
        total > 0n && slot < contenders ? (amount * one) / total : 0n,
      );
      let left = total === 0n ? 0n : amount - parts.reduce((sum, one) => sum + one, 0n);
      for (const slot of places) if (left-- > 0n) parts[slot] += 1n;
      if (total > 0n) {
        const given = parts.reduce((sum, one) => sum + one, 0n);
        assert.equal(given, amount);
      }
      return parts;
    });
  }
});

test("proportional at the largest numbers", async () => {
  const most = 2n ** 200n - 1n;
  const amount = 2n ** 128n - 1n;
  const bytes = proportionalBytes({ amount, contenders: 3 });
  const given = await awards(bytes, [most, most, most], [0, 1, 2]);
  assert.deepEqual(given, [amount / 3n, amount / 3n, amount / 3n]);
  const uneven = await awards(bytes, [most, most - 1n, 1n], [0, 1, 2]);
  assert.equal(
    uneven.reduce((sum, one) => sum + one, 0n),
    amount,
  );
});

test("parts decide over their own slots, with orders of their own", async () => {
  const seats = pluralityBytes({ contenders: 2 });
  const shares = proportionalBytes({ amount: 10, contenders: 3 });
  const rule = partsBytes([
    [3, seats],
    [2, NO_OUTCOME],
    [2, majorityBytes({})],
    [3, shares],
  ]);
  const tally = [1, 4, 9, 7, 7, 3, 2, 1, 1, 1];
  const order = [1, 0, 0, 1, 2];
  const given = await awards(rule, tally, order);
  assert.deepEqual(given, [0n, 1n, 0n, 0n, 0n, 1n, 0n, 4n, 3n, 3n]);
  await validate(rule, 10);
  const wrong = (entries) => awards(rule, tally, entries);
  await assertRefused(wrong([0, 1, 0, 1, 2]), "OutcomeOrderWrong", [1]);
  await assertRefused(wrong([1, 0, 0, 2, 1]), "OutcomeOrderWrong", [2]);
  await assertRefused(wrong([1, 0, 7, 8, 9]), "OutcomeOrderWrong", [0]);
  await assertRefused(wrong([1]), "OutcomeOrderIncomplete", [1, 2]);
  await assertRefused(wrong([1, 0, 0, 1]), "OutcomeOrderIncomplete", [4, 5]);
  await assertRefused(wrong([...order, 0]), "OutcomeOrderIncomplete", [6, 5]);
});

test("what a part awards does not depend on the other parts", async () => {
  const random = seeded("parts");
  for (let round = 0; round < 12; round++) {
    const parts = range(2 + random.number(3)).map(() => {
      const slots = 2 + random.number(3);
      const tally = range(slots).map((slot) => 10n * BigInt(slots - slot) + random.below(9));
      const costs = range(slots).map(() => 1n + random.below(5));
      const [encoding, order] = [
        [greedyBytes({ budget: 6, costs }), range(slots)],
        [pluralityBytes({ seats: 2, contenders: slots }), range(slots)],
        [
          categoriesBytes({
            budget: 9,
            budgets: [4, 5],
            costs,
            categories: costs.map(() => random.number(2)),
            leftover: 1,
          }),
          range(slots),
        ],
      ][random.number(3)];
      return { slots, tally, encoding, order };
    });
    const rule = partsBytes(parts.map(({ slots, encoding }) => [slots, encoding]));
    const alone = [];
    for (const { encoding, tally, order } of parts) {
      alone.push(...(await awards(encoding, tally, order)));
    }
    const together = await awards(
      rule,
      parts.flatMap(({ tally }) => tally),
      parts.flatMap(({ order }) => order),
    );
    assert.deepEqual(together, alone);
  }
});

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

test("the rule of kind none awards nothing and takes no order", async () => {
  assert.deepEqual(await awards(NO_OUTCOME, [1], []), []);
  await assertRefused(awards(NO_OUTCOME, [1], [0]), "OutcomeOrderIncomplete", [1, 0]);
});
