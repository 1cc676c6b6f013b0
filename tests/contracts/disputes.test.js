/** Disputes about anchored roots: docs/protocol.md §11.3. */
import assert from "node:assert/strict";
import { afterEach, before, beforeEach, test } from "node:test";
import { P, add } from "./support/bn254.js";
import { assertRefused } from "./support/chain.js";
import { DisputedPoll, Ground, isolatedPoll, NOBODY } from "./support/disputes.js";
import { Status, word } from "./support/registry.js";
import { EMPTY, ballot, leafOf } from "./support/votes.js";

const state = isolatedPoll({ before, beforeEach, afterEach });
let poll;
beforeEach(() => ({ poll } = state));

const send = (name, ...args) => poll.send(name, ...args);
const later = (seconds) => poll.later(seconds);
const balance = (account) => poll.balance(account);
const falseGround = ({ events }) =>
  events.find(({ eventName }) => eventName === "RootShownFalse").args.ground;

test("a leaf challenge is answered with the ballot, and the tally follows", async () => {
  await poll.anchor(poll.tree());
  const { challenge } = await poll.challengeLeaf(3);
  assert.equal(await poll.status(), Status.Anchored);
  await later(200);
  const { events } = await poll.answerLeaf(3, await poll.evidence(3));
  const shown = events.find(({ eventName }) => eventName === "LeafShown").args;
  assert.equal(shown.challenge, challenge.challenge);
  assert.deepEqual(shown.leaf, poll.leaves()[3]);
  assert.deepEqual(shown.siblings, poll.current.siblings(3));
  const seen = await poll.disputes.call("challengeOf", [challenge.challenge]);
  assert.equal(seen.state, 2);
  assert.equal(await balance(poll.chain.other), 0n);
  const { releasableAt, contested } = await poll.inner.view();
  assert.equal(contested, false);
  await poll.chain.setTime(Number(releasableAt));
  const tally = [0n, 0n, 0n];
  let blinding = 0n;
  for (const one of poll.ballots) {
    const { weight } = poll.census.of(one.voter);
    one.bits.forEach((bit, slot) => (tally[slot] += bit * weight));
    blinding += one.blinding * weight;
  }
  const order = 21888242871839275222246405745257275088548364400416034343698204186575808495617n;
  await poll.inner.accept(tally, blinding % order);
  assert.equal(await poll.status(), Status.Tallied);
});

test("the root falls where nobody answers, and the challenger gets the bond back", async () => {
  await poll.anchor(poll.tree());
  const { challenge } = await poll.challengeLeaf(0);
  await assertRefused(send("expire", challenge.challenge), "DisputesTooEarly");
  await poll.chain.setTime(challenge.deadline + 1);
  await assertRefused(poll.answerLeaf(0, await poll.evidence(0)), "DisputesTooLate");
  const result = await send("expire", challenge.challenge);
  assert.equal(falseGround(result), Ground.Unanswered);
  assert.equal(await poll.status(), Status.Closed);
  assert.equal(await balance(poll.chain.other), 10n ** 18n);
  await poll.disputes.send("withdraw", [], poll.chain.other);
  assert.equal(await balance(poll.chain.other), 0n);
  await assertRefused(
    poll.disputes.send("withdraw", [], poll.chain.other),
    "DisputesNothingToWithdraw",
  );
});

test("a poll that stays disputed to the end is void, never final", async () => {
  await poll.anchor(poll.tree());
  const { challenge } = await poll.challengeLeaf(0);
  const { disputeWindow, maxDisputeDelay } = poll.inner.parameters;
  const bound = poll.inner.freezesAt + disputeWindow + maxDisputeDelay;
  await poll.chain.setTime(bound - 1);
  assert.equal(await poll.status(), Status.Anchored);
  await poll.chain.setTime(bound);
  assert.equal(await poll.status(), Status.Void);
  await assertRefused(send("expire", challenge.challenge), "DisputesNotAnchored");
  await send("close", challenge.challenge);
  assert.equal(await balance(poll.chain.other), 10n ** 18n);
  await assertRefused(send("close", challenge.challenge), "DisputesNoOpenChallenge");
});

