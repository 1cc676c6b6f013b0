/** BudgetTreasury: rounds from creation to payout, with a real registry behind them. */
import assert from "node:assert/strict";
import { after, before, beforeEach, afterEach, test } from "node:test";
import { encodeFunctionData, getAddress, stringToHex, zeroAddress } from "viem";
import { assertRefused } from "./support/chain.js";
import { ballots } from "./support/encodings.js";
import { account, isolated, withHighS, word } from "./support/registry.js";
import { Members, RoundStatus, Treasury, item } from "./support/treasury.js";

const state = isolated({ before, after, beforeEach, afterEach }, async (shared) => {
  shared.committee = await shared.registry.register();
  shared.treasury = await Treasury.deploy(shared.registry);
});
const create = (changes) => state.treasury.create(state.committee, changes);
const balance = (address) => state.registry.chain.client.getBalance({ address });
const refusedParameter = (field) => ["BudgetTreasuryInvalidParameter", [field]];

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
  // Rounded down: never more than there is.
  const left = await balance(round.contract.address);
  assert.ok(left >= 0n && left <= 1n);
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
    [{ minimumBallots: 0 }, "minimumBallots"],
  ];
  for (const [changes, field] of wrong) {
    await assertRefused(create({ proposalsOpenAt: now, ...changes }), ...refusedParameter(field));
  }
  const budget = (1n << 112n) - 1n;
  await create({ budget, ballot: ballots.knapsack, maximumProposals: 200 });
});

test("proposals: members only, within bounds, in time, and not too many", async () => {
  const round = await create();
  const [first, second] = state.treasury.direct;
  const membership = state.treasury.members.of(first);
  const propose = (args, from) => round.contract.send("propose", args, from);
  await assertRefused(propose([round.id, item(), membership], second), "BudgetTreasuryNotAMember");
  // An inner node of the tree is no member.
  const inner = { ...membership, proof: membership.proof.slice(1) };
  await assertRefused(propose([round.id, item(), inner], first), "BudgetTreasuryNotAMember");
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

test("gasless proposals: exactly what was signed, once, and whoever sends it", async () => {
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
  await revise(revised);
  assert.equal((await round.proposals())[0].amount, 77n);
  const withdrawal = { proposalId, nonce: 2n, deadline };
  const signature = await state.treasury.sign("Withdrawal", withdrawal);
  const args = [
    proposalId,
    members.of(signer.address),
    { member: signer.address, nonce: 2n, deadline, signature },
  ];
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

test("member registry: the owner's, in two steps", async () => {
  const { chain } = state.registry;
  const registry = await chain.deploy("MemberRegistry", [chain.account]);
  await registry.send("setMembers", [
    [account(1).address, account(2).address],
    [1n, 5n],
  ]);
  await registry.send("setMembers", [[account(1).address], [0n]]);
  assert.equal(await registry.call("weightOf", [account(1).address]), 0n);
  assert.equal(await registry.call("weightOf", [account(2).address]), 5n);
  const set = (accounts, weights, from) => registry.send("setMembers", [accounts, weights], from);
  await assertRefused(set([account(1).address], []), "MemberRegistryListsDiffer", [1n, 0n]);
  await assertRefused(set([zeroAddress], [1n]), "MemberRegistryInvalidAccount");
  await assertRefused(set([], [], chain.other), "OwnableUnauthorizedAccount");
  await registry.send("transferOwnership", [chain.other]);
  await set([], []);
  await registry.send("acceptOwnership", [], chain.other);
  await assertRefused(set([], []), "OwnableUnauthorizedAccount");
});

test("voting keys: of any account, a contract wallet's too", async () => {
  const { chain } = state.registry;
  const keys = await chain.deploy("VotingKeys");
  const wallet = await chain.deploy("TestWallet");
  const data = encodeFunctionData({
    abi: keys.abi,
    functionName: "register",
    args: [account(7).address],
  });
  await wallet.send("execute", [keys.address, data]);
  assert.equal(await keys.call("keyOf", [wallet.address]), account(7).address);
  await keys.send("register", [account(8).address]);
  await keys.send("register", [zeroAddress]);
  assert.equal(await keys.call("keyOf", [chain.account]), zeroAddress);
});

test("the members' tree is the census's", () => {
  // tests/vectors/census.json holds Python to the same format.
  const [one, two] = [account(1).address, account(2).address];
  const members = new Members([
    [one, one],
    [two, two],
  ]);
  assert.deepEqual(members.of(one).proof, [Members.leaf(two, two)]);
});
