/** Times, bonds and payments of disputes: docs/protocol.md §11.3. */
import assert from "node:assert/strict";
import { afterEach, before, beforeEach, test } from "node:test";
import { assertRefused } from "./support/chain.js";
import { DisputedPoll, isolatedPoll, MINIMUM_BOND, NOBODY } from "./support/disputes.js";
import { Status, word } from "./support/registry.js";

const state = isolatedPoll({ before, beforeEach, afterEach });
let poll;
beforeEach(() => ({ poll } = state));

const send = (name, ...args) => poll.send(name, ...args);
const later = (seconds) => poll.later(seconds);
const balance = (account) => poll.balance(account);

/** A ballot of the first voter that is older than the counted one; nobody looks at its content. */
function receipted(number) {
  const { voter, castAt } = poll.ballots[0];
  return { voter, castAt: castAt - BigInt(number), bytes: word(number) };
}

test("bonds double in a flood, and too small ones are refused", async () => {
  await poll.anchor(poll.tree());
  assert.equal(await poll.bond(), MINIMUM_BOND);
  await assertRefused(poll.challengeLeaf(0, { value: 1n }), "DisputesBondTooSmall");
  await poll.challengeLeaf(0);
  await assertRefused(poll.challengeLeaf(0), "DisputesChallengeExists");
  let last = 0;
  for (let number = 1; number < 16; number++) {
    const { challenge } = await poll.challengeOmission(receipted(number));
    assert.ok(challenge.deadline >= last + 12, "deadlines have their distance");
    last = challenge.deadline;
  }
  assert.equal(await poll.bond(), 2n * MINIMUM_BOND);
});

test("what an answer shows can be disputed for one response time more", async () => {
  await poll.anchor(poll.tree());
  await poll.chain.setTime(poll.inner.releasableAt - 10);
  await poll.challengeLeaf(0);
  await later(250);
  await poll.answerLeaf(0, await poll.evidence(0));
  const now = await poll.chain.now();
  const { releasableAt } = await poll.inner.view();
  assert.equal(Number(releasableAt), now + poll.responseTime);
  await poll.challengeLeaf(1);
});

test("however many challenges are bought, an honest root is final within the stated delay", async () => {
  await poll.anchor(poll.tree());
  const { disputeWindow, maxDisputeDelay } = poll.inner.parameters;
  const bound = poll.inner.freezesAt + disputeWindow + maxDisputeDelay;
  let number = 0;
  for (;;) {
    const { releasableAt } = await poll.inner.view();
    await poll.chain.setTime(Number(releasableAt) - 3);
    let challenge;
    try {
      ({ challenge } = await poll.challengeLeaf(number));
    } catch (error) {
      assert.equal(error.name, "DisputesTooLate", error.message);
      break;
    }
    await poll.chain.setTime(challenge.deadline - 2);
    await poll.answerLeaf(number, await poll.evidence(number));
    number += 1;
  }
  assert.ok(number > 3);
  const { releasableAt, contested } = await poll.inner.view();
  assert.equal(contested, false);
  assert.ok(Number(releasableAt) <= bound);
  await poll.chain.setTime(Number(releasableAt));
  assert.equal(await poll.status(), Status.Releasable);
});

test("disputes serve only registries that name them", async () => {
  const subject = { registry: poll.registry.contract.address, id: poll.inner.id };
  await poll.anchor(poll.tree());
  const alien = await poll.chain.deploy("Disputes", [1n]);
  await assertRefused(
    alien.send(
      "challengeLeaf",
      [subject, poll.terms, poll.rootDigest(), 0],
      poll.chain.other,
      10n ** 18n,
    ),
    "DisputesNotOfRegistry",
  );
});

test("a challenge stands only against the root that it names", async () => {
  const leaves = poll.leaves();
  const [first, ...others] = leaves;
  const fraud = new poll.current.constructor([{ ...first, weight: first.weight + 5n }, ...others]);
  await poll.anchor(fraud);
  const { challenge } = await poll.challengeLeaf(0);
  await poll.chain.setTime(challenge.deadline + 1);
  await send("expire", challenge.challenge);
  // A challenge that is still on its way meets the next root, whose answers would take its bond.
  await poll.inner.anchor(poll.tree().root(1));
  await assertRefused(poll.challengeLeaf(1, { tree: fraud }), "DisputesOtherRoot");
  await assertRefused(poll.challengeOmission(poll.ballots[1]), "DisputesOtherRoot");
  await poll.challengeLeaf(1, { tree: poll.tree() });
});

