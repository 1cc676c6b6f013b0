/** BudgetTreasury: rounds from creation to payout, with a real registry behind them. */
import assert from "node:assert/strict";
import { after, before, beforeEach, afterEach, test } from "node:test";
import {
  encodeFunctionData,
  getAddress,
  keccak256,
  numberToHex,
  parseEventLogs,
  stringToHex,
  zeroAddress,
} from "viem";
import { Census, censusRoot } from "./support/census.js";
import { assertRefused } from "./support/chain.js";
import { ballots, range } from "./support/encodings.js";
import { account, deployRegistry, isolated, withHighS, word } from "./support/registry.js";
import { RoundStatus, Treasury, electorateOf, item, sourceElectorate } from "./support/treasury.js";

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

test("a proof shows one account at its place in the whole census, and nothing else", async () => {
  const accounts = range(7).map((index) => account(700 + index).address);
  const rules = await state.registry.chain.at(
    "RoundRules",
    await state.treasury.contract.call("rules"),
  );
  for (const size of [1, 2, 3, 4, 5, 7]) {
    const census = new Census(
      accounts.slice(0, size).map((member, index) => ({
        account: member,
        signingKey: account(800 + index).address,
        weight: BigInt(index + 1),
      })),
    );
    const isMember = (member, membership, root = census.root) =>
      rules.call("isMember", [root, member, membership]);
    for (const { account: member } of census.entries) {
      const good = census.of(member);
      assert.equal(await isMember(member, good), true, `${size}`);
      const swapped = [...good.siblings].reverse();
      for (const [what, changes] of Object.entries({
        key: { signingKey: member },
        "no key": { signingKey: zeroAddress },
        weight: { weight: good.weight + 1n },
        "no weight": { weight: 0n },
        place: { index: good.index ^ 1 },
        "place beyond": { index: good.index + 2 ** good.siblings.length },
        hash: { rootHash: word(1) },
        total: { totalWeight: good.totalWeight + 1n },
        count: { count: good.count + 1 },
        "count of none": { count: 0 },
        "one sibling more": { siblings: [...good.siblings, { hash: word(0), sum: 0n }] },
        "one sibling less": good.siblings.length
          ? { siblings: good.siblings.slice(1) }
          : { index: 9 },
        sum: good.siblings.length
          ? {
              siblings: good.siblings.with(0, {
                ...good.siblings[0],
                sum: good.siblings[0].sum + 1n,
              }),
            }
          : { weight: 9n },
        order: swapped[0]?.hash !== good.siblings[0]?.hash ? { siblings: swapped } : { weight: 7n },
      })) {
        assert.equal(await isMember(member, { ...good, ...changes }), false, `${size}: ${what}`);
      }
      assert.equal(await isMember(account(1).address, good), false);
      assert.equal(await isMember(member, good, word(1)), false);
    }
  }
});

test("refused: an inner node as a leaf, padding as a member, sums that wrap", async () => {
  const rules = await state.registry.chain.at(
    "RoundRules",
    await state.treasury.contract.call("rules"),
  );
  const isMember = (member, membership, root) => rules.call("isMember", [root, member, membership]);
  const census = new Census(range(3).map((index) => ({ account: account(700 + index).address })));
  const [{ account: last }] = census.entries.slice(-1);
  // The fourth place is padding: no account is there, and index 3 is not below the count.
  const padding = { ...census.of(last), index: 3 };
  assert.equal(await isMember(zeroAddress, padding, census.root), false);
  assert.equal(await isMember(last, padding, census.root), false);
  // A dishonest tree whose sums add up modulo 2^128 only.
  const heavy = new Census(range(2).map((index) => ({ account: account(700 + index).address })));
  const most = 2n ** 128n - 1n;
  const wrapped = new Census(
    heavy.entries.map((entry, index) => ({ ...entry, weight: index === 0 ? 2n : most })),
  );
  const [first] = wrapped.entries;
  const proof = wrapped.levels[0];
  assert.equal(wrapped.totalWeight, most + 2n);
  const stated = { ...wrapped.of(first.account), totalWeight: 1n, siblings: [proof[1]] };
  const root = censusRoot(wrapped.censusHash, 1n, 2);
  assert.equal(await isMember(first.account, stated, root), false);
});

