/** Opening polls with the nodes' keys: docs/protocol.md §4.3, §4.5. */
import assert from "node:assert/strict";
import { afterEach, before, beforeEach, test } from "node:test";
import { assertRefused } from "./support/chain.js";
import { tagged } from "./support/encodings.js";
import { Status, account, deployRegistry, isolated, spoiled, word } from "./support/registry.js";

const state = isolated({ before, beforeEach, afterEach }, async (prepared) => {
  prepared.committee = await prepared.registry.register();
  prepared.poll = await prepared.registry.create(prepared.committee);
  prepared.args = await prepared.poll.opening();
});
const open = (args, from) => state.registry.contract.send("openPoll", args, from);
const withSignature = (place, signature) =>
  state.args.with(2, state.args[2].with(place, signature));

test("a poll opens with all nodes' keys, brought by anyone", async () => {
  const { events } = await open(state.args, state.registry.chain.other);
  const [pollId, nodeKeys, signatures] = state.args;
  assert.equal(events.length, 1);
  assert.equal(events[0].eventName, "PollOpened");
  assert.deepEqual(events[0].args, { pollId, nodeKeys, signatures });
  const view = await state.poll.view();
  assert.equal(view.status, Status.Open);
  assert.equal(view.pollKeys, tagged("poll-keys", ...nodeKeys));
});

test("opens in the last second before closing, not at closing", async () => {
  const { chain } = state.registry;
  const saved = await chain.snapshot();
  await chain.nextTime(state.poll.closesAt - 1);
  await open(state.args);
  assert.equal(await state.poll.status(), Status.Open);
  await chain.restore(saved);
  await chain.nextTime(state.poll.closesAt);
  await assertRefused(open(state.args), "PollRegistryWrongStatus", [state.poll.id, Status.Void]);
});

test("refused: a poll that does not exist, or is open already", async () => {
  await assertRefused(open(state.args.with(0, 2n)), "PollRegistryWrongStatus", [2, Status.None]);
  await open(state.args);
  await assertRefused(open(state.args), "PollRegistryWrongStatus", [1, Status.Open]);
});

test("refused: keys or signatures of too few or too many nodes", async () => {
  for (const position of [1, 2]) {
    const list = state.args[position];
    for (const changed of [[], list.slice(1), [...list, list[0]]]) {
      await assertRefused(open(state.args.with(position, changed)), "PollRegistryListsDiffer", [
        5,
        changed.length,
      ]);
    }
  }
});

test("refused: a zero key, or one key twice, though all signed", async () => {
  const [, keys] = state.args;
  for (const [place, key] of [
    [3, word(0)],
    [0, word(0)],
    [1, keys[0]],
    [4, keys[0]],
    [4, keys[2]],
  ]) {
    const args = await state.poll.opening({ keys: keys.with(place, key) });
    await assertRefused(open(args), "PollRegistryInvalidNodeKey", [place + 1]);
  }
});

test("refused: keys that a node did not sign", async () => {
  const [id, keys] = state.args;
  await assertRefused(open(state.args.with(1, keys.with(2, word(1)))), "PollRegistryWrongSigner");
  const stranger = account(500);
  const message = { pollContext: state.poll.context, pollKeys: tagged("poll-keys", ...keys) };
  const forged = await state.registry.sign(stranger, "PollKeys", message);
  await assertRefused(open(withSignature(0, forged)), "PollRegistryWrongSigner", [
    1,
    stranger.address,
  ]);
  // One node signed another list, in which but one key differs: nobody's list is opened.
  const other = await state.poll.opening({ keys: keys.with(0, word(1)) });
  for (const place of [0, 4]) {
    const args = [id, keys, state.args[2].with(place, other[2][place])];
    await assertRefused(open(args), "PollRegistryWrongSigner");
  }
});

test("refused: keys in a different order than the nodes", async () => {
  const swap = ([first, second, ...rest]) => [second, first, ...rest];
  const [id, keys, signatures] = state.args;
  await assertRefused(open([id, swap(keys), signatures]), "PollRegistryWrongSigner");
  await assertRefused(open([id, keys, swap(signatures)]), "PollRegistryWrongSigner");
});

test("refused: signatures in another form", async () => {
  for (const [bad, reason] of Object.values(spoiled(state.args[2][4]))) {
    await assertRefused(open(withSignature(4, bad)), reason);
  }
});

test("refused: a signature of another type over the same words", async () => {
  const rootDigest = tagged("poll-keys", ...state.args[1]);
  const message = { pollContext: state.poll.context, rootDigest };
  const signature = await state.registry.sign(state.committee.signers[0], "Final", message);
  await assertRefused(open(withSignature(0, signature)), "PollRegistryWrongSigner");
});

test("refused: keys replayed from another poll, registry or chain", async () => {
  const second = await state.registry.create(state.committee);
  await assertRefused(open(state.args.with(0, second.id)), "PollRegistryWrongSigner");

  const others = [
    { ...state.registry.domain, verifyingContract: account(1).address },
    { ...state.registry.domain, chainId: 999 },
  ];
  for (const domain of others) {
    await assertRefused(open(await state.poll.opening({ domain })), "PollRegistryWrongSigner");
  }
  const elsewhere = await deployRegistry({ chainId: 999 });
  const twin = await elsewhere.create(await elsewhere.register());
  await assertRefused(elsewhere.contract.send("openPoll", state.args), "PollRegistryWrongSigner");
  await twin.open();
});
