/** BudgetTreasury: members propose, revise and withdraw, themselves or by a signature. */
import assert from "node:assert/strict";
import { after, before, beforeEach, afterEach, test } from "node:test";
import { encodeFunctionData, stringToHex, zeroAddress } from "viem";
import { assertRefused } from "./support/chain.js";
import { account, isolated, withHighS, word } from "./support/registry.js";
import { RoundStatus, Treasury, item } from "./support/treasury.js";

const state = isolated({ before, after, beforeEach, afterEach }, async (shared) => {
  shared.committee = await shared.registry.register();
  shared.treasury = await Treasury.deploy(shared.registry);
});
const create = (changes) => state.treasury.create(state.committee, changes);
const balance = (address) => state.registry.chain.client.getBalance({ address });

test("proposals: members only, within bounds, in time, and not too many", async () => {
  const round = await create();
  const [first, second] = state.treasury.direct;
  const membership = state.treasury.members.of(first);
  const propose = (args, from) => round.contract.send("propose", args, from);
  await assertRefused(propose([round.id, item(), membership], second), "BudgetTreasuryNotAMember");
  for (const [changes, name] of [
    [{ amount: 9n }, "BudgetTreasuryInvalidAmount"],
    [{ amount: 901n }, "BudgetTreasuryInvalidAmount"],
    [{ category: 1 }, "BudgetTreasuryInvalidCategory"],
    [{ recipient: zeroAddress }, "BudgetTreasuryInvalidRecipient"],
    [{ recipient: round.contract.address }, "BudgetTreasuryInvalidRecipient"],
    [{ title: "" }, "BudgetTreasuryInvalidTitle"],
    [{ title: "x".repeat(151) }, "BudgetTreasuryInvalidTitle"],
    [{ title: "a\nb" }, "BudgetTreasuryInvalidTitle"],
    [{ text: "x".repeat(16385) }, "BudgetTreasuryTextTooLong"],
  ]) {
    await assertRefused(round.propose(changes), name);
  }
  // A title that nobody can read would keep everybody from auditing the round.
  const { abi, address: to } = round.contract;
  const args = [round.id, item({ title: "R" }), membership];
  const readable = encodeFunctionData({ abi, functionName: "propose", args });
  const data = readable.replace(stringToHex("R", { size: 32 }).slice(2), "ff".padEnd(64, "0"));
  const { wallet } = state.registry.chain;
  await assert.rejects(
    wallet.sendTransaction({ account: first, to, data, chain: null }),
    /BudgetTreasuryInvalidTitle\(1\)/,
  );
  await round.propose({ title: "x".repeat(150), text: "x".repeat(16384), amount: 10n });
  const { proposalId } = await round.propose({ amount: 900n });
  await assertRefused(round.propose(), "BudgetTreasuryTooManyProposals", [2n]);
  const other = await round.propose({ amount: 900n }, second);
  assert.notEqual(other.proposalId, proposalId);
  await assertRefused(
    round.contract.send("revise", [proposalId, item()], second),
    "BudgetTreasuryNotProposer",
  );
  await round.contract.send("revise", [proposalId, item({ amount: 20n })], first);
  await round.contract.send("withdraw", [other.proposalId], second);
  await assertRefused(
    round.contract.send("revise", [other.proposalId, item()], second),
    "BudgetTreasuryProposalWithdrawn",
  );
  const listed = await round.proposals();
  assert.deepEqual(listed.map(({ id, amount, withdrawn }) => [id, amount, withdrawn]).slice(1), [
    [proposalId, 20n, false],
    [other.proposalId, 900n, true],
  ]);
  await round.to(round.parameters.proposalsCloseAt);
  for (const sent of [
    propose([round.id, item(), state.treasury.members.of(second)], second),
    round.contract.send("revise", [proposalId, item()], first),
    round.contract.send("withdraw", [proposalId], first),
  ]) {
    await assertRefused(sent, "BudgetTreasuryWrongStatus", [round.id, RoundStatus.Ready]);
  }
});

test("a round has no proposals before its time, and at most as many as it says", async () => {
  const now = BigInt(await state.registry.chain.now());
  const round = await create({ proposalsOpenAt: now + 500n, maximumProposals: 1 });
  assert.equal(await round.status(), RoundStatus.Announced);
  await assertRefused(round.propose(), "BudgetTreasuryWrongStatus", [
    round.id,
    RoundStatus.Announced,
  ]);
  await round.to(round.parameters.proposalsOpenAt);
  await round.propose();
  const [, second] = state.treasury.direct;
  await assertRefused(round.propose({}, second), "BudgetTreasuryTooManyProposals", [1n]);
});

