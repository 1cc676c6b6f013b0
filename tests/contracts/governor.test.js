/** Proposals that private polls decide: docs/protocol.md §18.10. */
import assert from "node:assert/strict";
import { afterEach, before, beforeEach, describe, test } from "node:test";
import { hexToString, keccak256, stringToHex, zeroAddress } from "viem";
import { Census } from "./support/census.js";
import { assertRefused } from "./support/chain.js";
import { ruleBytes, singleChoice } from "./support/encodings.js";
import {
  Dao,
  POST_BOND,
  SUPPLY,
  State,
  VOTES,
  WINDOW,
  Weights,
  content,
  deployToken,
  placed,
} from "./support/governor.js";
import { Status, word } from "./support/registry.js";

let dao, proposal, saved;
before(async () => {
  dao = await Dao.deploy();
});
beforeEach(async () => {
  saved = await dao.chain.snapshot();
  proposal = await dao.propose();
});
afterEach(() => dao.chain.restore(saved));

const balance = (account) => dao.token.call("balanceOf", [account]);
const votesOf = ({ dao, id }) => dao.governor.call("proposalVotes", [id]);
/** For every entry of the census, by its weight, what it chooses. */
const choose = (poll, choices) =>
  poll.census.entries.map(({ weight }) => choices.get(weight) ?? null);
const FOR = 0;
const AGAINST = 1;
const ABSTAIN = 2;
const WON = new Map([
  [700n, FOR],
  [300n, AGAINST],
  [120n, ABSTAIN],
  [55n, FOR],
  [8n, AGAINST],
]);

test("a proposal lives from a private vote to the call that it wanted", async () => {
  assert.equal(await proposal.state(), State.Pending);
  const poll = await proposal.started();
  assert.equal(await proposal.state(), State.Active);
  assert.equal(poll.created.creator.toLowerCase(), dao.governor.address.toLowerCase());
  assert.equal(await dao.governor.call("pollOf", [proposal.id]), poll.id);
  const { tree, tally, blinding } = proposal.ballots(choose(poll, WON));
  await poll.open();
  // Long after the Governor's own deadline.
  await dao.mine(500);
  assert.equal(await proposal.state(), State.Active);
  await dao.chain.setTime(poll.closesAt);
  await dao.chain.nextTime(poll.freezesAt);
  await poll.anchor(tree.root());
  await dao.chain.setTime(poll.releasableAt);
  assert.equal(await proposal.state(), State.Active);
  await poll.accept(tally, blinding);
  assert.equal(await proposal.state(), State.Active);
  await assertRefused(proposal.enact("queue"), "GovernorUnexpectedProposalState");
  assert.deepEqual(await votesOf(proposal), [0n, 0n, 0n]);

  const { events } = await proposal.settle(tally);
  assert.deepEqual(
    events.map(({ eventName, args }) => [eventName, args.againstVotes, args.forVotes]),
    [["ProposalSettled", 308n, 755n]],
  );
  await dao.mine(1);
  assert.equal(await proposal.state(), State.Succeeded);
  assert.deepEqual(await votesOf(proposal), [308n, 755n, 120n]);
  await proposal.enact("queue");
  assert.equal(await proposal.state(), State.Queued);
  await assert.rejects(proposal.enact("execute"));
  await dao.later(60);
  await proposal.enact("execute");
  assert.equal(await proposal.state(), State.Executed);
  assert.equal(await balance(dao.recipient), proposal.amount);
});

test("the poll is just that of the proposal, by the Governor's terms", async () => {
  const poll = await proposal.started();
  const { parameters, rule, outcomeRule, description, pollContext } = poll.created;
  const block = await dao.chain.client.getBlock();
  const start = Number(block.timestamp);
  assert.equal(rule, ruleBytes(singleChoice(3)));
  assert.equal(outcomeRule, "0x00");
  assert.equal(parameters.description, keccak256(description));
  assert.equal(parameters.censusRoot, poll.census.root);
  const terms = dao.arguments.at(-1);
  for (const [name, value] of Object.entries(terms)) {
    if (name in parameters) assert.equal(parameters[name], value, name);
  }
  assert.equal(Number(parameters.opensAt), start + terms.openDelay);
  assert.equal(Number(parameters.closesAt), start + terms.openDelay + terms.votingDuration);
  assert.equal(parameters.secret, false);
  assert.notEqual(pollContext, word(0));
  const snapshot = await dao.governor.call("proposalSnapshot", [proposal.id]);
  assert.deepEqual(JSON.parse(hexToString(description)), {
    title: "Pay the gardener",
    options: ["For", "Against", "Abstain"],
    proposal: { governor: dao.governor.address.toLowerCase(), id: String(proposal.id) },
    census: {
      kind: "votes",
      contract: dao.token.address.toLowerCase(),
      block: Number(snapshot),
      unit: "1",
    },
  });
  const polls = await dao.chain.at("ProposalPolls", await dao.governor.call("proposalPolls"));
  assert.deepEqual(await polls.call("terms"), terms);
});

