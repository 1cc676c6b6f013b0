/** Rounds that opened ballots decide, by the word of nodes: docs/protocol.md §17.7, §18.11. */
import assert from "node:assert/strict";
import { afterEach, before, beforeEach, test } from "node:test";
import { concat, zeroAddress } from "viem";
import { assertRefused } from "./support/chain.js";
import { Method, ballots, ballotsBytes, outcomes } from "./support/encodings.js";
import { attest, deployRegistry, isolated, word } from "./support/registry.js";
import { RoundStatus, Treasury } from "./support/treasury.js";

const TALLY = [3n, 5n, 1n];
const OBJECTION_TIME = 500;
/** The electorate of the tests' rounds: five voters of equal weight. */
const ELECTORATE = { kind: 1, censusHash: word(55), voters: 5, totalWeight: 5n };
const OPENED = {
  electorate: ELECTORATE,
  minimumBallots: 5,
  outcome: outcomes.ballots({ objectionTime: OBJECTION_TIME }),
  ballot: ballots.approval(0, 3),
};

const state = isolated({ before, beforeEach, afterEach }, async (shared) => {
  shared.committee = await shared.registry.register({ n: 5, t: 2, f: 1 });
  shared.treasury = await Treasury.deploy(shared.registry);
  shared.holder = shared.registry.chain.accounts[8];
});
const create = (changes, committee = state.committee) =>
  state.treasury.create(committee, { ...OPENED, ...changes });

/** A round of two funders with the tally of three proposals, which cost 400, 500 and 300 of 1,000. */
async function tallied(changes = {}) {
  const round = await create(changes);
  await round.fund(600n);
  await round.fund(601n, state.registry.chain.other);
  round.ids = [];
  for (const amount of [400n, 500n, 300n]) {
    const from = state.treasury.direct[round.ids.length];
    round.ids.push((await round.propose({ amount }, from)).proposalId);
  }
  await round.start({ ...ELECTORATE });
  await round.tallied(TALLY, { started: true, count: 5 });
  const { pollId } = await round.view();
  const { pollContext } = await state.registry.contract.call("poll", [pollId]);
  const [, outcomeRule] = await round.contract.call("pollRules", [round.id]);
  round.poll = {
    id: pollId,
    context: pollContext,
    committee: state.committee,
    creation: [, , , outcomeRule],
  };
  return round;
}
const attested = (round, awards, options) => attest(state.registry, round.poll, awards, options);
const outcome = (round) => state.registry.contract.call("outcome", [round.poll.id]);
const refundable = async (round) => [
  await round.contract.call("refundable", [round.id, state.registry.chain.account]),
  await round.contract.call("refundable", [round.id, state.registry.chain.other]),
];

test("the round's poll opens ballots, under the rule with budget and costs", async () => {
  for (const [method, head] of [
    [Method.EqualShares, { utility: 1, completion: 3 }],
    [Method.Phragmen, {}],
  ]) {
    const fixed = { method, objectionTime: OBJECTION_TIME, vetoHolder: state.holder, ...head };
    const round = await tallied({ outcome: outcomes.ballots(fixed) });
    const { abi, address } = state.registry.contract;
    const created = await state.registry.chain.client.getContractEvents({
      ...{ abi, address, eventName: "PollCreated", fromBlock: 0n },
    });
    const { parameters } = created.at(-1).args;
    assert.deepEqual(
      [parameters.counting, parameters.openMinimum, parameters.shufflePeriod],
      [1, 5, 450],
    );
    assert.equal(
      round.poll.creation[3],
      ballotsBytes({ ...fixed, budget: 1000, costs: [400, 500, 300] }).toLowerCase(),
    );
  }
});

test("what nodes attested is funded, after the time to object and not before", async () => {
  const round = await tallied();
  const refused = (reason) =>
    assertRefused(round.decide(TALLY, []), "PollRegistryWrongOutcomeState", [1, reason]);
  await refused(1);
  await attested(round, [0n, 1n, 1n]);
  await refused(2);
  assert.equal(await round.status(), RoundStatus.Tallied);
  assert.deepEqual(await refundable(round), [0n, 0n]);
  const { objectionEndsAt } = await outcome(round);
  await state.registry.chain.nextTime(Number(objectionEndsAt) - 1);
  await refused(2);
  await round.to(objectionEndsAt);
  await assertRefused(round.decide(TALLY, [1, 2, 0]), "OutcomeOrderIncomplete");
  await assertRefused(round.decide([3n, 5n, 2n], []), "PollRegistryTallyDiffers");
  const { events } = await round.decide(TALLY, []);
  assert.deepEqual(events[0].args, { roundId: 1n, funded: [1, 2], committed: 800n });
  await round.contract.send("claim", [round.ids[2]]);
  await assertRefused(round.contract.send("claim", [round.ids[0]]), "BudgetTreasuryNotFunded");
});

test("awards over the budget decide nothing, whoever signed them", async () => {
  const round = await tallied();
  await assertRefused(attested(round, [1n, 1n, 1n]), "BallotOutcomeOverBudget", [1200, 1000]);
  await assertRefused(round.decide(TALLY, []), "PollRegistryWrongOutcomeState", [1, 1]);
});

test("a vetoed outcome makes the round void, and everything goes back", async () => {
  const vetoHolder = state.holder;
  const round = await tallied({
    outcome: outcomes.ballots({ objectionTime: OBJECTION_TIME, vetoHolder }),
  });
  await attested(round, [1n, 1n, 0n]);
  await assertRefused(
    state.registry.contract.send("vetoOutcome", [round.poll.id]),
    "PollRegistryNotVetoHolder",
  );
  await state.registry.contract.send("vetoOutcome", [round.poll.id], vetoHolder);
  assert.equal(await round.status(), RoundStatus.Void);
  await assertRefused(round.decide(TALLY, []), "BudgetTreasuryWrongStatus", [1, RoundStatus.Void]);
  assert.deepEqual(await refundable(round), [600n, 601n]);
  await round.contract.send("refund", [round.id, state.registry.chain.account]);
  await round.contract.send("refund", [round.id, state.registry.chain.other]);
  assert.deepEqual(await refundable(round), [0n, 0n]);
});

