/** BudgetTreasury: rounds from creation to payout, with a real registry behind them. */
import assert from "node:assert/strict";
import { after, before, beforeEach, afterEach, test } from "node:test";
import { encodeFunctionData, getAddress, numberToHex } from "viem";
import { assertRefused } from "./support/chain.js";
import { account, isolated, word } from "./support/registry.js";
import { RoundStatus, Treasury } from "./support/treasury.js";

const state = isolated({ before, after, beforeEach, afterEach }, async (shared) => {
  shared.committee = await shared.registry.register();
  shared.treasury = await Treasury.deploy(shared.registry);
});
const create = (changes) => state.treasury.create(state.committee, changes);
const balance = (address) => state.registry.chain.client.getBalance({ address });

test("a round pays its winners once, in any order, and returns the rest", async () => {
  const round = await create();
  const { direct, chain } = { ...state.treasury, chain: state.registry.chain };
  await round.fund(600n);
  await round.fund(600n, chain.other);
  const ids = [];
  for (const [number, amount] of [400n, 700n, 300n].entries()) {
    const recipient = account(600 + number).address;
    ids.push((await round.propose({ amount, recipient }, direct[number])).proposalId);
  }
  assert.equal(await round.status(), RoundStatus.Proposing);
  await round.tallied([9n, 5n, 9n]);
  assert.equal(await round.status(), RoundStatus.Tallied);
  await assertRefused(round.contract.send("claim", [ids[0]]), "BudgetTreasuryWrongStatus", [
    round.id,
    RoundStatus.Tallied,
  ]);
  await assertRefused(round.decide([9n, 5n, 9n], [2, 0, 1]), "OutcomeOrderWrong");
  await assertRefused(round.decide([9n, 5n, 8n], [0, 2, 1]), "PollRegistryTallyDiffers");
  await assertRefused(round.decide([9n, 5n, 9n], [0, 2]), "OutcomeOrderIncomplete");
  const { events } = await round.decide([9n, 5n, 9n], [0, 2, 1]);
  assert.deepEqual(events[0].args.funded, [0, 2]);
  assert.equal(events[0].args.committed, 700n);
  await assertRefused(round.decide([9n, 5n, 9n], [0, 2, 1]), "BudgetTreasuryWrongStatus");
  await round.contract.send("claim", [ids[2]], chain.other);
  await round.contract.send("claim", [ids[0]]);
  await assertRefused(round.contract.send("claim", [ids[0]]), "BudgetTreasuryAlreadyPaid");
  await assertRefused(round.contract.send("claim", [ids[1]]), "BudgetTreasuryNotFunded");
  await assertRefused(round.contract.send("claim", [word(1)]), "BudgetTreasuryUnknownProposal");
  assert.equal(await balance(account(600).address), 400n);
  assert.equal(await balance(account(602).address), 300n);
  // 500 of 1,200 are left, half of it each.
  for (const funder of [chain.account, chain.other]) {
    assert.equal(await round.contract.call("refundable", [round.id, funder]), 250n);
    await round.contract.send("refund", [round.id, funder]);
    await assertRefused(
      round.contract.send("refund", [round.id, funder]),
      "BudgetTreasuryNothingToRefund",
    );
  }
  assert.equal(await balance(round.contract.address), 0n);
});

test("what nobody claims goes back after expiry, to all funders", async () => {
  const round = await create();
  await round.fund(999n);
  await round.fund(2n, state.registry.chain.other);
  const { proposalId } = await round.propose({ amount: 900n });
  const second = await round.propose({ amount: 100n });
  await round.decided([3n, 2n], [0, 1]);
  await round.contract.send("claim", [second.proposalId]);
  const { claimsEndAt } = await round.view();
  await round.to(claimsEndAt);
  assert.equal(await round.status(), RoundStatus.Expired);
  await assertRefused(round.contract.send("claim", [proposalId]), "BudgetTreasuryWrongStatus");
  await round.contract.send("refund", [round.id, state.registry.chain.account]);
  await round.contract.send("refund", [round.id, state.registry.chain.other]);
  assert.equal(await balance(round.contract.address), 0n);
});

