/** Registries, recipients, gas and blocks that work against the disputes: docs/protocol.md §11.3. */
import assert from "node:assert/strict";
import { afterEach, before, beforeEach, test } from "node:test";
import { encodeFunctionData, hexToBigInt, numberToHex, parseEventLogs, zeroAddress } from "viem";
import { assertRefused } from "./support/chain.js";
import { Ground, NOBODY, isolatedPoll } from "./support/disputes.js";
import { range } from "./support/encodings.js";
import { HostilePoll, callData } from "./support/hostile.js";
import { Status, word } from "./support/registry.js";
import { EMPTY, SumTree, ballot } from "./support/votes.js";

const state = isolatedPoll({ before, beforeEach, afterEach });
let poll, chain, disputes;
beforeEach(() => {
  ({ poll } = state);
  ({ chain, disputes } = poll);
});
const BOND = 10n ** 18n;
const held = () => chain.client.getBalance({ address: disputes.address });
const stateOf = async (challenge) => (await disputes.call("challengeOf", [challenge])).state;
const [OPEN, ANSWERED, CLOSED] = [1, 2, 3];

/** The real root, with a challenge whose bond nobody may touch. */
async function challengedRoot() {
  await poll.anchor(poll.tree());
  const { challenge } = await poll.challengeLeaf(0);
  return challenge;
}

/** Whether the registry's own call succeeded; fails where it did not call. */
function calledBack({ logs }, { registry }) {
  const events = parseEventLogs({ abi: registry.abi, logs, eventName: "CalledBack" });
  assert.equal(events.length, 1);
  return events[0].args.ok;
}

test("a registry that calls back while a challenge opens gets its bond back once", async () => {
  const honest = await challengedRoot();
  const hostile = await HostilePoll.create(poll);
  const id = hostile.leafId(1);
  await hostile.arm(Status.Void, "close", [hostile.subject, id]);
  assert.equal(calledBack(await hostile.challengeLeaf(1), hostile), true);
  assert.equal(await stateOf(id), CLOSED);
  assert.equal(await poll.balance(chain.other), BOND);
  for (const name of ["close", "expire"]) {
    await assertRefused(
      disputes.send(name, [hostile.subject, id]),
      name === "close" ? "DisputesNoOpenChallenge" : "DisputesNotAnchored",
    );
  }
  assert.equal(await held(), 2n * BOND);
  await disputes.send("withdraw", [], chain.other);
  assert.equal(await held(), BOND);
  assert.equal(await stateOf(honest.challenge), OPEN);
});

test("a registry that calls back while its root falls pays no bond twice", async () => {
  await challengedRoot();
  const hostile = await HostilePoll.create(poll);
  for (const name of ["expire", "close"]) {
    const saved = await chain.snapshot();
    const { challenge, deadline } = await hostile.challengeLeaf(2);
    const next = name === "expire" ? Status.Anchored : Status.Closed;
    await hostile.arm(next, name, [hostile.subject, challenge]);
    await chain.setTime(deadline + 1);
    const result = await disputes.send("expire", [hostile.subject, challenge]);
    assert.equal(calledBack(result, hostile), false);
    const named = (name) => result.events.filter(({ eventName }) => eventName === name);
    assert.equal(named("Closed").length, 1);
    assert.equal(named("RootShownFalse")[0].args.ground, Ground.Unanswered);
    assert.equal(await poll.balance(chain.other), BOND);
    assert.equal(await held(), 2n * BOND);
    await chain.restore(saved);
  }
});

test("a registry that calls back while an answer is settled burns the bond once", async () => {
  await challengedRoot();
  const hostile = await HostilePoll.create(poll);
  const given = poll.receipt(poll.ballots[0]);
  for (const name of ["close", "answerOmission", "expire"]) {
    const saved = await chain.snapshot();
    const { challenge } = await hostile.challengeOmission(given);
    const answer = [hostile.subject, given, ...hostile.answer(0)];
    const args = name === "answerOmission" ? answer : [hostile.subject, challenge];
    await hostile.arm(name === "close" ? Status.Void : Status.Anchored, name, args);
    const to = chain.accounts[5];
    const payee = await hostile.payee(challenge, to, 2);
    const result = await disputes.send("answerOmission", [...answer.slice(0, -1), payee]);
    assert.equal(calledBack(result, hostile), false);
    assert.equal(await stateOf(challenge), ANSWERED, name);
    assert.equal(await poll.balance(chain.other), 0n);
    const paid = await poll.balance(to);
    assert.ok(paid > 0n && paid < BOND);
    await chain.restore(saved);
  }
});