test("a veto and a decision in one block: only the time of the block counts, not their order", async () => {
  const vetoHolder = state.holder;
  const outcome_ = outcomes.ballots({ objectionTime: OBJECTION_TIME, vetoHolder });
  for (const [late, vetoes, expected] of [
    [false, true, RoundStatus.Void],
    [true, false, RoundStatus.Decided],
  ]) {
    const round = await tallied({ outcome: outcome_ });
    await attested(round, [1n, 1n, 0n]);
    const { objectionEndsAt } = await outcome(round);
    const calls = [
      [round.contract, "decide", [round.id, TALLY, []], state.registry.chain.account],
      [state.registry.contract, "vetoOutcome", [round.poll.id], vetoHolder],
      [round.contract, "decide", [round.id, TALLY, []], state.registry.chain.account],
    ];
    const second = Number(objectionEndsAt) - (late ? 0 : 1);
    const statuses = await state.registry.chain.mineTogether(second, calls);
    assert.deepEqual(statuses, [!vetoes, vetoes, false]);
    assert.equal(await round.status(), expected);
  }
});

test("where nobody attests in time, the round is void, and everything goes back", async () => {
  const round = await tallied();
  const { attestBy } = await outcome(round);
  await round.to(attestBy - 1n);
  assert.equal(await round.status(), RoundStatus.Tallied);
  assert.deepEqual(await refundable(round), [0n, 0n]);
  await round.to(attestBy);
  assert.equal(await round.status(), RoundStatus.Void);
  await assertRefused(attested(round, [1n, 1n, 0n]), "PollRegistryWrongOutcomeState", [1, 5]);
  await assertRefused(round.decide(TALLY, []), "BudgetTreasuryWrongStatus", [1, RoundStatus.Void]);
  assert.deepEqual(await refundable(round), [600n, 601n]);
});

test("an outcome that is final is decided however late", async () => {
  const round = await tallied();
  await attested(round, [1n, 0n, 0n]);
  await round.to((await outcome(round)).attestBy + 10n ** 7n);
  assert.equal(await round.status(), RoundStatus.Tallied);
  await round.decide(TALLY, []);
  // Of 801 that are left, each funder's part, rounded down.
  assert.deepEqual(await refundable(round), [400n, 400n]);
});

test("no veto holder has less time to object than the registry's floor", async () => {
  const registry = await deployRegistry({}, { periodFloor: 3600 });
  const committee = await registry.register({ n: 5, t: 2, f: 1 });
  const treasury = await Treasury.deploy(registry);
  const long = { claimPeriod: 3600, disputeWindow: 3600, tallyPeriod: 3600 };
  for (const method of [Method.EqualShares, Method.Phragmen]) {
    const objecting = (objectionTime, vetoHolder) =>
      treasury.create(committee, {
        ...{ ...OPENED, ...long },
        outcome: outcomes.ballots({ method, objectionTime, vetoHolder }),
      });
    await assertRefused(objecting(3599, state.holder), "BudgetTreasuryInvalidParameter", [
      "outcome.objectionTime",
    ]);
    await objecting(3600, state.holder);
    await objecting(1, zeroAddress);
  }
});

test("refused at creation: what the poll would refuse when the money is there", async () => {
  const refused = (changes, field) =>
    assertRefused(create(changes), "BudgetTreasuryInvalidParameter", [field]);
  await refused({ minimumBallots: 4 }, "minimumBallots");
  await refused({ tallyPeriod: 1 }, "tallyPeriod");
  await refused({ electorate: { ...ELECTORATE, totalWeight: 6n } }, "electorate.totalWeight");
  await create({ tallyPeriod: 2 });
  // Opened ballots would not say who was ranked where: nodes refuse such polls.
  for (const scores of [
    [2n, 2n],
    [1n, 0n],
    [3n, 1n, 1n],
  ]) {
    await refused({ ballot: ballots.ranking(scores) }, "ballot.scores");
  }
  await create({ ballot: ballots.ranking([3n, 2n]) });
  const { digest, signers } = await state.registry.register({ n: 5, t: 3, f: 1, first: 30 });
  await assertRefused(create({}, { digest, signers }), "CommitteeCannotShuffle", [5, 3, 1]);
  for (const [outcome_, field] of [
    ["0x08", "outcome"],
    [outcomes.ballots({ objectionTime: 0 }), "outcome.objectionTime"],
    [outcomes.ballots({ utility: 2 }), "outcome.utility"],
    [outcomes.ballots({ completion: 4 }), "outcome.completion"],
    [outcomes.ballots({ completion: 2, increment: 0 }), "outcome.increment"],
    [outcomes.ballots({ completion: 1, increment: 1 }), "outcome.increment"],
    [outcomes.ballots({ method: Method.Runoff }), "outcome.method"],
    [outcomes.ballots({ method: Method.TransferableVote }), "outcome.method"],
    [outcomes.ballots({ method: 4 }), "outcome.method"],
    [outcomes.ballots().slice(0, -2), "outcome"],
    [concat([outcomes.ballots(), "0x00"]), "outcome"],
    [concat([outcomes.ballots({ method: Method.Phragmen }), "0x00"]), "outcome"],
  ]) {
    await refused({ outcome: outcome_ }, field);
  }
});
