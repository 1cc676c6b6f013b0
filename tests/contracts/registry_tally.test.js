/** Accepting tallies: docs/protocol.md §11.2, §12.4, §14.3. */
import assert from "node:assert/strict";
import { afterEach, before, beforeEach, test } from "node:test";
import { encodeAbiParameters, keccak256 } from "viem";
import { P, R, commit, negate, power } from "./support/bn254.js";
import { assertRefused } from "./support/chain.js";
import {
  NO_OUTCOME,
  greedyBytes,
  proportionalBytes,
  range,
  ruleBytes,
  tagged,
} from "./support/encodings.js";
import { seeded } from "./support/random.js";
import { Status, isolated } from "./support/registry.js";

const TALLY = [3n, 5n, 0n, 60n];
const BLINDING = 2n ** 250n + 12345n;
const GREEDY = greedyBytes({ order: 1, budget: 10, costs: [1, 4, 1, 9] });
/** Slot values up to 2, weights up to 30 together: no slot beyond 60. */
const RULE = ruleBytes({
  bits: 5,
  slots: [
    [[0, 1]],
    [[1, 1]],
    [[2, 1]],
    [
      [3, 1],
      [4, 1],
    ],
  ],
});

const state = isolated({ before, beforeEach, afterEach }, async (prepared) => {
  prepared.committee = await prepared.registry.register();
  prepared.poll = await prepared.registry.create(prepared.committee, {
    rule: RULE,
    outcomeRule: GREEDY,
  });
  await prepared.poll.releasable(prepared.poll.root({ tally: TALLY, blinding: BLINDING }));
});
const accept = (tally = TALLY, blinding = BLINDING) => state.poll.accept(tally, blinding);
const digestOf = (tally) => keccak256(encodeAbiParameters([{ type: "uint256[]" }], [tally]));
/** Another poll of the same committee whose root opens to something else. */
async function releasable(tally, blinding, changes = {}, sum = {}) {
  const poll = await state.registry.create(state.committee, {
    rule: RULE,
    outcomeRule: GREEDY,
    ...changes,
  });
  await poll.releasable(poll.root({ tally, blinding, ...sum }));
  return poll;
}

test("the opening of the anchored sum is accepted, brought by anyone", async () => {
  const { chain, contract } = state.registry;
  const { events } = await contract.send("acceptTally", [1n, TALLY, BLINDING], chain.other);
  assert.equal(events.length, 1);
  assert.equal(events[0].eventName, "TallyAccepted");
  assert.deepEqual(events[0].args, { pollId: 1n, tally: TALLY, blinding: BLINDING });
  const view = await state.poll.view();
  assert.equal(view.status, Status.Tallied);
  assert.equal(view.tallyDigest, digestOf(TALLY));
});

test("refused: any slot wrong by one, either way", async () => {
  for (const slot of range(4)) {
    for (const step of [1n, -1n]) {
      const tally = TALLY.with(slot, TALLY[slot] + step);
      if (tally[slot] < 0n || tally[slot] > 60n) continue;
      const [x, y] = commit(tally, BLINDING);
      await assertRefused(accept(tally), "PollRegistryNotAnOpening", [x, y]);
    }
  }
});

test("refused: votes moved between slots", () =>
  assertRefused(accept([5n, 3n, 0n, 60n]), "PollRegistryNotAnOpening"));

test("refused: a blinding wrong by one, negated or zero", async () => {
  for (const blinding of [BLINDING + 1n, BLINDING - 1n, R - BLINDING, 0n]) {
    await assertRefused(accept(TALLY, blinding), "PollRegistryNotAnOpening");
  }
});

test("refused: a blinding that is not reduced, though it opens", async () => {
  for (const blinding of [BLINDING + R, BLINDING + 2n * R, R, 2n ** 256n - 1n]) {
    await assertRefused(accept(TALLY, blinding), "PollRegistryBlindingNotReduced", [blinding]);
  }
  const zero = await releasable(TALLY, 0n);
  await assertRefused(zero.accept(TALLY, R), "PollRegistryBlindingNotReduced", [R]);
  await zero.accept(TALLY, 0n);
  const most = await releasable(TALLY, R - 1n);
  await most.accept(TALLY, R - 1n);
});

test("refused: votes that are not reduced, though they open", async () => {
  for (const slot of range(4)) {
    const votes = TALLY[slot] + R;
    await assertRefused(accept(TALLY.with(slot, votes)), "PollRegistryTooManyVotes", [
      slot,
      votes,
      60,
    ]);
  }
});

test("a slot may hold total weight times largest slot value, not one more", async () => {
  const most = await releasable([60n, 60n, 60n, 60n], 1n);
  await most.accept([60n, 60n, 60n, 60n], 1n);
  // Anchored by a quorum all the same: the contract does not believe it.
  const beyond = await releasable([0n, 0n, 0n, 61n], 1n);
  await assertRefused(
    beyond.accept([0n, 0n, 0n, 61n], 1n),
    "PollRegistryTooManyVotes",
    [3, 61, 60],
  );
});

test("refused: a negative number of votes in disguise", async () => {
  const tally = [R - 1n, 5n, 0n, 60n];
  const poll = await releasable(tally, 9n);
  await assertRefused(poll.accept(tally, 9n), "PollRegistryTooManyVotes", [0, R - 1n, 60]);
});

test("refused: a tally of another length, even if it opens", async () => {
  for (const tally of [[], TALLY.slice(0, 3), [...TALLY, 0n]]) {
    await assertRefused(accept(tally), "PollRegistryListsDiffer", [4, tally.length]);
  }
});

