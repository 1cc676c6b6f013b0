/** BudgetTreasury: what a round may fix, and what is refused when it is created. */
import assert from "node:assert/strict";
import { after, before, beforeEach, afterEach, test } from "node:test";
import { parseEventLogs } from "viem";
import { assertRefused } from "./support/chain.js";
import { ballots } from "./support/encodings.js";
import { account, deployRegistry, isolated, word } from "./support/registry.js";
import { RoundStatus, Treasury } from "./support/treasury.js";

const state = isolated({ before, after, beforeEach, afterEach }, async (shared) => {
  shared.committee = await shared.registry.register();
  shared.treasury = await Treasury.deploy(shared.registry);
});
const create = (changes) => state.treasury.create(state.committee, changes);
const refusedParameter = (field) => ["BudgetTreasuryInvalidParameter", [field]];

test("parameters at their bounds", async () => {
  const now = BigInt(await state.registry.chain.now());
  const wrong = [
    [{ token: account(1).address }, "token"],
    [{ budget: 0n }, "budget"],
    [{ budget: 1n << 112n }, "budget"],
    [{ minimumAmount: 0n }, "minimumAmount"],
    [{ maximumAmount: 9n }, "maximumAmount"],
    [{ maximumAmount: 1001n }, "maximumAmount"],
    [{ proposalsPerMember: 0 }, "proposalsPerMember"],
    [{ maximumProposals: 0 }, "maximumProposals"],
    [{ maximumProposals: 201 }, "maximumProposals"],
    [{ memberRoot: word(0) }, "memberRoot"],
    [{ proposalsCloseAt: now }, "proposalsCloseAt"],
    [{ votingOpensAt: now + 1000n }, "votingOpensAt"],
    [{ votingClosesAt: now + 2000n }, "votingClosesAt"],
    [{ votingClosesAt: (1n << 40n) + 1n }, "votingClosesAt"],
    [{ claimPeriod: 0 }, "claimPeriod"],
    [{ committee: word(5) }, "committee"],
    [{ roundDuration: 0 }, "roundDuration"],
    [{ maxRounds: 0 }, "maxRounds"],
    [{ disputeWindow: 0 }, "disputeWindow"],
    [{ tallyPeriod: 0 }, "tallyPeriod"],
    [{ responseTime: 1 }, "responseTime"],
    [{ maxDisputeDelay: 4 }, "maxDisputeDelay"],
    [{ minimumBallots: 0 }, "minimumBallots"],
    [{ electorate: { kind: 4 } }, "electorate.kind"],
    [{ electorate: { kind: 255 } }, "electorate.kind"],
    [{ electorate: { censusHash: word(5) } }, "electorate.censusHash"],
    [{ electorate: { totalWeight: 31n } }, "electorate.censusHash"],
    [{ electorate: { voters: 5 } }, "electorate.censusHash"],
    [{ electorate: { source: "0x7b7d" } }, "electorate.source"],
    [{ electorate: { voters: 0 } }, "electorate.voters"],
    [{ electorate: { totalWeight: 3n } }, "electorate.totalWeight"],
    [{ minimumBallots: 5 }, "electorate.voters"],
  ];
  for (const [changes, field] of wrong) {
    await assertRefused(create({ proposalsOpenAt: now, ...changes }), ...refusedParameter(field));
  }
  const budget = (1n << 112n) - 1n;
  await create({ budget, ballot: ballots.knapsack, maximumProposals: 200 });
});

test("whether a poll is secret was fixed with the round", async () => {
  for (const secret of [true, false]) {
    const round = await create({ secret });
    assert.equal((await round.view()).parameters.secret, secret);
    await round.fund();
    await round.propose();
    const { logs } = await round.start();
    const [created] = parseEventLogs({ abi: state.registry.contract.abi, logs });
    assert.equal(created.args.parameters.secret, secret);
  }
});

test("no period of a round is shorter than its registry's floor", async () => {
  const registry = await deployRegistry({}, { periodFloor: 3600 });
  const committee = await registry.register();
  const treasury = await Treasury.deploy(registry);
  const periods = { claimPeriod: 3600, disputeWindow: 3600, tallyPeriod: 3600 };
  await treasury.create(committee, periods);
  for (const name of Object.keys(periods)) {
    const changes = { ...periods, [name]: 3599 };
    await assertRefused(treasury.create(committee, changes), ...refusedParameter(name));
  }
});

test("a round fixes how its poll is disputed, by the rules of the registry", async () => {
  const registry = await deployRegistry(
    {},
    { periodFloor: 60, disputes: ({ accounts }) => accounts[9] },
  );
  const committee = await registry.register();
  const treasury = await Treasury.deploy(registry);
  const wrong = [
    [{ responseTime: 0, maxDisputeDelay: 0 }, "responseTime"],
    [{ responseTime: 0 }, "responseTime"],
    [{ responseTime: 59 }, "responseTime"],
    [{ maxDisputeDelay: 0 }, "maxDisputeDelay"],
    [{ responseTime: 60, maxDisputeDelay: 239 }, "maxDisputeDelay"],
  ];
  for (const [changes, field] of wrong) {
    await assertRefused(treasury.create(committee, changes), ...refusedParameter(field));
  }
  const times = { responseTime: 60, maxDisputeDelay: 240 };
  const round = await treasury.create(committee, times);
  await round.fund();
  await round.propose();
  const { logs } = await round.start();
  const [created] = parseEventLogs({ abi: registry.contract.abi, logs });
  const { responseTime, maxDisputeDelay } = created.args.parameters;
  assert.deepEqual({ responseTime, maxDisputeDelay }, times);
});

test("a round whose poll's root falls is decided by the next root", async () => {
  const registry = await deployRegistry({}, { disputes: ({ accounts }) => accounts[9] });
  const committee = await registry.register();
  const treasury = await Treasury.deploy(registry);
  const round = await treasury.create(committee);
  await round.fund();
  await round.propose();
  await round.anchored([3n]);
  const { pollId } = await round.view();
  await registry.contract.send("reject", [pollId], registry.disputes);
  assert.equal(await round.status(), RoundStatus.Voting);
  await round.anchor([2n], { number: 1 });
  await round.accept([2n]);
  await round.decide([2n], [0]);
  assert.equal((await round.view()).committed, 400n);
});