test("answers that are not right are refused, each for its reason", async () => {
  await poll.anchor(poll.tree());
  await poll.challengeLeaf(1);
  const good = await poll.evidence(1);
  const flipped = (bytes, place) => {
    const at = 2 + 2 * place;
    const digit = bytes[at] === "0" ? "1" : "0";
    return bytes.slice(0, at) + digit + bytes.slice(at + 1);
  };
  const { membership } = good;
  const cases = {
    "another leaf": [await poll.evidence(2), "DisputesWrongPath"],
    "a stranger's signature": [
      await poll.evidence(1, { signer: poll.casters[2] }),
      "DisputesWrongSigner",
    ],
    "a byte more": [{ ...good, ballot: `${good.ballot}00` }, "DisputesWrongBallot"],
    "another voter": [{ ...good, ballot: flipped(good.ballot, 3) }, "DisputesWrongBallot"],
    "another response": [{ ...good, ballot: flipped(good.ballot, 500) }, "DisputesWrongBallot"],
    "other boxes": [{ ...good, boxesHash: word(98) }, "DisputesWrongSigner"],
    "another weight": [
      { ...good, membership: { ...membership, weight: membership.weight + 1n } },
      "DisputesNotInCensus",
    ],
    "a sibling less": [{ ...good, siblings: good.siblings.slice(1) }, "DisputesWrongHeight"],
  };
  for (const [name, [evidence, reason]] of Object.entries(cases)) {
    await assertRefused(poll.answerLeaf(1, evidence), reason).catch((error) => {
      throw new Error(`${name}: ${error.message}`, { cause: error });
    });
  }
  const terms = { ...poll.terms, rule: `${poll.terms.rule}00` };
  await assertRefused(send("answerLeaf", terms, 1, good, NOBODY), "DisputesTermsDiffer");
  await poll.answerLeaf(1, good);
});

test("a leaf that no ballot stands behind has no answer", async () => {
  const leaves = poll.leaves();
  const inflated = { ...leaves[2], weight: leaves[2].weight + 5n };
  const [x, y] = [inflated.x, inflated.y];
  const cases = {
    "more weight than the census gives": { ...inflated, x, y },
    "another sum than the ballot's": { ...leaves[2], x: leaves[0].x, y: leaves[0].y },
    "another cast time": { ...leaves[2], castAt: leaves[2].castAt + 1n },
  };
  for (const [name, leaf] of Object.entries(cases)) {
    const snapshot = await poll.chain.snapshot();
    const tree = new poll.current.constructor([...leaves.slice(0, 2), leaf, ...leaves.slice(3)]);
    await poll.anchor(tree);
    await poll.challengeLeaf(2);
    await assertRefused(
      poll.answerLeaf(2, await poll.evidence(2, { tree })),
      "DisputesWrongPath",
    ).catch((error) => {
      throw new Error(`${name}: ${error.message}`, { cause: error });
    });
    await poll.chain.restore(snapshot);
  }
});

test("a false sum is shown at once, at every height", async () => {
  for (const [height, index] of [
    [1, 0],
    [2, 0],
    [3, 0],
    [1, 2],
  ]) {
    const snapshot = await poll.chain.snapshot();
    const thief = [poll.leaves()[0].x, poll.leaves()[0].y];
    const tree = poll.tree({
      spoil(node, h, i) {
        if (h !== height || i !== index) return node;
        const [x, y] = add([node.x, node.y], thief);
        return { ...node, x, y };
      },
    });
    await poll.anchor(tree);
    const node = tree.levels[height][index];
    const [left, right] = [0, 1].map((side) => tree.levels[height - 1][2 * index + side]);
    const siblings = tree.siblings(index, height);
    const result = await send("proveSum", height, index, [node.x, node.y], left, right, siblings);
    assert.equal(falseGround(result), Ground.Sum);
    assert.equal(await poll.status(), Status.Closed);
    await poll.chain.restore(snapshot);
  }
});