test("the identity opens to nothing at all, and only to that", async () => {
  const none = [0n, 0n, 0n, 0n];
  const poll = await releasable(none, 0n);
  assert.deepEqual((await poll.view()).root.sumX, 0n);
  await assertRefused(poll.accept([1n, 0n, 0n, 0n], 0n), "PollRegistryNotAnOpening");
  await assertRefused(poll.accept(none, 1n), "PollRegistryNotAnOpening");
  await poll.accept(none, 0n);
  assert.equal(await poll.status(), Status.Tallied);
});

test("refused: a sum that shares but one coordinate with what the tally opens", async () => {
  const blinding = 9n;
  const [x, y] = commit(TALLY, blinding);
  // y² = x³ + 3 does not tell x from its product with a cube root of one, nor y from its negative.
  const turn = power(3n, (P - 1n) / 3n, P);
  assert.notEqual(turn, 1n);
  for (const [sumX, sumY] of [negate([x, y]), [(turn * x) % P, y]]) {
    const poll = await releasable(TALLY, blinding, {}, { sumX, sumY });
    await assertRefused(poll.accept(TALLY, blinding), "PollRegistryNotAnOpening", [x, y]);
  }
});

test("random tallies are accepted with their own blinding only", async () => {
  const random = seeded("tallies");
  for (let round = 0; round < 5; round++) {
    const tally = range(4).map(() => random.below(61));
    const blinding = random.below(R);
    const poll = await releasable(tally, blinding);
    await assertRefused(poll.accept(tally, random.below(R)), "PollRegistryNotAnOpening");
    await poll.accept(tally, blinding);
    assert.equal((await poll.view()).tallyDigest, digestOf(tally));
  }
});

test("refused: a second tally, the same or another", async () => {
  await accept();
  await assertRefused(accept(), "PollRegistryWrongStatus", [1, Status.Tallied]);
  await assertRefused(accept([0n, 0n, 0n, 0n], 0n), "PollRegistryWrongStatus", [1, Status.Tallied]);
});

test("refused: the opening of another poll", async () => {
  const poll = await releasable([1n, 2n, 3n, 4n], 77n);
  await assertRefused(poll.accept(TALLY, BLINDING), "PollRegistryNotAnOpening");
  await assertRefused(
    state.registry.contract.send("acceptTally", [9n, TALLY, BLINDING]),
    "PollRegistryWrongStatus",
    [9, Status.None],
  );
});

test("a poll of the largest bound: tallies close to 2^200", async () => {
  const rule = ruleBytes({ bits: 1, slots: [[[0, 2n ** 100n + 1n]]] });
  const totalWeight = 2n ** 100n - 1n;
  const most = 2n ** 200n - 1n;
  const poll = await releasable([most], 5n, { rule, totalWeight, outcomeRule: NO_OUTCOME });
  await assertRefused(poll.accept([most + 1n], 5n), "PollRegistryTooManyVotes", [
    0,
    most + 1n,
    most,
  ]);
  await poll.accept([most], 5n);
});

const awards = (tally = TALLY, outcomeRule = GREEDY, order = [0, 3, 1, 2]) =>
  state.registry.contract.call("awards", [1n, tally, outcomeRule, order]);

test("awards of the accepted tally", async () => {
  await accept();
  // Votes per cost: 3, 1.25, 0, 6.67.
  assert.deepEqual(await awards(TALLY, GREEDY, [3, 0, 1, 2]), [1n, 0n, 0n, 1n]);
});

test("refused: awards before the tally, of another tally, rule or order", async () => {
  await assertRefused(awards(), "PollRegistryWrongStatus", [1, Status.Releasable]);
  await accept();
  const other = TALLY.with(0, 4n);
  await assertRefused(awards(other), "PollRegistryTallyDiffers", [
    digestOf(TALLY),
    digestOf(other),
  ]);
  await assertRefused(awards([...TALLY, 0n]), "PollRegistryTallyDiffers");
  const cheaper = greedyBytes({ order: 1, budget: 10, costs: [1, 1, 1, 1] });
  await assertRefused(awards(TALLY, cheaper), "PollRegistryDigestDiffers", [
    "outcomeRule",
    tagged("outcome", GREEDY),
    tagged("outcome", cheaper),
  ]);
  await assertRefused(awards(TALLY, GREEDY, [0, 3, 1, 2]), "OutcomeOrderWrong", [1]);
  await assertRefused(awards(TALLY, GREEDY, [3, 0, 1]), "OutcomeOrderIncomplete", [3, 4]);
});

test("a poll whose tally is the result awards nothing", async () => {
  const poll = await releasable(TALLY, 5n, { outcomeRule: NO_OUTCOME });
  await poll.accept(TALLY, 5n);
  const given = (order) =>
    state.registry.contract.call("awards", [poll.id, TALLY, NO_OUTCOME, order]);
  assert.deepEqual(await given([]), []);
  await assertRefused(given([3, 1, 0, 2]), "OutcomeOrderIncomplete", [4, 0]);
});

test("shares of an accepted tally, abstentions excepted", async () => {
  const outcomeRule = proportionalBytes({ amount: 100, contenders: 3 });
  const poll = await releasable(TALLY, 5n, { outcomeRule });
  await poll.accept(TALLY, 5n);
  const call = (order) =>
    state.registry.contract.call("awards", [poll.id, TALLY, outcomeRule, order]);
  assert.deepEqual(await call([0, 1, 2]), [38n, 62n, 0n, 0n]);
  await assertRefused(call([0, 1, 2, 3]), "OutcomeOrderIncomplete", [4, 3]);
});
