/** Anchoring roots: docs/protocol.md §10.3, §11.1. */
import assert from "node:assert/strict";
import { afterEach, before, beforeEach, test } from "node:test";
import { P } from "./support/bn254.js";
import { assertRefused } from "./support/chain.js";
import { Status, account, isolated, spoiled, word } from "./support/registry.js";

const state = isolated({ before, beforeEach, afterEach }, async (prepared) => {
  const { registry } = prepared;
  prepared.committee = await registry.register();
  prepared.poll = await registry.create(prepared.committee);
  await prepared.poll.close();
  prepared.root = prepared.poll.root();
  prepared.attestations = await prepared.poll.attestations(prepared.root);
  await registry.chain.setTime(prepared.poll.freezesAt);
});
const anchor = (attestations = state.attestations, root = state.root, id = 1n) =>
  state.registry.contract.send("anchorRoot", [id, root, attestations]);
const signedAnchor = async (root, options) =>
  anchor(await state.poll.attestations(root, options), root);

test("a root that a quorum signed is anchored, brought by anyone", async () => {
  const { chain, contract } = state.registry;
  const args = [1n, state.root, state.attestations];
  const { events } = await contract.send("anchorRoot", args, chain.other);
  assert.equal(events.length, 1);
  assert.equal(events[0].eventName, "RootAnchored");
  const attestations = state.attestations;
  assert.deepEqual(events[0].args, { pollId: 1n, root: state.root, attestations });
  const view = await state.poll.view();
  const now = BigInt(await chain.now());
  assert.equal(view.status, Status.Anchored);
  assert.deepEqual(view.root, state.root);
  assert.equal(view.anchoredAt, now);
  assert.equal(view.releasableAt, now + 600n);
  assert.equal(view.tallyDeadline, now + 1500n);
});

test("any quorum will do, and more than a quorum", async () => {
  for (const nodes of [
    [1, 2, 3, 5],
    [2, 3, 4, 5],
    [1, 2, 3, 4, 5],
  ]) {
    const saved = await state.registry.chain.snapshot();
    await signedAnchor(state.root, { nodes });
    await state.registry.chain.restore(saved);
  }
});

test("refused: fewer than a quorum", async () => {
  for (const count of [0, 1, 3]) {
    await assertRefused(
      anchor(state.attestations.slice(0, count)),
      "PollRegistryTooFewSignatures",
      [count, 4],
    );
  }
});

test("refused: one node twice, falling order, node 0, unknown nodes", async () => {
  const [one, two, three, four] = state.attestations;
  for (const [list, node] of [
    [[one, one, two, three], 1],
    [[one, two, three, three], 3],
    [[one, three, two, four], 2],
    [[four, three, two, one], 3],
    [[{ ...one, node: 0 }, two, three, four], 0],
    [[one, two, three, four, four], 4],
  ]) {
    await assertRefused(anchor(list), "PollRegistrySignersNotIncreasing", [node]);
  }
  for (const node of [6, 255]) {
    await assertRefused(anchor([one, two, three, { ...four, node }]), "PollRegistryUnknownNode", [
      node,
    ]);
  }
});

test("refused: one bad signature among good ones, even beyond the quorum", async () => {
  const all = await state.poll.attestations(state.root, { nodes: [1, 2, 3, 4, 5] });
  for (let place = 0; place < 5; place++) {
    const signature = all[(place + 1) % 5].signature;
    await assertRefused(
      anchor(all.with(place, { node: place + 1, signature })),
      "PollRegistryWrongSigner",
      [place + 1, state.committee.signers[(place + 1) % 5].address],
    );
  }
});

test("refused: signatures in another form", async () => {
  for (const [signature, reason] of Object.values(spoiled(state.attestations[1].signature))) {
    await assertRefused(anchor(state.attestations.with(1, { node: 2, signature })), reason);
  }
});

test("refused: a root that differs from the signed one in any field", async () => {
  const [sumX, sumY] = [1n, 2n];
  for (const changes of [{ round: 1 }, { rootHash: word(1) }, { sumX, sumY }, { count: 6 }]) {
    await assertRefused(
      anchor(state.attestations, { ...state.root, ...changes }),
      "PollRegistryWrongSigner",
    );
  }
});

