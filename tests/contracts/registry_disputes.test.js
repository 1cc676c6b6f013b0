/** Rejected and contested roots, longer windows, and the clock that starts again: docs/protocol.md §4.5, §11.3. */
import assert from "node:assert/strict";
import { afterEach, before, beforeEach, test } from "node:test";
import { assertRefused } from "./support/chain.js";
import { Status, deployRegistry, isolated, word } from "./support/registry.js";

const state = isolated(
  { before, beforeEach, afterEach },
  async (prepared) => {
    prepared.committee = await prepared.registry.register();
    prepared.poll = await prepared.registry.create(prepared.committee);
    prepared.root = prepared.poll.root();
  },
  // A contract in a real deployment; here an account plays it.
  { disputes: ({ accounts }) => accounts[9] },
);
const TALLY = [3n, 5n, 1n];
const BLINDING = 1234567n;
const ROUND = 30;

const dispute = (name, ...args) =>
  state.registry.contract.send(name, [state.poll.id, ...args], state.registry.disputes);
const time = (second) => state.registry.chain.setTime(second);
const next = (second) => state.registry.chain.nextTime(second);
const round = (number) => ({ ...state.root, round: number });
const NO_ROOT = { round: 0, rootHash: word(0), sumX: 0n, sumY: 0n, count: 0 };

/** Rejects the anchored root in just this second. */
async function rejectAt(second) {
  await next(second);
  return dispute("reject");
}

test("only the registry's disputes may reject, contest and extend; without disputes nobody", async () => {
  await state.poll.anchored(state.root);
  const { contract, chain } = state.registry;
  const calls = [["reject"], ["extend", 0n], ["contest", true], ["contest", false]];
  for (const from of [chain.account, chain.other]) {
    for (const [name, ...args] of calls) {
      await assertRefused(
        contract.send(name, [state.poll.id, ...args], from),
        "PollRegistryNotDisputes",
      );
    }
  }
  const plain = await deployRegistry();
  const poll = await plain.create(await plain.register());
  await poll.anchored();
  for (const from of plain.chain.accounts) {
    for (const [name, ...args] of calls) {
      await assertRefused(
        plain.contract.send(name, [poll.id, ...args], from),
        "PollRegistryNotDisputes",
      );
    }
  }
});

test("polls say how long disputes may last exactly where there are disputes", async () => {
  const create = (changes) => state.registry.create(state.committee, changes);
  for (const name of ["responseTime", "maxDisputeDelay"]) {
    await assertRefused(create({ [name]: 0 }), "PollRegistryInvalidParameter", [name]);
  }
  // Four answers, one after another, must fit.
  const short = create({ responseTime: 10, maxDisputeDelay: 39 });
  await assertRefused(short, "PollRegistryInvalidParameter", ["maxDisputeDelay"]);
  await create({ responseTime: 10, maxDisputeDelay: 40 });
  await create({ responseTime: 1, maxDisputeDelay: 2 ** 32 - 1 });
});

test("a challenge leaves time for an answer, even where periods have no floor", async () => {
  const registry = await deployRegistry(
    {},
    { periodFloor: 0, disputes: ({ accounts }) => accounts[9] },
  );
  const committee = await registry.register();
  await assertRefused(
    registry.create(committee, { responseTime: 0 }),
    "PollRegistryInvalidParameter",
    ["responseTime"],
  );
  await registry.create(committee, { responseTime: 1, maxDisputeDelay: 4 });
});

test("nothing is disputed but an anchored root that is not final", async () => {
  const { poll } = state;
  const refused = async (status) => {
    for (const [name, ...args] of [
      ["reject"],
      ["extend", 0n],
      ["contest", true],
      ["contest", false],
    ]) {
      await assertRefused(dispute(name, ...args), "PollRegistryWrongStatus", [poll.id, status]);
    }
  };
  await refused(Status.Created);
  await poll.open();
  await refused(Status.Open);
  await time(poll.freezesAt);
  await refused(Status.Closed);
  await poll.anchor(state.root);
  const { releasableAt, tallyDeadline } = await poll.view();
  await time(Number(releasableAt));
  await refused(Status.Releasable);
  const saved = await state.registry.chain.snapshot();
  await poll.accept(TALLY, BLINDING);
  await refused(Status.Tallied);
  await state.registry.chain.restore(saved);
  await time(Number(tallyDeadline));
  await refused(Status.Void);
});