test("gasless proposals: exactly what was signed, once, from any sender", async () => {
  const round = await create();
  const { signer, members, chain } = { ...state.treasury, chain: state.registry.chain };
  const deadline = BigInt((await chain.now()) + 500);
  const message = { roundId: round.id, proposer: signer.address, ...item(), nonce: 0n, deadline };
  const authorize = async (changes = {}, from = signer, domain) => ({
    member: signer.address,
    nonce: 0n,
    deadline,
    signature: await state.treasury.sign("Proposal", message, from, domain),
    ...changes,
  });
  const send = (authorization, changes = {}, from) =>
    round.contract.send(
      "proposeFor",
      [round.id, item(changes), members.of(signer.address), authorization],
      from,
    );
  const good = await authorize();
  const elsewhere = { ...state.treasury.domain, chainId: 5 };
  await assertRefused(send(await authorize({}, account(501))), "BudgetTreasuryWrongSigner");
  await assertRefused(send(await authorize({}, signer, elsewhere)), "BudgetTreasuryWrongSigner");
  await assertRefused(send(good, { amount: 401n }), "BudgetTreasuryWrongSigner");
  await assertRefused(send(good, { details: word(0) }), "BudgetTreasuryWrongSigner");
  await assertRefused(send(good, { recipient: chain.other }), "BudgetTreasuryWrongSigner");
  await assertRefused(
    send({ ...good, signature: withHighS(good.signature) }),
    "ECDSAInvalidSignatureS",
  );
  await assertRefused(send({ ...good, nonce: 1n }), "InvalidAccountNonce");
  // Somebody names their own key for the member's account: not in the tree.
  const forged = await authorize({}, account(501));
  await assertRefused(
    round.contract.send("proposeFor", [
      round.id,
      item(),
      { ...members.of(signer.address), signingKey: account(501).address },
      forged,
    ]),
    "BudgetTreasuryNotAMember",
  );
  // Copied from the mempool and sent first: the same proposal by the same member.
  const { events } = await send(good, {}, chain.other);
  assert.equal(events[0].args.proposer, signer.address);
  await assertRefused(send(good), "InvalidAccountNonce");
  const { proposalId } = events[0].args;

  const revision = { proposalId, ...item({ amount: 77n }), nonce: 1n, deadline };
  const revise = (signature, changes = { amount: 77n }) =>
    round.contract.send("reviseFor", [
      proposalId,
      item(changes),
      members.of(signer.address),
      { member: signer.address, nonce: 1n, deadline, signature },
    ]);
  const revised = await state.treasury.sign("Revision", revision);
  await assertRefused(revise(revised, { amount: 78n }), "BudgetTreasuryWrongSigner");
  await assertRefused(
    revise(revised, { amount: 77n, details: word(1) }),
    "BudgetTreasuryWrongSigner",
  );
  await revise(revised);
  assert.equal((await round.proposals())[0].amount, 77n);
  const withdrawal = { proposalId, nonce: 2n, deadline };
  const signature = await state.treasury.sign("Withdrawal", withdrawal);
  const args = [
    proposalId,
    members.of(signer.address),
    { member: signer.address, nonce: 2n, deadline, signature },
  ];
  const stranger = { ...args[2], signature: await account(501).sign({ hash: word(1) }) };
  await assertRefused(
    round.contract.send("withdrawFor", [...args.slice(0, 2), stranger]),
    "BudgetTreasuryWrongSigner",
  );
  await round.contract.send("withdrawFor", args, chain.other);
  assert.equal((await round.proposals())[0].withdrawn, true);
  await chain.nextTime(Number(deadline) + 1);
  await assertRefused(round.contract.send("withdrawFor", args), "BudgetTreasurySignatureExpired", [
    deadline,
  ]);
});

test("a withdrawn proposal takes no slot", async () => {
  const round = await create();
  await round.fund();
  const [first, second] = state.treasury.direct;
  await round.propose({ amount: 100n }, first);
  const gone = await round.propose({ amount: 200n }, first);
  const kept = await round.propose({ amount: 300n }, second);
  await round.contract.send("withdraw", [gone.proposalId], first);
  const { events } = await round.decided([1n, 4n], [1, 0]);
  assert.deepEqual(events[0].args.funded, [0, 2]);
  await assertRefused(round.contract.send("claim", [gone.proposalId]), "BudgetTreasuryNotFunded");
  await round.contract.send("claim", [kept.proposalId]);
  assert.equal(await balance(account(600).address), 300n);
});