test("a registry cannot touch challenges of another one's polls", async () => {
  const honest = await challengedRoot();
  const hostile = await HostilePoll.create(poll);
  // Another poll of the same registry, and the same poll of another registry.
  for (const subject of [hostile.subject, { ...poll.subject, id: 99n }]) {
    for (const name of ["close", "expire"]) {
      await assertRefused(
        disputes.send(name, [subject, honest.challenge]),
        subject.id === 99n && name === "expire"
          ? "DisputesNotOfRegistry"
          : "DisputesNoOpenChallenge",
      );
    }
  }
  assert.equal(await stateOf(honest.challenge), OPEN);
});

test("challenges of an earlier root end with it, and only with it", async () => {
  const hostile = await HostilePoll.create(poll);
  const { challenge, deadline } = await hostile.challengeLeaf(0);
  const close = () => disputes.send("close", [hostile.subject, challenge]);
  await assertRefused(close(), "DisputesStillDisputable");
  await hostile.show({ root: { ...hostile.seen.root, round: 1 } });
  await chain.setTime(deadline + 1);
  await assertRefused(
    disputes.send("expire", [hostile.subject, challenge]),
    "DisputesNoOpenChallenge",
    [challenge, OPEN],
  );
  await close();
  assert.equal(await poll.balance(chain.other), BOND);
  // The same leaf of the next root is another challenge.
  assert.notEqual((await hostile.challengeLeaf(0)).challenge, challenge);
});

test("only what is anchored, and names these disputes, is disputed", async () => {
  const hostile = await HostilePoll.create(poll);
  const omitted = poll.receipt(poll.ballots[0]);
  const tree = hostile.tree;
  const proof = [1, 0, [1n, 2n], EMPTY, EMPTY, tree.siblings(0, 1)];
  const calls = [
    () => hostile.challengeLeaf(0),
    () => hostile.challengeOmission(omitted),
    () => disputes.send("proveSum", [hostile.subject, ...proof]),
    () => disputes.send("provePadding", [hostile.subject, 0, 0, EMPTY, tree.siblings(0)]),
    () => disputes.send("answerOmission", [hostile.subject, omitted, ...hostile.answer(0)]),
  ];
  await hostile.show({ disputes: zeroAddress });
  for (const call of calls) await assertRefused(call(), "DisputesNotOfRegistry");
  await hostile.show({ disputes: disputes.address });
  for (const status of [Status.Created, Status.Closed, Status.Releasable, Status.Tallied]) {
    await hostile.show({ status });
    for (const call of calls) await assertRefused(call(), "DisputesNotAnchored", [status]);
  }
});

test("kinds of polls that these disputes cannot judge are refused", async () => {
  for (const changes of [
    { counting: 2 },
    { casting: 1 },
    { identity: 1 },
    { extension: word(1) },
  ]) {
    const hostile = await HostilePoll.create(poll, changes);
    await assertRefused(hostile.challengeLeaf(0), "DisputesUnknownKind");
    await assertRefused(
      hostile.challengeOmission(poll.receipt(poll.ballots[0])),
      "DisputesUnknownKind",
    );
  }
});

test("terms of another poll, or with another rule, are refused", async () => {
  const hostile = await HostilePoll.create(poll);
  const { terms } = hostile;
  const challenge = (changed) =>
    disputes.send(
      "challengeLeaf",
      [hostile.subject, changed, hostile.rootDigest, 0],
      chain.other,
      BOND,
    );
  const parameters = { ...terms.parameters, voters: terms.parameters.voters + 1 };
  await assertRefused(challenge({ ...terms, parameters }), "DisputesTermsDiffer");
  await assertRefused(challenge({ ...terms, rule: `${terms.rule}00` }), "DisputesTermsDiffer");
  await hostile.show({ slots: 4 });
  await assertRefused(challenge(terms), "DisputesTermsDiffer");
});