test("no sum, padding or order of a true root is shown false", async () => {
  const tree = poll.tree();
  await poll.anchor(tree);
  for (let height = 1; height < tree.levels.length; height++) {
    for (const [index, node] of tree.levels[height].entries()) {
      const [left, right] = [0, 1].map((side) => tree.levels[height - 1][2 * index + side]);
      const proof = [height, index, [node.x, node.y], left, right, tree.siblings(index, height)];
      const isEmpty = node.hash === EMPTY.hash;
      await assertRefused(
        send("proveSum", ...proof),
        isEmpty ? "DisputesWrongPath" : "DisputesNothingFalse",
      );
    }
  }
  for (const [height, level] of tree.levels.entries()) {
    for (const [index, node] of level.entries()) {
      // Below an empty node there is nothing that the root commits to.
      const isBelowEmpty = tree.levels[height + 1]?.[index >> 1].hash === EMPTY.hash;
      await assertRefused(
        send("provePadding", height, index, node, tree.siblings(index, height)),
        isBelowEmpty ? "DisputesWrongPath" : "DisputesNothingFalse",
      );
    }
  }
  const leaves = poll.leaves();
  for (let index = 0; index + 1 < leaves.length; index++) {
    const siblings = [index, index + 1].map((one) => tree.siblings(one));
    await assertRefused(
      send("proveOrder", index, leaves.slice(index, index + 2), siblings),
      "DisputesNothingFalse",
    );
  }
  const siblings = [0, 1].map((one) => tree.siblings(one));
  await assertRefused(send("proveOrder", 0, [leaves[0], leaves[0]], siblings), "DisputesWrongPath");
  // A leaf has no children, and above the root there is nothing.
  const [leaf, top] = [tree.levels[0][0], tree.top];
  for (const [height, above] of [
    [0, tree.siblings(0)],
    [tree.levels.length, []],
  ]) {
    const proof = [height, 0, [leaf.x, leaf.y], leaf, leaf, above];
    await assertRefused(send("proveSum", ...proof), "DisputesWrongHeight");
  }
  const padding = send("provePadding", tree.levels.length, 0, top, []);
  await assertRefused(padding, "DisputesWrongHeight");
  // A real node under the number of a place beyond the tree, where only padding could be.
  for (const [height, [node]] of tree.levels.entries()) {
    const beyond = 2 ** (tree.levels.length - 1 - height);
    await assertRefused(
      send("provePadding", height, beyond, node, tree.siblings(0, height)),
      "DisputesIndexOutOfRange",
    );
  }
  // Another sum than the root's would be false, whichever coordinate differs.
  const [left, right] = tree.levels.at(-2);
  for (const sum of [
    [top.x, P - top.y],
    [0n, top.y],
    [left.x, left.y],
  ]) {
    const proof = [tree.levels.length - 1, 0, sum, left, right, []];
    await assertRefused(send("proveSum", ...proof), "DisputesWrongPath");
  }
});

test("padding that counts, and a hole in the count, are shown at once", async () => {
  const hidden = { ...EMPTY, x: poll.leaves()[0].x, y: poll.leaves()[0].y };
  const cases = [
    [poll.tree({ spoil: (node, h, i) => (h === 0 && i === 5 ? hidden : node) }), 0, 5],
    [poll.tree({ spoil: (node, h, i) => (h === 1 && i === 3 ? hidden : node) }), 1, 3],
    [poll.tree({ spoil: (node, h, i) => (h === 0 && i === 2 ? EMPTY : node) }), 0, 2],
  ];
  for (const [tree, height, index] of cases) {
    const snapshot = await poll.chain.snapshot();
    await poll.anchor(tree);
    const proof = [height, index, tree.levels[height][index], tree.siblings(index, height)];
    assert.equal(falseGround(await send("provePadding", ...proof)), Ground.Padding);
    await poll.chain.restore(snapshot);
  }
});

test("voters out of order, and a voter twice, are shown at once", async () => {
  const leaves = poll.leaves();
  const again = leafOf(
    ballot({ ...pick(poll.ballots[1]), rule: poll.rule, castAt: poll.ballots[1].castAt + 9n }),
    poll.census.of(poll.ballots[1].voter).weight,
  );
  const cases = [
    [[leaves[1], leaves[0], ...leaves.slice(2)], 0],
    [[...leaves.slice(0, 2), again, ...leaves.slice(2, 4)], 1],
  ];
  for (const [list, index] of cases) {
    const snapshot = await poll.chain.snapshot();
    const tree = new poll.current.constructor(list);
    await poll.anchor(tree);
    const siblings = [index, index + 1].map((one) => tree.siblings(one));
    const proof = [index, list.slice(index, index + 2), siblings];
    assert.equal(falseGround(await send("proveOrder", ...proof)), Ground.Order);
    await poll.chain.restore(snapshot);
  }
});

