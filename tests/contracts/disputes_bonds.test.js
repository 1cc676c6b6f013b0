/** What challenges cost, when they may come, and the sum tree's arithmetic: docs/protocol.md §10.4, §11.3. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { afterEach, before, beforeEach, test } from "node:test";
import { pad } from "viem";
import { assertRefused } from "./support/chain.js";
import { MINIMUM_BOND, isolatedPoll, NOBODY } from "./support/disputes.js";
import { range, ruleBytes, singleChoice } from "./support/encodings.js";
import { HostilePoll, callData } from "./support/hostile.js";
import { Status, word } from "./support/registry.js";

const state = isolatedPoll({ before, beforeEach, afterEach });
let poll, libraries;
beforeEach(async () => {
  ({ poll } = state);
  libraries = await poll.chain.deploy("DisputeLibraries");
});
const HOUR = 3600;
/** Little more than the delay of four answers, so that both of its ends are met. */
const SHORT_DELAY = { disputeWindow: HOUR, responseTime: 300, maxDisputeDelay: 1300 };

test("the gas of an answer is bounded by width, rule and voters", async () => {
  const ceiling = (voters) => Math.ceil(Math.log2(voters));
  for (const [bits, quadratic, voters] of [
    [1, 0, 1],
    [3, 0, 2],
    [7, 2, 5],
    [320, 0, 1_000_000],
    [0, 320, 2 ** 32 - 1],
  ]) {
    const u16 = (value) => value.toString(16).padStart(4, "0");
    const rule = `0x${u16(bits)}00010000${u16(quadratic)}${"00".repeat(30)}`;
    const expected = 320_000 + 7500 * (bits + quadratic) + 50 * 38 + 2 * 8000 * ceiling(voters);
    assert.equal(await libraries.call("answerGas", [rule, BigInt(voters)]), BigInt(expected));
    const price = await libraries.call("price", [rule, BigInt(voters), 7n]);
    assert.equal(price, 3n * BigInt(expected) * 7n);
  }
});

test("the bond of a census's place follows from its depth", async () => {
  for (const [count, depth] of [
    [1, 0],
    [2, 1],
    [1000, 10],
  ]) {
    const price = await libraries.call("placePrice", [BigInt(count), 7n]);
    assert.equal(price, 3n * (60_000n + 4000n * BigInt(depth)) * 7n);
  }
});

test("bonds double after every sixteen challenges, 64 times at most", async () => {
  const cases = [0, 15, 16, 31, 32, 160, 16 * 64 - 1, 16 * 64, 16 * 65, 2 ** 32 - 1];
  for (const opened of cases) {
    const expected = 5n << BigInt(Math.min(Math.floor(opened / 16), 64));
    assert.equal(await libraries.call("grown", [5n, BigInt(opened)]), expected, `${opened}`);
  }
});

test("the depth of a tree is the least that holds its leaves", async () => {
  for (const count of [1, 2, 3, 4, 5, 8, 9, 1000, 1024, 1025, 2 ** 32 - 1]) {
    const expected = range(33).find((depth) => 2 ** depth >= count);
    assert.equal(await libraries.call("depth", [BigInt(count)]), BigInt(expected), `${count}`);
  }
});