test("titles are one line of valid JSON and UTF-8, whatever a proposal says", async () => {
  const cases = [
    ['Say "yes"\\no to all\r\nand more', 'Say "yes"\\no to all'],
    ["", null],
    ["\nsecond line", null],
    ["a\u0000b", null],
    ["ż".repeat(200), "ż".repeat(120)],
    [`x${"ż".repeat(200)}`, `x${"ż".repeat(119)}`],
    [`${"x".repeat(238)}🌱🌱`, "x".repeat(238)],
    [`${"x".repeat(236)}🌱🌱`, `${"x".repeat(236)}🌱`],
    ["y".repeat(240), "y".repeat(240)],
    ["z".repeat(3000), "z".repeat(240)],
  ];
  for (const [text, title] of cases) {
    const snapshot = await dao.chain.snapshot();
    proposal = await dao.propose(text);
    const { created } = await proposal.started();
    const shown = JSON.parse(hexToString(created.description)).title;
    assert.equal(shown, title ?? `Proposal ${proposal.id}`);
    await dao.chain.restore(snapshot);
  }
});

test("public votes are refused by name, in every variant", async () => {
  await proposal.activate();
  const { chain, governor } = dao;
  const { id } = proposal;
  const voter = chain.accounts[2];
  const domain = {
    name: "Club",
    version: "1",
    chainId: chain.chainId,
    verifyingContract: governor.address,
  };
  const fields = [
    { name: "proposalId", type: "uint256" },
    { name: "support", type: "uint8" },
    { name: "voter", type: "address" },
    { name: "nonce", type: "uint256" },
  ];
  const extended = [
    ...fields,
    { name: "reason", type: "string" },
    { name: "params", type: "bytes" },
  ];
  const message = { proposalId: id, support: 1, voter, nonce: 0n, reason: "so", params: "0x01" };
  const sign = (primaryType, type) =>
    chain.wallet.signTypedData({
      account: voter,
      domain,
      types: { [primaryType]: type },
      primaryType,
      message,
    });
  const variants = {
    castVote: [id, 1],
    castVoteWithReason: [id, 1, "so"],
    castVoteWithReasonAndParams: [id, 1, "so", "0x01"],
    castVoteBySig: [id, 1, voter, await sign("Ballot", fields)],
    castVoteWithReasonAndParamsBySig: [
      ...[id, 1, voter, "so", "0x01"],
      await sign("ExtendedBallot", extended),
    ],
  };
  for (const [name, args] of Object.entries(variants)) {
    await assertRefused(governor.send(name, args, voter), "GovernorOstrakaNoPublicVotes");
  }
  // The same while the private vote runs.
  await proposal.started();
  for (const [name, args] of Object.entries(variants)) {
    await assertRefused(governor.send(name, args, voter), "GovernorOstrakaNoPublicVotes");
  }
});

test("the Governor does not claim to know who voted", async () => {
  const asked = [proposal.id, dao.chain.accounts[2]];
  assert.equal(await dao.governor.call("hasVoted", asked), false);
  const poll = await proposal.started();
  await assertRefused(dao.governor.call("hasVoted", asked), "GovernorOstrakaVotersNotOnChain", [
    poll.id,
  ]);
  assert.equal(await dao.governor.call("COUNTING_MODE"), "support=bravo&quorum=for,abstain");
});