test("a leaf that answers an omission can itself be challenged, however late", async () => {
  const leaves = poll.leaves();
  const { voter } = leaves[4];
  // Nobody signed it: it hides the voter's ballot.
  const forged = { ...leaves[4], castAt: leaves[4].castAt + 100n, ballotDigest: word(7) };
  const tree = new poll.current.constructor([...leaves.slice(0, 4), forged]);
  await poll.anchor(tree);
  const { disputeWindow, maxDisputeDelay } = poll.inner.parameters;
  const bound = poll.inner.freezesAt + disputeWindow + maxDisputeDelay;
  // Whoever forged it buys and answers challenges of their own to come near the bound.
  const lastOmission = bound - 4 * poll.responseTime;
  let index = 0;
  for (;;) {
    const { releasableAt } = await poll.inner.view();
    if (Number(releasableAt) > lastOmission) break;
    await poll.chain.setTime(Number(releasableAt) - 3);
    const { challenge } = await poll.challengeLeaf(index);
    await poll.chain.setTime(challenge.deadline - 2);
    await poll.answerLeaf(index, await poll.evidence(index));
    index += 1;
  }
  const saved = await poll.chain.snapshot();
  await poll.chain.setTime(lastOmission);
  await assertRefused(poll.challengeOmission(poll.ballots[4]), "DisputesTooLate", [lastOmission]);
  await poll.chain.restore(saved);
  await poll.chain.setTime(lastOmission - 2);
  const { challenge } = await poll.challengeOmission(poll.ballots[4]);
  await poll.chain.nextTime(challenge.deadline);
  const answer = [4, forged, tree.siblings(4), NOBODY];
  await send("answerOmission", poll.receipt({ ...poll.ballots[4], voter }), ...answer);
  const asked = await poll.challengeLeaf(4);
  await poll.chain.setTime(asked.challenge.deadline + 1);
  await send("expire", asked.challenge.challenge);
  assert.equal(await poll.status(), Status.Closed);
});

test("a leaf in the padding answers no omission", async () => {
  const leaves = poll.leaves();
  const tree = new poll.current.constructor(leaves.slice(0, 3), {
    spoil: (node, height, index) => (height === 0 && index === 3 ? poll.tree().levels[0][3] : node),
  });
  await poll.anchor(tree);
  await poll.challengeOmission(poll.ballots[3]);
  await assertRefused(
    send("answerOmission", poll.receipt(poll.ballots[3]), 3, leaves[3], tree.siblings(3), NOBODY),
    "DisputesIndexOutOfRange",
    [3, 3],
  );
});

test("bytes that nobody needs are not paid for", async () => {
  await poll.anchor(poll.tree());
  const { challenge } = await poll.challengeLeaf(0, { value: 10n ** 18n });
  const payee = await poll.payee(challenge.challenge, poll.chain.accounts[5]);
  const args = [poll.subject, poll.terms, 0, await poll.evidence(0), payee];
  // The decoder ignores what follows the arguments.
  const { gas, baseFee } = await poll.disputes.sendPadded("answerLeaf", args, 100_000);
  const paid = await balance(poll.chain.accounts[5]);
  const { answerGas } = await poll.disputes.call("challengeOf", [challenge.challenge]);
  assert.equal(paid, (BigInt(answerGas) * baseFee * 5n) / 4n + 1n);
  assert.ok(paid < (BigInt(gas) * baseFee * 5n) / 4n);
});

test("a poll of one ballot is disputed like any other", async () => {
  const one = await DisputedPoll.create(state.deployed, {
    committee: poll.committee,
    voters: 1,
    changes: { minimumBallots: 1 },
  });
  const tree = one.tree();
  await one.anchor(tree);
  const [leaf] = one.leaves();
  const call = (name, ...args) => one.disputes.send(name, [one.subject, ...args]);
  await assertRefused(call("proveOrder", 0, [leaf, leaf], [[], []]), "DisputesIndexOutOfRange");
  await assertRefused(call("provePadding", 0, 0, tree.top, []), "DisputesNothingFalse");
  await assertRefused(one.challengeLeaf(1), "DisputesIndexOutOfRange", [1, 1]);
  await one.challengeLeaf(0);
  await one.answerLeaf(0, await one.evidence(0));
  const { contested } = await one.inner.view();
  assert.equal(contested, false);
});