test("merkle_sum.json: leaves climb to the shared roots", async () => {
  const file = new URL("../vectors/merkle_sum.json", import.meta.url);
  const { cases } = JSON.parse(await readFile(file, "utf8"));
  const point = (packed) => [packed.slice(2, 66), packed.slice(66)].map((x) => BigInt(`0x${x}`));
  const table = await poll.registry.contract.call("generatorTable");
  const math = await poll.chain.deploy("Libraries");
  assert.ok(table && cases.length > 5);
  let climbed = 0;
  for (const { leaves, hash, sum, root_digest: digest } of cases) {
    const [sumX, sumY] = point(sum);
    const root = { round: 9, rootHash: hash, sumX, sumY, count: leaves.length };
    assert.equal(await libraries.call("rootDigest", [root]), digest);
    const nodes = [];
    for (const { voter, weight, cast_at: castAt, digest: ballotDigest, value } of leaves) {
      const zero = [0n, 0n];
      const [x, y] = await math.call("addMultiple", [zero, ...point(value), BigInt(weight)]);
      const leaf = { voter, weight: BigInt(weight), castAt: BigInt(castAt), ballotDigest, x, y };
      nodes.push(await libraries.call("ofLeaf", [leaf]));
    }
    const empty = { hash: word(0), x: 0n, y: 0n };
    let levels = [nodes];
    while (levels.at(-1).length > 1) {
      const below = levels.at(-1);
      const above = range(Math.ceil(below.length / 2)).map((index) =>
        libraries.call("climb", [below[2 * index], 0n, [below[2 * index + 1] ?? empty]]),
      );
      levels.push(await Promise.all(above));
    }
    for (const [index, node] of nodes.entries()) {
      const siblings = levels
        .slice(0, -1)
        .map((level, height) => level[(index >> height) ^ 1] ?? empty);
      const top = await libraries.call("climb", [node, BigInt(index), siblings]);
      assert.deepEqual({ ...top }, { hash, x: sumX, y: sumY });
      climbed++;
    }
  }
  assert.ok(climbed > 15);
});

test("a path past what is no point leads nowhere", async () => {
  const { top } = poll.tree();
  const sibling = { ...top, x: 1n, y: 1n };
  for (const pair of [
    [top, sibling],
    [sibling, top],
  ]) {
    await assertRefused(libraries.call("climb", [pair[0], 0n, [pair[1]]]), "Bn254NotPoints");
  }
});

test("a bond is three times an answer's gas at the base fee, or the minimum", async () => {
  const hostile = await HostilePoll.create(poll);
  const bond = (baseFee) => poll.disputes.call("bondOf", [hostile.subject, hostile.terms, baseFee]);
  assert.equal(await bond(0n), MINIMUM_BOND);
  const rule = ruleBytes(singleChoice(3));
  const gas = await libraries.call("answerGas", [rule, 5n]);
  const high = 10n ** 12n;
  assert.equal(await bond(high), 3n * gas * high);
  // Sixteen challenges later, another poll's bond is what it was.
  for (const index of range(16)) {
    const { challenge } = await hostile.challengeOmission(older(index + 1));
    const seen = await poll.disputes.call("challengeOf", [challenge]);
    assert.equal(BigInt(seen.answerGas), gas);
    assert.equal(seen.responseTime, poll.responseTime);
    assert.equal(seen.challenger, poll.chain.other);
    assert.equal(seen.bond, 10n ** 18n);
    assert.equal(seen.round, 0);
  }
  assert.equal(await bond(high), 6n * gas * high);
  await poll.anchor(poll.tree());
  assert.equal(await poll.bond(), MINIMUM_BOND);
  // Another root of the same poll starts anew, too.
  await hostile.show({ root: { ...hostile.seen.root, round: 1 } });
  assert.equal(await bond(high), 3n * gas * high);
});

/** A receipted ballot of the first voter, older than the counted one. */
function older(number) {
  const [{ voter, castAt }] = poll.ballots;
  return { voter, castAt: castAt - BigInt(number), ballotDigest: word(number) };
}

test("the least bond is enough, and a wei less is not", async () => {
  await poll.anchor(poll.tree());
  await assertRefused(poll.challengeLeaf(0, { value: MINIMUM_BOND - 1n }), "DisputesBondTooSmall");
  await poll.challengeLeaf(0, { value: MINIMUM_BOND });
});