describe("a proposal is defeated", () => {
  const settledState = async (tally) => {
    const snapshot = await dao.chain.snapshot();
    await proposal.started();
    await proposal.settle(await proposal.tallied(tally));
    await dao.mine(1);
    const state = await proposal.state();
    await dao.chain.restore(snapshot);
    return state;
  };

  test("by a majority against it, and by a tie", async () => {
    assert.equal(await settledState([300n, 700n, 0n]), State.Defeated);
    assert.equal(await settledState([500n, 500n, 100n]), State.Defeated);
    assert.equal(await settledState([501n, 500n, 0n]), State.Succeeded);
  });

  test("without a quorum of votes for it and abstentions", async () => {
    // 20 % of 2000. Votes against do not count for the quorum.
    assert.equal(await settledState([300n, 120n, 99n]), State.Defeated);
    assert.equal(await settledState([300n, 120n, 100n]), State.Succeeded);
  });

  test("where no poll was started until the deadline", async () => {
    await proposal.activate();
    const posted = await proposal.post(await proposal.census());
    await dao.mine(150);
    assert.equal(await proposal.state(), State.Active);
    await dao.later(WINDOW);
    await dao.mine(60);
    assert.equal(await proposal.state(), State.Defeated);
    await assertRefused(proposal.start(posted), "GovernorUnexpectedProposalState");
    await assertRefused(
      dao.governor.send("settle", [proposal.id, [1n, 0n, 0n]]),
      "GovernorUnexpectedProposalState",
    );
  });

  test("by a void poll, whose tally never comes", async () => {
    const poll = await proposal.started();
    const [tally, blinding] = [[700n, 300n, 0n], 5n];
    await poll.releasable(poll.root({ tally, blinding }));
    await dao.chain.setTime(poll.tallyDeadline - 1);
    assert.equal(await proposal.state(), State.Active);
    await dao.chain.setTime(poll.tallyDeadline);
    assert.equal(await poll.status(), Status.Void);
    assert.equal(await proposal.state(), State.Defeated);
    await assertRefused(poll.accept(tally, blinding), "PollRegistryWrongStatus");
    await assertRefused(proposal.settle(tally), "GovernorUnexpectedProposalState");
    await assertRefused(proposal.enact("queue"), "GovernorUnexpectedProposalState");
    await dao.mine(500);
    assert.equal(await proposal.state(), State.Defeated);
  });

  test("by a void poll, even where its quorum is nothing", async () => {
    const other = await dao.beside({ settings: { quorumPercent: 0n } });
    const free = await other.propose();
    const poll = await free.started();
    await dao.chain.setTime(poll.closesAt);
    assert.equal(await poll.status(), Status.Void);
    assert.equal(await free.state(), State.Defeated);
  });
});

test("only the final tally of the proposal's own poll settles it", async () => {
  await assertRefused(proposal.settle([1n, 0n, 0n]), "GovernorUnexpectedProposalState");
  await proposal.activate();
  await assertRefused(proposal.settle([1n, 0n, 0n]), "GovernorOstrakaNoPoll", [proposal.id]);
  // Anybody can create a poll of the same committee, and have it tallied first.
  const wanted = [9n, 0n, 0n];
  const other = await dao.registry.create(dao.committee, { voters: 5 });
  await other.releasable(other.root({ tally: wanted, blinding: 5n }));
  await other.accept(wanted, 5n);
  const poll = await proposal.started();
  await assertRefused(proposal.settle(wanted), "GovernorOstrakaOtherTally", [
    word(0),
    keccak256(encoded(wanted)),
  ]);

  const tally = [700n, 300n, 0n];
  await poll.releasable(poll.root({ tally, blinding: 5n }));
  await assertRefused(proposal.settle(tally), "GovernorOstrakaOtherTally");
  await poll.accept(tally, 5n);
  for (const wrong of [
    tally.toReversed(),
    tally.slice(0, 2),
    [...tally, 0n],
    [],
    tally.with(0, 701n),
  ]) {
    await assertRefused(proposal.settle(wrong), "GovernorOstrakaOtherTally");
  }
  await proposal.settle(tally);
  await assertRefused(proposal.settle(tally), "GovernorUnexpectedProposalState");
});

const encoded = (list) =>
  `0x${[32n, BigInt(list.length), ...list].map((value) => word(value).slice(2)).join("")}`;