test("a rejected root is gone, and rounds count on from the rejection", async () => {
  const { poll } = state;
  await poll.anchored(state.root);
  const rejectedAt = poll.freezesAt + 500;
  const { events } = await rejectAt(rejectedAt);
  assert.deepEqual(
    events.map(({ eventName, args }) => [eventName, args]),
    [["RootRejected", { pollId: poll.id, round: 0 }]],
  );
  const seen = await poll.view();
  assert.equal(seen.status, Status.Closed);
  assert.deepEqual(seen.root, NO_ROOT);
  assert.deepEqual([seen.anchoredAt, seen.releasableAt, seen.tallyDeadline], [0n, 0n, 0n]);
  assert.deepEqual([seen.rejectedRounds, seen.rejectedAt], [1, BigInt(rejectedAt)]);
  // Four rounds in all, one of which is used up.
  assert.equal(seen.anchorDeadline, BigInt(rejectedAt + 3 * ROUND));
  await assertRefused(poll.anchor(round(0)), "PollRegistryRoundRejected", [0, 1]);
  await assertRefused(poll.anchor(round(4)), "PollRegistryRoundTooLate", [4, 4]);
  await next(rejectedAt + 3 * ROUND - 1);
  await poll.anchor(round(1));
  const again = await poll.view();
  assert.equal(again.status, Status.Anchored);
  assert.deepEqual(again.root, { ...round(1) });
  assert.equal(again.releasableAt, BigInt(rejectedAt + 3 * ROUND - 1 + 600));
  await time(Number(again.releasableAt));
  await poll.accept(TALLY, BLINDING);
  assert.equal(await poll.status(), Status.Tallied);
});

test("a poll is void in the second in which the rounds that are left end", async () => {
  const { poll } = state;
  await poll.close();
  await next(poll.freezesAt);
  await poll.anchor(round(1));
  const rejectedAt = poll.freezesAt + 100;
  await rejectAt(rejectedAt);
  assert.equal((await poll.view()).rejectedRounds, 2);
  const deadline = rejectedAt + 2 * ROUND;
  await time(deadline - 1);
  assert.equal(await poll.status(), Status.Closed);
  const saved = await state.registry.chain.snapshot();
  await next(deadline);
  await assertRefused(poll.anchor(round(2)), "PollRegistryWrongStatus", [poll.id, Status.Void]);
  await state.registry.chain.restore(saved);
  await time(deadline);
  assert.equal(await poll.status(), Status.Void);
});

test("rejections can continue until no round is left; each only removes rounds", async () => {
  const { poll } = state;
  await poll.close();
  await next(poll.freezesAt);
  await poll.anchor(round(0));
  await rejectAt(poll.freezesAt + 10);
  await poll.anchor(round(2));
  const second = poll.freezesAt + 40;
  await rejectAt(second);
  const seen = await poll.view();
  assert.deepEqual([seen.rejectedRounds, seen.rejectedAt], [3, BigInt(second)]);
  assert.equal(seen.anchorDeadline, BigInt(second + ROUND));
  for (const number of [0, 1, 2]) {
    await assertRefused(poll.anchor(round(number)), "PollRegistryRoundRejected", [number, 3]);
  }
  await poll.anchor(round(3));
  await rejectAt(second + 20);
  const last = await poll.view();
  assert.equal(last.status, Status.Void);
  assert.equal(last.anchorDeadline, BigInt(second + 20));
  await assertRefused(poll.anchor(round(3)), "PollRegistryWrongStatus");
});

test("a contested root is not tallied, however late; uncontested it is", async () => {
  const { poll } = state;
  await poll.anchored(state.root);
  const { events } = await dispute("contest", true);
  assert.deepEqual(
    events.map(({ eventName, args }) => [eventName, args]),
    [["ContestChanged", { pollId: poll.id, open: true }]],
  );
  assert.equal((await poll.view()).contested, true);
  await time(poll.releasableAt + 5);
  assert.equal(await poll.status(), Status.Anchored);
  await assertRefused(poll.accept(TALLY, BLINDING), "PollRegistryWrongStatus", [
    poll.id,
    Status.Anchored,
  ]);
  const saved = await state.registry.chain.snapshot();
  await dispute("contest", false);
  const seen = await poll.view();
  assert.deepEqual([seen.contested, seen.status], [false, Status.Releasable]);
  await poll.accept(TALLY, BLINDING);
  await state.registry.chain.restore(saved);
  const again = await state.registry.chain.snapshot();
  // The tally's deadline counts from the moment at which nothing is disputed any more.
  const late = poll.tallyDeadline + 100;
  await next(late);
  await dispute("contest", false);
  const freed = await poll.view();
  assert.equal(freed.status, Status.Releasable);
  assert.equal(Number(freed.releasableAt), late);
  assert.equal(Number(freed.tallyDeadline), late + poll.parameters.tallyPeriod);
  await state.registry.chain.restore(again);
  // A poll that is disputed to the last second is void, never final.
  const bound = poll.releasableAt + poll.parameters.maxDisputeDelay;
  await time(bound - 1);
  assert.equal(await poll.status(), Status.Anchored);
  await time(bound);
  assert.equal(await poll.status(), Status.Void);
  await assertRefused(dispute("contest", false), "PollRegistryWrongStatus");
  await assertRefused(poll.accept(TALLY, BLINDING), "PollRegistryWrongStatus");
});