test("a flood's deadlines are twelve seconds apart, until the last one", async () => {
  const { chain } = poll;
  const now = await chain.now();
  const hostile = await HostilePoll.create(poll, {
    disputeWindow: HOUR,
    responseTime: 300,
    maxDisputeDelay: 1200,
  });
  await hostile.show({ anchoredAt: BigInt(now), releasableAt: BigInt(now + HOUR) });
  const deadlines = [];
  await chain.nextTime(now + 100);
  let { deadline } = await hostile.challengeLeaf(0);
  assert.equal(deadline, now + 100 + 300);
  deadlines.push(deadline);
  await chain.nextTime(now + 101);
  ({ deadline } = await hostile.challengeLeaf(1));
  assert.equal(deadline, now + 412);
  await chain.nextTime(now + 102);
  ({ deadline } = await hostile.challengeOmission(older(1)));
  assert.equal(deadline, now + 424);
  // A later challenge has its own time.
  await chain.nextTime(now + 200);
  ({ deadline } = await hostile.challengeLeaf(2));
  assert.equal(deadline, now + 500);
});

test("leaves are challenged until the end of the window or two answers before the bound", async () => {
  const { chain } = poll;
  const now = await chain.now();
  const hostile = await HostilePoll.create(poll, SHORT_DELAY);
  const bound = now + HOUR + 1300;
  const window = async (releasableAt) =>
    hostile.show({ anchoredAt: BigInt(now), releasableAt: BigInt(releasableAt) });
  /** Refused at `until`, and accepted with that deadline a second before. */
  const lasts = async (until, deadline, challenge) => {
    const start = await chain.snapshot();
    await chain.setTime(until - 1);
    await assertRefused(challenge(), "DisputesTooLate", [until]);
    await chain.restore(start);
    const again = await chain.snapshot();
    await chain.nextTime(until - 1);
    assert.equal((await challenge()).deadline, deadline);
    await chain.restore(again);
  };
  const leaf = () => hostile.challengeLeaf(0);
  const omission = () => hostile.challengeOmission(older(1));
  await window(now + HOUR);
  await lasts(now + HOUR, now + HOUR + 299, leaf);
  await lasts(now + HOUR, now + HOUR + 299, omission);
  await window(bound);
  await lasts(bound - 600, bound - 301, leaf);
  await lasts(bound - 1200, bound - 901, omission);
});

test("deadlines of a flood end with the last answer that can still be disputed", async () => {
  const { chain } = poll;
  const now = await chain.now();
  const hostile = await HostilePoll.create(poll, SHORT_DELAY);
  const bound = now + HOUR + 1300;
  await hostile.show({ anchoredAt: BigInt(now), releasableAt: BigInt(bound) });
  await chain.nextTime(bound - 602);
  assert.equal((await hostile.challengeLeaf(0)).deadline, bound - 302);
  await chain.nextTime(bound - 601);
  assert.equal((await hostile.challengeLeaf(1)).deadline, bound - 300);
});

test("an answer is in time until its deadline, and a root falls after it", async () => {
  await poll.anchor(poll.tree());
  const { challenge } = await poll.challengeLeaf(0);
  const evidence = await poll.evidence(0);
  const { chain } = poll;
  const saved = await chain.snapshot();
  await chain.nextTime(challenge.deadline);
  await poll.answerLeaf(0, evidence);
  await chain.restore(saved);
  await chain.setTime(challenge.deadline - 1);
  await assertRefused(poll.send("expire", challenge.challenge), "DisputesTooEarly", [
    challenge.deadline + 1,
  ]);
  await assertRefused(poll.answerLeaf(0, evidence), "DisputesTooLate", [challenge.deadline]);
  await poll.send("expire", challenge.challenge);
  assert.equal(await poll.status(), Status.Closed);
});

test("an answer in the window does not lengthen it, and a late one does", async () => {
  await poll.anchor(poll.tree());
  const { chain, inner, responseTime } = poll;
  await poll.challengeLeaf(0);
  await chain.nextTime(inner.releasableAt - responseTime);
  await poll.answerLeaf(0, await poll.evidence(0));
  assert.equal(Number((await inner.view()).releasableAt), inner.releasableAt);
  await poll.challengeLeaf(1);
  await chain.nextTime(inner.releasableAt - responseTime + 200);
  const { events, logs } = await poll.answerLeaf(1, await poll.evidence(1));
  assert.equal(Number((await inner.view()).releasableAt), inner.releasableAt + 200);
  const answered = events.find(({ eventName }) => eventName === "Answered").args;
  assert.equal(answered.burned, 10n ** 18n);
  assert.ok(logs.length > 1);
});