test("a proposal is settled once, even within one block", async () => {
  await proposal.started();
  const tally = await proposal.tallied([700n, 300n, 0n]);
  await dao.chain.provider.request({ method: "evm_setAutomine", params: [false] });
  const wallet = { account: dao.chain.account, chain: null, gas: 1_000_000n };
  const request = {
    ...wallet,
    address: dao.governor.address,
    abi: dao.governor.abi,
    functionName: "settle",
    args: [proposal.id, tally],
  };
  const hashes = [
    await dao.chain.wallet.writeContract(request),
    await dao.chain.wallet.writeContract(request),
  ];
  await dao.mine(1);
  await dao.chain.provider.request({ method: "evm_setAutomine", params: [true] });
  const receipts = await Promise.all(
    hashes.map((hash) => dao.chain.client.getTransactionReceipt({ hash })),
  );
  assert.equal(receipts[0].blockNumber, receipts[1].blockNumber);
  assert.deepEqual(
    receipts.map(({ status }) => status),
    ["success", "reverted"],
  );
});

test("a poll starts once, with a final census of the proposal's own snapshot", async () => {
  await proposal.activate();
  const census = await proposal.census();
  const posted = await proposal.post(census);
  const second = await proposal.post(census);
  const notFinal = () => assertRefused(proposal.start(posted), "GovernorOstrakaCensusNotFinal");
  await notFinal();
  await dao.later(WINDOW - 60);
  await notFinal();
  await dao.later(60);
  // Other contents than those that stood.
  for (const changed of [
    { ...posted, id: posted.id + 2n },
    { ...posted, census: { ...posted.census, totalWeight: 1n } },
    { ...posted, census: { ...posted.census, rootHash: word(1) } },
  ]) {
    await assertRefused(proposal.start(changed), "GovernorOstrakaCensusNotFinal");
  }
  // A final census of another unit, or of another time.
  const source = await proposal.source();
  for (const other of [
    { ...source, unit: 2n },
    { ...source, timepoint: source.timepoint - 1n },
    { ...source, weights: Weights.Equal },
  ]) {
    const args = [other, content(census)];
    const { events } = await dao.censusDisputes.send("post", args, undefined, POST_BOND);
    await dao.later(WINDOW);
    const start = { id: events[0].args.id, census: content(census) };
    await assertRefused(proposal.start(start), "GovernorOstrakaCensusNotFinal");
  }
  await proposal.start(posted);
  await assertRefused(proposal.start(second), "GovernorOstrakaPollExists");
  await assertRefused(proposal.start(posted), "GovernorOstrakaPollExists");
});

test("no poll starts for a proposal that is not Active", async () => {
  const start = { id: 1n, census: content(new Census([{ account: dao.recipient }])) };
  const unknown = Object.assign(Object.create(proposal), { description: "Another" });
  await assertRefused(unknown.start(start), "GovernorNonexistentProposal");
  await assertRefused(proposal.start(start), "GovernorUnexpectedProposalState");
  const hash = keccak256(stringToHex(proposal.description));
  await dao.governor.send("cancel", [...proposal.action, hash]);
  await proposal.activate();
  assert.equal(await proposal.state(), State.Canceled);
  await assertRefused(proposal.start(start), "GovernorUnexpectedProposalState");
});

test("a false census falls, and the right one beside it starts the poll", async () => {
  await proposal.activate();
  const right = await proposal.census();
  const thief = right.entries.map((entry, index) =>
    index === 2 ? { ...entry, weight: entry.weight + 900n } : entry,
  );
  const false_ = new Census(thief);
  const bad = await proposal.post(false_);
  const good = await proposal.post(right);
  await dao.censusDisputes.send("proveEntry", [bad, placed(false_, 2)], dao.chain.other);
  await dao.later(WINDOW);
  await assertRefused(proposal.start(bad), "GovernorOstrakaCensusNotFinal");
  await proposal.start(good);
});