test("void rounds return everything: no vote, no opening", async () => {
  for (const start of [false, true]) {
    const round = await create();
    await round.fund();
    await round.propose();
    if (start) await round.start();
    await round.to(start ? round.parameters.votingClosesAt : round.parameters.votingOpensAt);
    assert.equal(await round.status(), RoundStatus.Void);
    const before = await balance(round.contract.address);
    await round.contract.send("refund", [round.id, state.registry.chain.account]);
    assert.equal(before - (await balance(round.contract.address)), 1000n);
    await assertRefused(round.fund(), "BudgetTreasuryWrongStatus", [round.id, RoundStatus.Void]);
  }
});

test("voting starts by the organizer, in time, funded, with a sound electorate", async () => {
  const round = await create();
  await round.propose();
  await assertRefused(round.startNow(), "BudgetTreasuryWrongStatus", [
    round.id,
    RoundStatus.Proposing,
  ]);
  await round.fund(999n);
  await assertRefused(round.start(), "BudgetTreasuryUnderfunded", [999n, 1000n]);
  await round.fund(1n);
  await assertRefused(round.startNow({}, state.registry.chain.other), "BudgetTreasuryNotOrganizer");
  await round.startNow();
  await assertRefused(round.startNow(), "BudgetTreasuryWrongStatus", [
    round.id,
    RoundStatus.Voting,
  ]);
  await assertRefused(round.fund(), "BudgetTreasuryWrongStatus");
  const { pollId } = await round.view();
  const poll = await state.registry.contract.call("poll", [pollId]);
  assert.equal(getAddress(poll.creator), getAddress(round.contract.address));
});

test("decided and paid in one block: refused", async () => {
  const round = await create();
  await round.fund();
  const { proposalId } = await round.propose();
  await round.tallied([1n]);
  const { provider, account: from, client } = state.registry.chain;
  const { abi, address: to } = round.contract;
  const send = (functionName, args) =>
    provider.request({
      method: "eth_sendTransaction",
      params: [
        {
          from,
          to,
          gas: numberToHex(500_000),
          data: encodeFunctionData({ abi, functionName, args }),
        },
      ],
    });
  await provider.request({ method: "evm_setAutomine", params: [false] });
  const hashes = [await send("decide", [round.id, [1n], [0]]), await send("claim", [proposalId])];
  await provider.request({ method: "evm_mine", params: [] });
  await provider.request({ method: "evm_setAutomine", params: [true] });
  const [decided, claimed] = await Promise.all(
    hashes.map((hash) => client.getTransactionReceipt({ hash })),
  );
  assert.equal(decided.blockNumber, claimed.blockNumber);
  assert.deepEqual([decided.status, claimed.status], ["success", "reverted"]);
  assert.equal((await round.proposals())[0].paid, false);
  await round.contract.send("claim", [proposalId]);
  assert.equal(await balance(account(600).address), 400n);
});

test("gas of a round", async () => {
  const measure = async () => {
    const round = await create();
    await round.fund();
    const proposed = await round.propose({}, state.treasury.direct[1]);
    const started = await round.start();
    await round.tallied([1n], { started: true });
    const decided = await round.decide([1n], [0]);
    const claimed = await round.contract.send("claim", [proposed.proposalId]);
    return {
      createRound: round.gas,
      propose: proposed.gas,
      startVoting: started.gas,
      decide: decided.gas,
      claim: claimed.gas,
    };
  };
  // Not the first round, whose counters turn zeros into ones.
  await measure();
  for (const [name, gas] of Object.entries(await measure())) {
    console.log(`gas: ${name}: ${gas.toLocaleString("en")}`);
  }
});