test("a contested root is free again only when its last challenge is answered", async () => {
  await poll.anchor(poll.tree());
  const { inner } = poll;
  for (const index of [0, 1]) await poll.challengeLeaf(index);
  assert.equal((await inner.view()).contested, true);
  await poll.answerLeaf(1, await poll.evidence(1));
  assert.equal((await inner.view()).contested, true);
  await poll.answerLeaf(0, await poll.evidence(0));
  assert.equal((await inner.view()).contested, false);
});

test("a payee gets five quarters of what the answer cost", async () => {
  await poll.anchor(poll.tree());
  const { challenge } = await poll.challengeLeaf(0);
  const [paid, caller] = poll.chain.accounts.slice(5);
  const payee = await poll.payee(challenge.challenge, paid, { node: 5 });
  const { gas, baseFee, events } = await poll.answerLeaf(0, await poll.evidence(0), payee, caller);
  const amount = await poll.balance(paid);
  const share = Number((amount * 10_000n) / (BigInt(gas) * baseFee)) / 10_000;
  assert.ok(share > 1.2 && share < 1.3, `${share}`);
  const answered = events.find(({ eventName }) => eventName === "Answered").args;
  assert.deepEqual(
    [answered.payee, answered.paid, answered.burned],
    [paid, amount, 10n ** 18n - amount],
  );
});

test("an estimate without a base fee is enough gas for an answer", async () => {
  await poll.anchor(poll.tree());
  const { challenge } = await poll.challengeLeaf(0);
  const evidence = await poll.evidence(0);
  const payee = await poll.payee(challenge.challenge, poll.chain.accounts[5]);
  const args = [poll.subject, poll.terms, 0, evidence, payee];
  const call = { to: poll.disputes.address, data: callData(poll.disputes, "answerLeaf", args) };
  const estimate = await poll.chain.provider.request({
    method: "eth_estimateGas",
    params: [{ from: poll.chain.account, gasPrice: "0x0", ...call }],
  });
  const { gas } = await poll.answerLeaf(0, evidence, payee);
  assert.ok(gas <= Number(estimate), `${gas} used, ${Number(estimate)} estimated`);
});

test("a payee never gets more than the bond", async () => {
  await poll.anchor(poll.tree());
  const { challenge } = await poll.challengeLeaf(0, { value: MINIMUM_BOND });
  const to = poll.chain.accounts[5];
  const payee = await poll.payee(challenge.challenge, to);
  const evidence = await poll.evidence(0);
  // A base fee that rose a thousand times since.
  await poll.chain.provider.request({
    method: "hardhat_setNextBlockBaseFeePerGas",
    params: ["0x174876e800"],
  });
  await poll.answerLeaf(0, evidence, payee);
  assert.equal(await poll.balance(to), MINIMUM_BOND);
});

test("only a node of the committee names a payee", async () => {
  await poll.anchor(poll.tree());
  const { challenge } = await poll.challengeLeaf(0);
  const evidence = await poll.evidence(0);
  const to = poll.chain.accounts[5];
  const good = await poll.payee(challenge.challenge, to, { node: 5 });
  for (const payee of [
    { ...good, node: 0 },
    { ...good, node: 6 },
    { ...good, node: 255 },
    { ...good, node: 4 },
    { ...good, account: pad("0x05", { size: 20 }) },
  ]) {
    await assertRefused(poll.answerLeaf(0, evidence, payee), "DisputesWrongSigner");
  }
  // Nobody is named, so that nobody's signature is looked at.
  await poll.answerLeaf(0, evidence, { ...good, account: NOBODY.account });
});