test("everybody who posted the census may upload it, so that nobody can keep it back", async () => {
  await proposal.activate();
  const census = await proposal.census();
  const [starter, other, thief, nobody] = dao.chain.accounts.slice(12);
  const posted = await proposal.post(census, starter);
  await proposal.post(census, other);
  await proposal.post(new Census(census.entries.slice(1)), thief);
  await dao.later(WINDOW);
  const { logs } = await proposal.start(posted);
  const { id } = proposal.pollOf(logs, census);
  const may = (account, poll = id) => dao.governor.call("mayUpload", [poll, account]);
  assert.deepEqual(await Promise.all([starter, other, thief, nobody].map((one) => may(one))), [
    ...[true, true, false, false],
  ]);
  // Also who posts it only when the others turn out to keep it back.
  await proposal.post(census, nobody);
  assert.equal(await may(nobody), true);
  assert.equal(await may(starter, id + 1n), false);
  assert.equal(await may(zeroAddress, id + 1n), false);
  // Nodes take a creator with such a function for a treasury.
  assert.equal(
    dao.governor.abi.some(({ name }) => name === "registry"),
    false,
  );
});

test("with equal weights a poll is secret, and a quorum is a share of the voters", async () => {
  const equal = await dao.beside({ terms: { weights: Weights.Equal, unit: 50n } });
  const secret = await equal.propose("One delegate, one vote");
  const poll = await secret.started();
  assert.equal(poll.census.voters, 5);
  assert.equal(poll.created.parameters.secret, true);
  assert.equal(JSON.parse(hexToString(poll.created.description)).census.classes, "equal");
  await secret.settle(await secret.tallied([2n, 1n, 0n]));
  assert.deepEqual(await votesOf(secret), [SUPPLY / 5n, (2n * SUPPLY) / 5n, 0n]);
  await dao.mine(1);
  assert.equal(await secret.state(), State.Succeeded);
});

test("fewer than five voters keep no secret", async () => {
  const equal = await dao.beside({ terms: { weights: Weights.Equal, unit: 100n } });
  const secret = await equal.propose();
  await secret.activate();
  const posted = await secret.post(await secret.census());
  await dao.later(WINDOW);
  await assertRefused(secret.start(posted), "GovernorOstrakaTooFewVoters", [3n, 5n]);
});

test("votes below a unit do not count, and the others as units", async () => {
  const coarse = await dao.beside({ terms: { unit: 50n } });
  const rounded = await coarse.propose();
  const { census } = await rounded.started();
  assert.equal(census.totalWeight, 14n + 1n + 2n + 6n + 1n);
  await rounded.settle(await rounded.tallied([14n, 2n, 1n]));
  assert.deepEqual(await votesOf(rounded), [100n, 700n, 50n]);
});

test("a token that counts seconds is served, without a block in the description", async () => {
  const token = await deployToken(dao.chain, VOTES, "TestTimestampToken");
  const seconds = await dao.beside({
    token,
    settings: { votingDelay: 10, votingPeriod: 2 * WINDOW },
  });
  const timed = await seconds.propose();
  await dao.later(20);
  const poll = await timed.started();
  assert.equal("census" in JSON.parse(hexToString(poll.created.description)), false);
  assert.equal(poll.census.voters, VOTES.length);
  await timed.settle(await timed.tallied([700n, 300n, 0n]));
  await dao.later(1);
  assert.equal(await timed.state(), State.Succeeded);
});

test("terms under which no poll could start are refused at construction", async () => {
  const { chain } = dao;
  const cases = {
    committee: word(1),
    unit: 0n,
    votingDuration: 0,
    roundDuration: 0,
    maxRounds: 0,
    disputeWindow: 0,
    tallyPeriod: 0,
    minimumBallots: 0,
    responseTime: 0,
    maxDisputeDelay: 1199,
  };
  for (const [name, value] of Object.entries(cases)) {
    await assert.rejects(
      chain.deploy("OstrakaGovernor", dao.construction({ terms: { [name]: value } })),
      `accepted ${name}`,
    );
  }
  const plain = await chain.deploy("PollRegistry", [1, zeroAddress]);
  await assert.rejects(
    chain.deploy("OstrakaGovernor", dao.construction().with(3, plain.address)),
    "accepted a registry without disputes",
  );
  await chain.deploy("OstrakaGovernor", dao.construction());
});

test("the Governor can be deployed, with room for more modules", async () => {
  const code = await dao.chain.client.getCode({ address: dao.governor.address });
  assert.ok((code.length - 2) / 2 < 22_000, `${(code.length - 2) / 2} bytes`);
});