test("refused: a signature of another type", async () => {
  const message = { pollContext: state.poll.context, rootDigest: state.root.rootHash };
  const signature = await state.registry.sign(state.committee.signers[0], "Final", message);
  await assertRefused(
    anchor(state.attestations.with(0, { node: 1, signature })),
    "PollRegistryWrongSigner",
  );
});

test("refused: a root replayed from another poll, registry or chain", async () => {
  for (const options of [
    { context: word(1) },
    { domain: { ...state.registry.domain, verifyingContract: account(1).address } },
    { domain: { ...state.registry.domain, chainId: 999 } },
  ]) {
    await assertRefused(signedAnchor(state.root, options), "PollRegistryWrongSigner");
  }
  const second = await state.registry.create(state.committee);
  await second.close();
  await state.registry.chain.setTime(second.freezesAt);
  await assertRefused(anchor(state.attestations, state.root, second.id), "PollRegistryWrongSigner");
});

test("refused: a second root, also the same, also by other nodes", async () => {
  await anchor();
  const wrong = ["PollRegistryWrongStatus", [1, Status.Anchored]];
  await assertRefused(anchor(), ...wrong);
  await assertRefused(signedAnchor({ ...state.root, round: 1 }), ...wrong);
});

test("rounds count from 0 and end before maxRounds", async () => {
  await assertRefused(
    signedAnchor({ ...state.root, round: 4 }),
    "PollRegistryRoundTooLate",
    [4, 4],
  );
  await assertRefused(
    signedAnchor({ ...state.root, round: 2 ** 32 - 1 }),
    "PollRegistryRoundTooLate",
    [2 ** 32 - 1, 4],
  );
  await signedAnchor({ ...state.root, round: 3 });
});

test("refused: sums that are no points, though signed", async () => {
  const { sumX, sumY } = state.root;
  for (const sum of [
    { sumY: sumY + 1n },
    { sumX: sumX + P },
    { sumY: sumY + P },
    { sumX: 0n, sumY: P },
    { sumX: P, sumY: 0n },
    { sumX: 0n, sumY: 1n },
    { sumX: 2n ** 256n - 1n },
  ]) {
    const root = { ...state.root, ...sum };
    await assertRefused(signedAnchor(root), "PollRegistryNotAPoint", [root.sumX, root.sumY]);
  }
});

test("the identity is a sum", async () => {
  await signedAnchor({ ...state.root, sumX: 0n, sumY: 0n });
  assert.equal(await state.poll.status(), Status.Anchored);
});

test("as many ballots as voters, not one more", async () => {
  await assertRefused(
    signedAnchor({ ...state.root, count: 11 }),
    "PollRegistryTooManyBallots",
    [11, 10],
  );
  await signedAnchor({ ...state.root, count: 10 });
});

for (const [count, sum] of [
  [0, { rootHash: word(0), sumX: 0n, sumY: 0n }],
  [1, {}],
]) {
  test(`${count} ballots of at least 2 make the poll void at once and permanently`, async () => {
    const { events } = await signedAnchor({ ...state.root, ...sum, count });
    assert.deepEqual(
      events.map(({ eventName }) => eventName),
      ["RootAnchored", "PollVoided"],
    );
    assert.deepEqual(events[1].args, { pollId: 1n, count });
    const wrong = ["PollRegistryWrongStatus", [1, Status.Void]];
    assert.equal(await state.poll.status(), Status.Void);
    await assertRefused(anchor(), ...wrong);
    await state.registry.chain.setTime(state.poll.freezesAt + 700);
    assert.equal(await state.poll.status(), Status.Void);
    await assertRefused(state.poll.accept([3n, 5n, 1n], 1234567n), ...wrong);
  });
}

test("exactly the minimum of ballots is enough", async () => {
  const { events } = await signedAnchor({ ...state.root, count: 2 });
  assert.equal(events.length, 1);
  assert.equal(await state.poll.status(), Status.Anchored);
});
