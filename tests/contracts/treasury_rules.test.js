/** BudgetTreasury with every kind of ballot and outcome rule: docs/protocol.md §14, §17. */
import assert from "node:assert/strict";
import { after, before, beforeEach, afterEach, test } from "node:test";
import hre from "hardhat";
import { getContractAddress, size } from "viem";
import { assertRefused } from "./support/chain.js";
import { ballots, outcomes, range } from "./support/encodings.js";
import { account, isolated } from "./support/registry.js";
import { RoundStatus, Treasury, item } from "./support/treasury.js";

/** Most gas of a transaction since Osaka (EIP-7825). */
const TRANSACTION_CAP = 2 ** 24;

const state = isolated({ before, after, beforeEach, afterEach }, async (shared) => {
  shared.committee = await shared.registry.register();
  shared.treasury = await Treasury.deploy(shared.registry);
});
const create = (changes) => state.treasury.create(state.committee, changes);
const balance = (address) => state.registry.chain.client.getBalance({ address });
const recipientOf = (number) => account(600 + number).address;

/** No amounts: votes divide the budget. */
const shared = {
  minimumAmount: 0n,
  maximumAmount: 0n,
  ballot: ballots.points(30n),
  outcome: outcomes.proportional,
  proposalsPerMember: 200,
};

/** A funded proportional round with a number of proposals, each for its own recipient. */
async function sharing(count, changes = {}) {
  const round = await create({ ...shared, ...changes });
  await round.fund();
  const ids = [];
  for (const number of range(count)) {
    const { proposalId } = await round.propose({ amount: 0n, recipient: recipientOf(number) });
    ids.push(proposalId);
  }
  return { round, ids };
}

/** Two categories of 600 and 400, each proposal `[amount, category]`. */
async function divided(proposals, changes = {}, flags = {}) {
  const round = await create({
    outcome: outcomes.categories({ budgets: [600n, 400n], ...flags }),
    proposalsPerMember: 200,
    ...changes,
  });
  await round.fund();
  const ids = [];
  for (const [amount, category] of proposals) {
    ids.push((await round.propose({ amount, category })).proposalId);
  }
  return { round, ids };
}

test("a proportional round pays each its part, and all of the budget", async () => {
  const { round, ids } = await sharing(4);
  // 1,000 over 3 : 3 : 1 : 0 leaves remainders of 4, 4, 6 and 0 sevenths.
  const tally = [3n, 3n, 1n, 0n];
  await round.tallied(tally);
  await assertRefused(round.decide(tally, [0, 1, 2, 3]), "OutcomeOrderWrong", [2]);
  await assertRefused(round.decide(tally, [2, 1, 0, 3]), "OutcomeOrderWrong", [2]);
  await assertRefused(round.decide(tally, [2, 0, 1]), "OutcomeOrderIncomplete", [3, 4]);
  await assertRefused(round.decide([3n, 3n, 2n, 0n], [2, 0, 1, 3]), "PollRegistryTallyDiffers");
  const { events } = await round.decide(tally, [2, 0, 1, 3]);
  assert.deepEqual(events[0].args.funded, [0, 1, 2]);
  assert.equal(events[0].args.committed, 1000n);
  const seen = await round.proposals();
  assert.deepEqual(
    seen.map(({ amount, funded }) => [amount, funded]),
    [
      [429n, true],
      [428n, true],
      [143n, true],
      [0n, false],
    ],
  );
  for (const id of [ids[2], ids[0], ids[1]]) await round.contract.send("claim", [id]);
  await assertRefused(round.contract.send("claim", [ids[3]]), "BudgetTreasuryNotFunded");
  await assertRefused(round.contract.send("claim", [ids[0]]), "BudgetTreasuryAlreadyPaid");
  assert.deepEqual(await Promise.all(range(4).map(recipientOf).map(balance)), [
    429n,
    428n,
    143n,
    0n,
  ]);
  assert.equal(await balance(round.contract.address), 0n);
});

test("a proportional round for which nobody voted returns everything", async () => {
  const { round, ids } = await sharing(3);
  const { events } = await round.decided([0n, 0n, 0n], [0, 1, 2]);
  assert.deepEqual(events[0].args.funded, []);
  assert.equal(events[0].args.committed, 0n);
  await assertRefused(round.contract.send("claim", [ids[0]]), "BudgetTreasuryNotFunded");
  await round.contract.send("refund", [round.id, state.registry.chain.account]);
  assert.equal(await balance(round.contract.address), 0n);
});

