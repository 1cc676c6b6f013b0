/** BudgetTreasury: payouts wait, may be vetoed, and every unit goes somewhere: docs/protocol.md §17.6. */
import assert from "node:assert/strict";
import { after, before, beforeEach, afterEach, test } from "node:test";
import hre from "hardhat";
import { numberToHex, parseEventLogs, toFunctionSelector, zeroAddress } from "viem";
import { assertRefused } from "./support/chain.js";
import { account, isolated } from "./support/registry.js";
import { RoundStatus, Treasury } from "./support/treasury.js";

const DELAY = 700;

const state = isolated({ before, after, beforeEach, afterEach }, async (shared) => {
  shared.committee = await shared.registry.register();
  shared.treasury = await Treasury.deploy(shared.registry);
  shared.holder = shared.registry.chain.accounts[8];
});
const balance = (address) => state.registry.chain.client.getBalance({ address });
const refund = (round, funder) => round.contract.send("refund", [round.id, funder]);
const refundable = (round, funder) => round.contract.call("refundable", [round.id, funder]);
const veto = (round, from = state.holder) => round.contract.send("veto", [round.id], from);

/** A decided round of two funders, 600 and 601 of 1,000, in which one proposal gets 400. */
async function decided(changes = {}) {
  const round = await state.treasury.create(state.committee, {
    payoutDelay: DELAY,
    vetoHolder: state.holder,
    ...changes,
  });
  await round.fund(600n);
  await round.fund(601n, state.registry.chain.other);
  round.proposal = (await round.propose()).proposalId;
  await round.decided([3n], [0]);
  return Object.assign(round, { decidedAt: await state.registry.chain.now() });
}

const claim = (round) => round.contract.send("claim", [round.proposal]);

test("nothing is paid before the delay is over, and the claim period starts then", async () => {
  const round = await decided();
  const seen = await round.view();
  const opensAt = round.decidedAt + DELAY;
  assert.equal(seen.payoutsOpenAt, BigInt(opensAt));
  assert.equal(seen.claimsEndAt, BigInt(opensAt + round.parameters.claimPeriod));
  await assertRefused(claim(round), "BudgetTreasuryPayoutsNotOpen", [BigInt(opensAt)]);
  await state.registry.chain.nextTime(opensAt - 1);
  await assertRefused(claim(round), "BudgetTreasuryPayoutsNotOpen", [BigInt(opensAt)]);
  const saved = await state.registry.chain.snapshot();
  await state.registry.chain.nextTime(opensAt);
  await claim(round);
  assert.equal(await balance(account(600).address), 400n);
  await state.registry.chain.restore(saved);
  await state.registry.chain.nextTime(Number(seen.claimsEndAt) - 1);
  await claim(round);
  assert.equal(await round.status(), RoundStatus.Decided);
  await round.to(seen.claimsEndAt);
  assert.equal(await round.status(), RoundStatus.Expired);
});

test("both times are 0 before the decision", async () => {
  const round = await state.treasury.create(state.committee, { payoutDelay: DELAY });
  const { payoutsOpenAt, claimsEndAt } = await round.view();
  assert.deepEqual([payoutsOpenAt, claimsEndAt], [0n, 0n]);
});

test("the veto holder, and nobody else, stops all payouts until they open", async () => {
  const round = await decided();
  const { chain } = state.registry;
  for (const from of [chain.account, chain.other, state.treasury.direct[0]]) {
    await assertRefused(veto(round, from), "BudgetTreasuryNotVetoHolder");
  }
  const opensAt = round.decidedAt + DELAY;
  const saved = await chain.snapshot();
  await chain.nextTime(opensAt);
  await assertRefused(veto(round), "BudgetTreasuryPayoutsOpen", [BigInt(opensAt)]);
  await chain.restore(saved);
  // What nobody asked for may go back before the veto; the rest goes back after it.
  await refund(round, chain.other);
  await chain.nextTime(opensAt - 1);
  const { events } = await veto(round);
  assert.deepEqual(
    events.map(({ eventName, args }) => [eventName, args.roundId]),
    [["RoundVetoed", round.id]],
  );
  assert.equal(await round.status(), RoundStatus.Vetoed);
  const refused = ["BudgetTreasuryWrongStatus", [round.id, RoundStatus.Vetoed]];
  await assertRefused(veto(round), ...refused);
  await assertRefused(round.decide([3n], [0]), ...refused);
  for (const second of [opensAt + 60, opensAt + round.parameters.claimPeriod]) {
    await round.to(second);
    assert.equal(await round.status(), RoundStatus.Vetoed);
    await assertRefused(claim(round), ...refused);
  }
  const before = await balance(round.contract.address);
  await refund(round, chain.account);
  assert.equal(before - (await balance(round.contract.address)), 600n);
  await refund(round, chain.other);
  assert.equal(await balance(round.contract.address), 0n);
  // The decision stays readable: audits compare it with the tally.
  assert.equal((await round.view()).committed, 400n);
  assert.equal((await round.proposals())[0].funded, true);
});

