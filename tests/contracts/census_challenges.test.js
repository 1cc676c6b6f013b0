/** Challenges of places of a census, and what they cost: docs/protocol.md §18.9. */
import assert from "node:assert/strict";
import { afterEach, before, beforeEach, test } from "node:test";
import { Census } from "./support/census.js";
import { State, isolatedCensus } from "./support/census_disputes.js";
import { assertRefused } from "./support/chain.js";
import { voter } from "./support/disputes.js";
import { range } from "./support/encodings.js";
import {
  CHALLENGE_BOND,
  MAX_DELAY,
  POST_BOND,
  RESPONSE_TIME,
  content,
  placed,
} from "./support/governor.js";

const state = isolatedCensus({ before, beforeEach, afterEach });
const { balance, post, view, send, challenge } = state;
let chain, disputes, source, right, poster, watcher;
beforeEach(() => ({ chain, disputes, source, right, poster, watcher } = state));

test("a place is shown in time, which costs its challenger the bond", async () => {
  const posted = await post(right);
  const { until } = await view(posted);
  await chain.setTime(until - 100);
  const { deadline } = await challenge(posted, 3, CHALLENGE_BOND);
  await chain.setTime(until + 10);
  assert.equal(await disputes.call("isFinal", [posted]), false);
  await assertRefused(challenge(posted, 6), "CensusDisputesWrongPath", [0, 6]);
  await assertRefused(disputes.send("expire", [posted.id, 3]), "CensusDisputesTooEarly");
  await assertRefused(send("answer", posted, placed(right, 2)), "CensusDisputesNoOpenChallenge");
  const spoiled = { ...placed(right, 3), entry: right.entries[2] };
  await assertRefused(send("answer", posted, spoiled), "CensusDisputesWrongPath");
  const { gas, baseFee } = await send("answer", posted, placed(right, 3));
  const answeredAt = await chain.now();
  assert.ok(answeredAt <= deadline);
  await assertRefused(disputes.send("closeChallenge", [posted.id, 3]), "CensusDisputesUndecided");
  console.log(`gas: answer, 6 voters, ${gas}`);
  // The bond of the same block pays for the answer, even where half of it is burned.
  const price = await disputes.call("challengeBond", [99n, right.voters, baseFee * 10n ** 6n]);
  assert.ok(price / 2n >= BigInt(gas) * baseFee * 10n ** 6n, `${gas} gas`);
  await assertRefused(send("answer", posted, placed(right, 3)), "CensusDisputesNoOpenChallenge");
  await assertRefused(challenge(posted, 3), "CensusDisputesChallengeExists");
  // What it showed can still be disputed.
  const seen = await view(posted);
  assert.equal(seen.until, answeredAt + RESPONSE_TIME);
  await chain.setTime(seen.until);
  assert.equal(await disputes.call("isFinal", [posted]), true);
  await disputes.send("closeChallenge", [posted.id, 3]);
  assert.equal(await balance(poster), CHALLENGE_BOND / 2n);
  assert.equal(await balance(watcher), 0n);
  await assertRefused(
    disputes.send("closeChallenge", [posted.id, 3]),
    "CensusDisputesNoOpenChallenge",
  );
  await assertRefused(challenge(posted, 2), "CensusDisputesFinal");
  await assertRefused(send("proveEntry", posted, placed(right, 0)), "CensusDisputesFinal", [
    posted.id,
  ]);
});

test("a census of which nobody shows a place falls", async () => {
  const posted = await post(right);
  const { deadline } = await challenge(posted, 0);
  await challenge(posted, 4);
  await challenge(posted, 5);
  await send("answer", posted, placed(right, 5));
  await chain.nextTime(deadline);
  await assertRefused(disputes.send("expire", [posted.id, 0]), "CensusDisputesTooEarly", [
    deadline + 1,
  ]);
  await chain.setTime(deadline + 1);
  await assertRefused(send("answer", posted, placed(right, 0)), "CensusDisputesTooLate");
  assert.equal(await disputes.call("isPoster", [posted.id, poster]), true);
  await disputes.send("expire", [posted.id, 0]);
  assert.equal(await disputes.call("isPoster", [posted.id, poster]), false);
  assert.equal((await view(posted)).state, State.Fallen);
  assert.equal(await balance(watcher), POST_BOND / 2n);
  await assertRefused(disputes.send("expire", [posted.id, 4]), "CensusDisputesNotStanding");
  // Also the bond of the place that was shown.
  for (const index of [0, 4, 5]) await disputes.send("closeChallenge", [posted.id, index]);
  assert.equal(await balance(watcher), 3n * 10n ** 18n + POST_BOND / 2n);
  assert.equal(await balance(poster), 0n);
  for (const index of [1, 4]) {
    await assertRefused(
      disputes.send("closeChallenge", [posted.id, index]),
      "CensusDisputesNoOpenChallenge",
    );
  }
  // Nobody is stopped from posting it again, and from answering this time.
  const again = await post(right);
  assert.notEqual(again.id, posted.id);
  assert.equal((await view(again)).state, State.Standing);
  await challenge(again, 0);
  await send("answer", again, placed(right, 0));
});