test("what exceeds a proportional round's budget goes back, and what nobody claims", async () => {
  const { round, ids } = await sharing(2);
  await round.fund(500n, state.registry.chain.other);
  await round.decided([1n, 1n], [0, 1]);
  const { account: funder, other } = state.registry.chain;
  const due = (who) => round.contract.call("refundable", [round.id, who]);
  // A third of 500, and two thirds.
  assert.deepEqual([await due(other), await due(funder)], [166n, 333n]);
  await round.contract.send("claim", [ids[1]]);
  await round.contract.send("refund", [round.id, other]);
  await round.to((await round.view()).claimsEndAt);
  await assertRefused(round.contract.send("claim", [ids[0]]), "BudgetTreasuryWrongStatus");
  assert.deepEqual([await due(other), await due(funder)], [334n - 166n, 666n]);
  await round.contract.send("refund", [round.id, other]);
  await round.contract.send("refund", [round.id, funder]);
  assert.equal(await balance(round.contract.address), 0n);
});

test("recipients of parts that refuse or burn gas harm only themselves", async () => {
  const recipient = await state.registry.chain.deploy("Recipient");
  const round = await create(shared);
  await round.fund();
  const bad = await round.propose({ amount: 0n, recipient: recipient.address });
  const good = await round.propose({ amount: 0n });
  await round.decided([1n, 1n], [0, 1]);
  for (const mood of [1, 2]) {
    await recipient.send("set", [mood, round.contract.address, "0x"]);
    await assert.rejects(round.contract.send("claim", [bad.proposalId]));
  }
  await round.contract.send("claim", [good.proposalId]);
  assert.equal(await balance(recipientOf(0)), 500n);
  await recipient.send("set", [0, round.contract.address, "0x"]);
  await round.contract.send("claim", [bad.proposalId]);
  assert.equal(await balance(recipient.address), 500n);
});

test("proposals of a proportional round ask for nothing", async () => {
  const { round } = await sharing(0);
  const refused = round.propose({ amount: 1n });
  await assertRefused(refused, "BudgetTreasuryInvalidAmount", [1n, 0n, 0n]);
  const { proposalId } = await round.propose({ amount: 0n });
  await assertRefused(
    round.contract.send("revise", [proposalId, item({ amount: 1n })], state.treasury.direct[0]),
    "BudgetTreasuryInvalidAmount",
  );
  for (const [changes, field] of [
    [{ ...shared, maximumAmount: 5n }, "maximumAmount"],
    [{ ...shared, minimumAmount: 5n, maximumAmount: 5n }, "minimumAmount"],
    [{ ...shared, ballot: ballots.knapsack }, "ballot"],
    [{ ...shared, outcome: outcomes.greedy() }, "minimumAmount"],
  ]) {
    await assertRefused(create(changes), "BudgetTreasuryInvalidParameter", [field]);
  }
});

test("no category spends more than its budget", async () => {
  const { round, ids } = await divided([
    [400n, 0],
    [300n, 0],
    [200n, 0],
    [300n, 1],
    [150n, 1],
  ]);
  // The second is popular, but its category has but 200 left.
  const tally = [9n, 8n, 5n, 7n, 6n];
  await round.tallied(tally);
  await assertRefused(round.decide(tally, [0, 1, 4, 3, 2]), "OutcomeOrderWrong", [3]);
  await assertRefused(round.decide(tally, [0, 1, 5, 3, 2]), "OutcomeOrderWrong", [2]);
  const { events } = await round.decide(tally, [0, 1, 3, 4, 2]);
  assert.deepEqual(events[0].args.funded, [0, 2, 3]);
  assert.equal(events[0].args.committed, 900n);
  await assertRefused(round.contract.send("claim", [ids[1]]), "BudgetTreasuryNotFunded");
  await round.contract.send("claim", [ids[2]]);
});

test("what categories leave is spent on any of them, where the round wants that", async () => {
  const proposals = [
    [400n, 0],
    [300n, 0],
    [100n, 1],
  ];
  for (const [leftover, funded] of [
    [0, [0, 2]],
    [1, [0, 1, 2]],
  ]) {
    const saved = await state.registry.chain.snapshot();
    const { round } = await divided(proposals, {}, { leftover });
    const { events } = await round.decided([3n, 2n, 1n], [0, 1, 2]);
    assert.deepEqual(events[0].args.funded, funded);
    await state.registry.chain.restore(saved);
  }
});