test("there is nothing to veto before the decision, and nobody vetoes without a holder", async () => {
  const early = await state.treasury.create(state.committee, {
    payoutDelay: DELAY,
    vetoHolder: state.holder,
  });
  await assertRefused(veto(early), "BudgetTreasuryWrongStatus", [early.id, RoundStatus.Proposing]);
  const round = await decided({ vetoHolder: zeroAddress });
  await assertRefused(veto(round), "BudgetTreasuryNotVetoHolder");
  await round.to(round.decidedAt + DELAY);
  await claim(round);
});

test("a void round cannot be vetoed, and returns everything", async () => {
  const round = await state.treasury.create(state.committee, {
    payoutDelay: DELAY,
    vetoHolder: state.holder,
  });
  await round.fund();
  await round.to(round.parameters.votingOpensAt);
  await assertRefused(veto(round), "BudgetTreasuryWrongStatus", [round.id, RoundStatus.Void]);
  await refund(round, state.registry.chain.account);
  assert.equal(await balance(round.contract.address), 0n);
});

for (const [name, paysOut, vetoes] of [
  ["after the decision and expiry", false, false],
  ["after a payout", true, false],
  ["after a veto", false, true],
]) {
  test(`refunds and payouts together are the deposits, to the last unit: ${name}`, async () => {
    const { chain } = state.registry;
    const funders = chain.accounts.slice(0, 7);
    const round = await state.treasury.create(state.committee, {
      payoutDelay: DELAY,
      vetoHolder: state.holder,
    });
    // Amounts that divide nothing, and funders who come back.
    for (const [index, amount] of [211n, 97n, 101n, 1n, 331n, 13n, 307n, 89n, 7n].entries()) {
      await round.fund(amount, funders[index % funders.length]);
    }
    const { proposalId } = await round.propose({ amount: 389n });
    await round.decided([3n], [0]);
    for (const funder of funders.slice(0, 3)) await refund(round, funder);
    if (vetoes) await veto(round);
    await round.to((await round.view()).payoutsOpenAt);
    if (paysOut) await round.contract.send("claim", [proposalId]);
    if (!vetoes) await round.to((await round.view()).claimsEndAt);
    for (const funder of funders.toReversed()) {
      if ((await refundable(round, funder)) > 0n) await refund(round, funder);
      assert.equal(await refundable(round, funder), 0n);
    }
    assert.equal(await balance(round.contract.address), 0n);
  });
}

test("a share never shrinks, however the round ends", async () => {
  const round = await decided();
  const { account: first, other } = state.registry.chain;
  const early = [await refundable(round, first), await refundable(round, other)];
  // 801 of 1,201 are not needed; each share is rounded down until no payout can follow.
  assert.deepEqual(early, [400n, 400n]);
  await round.to((await round.view()).claimsEndAt);
  const late = [await refundable(round, first), await refundable(round, other)];
  assert.ok(late[0] >= early[0] && late[1] >= early[1]);
  assert.deepEqual(late, [600n, 601n]);
});

test("deposits beyond 2^128 are refused: shares are products of two amounts", async () => {
  const token = await state.registry.chain.deploy("TestToken", ["Much", "M", 1n << 130n]);
  const round = await state.treasury.create(state.committee, { token: token.address });
  const give = (amount) => round.contract.send("fund", [round.id, amount]);
  const most = (1n << 128n) - 1n;
  await token.send("approve", [round.contract.address, 1n << 130n]);
  await give(most - 1n);
  await assertRefused(give(2n), "BudgetTreasuryTooMuchDeposited", [most + 1n, most]);
  await give(1n);
  assert.equal((await round.view()).deposited, most);
  await round.to(round.parameters.votingOpensAt);
  assert.equal(await refundable(round, state.registry.chain.account), most);
});

test("interfaces and the URI of the DAO can be asked for", async () => {
  const uri = "https://dao.example/dao.json";
  const treasury = await Treasury.deploy(state.registry, uri);
  assert.equal(await treasury.contract.call("daoURI"), uri);
  const { abi, address, receipt } = treasury.contract;
  const [{ eventName, args }] = parseEventLogs({ abi, logs: receipt.logs });
  assert.deepEqual(
    [eventName, args.daoAddress.toLowerCase(), args.daoURI],
    ["DAOURIUpdate", address.toLowerCase(), uri],
  );
  assert.equal(await state.treasury.contract.call("daoURI"), "");
  const disputes = await state.registry.chain.deploy("Disputes", [1n]);
  const idOf = async (name, inherited = []) => {
    const { abi } = await hre.artifacts.readArtifact(name);
    const own = abi.filter((one) => one.type === "function" && !inherited.includes(one.name));
    const id = own.reduce((sum, one) => sum ^ BigInt(toFunctionSelector(one)), 0n);
    return numberToHex(id, { size: 4 });
  };
  const daoUri = await idOf("IDaoUri");
  assert.equal(daoUri, toFunctionSelector("daoURI()"));
  const cases = [
    [treasury.contract, await idOf("IBudgetTreasury", ["daoURI"]), true],
    [state.registry.contract, await idOf("IPollRegistry"), false],
    [disputes, await idOf("IDisputes"), false],
  ];
  for (const [contract, own, ofDao] of cases) {
    // The id of ERC-165 itself, and the one that it rules out.
    const expected = { "0x01ffc9a7": true, "0xffffffff": false, [own]: true, [daoUri]: ofDao };
    for (const [id, answer] of Object.entries(expected)) {
      assert.equal(await contract.call("supportsInterface", [id]), answer, id);
    }
  }
});