test("disputes lengthen the window up to the bound, and never shorten it", async () => {
  const { poll } = state;
  await poll.anchored(state.root);
  const bound = poll.releasableAt + poll.parameters.maxDisputeDelay;
  for (const until of [poll.releasableAt - 1, bound + 1]) {
    await assertRefused(dispute("extend", until), "PollRegistryInvalidExtension", [
      until,
      poll.releasableAt,
      bound,
    ]);
  }
  // The end of the window as it is.
  await dispute("extend", poll.releasableAt);
  assert.equal((await poll.view()).releasableAt, BigInt(poll.releasableAt));
  const until = poll.releasableAt + 200;
  const { events } = await dispute("extend", until);
  assert.deepEqual(
    events.map(({ eventName, args }) => [eventName, args]),
    [["WindowExtended", { pollId: poll.id, until: BigInt(until) }]],
  );
  const seen = await poll.view();
  assert.deepEqual(
    [seen.releasableAt, seen.tallyDeadline],
    [BigInt(until), BigInt(until + poll.parameters.tallyPeriod)],
  );
  await time(until - 1);
  assert.equal(await poll.status(), Status.Anchored);
  await time(until);
  await poll.accept(TALLY, BLINDING);
});

test("disputes see the poll as everybody does", async () => {
  const { poll, registry, committee } = state;
  await poll.anchored(state.root);
  const seen = await registry.contract.call("disputed", [poll.id]);
  const { threshold, disputes, generatorTable, ...common } = seen;
  const view = await poll.view();
  for (const [name, value] of Object.entries(common)) assert.deepEqual(value, view[name], name);
  const [, t] = await registry.contract.call("committee", [committee.digest]);
  assert.equal(threshold, t);
  assert.equal(disputes, await registry.contract.call("disputes"));
  assert.equal(generatorTable, await registry.contract.call("generatorTable"));
  const nothing = await registry.contract.call("disputed", [poll.id + 1n]);
  assert.deepEqual([nothing.status, nothing.pollContext], [Status.None, word(0)]);
});

test("a contested root is rejected even after its window, and the next one is not contested", async () => {
  const { poll } = state;
  await poll.anchored(state.root);
  await dispute("contest", true);
  const late = poll.releasableAt + 50;
  await rejectAt(late);
  const seen = await poll.view();
  assert.deepEqual([seen.contested, seen.status], [false, Status.Closed]);
  assert.equal(seen.anchorDeadline, BigInt(late + 3 * ROUND));
  await poll.anchor(round(1));
  assert.equal((await poll.view()).contested, false);
});

test("the latest times do not overflow when the last second's root is rejected", async () => {
  const most = 2 ** 32 - 1;
  const closesAt = 2 ** 40;
  const poll = await state.registry.create(state.committee, {
    closesAt: BigInt(closesAt),
    freezeDelay: most,
    roundDuration: 1,
    maxRounds: most,
    disputeWindow: most,
    tallyPeriod: most,
  });
  state.poll = poll;
  await poll.open();
  await next(poll.anchorDeadline - 1);
  await poll.anchor(poll.root({ round: most - 2 }));
  await rejectAt(poll.anchorDeadline + 100);
  const seen = await poll.view();
  assert.deepEqual([seen.rejectedRounds, seen.status], [most - 1, Status.Closed]);
  assert.equal(seen.anchorDeadline, BigInt(poll.anchorDeadline + 101));
  await time(poll.anchorDeadline + 101);
  assert.equal(await poll.status(), Status.Void);
});