test("a misfit ends its own category only", async () => {
  const proposals = [
    [400n, 0],
    [300n, 0],
    [100n, 0],
    [300n, 1],
  ];
  const { round } = await divided(proposals, {}, { misfit: 1 });
  const { events } = await round.decided([4n, 3n, 2n, 1n], [0, 1, 2, 3]);
  assert.deepEqual(events[0].args.funded, [0, 3]);
});

test("ties go to what was proposed first, also between categories", async () => {
  const { round } = await divided([
    [300n, 1],
    [300n, 0],
    [300n, 1],
  ]);
  await round.tallied([5n, 5n, 5n]);
  await assertRefused(round.decide([5n, 5n, 5n], [1, 0, 2]), "OutcomeOrderWrong", [1]);
  const { events } = await round.decide([5n, 5n, 5n], [0, 1, 2]);
  assert.deepEqual(events[0].args.funded, [0, 1]);
});

test("a category is one of the round's, and the proposer's to choose until proposals close", async () => {
  const { round } = await divided([]);
  const [member] = state.treasury.direct;
  const wrong = round.propose({ category: 2 });
  await assertRefused(wrong, "BudgetTreasuryInvalidCategory", [2, 2]);
  const { proposalId } = await round.propose({ category: 1 });
  const revise = (category) =>
    round.contract.send("revise", [proposalId, item({ category })], member);
  await assertRefused(revise(2), "BudgetTreasuryInvalidCategory", [2, 2]);
  await revise(0);
  assert.equal((await round.proposals())[0].category, 0);
  await revise(1);
  assert.equal((await round.proposals())[0].category, 1);
  const { events } = await round.decided([1n], [0]);
  assert.deepEqual(events[0].args.funded, [0]);
  const plain = await create();
  await assertRefused(plain.propose({ category: 1 }), "BudgetTreasuryInvalidCategory", [1, 0]);
});

test("a signed proposal is signed with its category", async () => {
  const { round } = await divided([]);
  const { treasury } = state;
  const deadline = BigInt((await state.registry.chain.now()) + 500);
  const message = {
    roundId: round.id,
    proposer: treasury.signer.address,
    ...item({ category: 1 }),
    nonce: 0n,
    deadline,
  };
  const signature = await treasury.sign("Proposal", message);
  const authorization = { member: treasury.signer.address, nonce: 0n, deadline, signature };
  const send = (category) =>
    round.contract.send("proposeFor", [
      round.id,
      item({ category }),
      treasury.members.of(treasury.signer.address),
      authorization,
    ]);
  await assertRefused(send(0), "BudgetTreasuryWrongSigner");
  const { events } = await send(1);
  assert.equal(events[0].args.item.category, 1);
});

/** Each kind of ballot, a tally that it can give, and the slots by votes. */
const KINDS = [
  ["single choice", ballots.singleChoice, [7n, 9n, 8n], [1, 2, 0]],
  ["approval", ballots.approval(1, 2), [7n, 9n, 8n], [1, 2, 0]],
  ["knapsack", ballots.knapsack, [7n, 9n, 8n], [1, 2, 0]],
  ["score", ballots.score(5n), [31n, 150n, 90n], [1, 2, 0]],
  ["points", ballots.points(100n, 100n), [1000n, 1200n, 800n], [1, 0, 2]],
  ["quadratic", ballots.quadratic(100n), [299n, 300n, 1n], [1, 0, 2]],
  ["ranking", ballots.ranking([2n, 1n]), [20n, 31n, 39n], [2, 1, 0]],
  ["ranking of more than stand", ballots.ranking([3n, 2n, 1n, 0n]), [180n, 31n, 39n], [0, 2, 1]],
];