test("challenges cannot delay a census beyond its bound, nor crowd the answers", async () => {
  const posted = await post(right);
  const { bound, until } = await view(posted);
  assert.equal(bound, until + MAX_DELAY);
  const first = await challenge(posted, 0);
  const second = await challenge(posted, 1);
  assert.ok(second.deadline >= first.deadline + 12);
  for (const index of [0, 1]) await send("answer", posted, placed(right, index));
  // Each answer lengthens the window by a response time; the bound ends this.
  for (const index of [2, 3, 4, 5]) {
    await chain.setTime((await view(posted)).until - 2);
    const { deadline } = await challenge(posted, index);
    assert.ok(deadline <= bound - RESPONSE_TIME);
    await chain.setTime(deadline - 1);
    await send("answer", posted, placed(right, index));
    assert.ok((await view(posted)).until <= bound);
  }
});

test("no challenge opens where its answer could not be disputed any more", async () => {
  const many = range(40).map((index) => ({ account: voter(100 + index).address }));
  const census = new Census(many);
  const posted = await post(census);
  const { bound } = await view(posted);
  const lastOpening = bound - 2 * RESPONSE_TIME;
  let opened = 0;
  let before;
  await chain.setTime((await view(posted)).until - 2);
  // One place after another, as a watcher asks who looks for a false entry.
  for (const index of range(many.length)) {
    if ((await chain.now()) + 1 >= lastOpening) break;
    before = await chain.snapshot();
    const { deadline } = await challenge(posted, index, 10n ** 20n);
    await chain.setTime(deadline - 1);
    await send("answer", posted, placed(census, index));
    opened++;
  }
  assert.ok(opened >= 6, `${opened} answers`);
  const { until } = await view(posted);
  assert.ok(until <= bound);
  await assertRefused(challenge(posted, opened, 10n ** 20n), "CensusDisputesTooLate");
  // The last of them, at the first second that is too late, and a second before.
  await chain.restore(before);
  before = await chain.snapshot();
  assert.ok((await view(posted)).until > lastOpening);
  await chain.nextTime(lastOpening);
  await assertRefused(challenge(posted, opened - 1, 10n ** 20n), "CensusDisputesTooLate", [
    lastOpening,
  ]);
  await chain.restore(before);
  await chain.nextTime(lastOpening - 1);
  await challenge(posted, opened - 1, 10n ** 20n);
});

test("the bond grows with the base fee, the depth and the number of challenges", async () => {
  const bond = (id, count, baseFee) => disputes.call("challengeBond", [id, count, baseFee]);
  assert.equal(await bond(1n, 6, 0n), CHALLENGE_BOND);
  const [small, large] = [await bond(1n, 8, 10n ** 12n), await bond(1n, 131072, 10n ** 12n)];
  assert.equal(large - small, 3n * 4000n * 14n * 10n ** 12n);
  const census = new Census(range(40).map((index) => ({ account: voter(100 + index).address })));
  const posted = await post(census);
  for (const index of range(16)) {
    assert.equal(await bond(posted.id, 6, 0n), CHALLENGE_BOND);
    await challenge(posted, index);
  }
  assert.equal(await bond(posted.id, 6, 0n), 2n * CHALLENGE_BOND);
  await assertRefused(challenge(posted, 16, 2n * CHALLENGE_BOND - 1n), "CensusDisputesWrongBond", [
    2n * CHALLENGE_BOND - 1n,
    2n * CHALLENGE_BOND,
  ]);
});

test("gas of posting does not depend on the voters, and of proofs only by their logarithm", async () => {
  const crowd = range(1000).map((index) => ({ account: voter(100 + index).address }));
  const large = new Census(crowd);
  const gas = async (census) => {
    const { gas } = await disputes.send("post", [source, content(census)], poster, POST_BOND);
    return gas;
  };
  // The first post also makes the counter.
  await post(new Census(crowd.slice(0, 3)));
  assert.ok(Math.abs((await gas(right)) - (await gas(large))) < 1000);
  const small = new Census(crowd.slice(0, 2));
  const [a, b] = [await post(small), await post(large)];
  const proof = async (posted, census) => (await send("proveEntry", posted, placed(census, 0))).gas;
  const perLevel = ((await proof(b, large)) - (await proof(a, small))) / 9;
  assert.ok(perLevel < 4000, `${perLevel} gas a level`);
  console.log(`gas: post ${await gas(large)}, a level of a proof ${perLevel}`);
});