test("ballots cast outside the vote are no omission", async () => {
  const hostile = await HostilePoll.create(poll);
  const { opensAt, closesAt } = hostile.terms.parameters;
  const given = poll.receipt(poll.ballots[0]);
  for (const castAt of [opensAt - 1n, closesAt, closesAt + 1n, 0n]) {
    await assertRefused(hostile.challengeOmission({ ...given, castAt }), "DisputesWrongCastTime", [
      castAt,
    ]);
  }
  for (const castAt of [opensAt, closesAt - 1n]) {
    await hostile.challengeOmission({ ...given, castAt });
  }
});

test("a leaf of a ballot cast outside the vote has no answer", async () => {
  const [first, ...others] = poll.ballots;
  const { opensAt, closesAt } = poll.inner.parameters;
  for (const [castAt, isInside] of [
    [opensAt - 1n, false],
    [opensAt, true],
    [closesAt - 1n, true],
    [closesAt, false],
  ]) {
    const saved = await chain.snapshot();
    const { context } = poll.inner;
    const { voter, bits } = first;
    const cast = ballot({ rule: poll.rule, voter, castAt, bits, context, threshold: 3 });
    const tree = new SumTree(poll.leaves([cast, ...others]));
    await poll.anchor(tree);
    await poll.challengeLeaf(0);
    const answer = poll.answerLeaf(0, await poll.evidence(0, { ballot: cast }));
    if (isInside) await answer;
    else await assertRefused(answer, "DisputesWrongCastTime", [castAt]);
    await chain.restore(saved);
  }
});

test("receipts of every node count, and of no other", async () => {
  const hostile = await HostilePoll.create(poll);
  const given = poll.receipt(poll.ballots[0]);
  const args = async (nodes, changes = (receipts) => receipts) => [
    hostile.subject,
    hostile.terms,
    hostile.rootDigest,
    given,
    changes(await hostile.receipts(given, nodes)),
  ];
  const send = async (...list) =>
    disputes.send("challengeOmission", await args(...list), chain.other, BOND);
  await assertRefused(send([1]), "DisputesTooFewReceipts", [1n, 2n]);
  await assertRefused(send([2, 2]), "DisputesSignersNotIncreasing", [2n]);
  await assertRefused(send([4, 3]), "DisputesSignersNotIncreasing", [3n]);
  const renamed = (node) => (receipts) => [receipts[0], { ...receipts[1], node }];
  await assertRefused(send([1, 4], renamed(5)), "DisputesSignersNotIncreasing", [5n]);
  await assertRefused(send([1, 4], renamed(3)), "DisputesWrongSigner");
  const zero = (receipts) => [{ ...receipts[0], node: 0 }, receipts[1]];
  await assertRefused(send([1, 4], zero), "DisputesSignersNotIncreasing", [0n]);
  await send([1, 4]);
});

test("an omission is answered by its own voter's leaf, of equal or greater order", async () => {
  const hostile = await HostilePoll.create(poll);
  const counted = poll.receipt(poll.ballots[1]);
  const smaller = numberToHex(hexToBigInt(counted.ballotDigest) - 1n, { size: 32 });
  const greater = numberToHex(hexToBigInt(counted.ballotDigest) + 1n, { size: 32 });
  const cases = [
    [counted, null],
    [{ ...counted, ballotDigest: smaller }, null],
    [{ ...counted, castAt: counted.castAt - 1n, ballotDigest: greater }, null],
    [{ ...counted, ballotDigest: greater }, "DisputesEarlierBallot"],
    [{ ...counted, castAt: counted.castAt + 1n, ballotDigest: smaller }, "DisputesEarlierBallot"],
    [{ ...counted, voter: poll.ballots[2].voter }, "DisputesNotInCensus"],
  ];
  for (const [omitted, reason] of cases) {
    await hostile.challengeOmission(omitted);
    const answer = disputes.send("answerOmission", [
      hostile.subject,
      omitted,
      ...hostile.answer(1),
    ]);
    if (reason) await assertRefused(answer, reason);
    else await answer;
  }
});

