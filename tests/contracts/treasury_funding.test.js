/** BudgetTreasury: tokens and coins that come in, and recipients that refuse them. */
import assert from "node:assert/strict";
import { after, before, beforeEach, afterEach, test } from "node:test";
import { encodeFunctionData } from "viem";
import { assertRefused } from "./support/chain.js";
import { account, isolated } from "./support/registry.js";
import { RoundStatus, Treasury } from "./support/treasury.js";

const state = isolated({ before, after, beforeEach, afterEach }, async (shared) => {
  shared.committee = await shared.registry.register();
  shared.treasury = await Treasury.deploy(shared.registry);
});
const create = (changes) => state.treasury.create(state.committee, changes);
const balance = (address) => state.registry.chain.client.getBalance({ address });

test("recipients that refuse, burn, flood or re-enter harm only themselves", async () => {
  const round = await create({ budget: 1000n, proposalsPerMember: 6 });
  await round.fund();
  const recipient = await state.registry.chain.deploy("Recipient");
  const bad = await round.propose({ amount: 100n, recipient: recipient.address });
  const good = await round.propose({ amount: 100n });
  await round.decided([2n, 1n], [0, 1]);
  const again = (functionName, args) =>
    encodeFunctionData({ abi: round.contract.abi, functionName, args });
  const set = (mood, data = "0x") => recipient.send("set", [mood, round.contract.address, data]);
  await set(1);
  await assert.rejects(round.contract.send("claim", [bad.proposalId]));
  await set(2);
  await assert.rejects(round.contract.send("claim", [bad.proposalId]));
  assert.equal((await round.proposals())[0].paid, false);
  await round.contract.send("claim", [good.proposalId]);
  for (const data of [
    again("claim", [bad.proposalId]),
    again("claim", [good.proposalId]),
    again("refund", [round.id, state.registry.chain.account]),
    again("fund", [round.id, 1n]),
  ]) {
    const saved = await state.registry.chain.snapshot();
    await set(4, data);
    await round.contract.send("claim", [bad.proposalId]);
    assert.equal(await balance(recipient.address), 100n);
    await state.registry.chain.restore(saved);
  }
  await set(3);
  await round.contract.send("claim", [bad.proposalId]);
  assert.equal(await balance(recipient.address), 100n);
});

test("a token that keeps a fee: what arrived counts", async () => {
  const token = await state.registry.chain.deploy("FeeToken");
  const round = await create({ token: token.address });
  const give = (amount) => round.contract.send("fund", [round.id, amount]);
  await token.send("approve", [round.contract.address, 10_000n]);
  await give(1000n);
  assert.equal((await round.view()).deposited, 900n);
  await round.propose({ amount: 900n });
  await assertRefused(round.start(), "BudgetTreasuryUnderfunded", [900n, 1000n]);
  await give(200n);
  await round.to(round.parameters.votingOpensAt);
  await round.contract.send("refund", [round.id, state.registry.chain.account]);
  assert.equal(await token.call("balanceOf", [round.contract.address]), 0n);
});

test("a token that returns nothing pays; one that returns false does not", async () => {
  const token = await state.registry.chain.deploy("OldToken");
  const round = await create({ token: token.address });
  await assertRefused(round.fund(1n), "BudgetTreasuryWrongValue", [0n, 1n]);
  await token.send("setBroken", [true]);
  await assertRefused(round.contract.send("fund", [round.id, 1000n]), "SafeERC20FailedOperation");
  await token.send("setBroken", [false]);
  await round.contract.send("fund", [round.id, 1000n]);
  const { proposalId } = await round.propose();
  await round.decided([1n], [0]);
  await token.send("setBroken", [true]);
  await assertRefused(round.contract.send("claim", [proposalId]), "SafeERC20FailedOperation");
  await token.send("setBroken", [false]);
  await round.contract.send("claim", [proposalId]);
  assert.equal(await token.call("balanceOf", [account(600).address]), 400n);
});

test("coins: value and amount agree, and nothing is no funding", async () => {
  const round = await create();
  const { account: sender } = state.registry.chain;
  await assertRefused(
    round.contract.send("fund", [round.id, 5n], sender, 4n),
    "BudgetTreasuryWrongValue",
    [5n, 4n],
  );
  await assertRefused(round.fund(0n), "BudgetTreasuryNothingReceived");
  await assertRefused(
    round.contract.send("fund", [round.id + 1n, 1n], sender, 1n),
    "BudgetTreasuryWrongStatus",
    [round.id + 1n, RoundStatus.None],
  );
});