const pick = ({ voter, bits }) => ({
  voter,
  bits,
  context: poll.inner.context,
  threshold: 3,
});

test("a recorded ballot that is left out makes the root fall", async () => {
  const tree = new poll.current.constructor(poll.leaves(poll.ballots.slice(0, 4)));
  await poll.anchor(tree);
  const { challenge } = await poll.challengeOmission(poll.ballots[4]);
  const omitted = poll.receipt(poll.ballots[4]);
  await assertRefused(
    send("answerOmission", omitted, 3, poll.leaves()[3], tree.siblings(3), NOBODY),
    "DisputesNotInCensus",
  );
  await assertRefused(
    send("answerInvalidBallot", poll.terms, omitted, poll.ballots[4].bytes, NOBODY),
    "DisputesBallotHolds",
  );
  await poll.chain.setTime(challenge.deadline + 1);
  await send("expire", challenge.challenge);
  assert.equal(await poll.status(), Status.Closed);
});

test("an omission is answered by the voter's leaf, unless its ballot is older", async () => {
  const tree = poll.tree();
  await poll.anchor(tree);
  const [, counted] = poll.ballots;
  const leaf = poll.leaves()[1];
  const older = ballot({ ...pick(counted), rule: poll.rule, castAt: counted.castAt - 1n });
  const newer = ballot({ ...pick(counted), rule: poll.rule, castAt: counted.castAt + 50n });
  for (const one of [counted, older]) {
    await poll.challengeOmission(one);
    await send("answerOmission", poll.receipt(one), 1, leaf, tree.siblings(1), NOBODY);
  }
  await poll.challengeOmission(newer);
  await assertRefused(
    send("answerOmission", poll.receipt(newer), 1, leaf, tree.siblings(1), NOBODY),
    "DisputesEarlierBallot",
  );
});

test("receipts count only from a quorum of the committee's nodes", async () => {
  await poll.anchor(poll.tree());
  const ballotOf = poll.ballots[0];
  const omission = (nodes) => poll.challengeOmission(ballotOf, { nodes });
  await assertRefused(omission([1, 2, 3]), "DisputesTooFewReceipts", [3, 4]);
  await assertRefused(omission([1, 2, 2, 3]), "DisputesSignersNotIncreasing", [2]);
  await assertRefused(omission([2, 1, 3, 4]), "DisputesSignersNotIncreasing", [1]);
  const receipts = await poll.receipts(ballotOf);
  receipts[3].signature = receipts[2].signature;
  const args = [poll.subject, poll.terms, poll.rootDigest(), poll.receipt(ballotOf), receipts];
  await assertRefused(
    poll.disputes.send("challengeOmission", args, poll.chain.other, 10n ** 18n),
    "DisputesWrongSigner",
  );
});

test("receipts of a ballot that breaks the rules do not make a root fall", async () => {
  const tree = poll.tree();
  await poll.anchor(tree);
  const [first] = poll.ballots;
  const two = ballot({
    ...pick(first),
    rule: poll.rule,
    castAt: first.castAt + 9n,
    bits: [1n, 1n, 0n],
  });
  await poll.challengeOmission(two);
  await send("answerInvalidBallot", poll.terms, poll.receipt(two), two.bytes, NOBODY);
  const { contested } = await poll.inner.view();
  assert.equal(contested, false);
});

test("an answer pays the payee whom a node names, and nobody who copies it", async () => {
  await poll.anchor(poll.tree());
  const { challenge } = await poll.challengeLeaf(0);
  const evidence = await poll.evidence(0);
  const paid = poll.chain.accounts[5];
  const thief = poll.chain.accounts[6];
  const payee = await poll.payee(challenge.challenge, paid);
  await assertRefused(
    poll.answerLeaf(0, evidence, { ...payee, account: thief }, thief),
    "DisputesWrongSigner",
  );
  const other = await poll.payee(word(1), paid);
  await assertRefused(poll.answerLeaf(0, evidence, other), "DisputesWrongSigner");
  await poll.answerLeaf(0, evidence, payee, thief);
  const amount = await balance(paid);
  assert.ok(amount > 0n && amount < 10n ** 18n);
  assert.equal(await balance(thief), 0n);
});