test("a ballot that names another voter or time than its receipts must not count", async () => {
  await poll.anchor(poll.tree());
  const [first, second] = poll.ballots;
  const receipt = poll.receipt(first);
  for (const changes of [{ voter: second.voter }, { castAt: receipt.castAt + 1n }]) {
    const given = { ...first, ...changes };
    await poll.challengeOmission(given);
    const omitted = poll.receipt(given);
    await assertRefused(
      poll.send("answerInvalidBallot", poll.terms, omitted, second.bytes, NOBODY),
      "DisputesTermsDiffer",
    );
    await poll.send("answerInvalidBallot", poll.terms, omitted, first.bytes, NOBODY);
  }
  await poll.challengeOmission(first);
  await assertRefused(
    poll.send("answerInvalidBallot", poll.terms, receipt, first.bytes, NOBODY),
    "DisputesBallotHolds",
  );
});

test("recipients that refuse, ask again or burn all gas get their money once or keep it", async () => {
  await poll.anchor(poll.tree());
  const { challenge } = await poll.challengeLeaf(0);
  const recipient = await chain.deploy("HostileRecipient");
  const payee = await poll.payee(challenge.challenge, recipient.address);
  await poll.answerLeaf(0, await poll.evidence(0), payee);
  const paid = await poll.balance(recipient.address);
  const withdraw = () => recipient.send("withdraw", [disputes.address]);
  const known = await chain.at("HostileRecipient", recipient.address, {
    abi: [...recipient.abi, ...disputes.abi.filter(({ type }) => type === "error")],
  });
  for (const mood of [1, 3]) {
    await recipient.send("set", [mood]);
    await assertRefused(known.send("withdraw", [disputes.address]), "DisputesTransferFailed");
    assert.equal(await poll.balance(recipient.address), paid);
  }
  await recipient.send("set", [2]);
  await withdraw();
  assert.equal(await recipient.call("refused"), 1n);
  assert.equal(await chain.client.getBalance({ address: recipient.address }), paid);
  assert.equal(await poll.balance(recipient.address), 0n);
});

/** Whether a call succeeds with so much gas. */
async function succeeds(contract, name, args, gas) {
  const data = callData(contract, name, args);
  try {
    const request = { from: chain.account, to: contract.address, data, gas: numberToHex(gas) };
    await chain.provider.request({ method: "eth_call", params: [request, "latest"] });
    return true;
  } catch {
    return false;
  }
}

/** Amounts of gas from what the call data cost to far more than the call uses. */
const amounts = range(120).map((step) => Math.round(40_000 * 1.05 ** step));

test("no amount of gas makes a valid ballot invalid, or a true sum false", async () => {
  const tree = poll.tree();
  await poll.anchor(tree);
  const [first] = poll.ballots;
  await poll.challengeOmission(first);
  const node = tree.levels[1][0];
  const [left, right] = tree.levels[0];
  const calls = [
    ["answerInvalidBallot", [poll.subject, poll.terms, poll.receipt(first), first.bytes, NOBODY]],
    ["proveSum", [poll.subject, 1, 0, [node.x, node.y], left, right, tree.siblings(0, 1)]],
    ["provePadding", [poll.subject, 0, 0, left, tree.siblings(0)]],
  ];
  for (const [name, args] of calls) {
    for (const gas of amounts) {
      assert.equal(await succeeds(disputes, name, args, gas), false, `${name} with ${gas}`);
    }
  }
});