test("an electorate is fixed, announced and read back; in kinds 0 and 1 no other votes", async () => {
  const others = new Census(
    range(9).map((index) => ({ account: account(900 + index).address, weight: 3n })),
  );
  for (const [kind, census] of [
    [0, state.treasury.members],
    [1, others],
  ]) {
    const electorate = electorateOf(kind, census);
    const round = await create({ electorate });
    assert.deepEqual(round.events[0].args.electorate, electorate);
    assert.equal(round.events[0].args.parameters.secret, true);
    const seen = await round.view();
    assert.deepEqual(
      [seen.electorateKind, seen.electorateRoot, seen.electorateVoters, seen.electorateWeight],
      [kind, census.root, census.voters, census.totalWeight],
    );
    await round.fund();
    await round.propose();
    await round.to(round.parameters.proposalsCloseAt);
    const { censusHash, voters, totalWeight } = census;
    const fixed = { censusHash, voters, totalWeight };
    for (const changes of [
      { censusHash: word(77) },
      { voters: voters + 1 },
      { totalWeight: 99n },
    ]) {
      await assertRefused(
        round.startNow({ ...fixed, ...changes }),
        "BudgetTreasuryElectorateDiffers",
        ["censusRoot"],
      );
    }
    await round.startNow(fixed);
    const { pollId } = await round.view();
    const poll = await state.registry.contract.call("poll", [pollId]);
    assert.deepEqual([poll.voters, poll.totalWeight], [voters, totalWeight]);
  }
});

test("an electorate that a source on chain names: its bytes are fixed, its census is read later", async () => {
  const source = sourceElectorate('{"at":5,"contract":"0x01","kind":"members"}');
  const round = await create({ electorate: source });
  const seen = await round.view();
  assert.deepEqual(
    [seen.electorateKind, seen.electorateRoot, seen.electorateVoters, seen.electorateWeight],
    [2, keccak256(source.source), 0, 0n],
  );
  await create({ electorate: sourceElectorate("x".repeat(4096)) });
  for (const [changes, field] of [
    [sourceElectorate("x".repeat(4097)), "source"],
    [sourceElectorate(""), "source"],
    [{ ...source, censusHash: word(1) }, "censusHash"],
    [{ ...source, voters: 1 }, "voters"],
    [{ ...source, totalWeight: 1n }, "totalWeight"],
  ]) {
    await assertRefused(
      create({ electorate: changes }),
      ...refusedParameter(`electorate.${field}`),
    );
  }
  await round.fund();
  await round.propose();
  await round.start({ censusHash: word(5), voters: 1000, totalWeight: 12345n });
  assert.equal(await round.status(), RoundStatus.Voting);
});

test("no more voters than invitations, and no more weight", async () => {
  const invited = new Census(
    range(5).map((index) => ({ account: account(900 + index).address, weight: 2n })),
  );
  const round = await create({ electorate: electorateOf(3, invited) });
  assert.equal((await round.view()).electorateRoot, invited.root);
  await round.fund();
  await round.propose();
  await round.to(round.parameters.proposalsCloseAt);
  const census = { censusHash: word(5), voters: 5, totalWeight: 10n };
  for (const [changes, field] of [
    [{ voters: 6 }, "voters"],
    [{ totalWeight: 11n }, "totalWeight"],
  ]) {
    await assertRefused(
      round.startNow({ ...census, ...changes }),
      "BudgetTreasuryElectorateDiffers",
      [field],
    );
  }
  const saved = await state.registry.chain.snapshot();
  await round.startNow(census);
  await state.registry.chain.restore(saved);
  await round.startNow({ ...census, voters: 2, totalWeight: 2n });
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