for (const [name, ballot, tally, order] of KINDS) {
  test(`a round by ${name}: greedy, by category, proportional`, async () => {
    const amounts = [300n, 300n, 300n];
    for (const [outcome, proportional] of [
      [outcomes.greedy(), false],
      [outcomes.categories({ budgets: [500n, 500n] }), false],
      [outcomes.proportional, true],
    ]) {
      if (proportional && ballot === ballots.knapsack) continue;
      const saved = await state.registry.chain.snapshot();
      const round = await create({ ballot, outcome, ...(proportional && { ...shared, ballot }) });
      await round.fund();
      for (const [number, amount] of amounts.entries()) {
        await round.propose({ amount: proportional ? 0n : amount }, state.treasury.direct[number]);
      }
      const [rule, outcomeRule] = await round.contract.call("pollRules", [round.id]);
      await round.tallied(tally);
      const { pollId } = await round.view();
      const { slots } = await state.registry.contract.call("poll", [pollId]);
      assert.equal(slots, 3);
      assert.ok(rule.length > 2);
      const total = tally.reduce((sum, votes) => sum + votes, 0n);
      const remainder = (slot) => (1000n * tally[slot]) % total;
      const best = proportional
        ? range(3).toSorted((a, b) => Number(remainder(b) - remainder(a)) || a - b)
        : order;
      const awards = await state.registry.contract.call("awards", [
        pollId,
        tally,
        outcomeRule,
        best,
      ]);
      const { events } = await round.decide(tally, best);
      const { funded, committed } = events[0].args;
      assert.deepEqual(
        funded,
        range(3).filter((slot) => awards[slot] > 0n),
      );
      if (proportional) assert.equal(committed, 1000n);
      // All are of the first category, which has 500.
      else assert.equal(committed, outcome === outcomes.greedy() ? 900n : 300n);
      assert.equal(await round.status(), RoundStatus.Decided);
      await state.registry.chain.restore(saved);
    }
  });
}

test("too wide a ballot is refused when the round is created", async () => {
  for (const [ballot, most] of [
    [ballots.score(100n), 45],
    [ballots.points(100n), 44],
    [ballots.quadratic(100n), 78],
    [ballots.ranking([3n, 2n, 1n]), 80],
  ]) {
    await create({ ballot, maximumProposals: most });
    await assertRefused(
      create({ ballot, maximumProposals: most + 1 }),
      "BudgetTreasuryInvalidParameter",
      ["maximumProposals"],
    );
  }
});

function report(name, gas) {
  console.log(`gas: ${name}: ${gas.toLocaleString("en")}`);
}

test("contract sizes, and the rules that the treasury deployed itself", async () => {
  const { chain } = state.registry;
  const { contract } = state.treasury;
  const rules = await contract.call("rules");
  assert.equal(rules, getContractAddress({ from: contract.address, nonce: 1n }));
  const { bytecode } = await hre.artifacts.readArtifact("BudgetTreasury");
  assert.ok(size(bytecode) <= 2 * 24576, `${size(bytecode)} bytes of init code`);
  for (const [name, address, receipt] of [
    ["BudgetTreasury", contract.address, contract.receipt],
    ["RoundRules", rules],
  ]) {
    const code = (await chain.client.getCode({ address })).length / 2 - 1;
    console.log(`${name}: ${code} bytes`);
    assert.ok(code <= 24576 - 512, `${name}: ${code} bytes`);
    if (!receipt) continue;
    report("deployment of the treasury", Number(receipt.gasUsed));
    assert.ok(receipt.gasUsed < TRANSACTION_CAP);
  }
});

for (const [name, changes] of [
  ["greedy", { outcome: outcomes.greedy({ order: 1 }) }],
  [
    "by category",
    { outcome: outcomes.categories({ order: 1, leftover: 1, budgets: [700n, 300n] }) },
  ],
  ["proportional", shared],
]) {
  test(`200 proposals, ${name}: voting starts and is decided in a transaction each`, async () => {
    const round = await create({
      maximumProposals: 200,
      proposalsPerMember: 200,
      ...changes,
      ballot: ballots.approval(0, 9),
    });
    await round.fund();
    const proportional = changes.maximumAmount === 0n;
    for (const number of range(200)) {
      await round.propose({ amount: proportional ? 0n : 10n + BigInt(number % 3) });
    }
    const start = await round.start();
    report(`startVoting, 200 proposals, ${name}`, start.gas);
    assert.ok(start.gas < TRANSACTION_CAP);
    const tally = range(200).map(() => 7n);
    await round.tallied(tally, { started: true });
    const rank = (slot) => (proportional ? 0 : (slot % 3) * 1000) + slot;
    const order = range(200).toSorted((a, b) => rank(a) - rank(b));
    const { gas } = await round.decide(tally, order);
    report(`decide, 200 proposals, ${name}`, gas);
    assert.ok(gas < TRANSACTION_CAP);
  });
}
