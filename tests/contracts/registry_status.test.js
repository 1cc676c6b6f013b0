/** States by chain time and every deadline to the second: docs/protocol.md §4.5. */
import assert from "node:assert/strict";
import { afterEach, before, beforeEach, test } from "node:test";
import { assertRefused } from "./support/chain.js";
import { Status, isolated } from "./support/registry.js";

const state = isolated({ before, beforeEach, afterEach }, async (prepared) => {
  prepared.committee = await prepared.registry.register();
  prepared.poll = await prepared.registry.create(prepared.committee);
  prepared.root = prepared.poll.root();
});
const TALLY = [3n, 5n, 1n];
const BLINDING = 1234567n;

/** The status just before and just at a second. */
async function turnsAt(second, from, to) {
  await state.registry.chain.setTime(second - 1);
  assert.equal(await state.poll.status(), from);
  await state.registry.chain.setTime(second);
  assert.equal(await state.poll.status(), to);
  assert.equal((await state.poll.view()).status, to);
}

/** What only one status allows is refused in this one. */
async function refusesAll(status, except = []) {
  const { poll } = state;
  const calls = {
    openPoll: async () => state.registry.contract.send("openPoll", await poll.opening()),
    anchorRoot: () => poll.anchor(state.root),
    acceptTally: () => poll.accept(TALLY, BLINDING),
    awards: () => state.registry.contract.call("awards", [poll.id, TALLY, "0x00", [1, 0, 2]]),
  };
  for (const [name, call] of Object.entries(calls)) {
    if (except.includes(name)) continue;
    await assertRefused(call(), "PollRegistryWrongStatus", [poll.id, status]);
  }
}

test("created: void when not opened before closing", async () => {
  await refusesAll(Status.Created, ["openPoll"]);
  await turnsAt(state.poll.closesAt, Status.Created, Status.Void);
  await refusesAll(Status.Void);
  await state.registry.chain.setTime(state.poll.tallyDeadline + 1_000_000);
  assert.equal(await state.poll.status(), Status.Void);
});

test("open: closed at closing", async () => {
  await state.poll.open();
  await refusesAll(Status.Open);
  await turnsAt(state.poll.closesAt, Status.Open, Status.Closed);
  await refusesAll(Status.Closed, ["anchorRoot"]);
});

test("closed: nothing is anchored before freezing", async () => {
  await state.poll.close();
  await state.registry.chain.nextTime(state.poll.freezesAt - 1);
  await assertRefused(state.poll.anchor(state.root), "PollRegistryTooEarly", [
    state.poll.freezesAt,
  ]);
  await state.registry.chain.nextTime(state.poll.freezesAt);
  await state.poll.anchor(state.root);
  assert.equal(await state.poll.status(), Status.Anchored);
});

test("closed: void when not anchored before the last round's end", async () => {
  await state.poll.close();
  await turnsAt(state.poll.anchorDeadline, Status.Closed, Status.Void);
  await refusesAll(Status.Void);
});

test("closed: anchored in the last second", async () => {
  await state.poll.close();
  const saved = await state.registry.chain.snapshot();
  await state.registry.chain.nextTime(state.poll.anchorDeadline);
  await assertRefused(state.poll.anchor(state.root), "PollRegistryWrongStatus", [
    state.poll.id,
    Status.Void,
  ]);
  await state.registry.chain.restore(saved);
  await state.registry.chain.nextTime(state.poll.anchorDeadline - 1);
  await state.poll.anchor(state.root);
  const view = await state.poll.view();
  assert.equal(view.anchoredAt, BigInt(state.poll.anchorDeadline - 1));
  assert.equal(view.status, Status.Anchored);
});

test("anchored: no tally in the window's last second, one right after it", async () => {
  await state.poll.anchored(state.root);
  await refusesAll(Status.Anchored);
  await state.registry.chain.nextTime(state.poll.releasableAt - 1);
  await assertRefused(state.poll.accept(TALLY, BLINDING), "PollRegistryWrongStatus", [
    state.poll.id,
    Status.Anchored,
  ]);
  assert.equal(await state.poll.status(), Status.Anchored);
  await state.registry.chain.nextTime(state.poll.releasableAt);
  await state.poll.accept(TALLY, BLINDING);
  assert.equal(await state.poll.status(), Status.Tallied);
});

test("releasable: void when there is no tally before the deadline", async () => {
  await state.poll.anchored(state.root);
  await turnsAt(state.poll.releasableAt, Status.Anchored, Status.Releasable);
  await refusesAll(Status.Releasable, ["acceptTally"]);
  await turnsAt(state.poll.tallyDeadline, Status.Releasable, Status.Void);
  await refusesAll(Status.Void);
});

test("releasable: tallied in the last second, not at the deadline", async () => {
  await state.poll.releasable(state.root);
  const saved = await state.registry.chain.snapshot();
  await state.registry.chain.nextTime(state.poll.tallyDeadline);
  await assertRefused(state.poll.accept(TALLY, BLINDING), "PollRegistryWrongStatus", [
    state.poll.id,
    Status.Void,
  ]);
  await state.registry.chain.restore(saved);
  await state.registry.chain.nextTime(state.poll.tallyDeadline - 1);
  await state.poll.accept(TALLY, BLINDING);
  assert.equal(await state.poll.status(), Status.Tallied);
});

test("tallied: permanently", async () => {
  await state.poll.releasable(state.root);
  await state.poll.accept(TALLY, BLINDING);
  await refusesAll(Status.Tallied, ["awards"]);
  await state.registry.chain.setTime(state.poll.tallyDeadline + 1_000_000);
  assert.equal(await state.poll.status(), Status.Tallied);
});

test("the latest times a poll can have do not overflow", async () => {
  const most = 2 ** 32 - 1;
  const closesAt = 2 ** 40;
  const poll = await state.registry.create(state.committee, {
    closesAt: BigInt(closesAt),
    freezeDelay: most,
    roundDuration: 2 ** 20,
    maxRounds: 2 ** 20,
    disputeWindow: most,
    tallyPeriod: most,
  });
  const view = await poll.view();
  assert.equal(view.freezesAt, BigInt(closesAt + most));
  assert.equal(view.anchorDeadline, BigInt(closesAt + most + 2 ** 40));
  await poll.open();
  await state.registry.chain.setTime(poll.anchorDeadline - 2);
  await state.registry.chain.nextTime(poll.anchorDeadline - 1);
  await poll.anchor(poll.root());
  const anchored = await poll.view();
  assert.equal(anchored.tallyDeadline, BigInt(poll.anchorDeadline - 1 + 2 * most));
  await state.registry.chain.setTime(Number(anchored.tallyDeadline) - 1);
  assert.equal(await poll.status(), Status.Releasable);
});

test("polls do not touch one another", async () => {
  const second = await state.registry.create(state.committee);
  await state.poll.open();
  assert.equal(await second.status(), Status.Created);
  const before = await second.view();
  await state.registry.chain.setTime(state.poll.freezesAt);
  await state.poll.anchor(state.root);
  const { status, ...unchanged } = before;
  assert.equal(status, Status.Created);
  assert.deepEqual(await second.view(), { ...unchanged, status: Status.Void });
});
