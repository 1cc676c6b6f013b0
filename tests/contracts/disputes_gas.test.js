/** Gas of disputes, of optimized code: docs/contracts.md. */
import assert from "node:assert/strict";
import { afterEach, before, beforeEach, test } from "node:test";
import { DisputedPoll, isolatedPoll } from "./support/disputes.js";
import { singleChoice } from "./support/encodings.js";

const state = isolatedPoll({ before, beforeEach, afterEach });
let poll;
beforeEach(() => ({ poll } = state));

/** Gas of the answer for the first leaf of a poll. */
async function answered(options) {
  const one = await DisputedPoll.create(state.deployed, { committee: poll.committee, ...options });
  await one.anchor(one.fullTree());
  const bond = await one.disputes.call("bondOf", [one.subject, one.terms, 10n ** 12n]);
  await one.challengeLeaf(0);
  const { gas } = await one.answerLeaf(0, await one.evidence(0));
  assert.ok(bond >= 3n * BigInt(gas) * 10n ** 12n, `${bond} for ${gas}`);
  return gas;
}

test("gas of the answer to a leaf challenge", async () => {
  const few = await answered({ voters: 2, real: 1 });
  const many = await answered({ voters: 64, real: 1 });
  const wide = await answered({ voters: 2, real: 1, rule: singleChoice(64) });
  console.log(`gas: answer, 3 bits, 2 voters: ${few.toLocaleString("en")}`);
  console.log(`gas: answer, 3 bits, 64 voters: ${many.toLocaleString("en")}`);
  console.log(`gas: answer, 64 bits, 2 voters: ${wide.toLocaleString("en")}`);
  assert.ok((many - few) / 5 <= 2 * 4000, `${(many - few) / 5} for a doubling`);
  assert.ok(wide <= 700_000, `${wide}`);
});