test("a fault is shown with enough gas, and with less nothing happens", async () => {
  const [first] = poll.ballots;
  const two = ballot({
    voter: first.voter,
    rule: poll.rule,
    castAt: first.castAt + 9n,
    bits: [1n, 1n, 0n],
    context: poll.inner.context,
    threshold: 3,
  });
  await poll.anchor(poll.tree());
  await poll.challengeOmission(two);
  const args = [poll.subject, poll.terms, poll.receipt(two), two.bytes, NOBODY];
  const verdicts = [];
  for (const gas of amounts) {
    verdicts.push(await succeeds(disputes, "answerInvalidBallot", args, gas));
  }
  const enough = verdicts.indexOf(true);
  assert.ok(enough > 5, "the least amounts are too small");
  assert.ok(verdicts.slice(enough).every(Boolean), "more gas never changes a verdict");
});

test("after a reorganization a challenge meets only the root that it means", async () => {
  const { inner } = poll;
  await inner.close();
  const saved = await chain.snapshot();
  const fraud = new poll.current.constructor(poll.leaves(poll.ballots.slice(0, 4)));
  await chain.nextTime(inner.freezesAt);
  await inner.anchor(fraud.root());
  const saved2 = await chain.snapshot();
  poll.current = fraud;
  const rootDigest = poll.rootDigest();
  await poll.challengeLeaf(3);
  await chain.restore(saved2);
  await poll.challengeLeaf(3);
  await chain.restore(saved);
  // In the other branch the nodes anchored the honest root; the same transaction comes again.
  await chain.nextTime(inner.freezesAt + 1);
  const honest = poll.tree();
  await inner.anchor(honest.root());
  const resent = disputes.send(
    "challengeLeaf",
    [poll.subject, poll.terms, rootDigest, 3],
    chain.other,
    BOND,
  );
  await assertRefused(resent, "DisputesOtherRoot");
  assert.equal(await held(), 0n);
});

test("answers and falls that a reorganization removed are sent again", async () => {
  await poll.anchor(poll.tree());
  const { challenge } = await poll.challengeLeaf(0);
  const evidence = await poll.evidence(0);
  const payee = await poll.payee(challenge.challenge, chain.accounts[5]);
  const saved = await chain.snapshot();
  await poll.answerLeaf(0, evidence, payee);
  const paid = await poll.balance(chain.accounts[5]);
  await chain.restore(saved);
  assert.equal(await stateOf(challenge.challenge), OPEN);
  const again = await chain.snapshot();
  await poll.answerLeaf(0, evidence, payee);
  const both = [paid, await poll.balance(chain.accounts[5])];
  assert.ok(both.every((amount) => amount > 0n && amount < BOND));
  await assertRefused(poll.answerLeaf(0, evidence, payee), "DisputesNoOpenChallenge");
  await chain.restore(again);
  await chain.setTime(challenge.deadline + 1);
  const fall = await chain.snapshot();
  await poll.send("expire", challenge.challenge);
  await chain.restore(fall);
  assert.equal(await poll.status(), Status.Anchored);
  await poll.send("expire", challenge.challenge);
  assert.equal(await poll.status(), Status.Closed);
  assert.equal(await poll.balance(chain.other), BOND);
});

test("call data of an answer that somebody copies pays the same payee", async () => {
  await poll.anchor(poll.tree());
  const { challenge } = await poll.challengeLeaf(0);
  const [to, thief] = chain.accounts.slice(5);
  const payee = await poll.payee(challenge.challenge, to);
  const args = [poll.subject, poll.terms, 0, await poll.evidence(0), payee];
  const data = encodeFunctionData({ abi: disputes.abi, functionName: "answerLeaf", args });
  // The copy is mined first; the original changes nothing.
  const copy = { account: thief, to: disputes.address, data, gas: 4_000_000n, chain: null };
  await chain.wallet.sendTransaction(copy);
  await assertRefused(disputes.send("answerLeaf", args), "DisputesNoOpenChallenge");
  assert.ok((await poll.balance(to)) > 0n);
  assert.equal(await poll.balance(thief), 0n);
  // The signature of one challenge pays for no other.
  const other = await poll.challengeLeaf(1);
  assert.notEqual(other.challenge.challenge, challenge.challenge);
  await assertRefused(poll.answerLeaf(1, await poll.evidence(1), payee), "DisputesWrongSigner");
});
