/** Outcomes of opened ballots, by the word of nodes: docs/protocol.md §18.11. */
import assert from "node:assert/strict";
import { afterEach, before, beforeEach, test } from "node:test";
import { zeroAddress } from "viem";
import { assertRefused } from "./support/chain.js";
import { Method, NO_OUTCOME, ballotsBytes, range, ruleBytes, tagged } from "./support/encodings.js";
import {
  Status,
  attest,
  awardsHash,
  deployRegistry,
  isolated,
  spoiled,
  word,
} from "./support/registry.js";

const State = Object.freeze({
  None: 0,
  Awaited: 1,
  Objectable: 2,
  Final: 3,
  Vetoed: 4,
  Missed: 5,
});
const TALLY = [3n, 5n, 1n];
const BLINDING = 1234567n;
const AWARDS = [1n, 0n, 1n];
const OBJECTION_TIME = 3600;
const approval = (slots) =>
  ruleBytes({ bits: slots, slots: range(slots).map((bit) => [[bit, 1]]) });
const RUNOFF = { method: Method.Runoff, options: 3 };
/** What a poll that opens its ballots fixes. */
const SHUFFLED = {
  counting: 1,
  openMinimum: 5,
  shufflePeriod: 300,
  voters: 10,
  totalWeight: 10n,
  rule: approval(3),
};

const state = isolated({ before, beforeEach, afterEach }, async (prepared) => {
  prepared.committee = await prepared.registry.register({ n: 5, t: 2, f: 1 });
  prepared.holder = prepared.registry.chain.accounts[4];
  prepared.rule = shares({ vetoHolder: prepared.holder });
  prepared.poll = await tallied({ outcomeRule: prepared.rule }, prepared);
});

const shares = (changes = {}) =>
  ballotsBytes({ objectionTime: OBJECTION_TIME, budget: 10, costs: [4, 5, 6], ...changes });

const opened = (changes, { registry, committee } = state) =>
  registry.create(committee, { ...SHUFFLED, ...changes });

/** A poll with its tally accepted. */
async function tallied(changes, given = state) {
  const tally = changes.tally ?? TALLY;
  const { tally: _, ...others } = changes;
  const poll = await opened(others, given);
  await poll.releasable(poll.root({ tally, blinding: BLINDING }));
  await poll.accept(tally, BLINDING);
  return poll;
}

const outcome = (poll = state.poll) => state.registry.contract.call("outcome", [poll.id]);
const isLost = (poll = state.poll) => state.registry.contract.call("isOutcomeLost", [poll.id]);
const veto = (from = state.holder, poll = state.poll) =>
  state.registry.contract.send("vetoOutcome", [poll.id], from);
const given = ({ poll = state.poll, tally = TALLY, rule = state.rule, order = [] } = {}) =>
  state.registry.contract.call("awards", [poll.id, tally, rule, order]);
const attestBy = (poll = state.poll) => poll.tallyDeadline + poll.parameters.tallyPeriod;
const wait = (second) => state.registry.chain.setTime(second);

test("what a quorum attests is the outcome once nobody may object any more", async () => {
  const { chain, contract } = state.registry;
  const before = await outcome();
  assert.equal(before.state, State.Awaited);
  assert.equal(before.attestBy, BigInt(attestBy()));
  const { events, gas } = await state.poll.attest(AWARDS, { from: chain.other });
  console.log(`gas: attest, 3 slots, 4 signatures: ${gas}`);
  const now = await chain.now();
  assert.equal(events.length, 1);
  assert.equal(events[0].eventName, "OutcomeAttested");
  const { pollId, ballotsHash, awards, attestations, objectionEndsAt } = events[0].args;
  assert.deepEqual([pollId, ballotsHash, awards], [state.poll.id, word(8080), AWARDS]);
  assert.deepEqual(
    attestations.map(({ node }) => node),
    [1, 2, 3, 4],
  );
  assert.equal(objectionEndsAt, BigInt(now + OBJECTION_TIME));
  const seen = await outcome();
  assert.deepEqual(
    { ...seen, vetoHolder: seen.vetoHolder.toLowerCase() },
    {
      state: State.Objectable,
      attestBy: BigInt(attestBy()),
      attestedAt: BigInt(now),
      objectionEndsAt: BigInt(now + OBJECTION_TIME),
      vetoHolder: state.holder.toLowerCase(),
      ballotsHash: word(8080),
      awards: AWARDS,
    },
  );
  await wait(now + OBJECTION_TIME - 1);
  await assertRefused(given(), "PollRegistryWrongOutcomeState", [1, State.Objectable]);
  await wait(now + OBJECTION_TIME);
  assert.equal((await outcome()).state, State.Final);
  assert.deepEqual(await given(), AWARDS);
  assert.equal(await isLost(), false);
  assert.equal(await contract.call("status", [1n]), Status.Tallied);
  await assertRefused(given({ order: [0] }), "OutcomeOrderIncomplete", [1, 0]);
  await assertRefused(given({ tally: [3n, 5n, 2n] }), "PollRegistryTallyDiffers");
  await assertRefused(given({ rule: shares() }), "PollRegistryDigestDiffers");
});

test("refused: before the tally, and of a poll that does not exist", async () => {
  const poll = await opened({ outcomeRule: state.rule });
  await assertRefused(poll.attest(AWARDS), "PollRegistryWrongOutcomeState", [2, State.None]);
  await poll.releasable(poll.root({ tally: TALLY, blinding: BLINDING }));
  await assertRefused(poll.attest(AWARDS), "PollRegistryWrongOutcomeState", [2, State.None]);
  await assertRefused(given({ poll }), "PollRegistryWrongStatus", [2, Status.Releasable]);
  const nothing = { id: 9n, context: word(1), committee: state.committee, creation: poll.creation };
  await assertRefused(attest(state.registry, nothing, AWARDS), "PollRegistryWrongOutcomeState", [
    9,
    State.None,
  ]);
  const { state: none, attestBy: never } = await outcome(nothing);
  assert.deepEqual([none, never], [State.None, 0n]);
  assert.equal(await isLost(nothing), false);
});

test("refused: fewer signatures than the quorum, or the same ones again", async () => {
  for (const nodes of [[], [1], [1, 2, 3], [3, 4, 5]]) {
    await assertRefused(state.poll.attest(AWARDS, { nodes }), "PollRegistryTooFewSignatures", [
      nodes.length,
      4,
    ]);
  }
  for (const [nodes, node] of [
    [[1, 2, 3, 3], 3],
    [[1, 1, 1, 1], 1],
    [[2, 1, 3, 4], 1],
    [[0, 1, 2, 3], 0],
  ]) {
    await assertRefused(state.poll.attest(AWARDS, { nodes }), "PollRegistrySignersNotIncreasing", [
      node,
    ]);
  }
  await assertRefused(
    state.poll.attest(AWARDS, { nodes: [1, 2, 3, 6] }),
    "PollRegistryUnknownNode",
    [6],
  );
  assert.equal((await outcome()).state, State.Awaited);
});

test("refused: signatures over anything else", async () => {
  const { registry } = state;
  const other = await tallied({ outcomeRule: state.rule });
  for (const [name, options] of Object.entries({
    "other awards": { signed: [0n, 1n, 0n] },
    "more awards": { signed: [...AWARDS, 0n] },
    "the context of another poll": { signedContext: other.context },
    "the domain of another registry": {
      domain: { ...registry.domain, verifyingContract: registry.chain.other },
    },
    "the domain of another chain": {
      domain: { ...registry.domain, chainId: registry.chain.chainId + 1 },
    },
  })) {
    await assertRefused(state.poll.attest(AWARDS, options), "PollRegistryWrongSigner");
    assert.equal((await outcome()).state, State.Awaited, name);
  }
  const moved = (list) => list.map((one, i) => (i < 2 ? { ...list[1 - i], node: i + 1 } : one));
  await assertRefused(state.poll.attest(AWARDS, { spoil: moved }), "PollRegistryWrongSigner");
});

test("refused: another hash of the opened ballots than the nodes signed", async () => {
  const sent = state.registry.contract.send;
  const message = { pollContext: state.poll.context, ballotsHash: word(1) };
  const attestations = await Promise.all(
    [1, 2, 3, 4].map(async (node) => ({
      node,
      signature: await state.registry.sign(state.committee.signers[node - 1], "Outcome", {
        ...message,
        awardsHash: awardsHash(AWARDS),
      }),
    })),
  );
  await assertRefused(
    sent("attestOutcome", [1n, state.rule, word(2), AWARDS, attestations]),
    "PollRegistryWrongSigner",
  );
  await sent("attestOutcome", [1n, state.rule, word(1), AWARDS, attestations]);
});

test("refused: signatures in a form that others could change", async () => {
  const one = await state.registry.sign(state.committee.signers[0], "Committee", {
    committee: word(1),
  });
  for (const [name, [, reason]] of Object.entries(spoiled(one))) {
    const spoil = (list) =>
      list.with(2, { ...list[2], signature: spoiled(list[2].signature)[name][0] });
    await assertRefused(state.poll.attest(AWARDS, { spoil }), reason);
  }
});

test("refused: awards that the rule cannot give, whoever signed them", async () => {
  const refused = (awards, ...reason) => assertRefused(state.poll.attest(awards), ...reason);
  await refused([1n, 0n], "PollRegistryListsDiffer", [3, 2]);
  await refused([1n, 0n, 0n, 0n], "PollRegistryListsDiffer", [3, 4]);
  await refused([], "PollRegistryListsDiffer", [3, 0]);
  await refused([0n, 1n, 1n], "BallotOutcomeOverBudget", [11, 10]);
  await refused([1n, 1n, 1n], "BallotOutcomeOverBudget", [15, 10]);
  await refused([2n, 0n, 0n], "BallotOutcomeInvalidAward", [0, 2]);
  await refused([0n, 0n, 2n ** 256n - 1n], "BallotOutcomeInvalidAward", [2, 2n ** 256n - 1n]);
  await state.poll.attest([0n, 0n, 0n]);
  const phragmen = await tallied({
    outcomeRule: ballotsBytes({ method: Method.Phragmen, budget: 2, costs: [1, 1, 1] }),
  });
  await assertRefused(phragmen.attest([1n, 1n, 1n]), "BallotOutcomeOverBudget", [3, 2]);
  await phragmen.attest([0n, 1n, 1n]);
});

test("refused: more winners than seats; fewer may be elected", async () => {
  const runoff = ballotsBytes(RUNOFF);
  const single = await tallied({ outcomeRule: runoff });
  await assertRefused(single.attest([1n, 1n, 0n]), "BallotOutcomeTooManyAwards", [2, 1]);
  await single.attest([0n, 0n, 1n]);
  const several = await tallied({
    outcomeRule: ballotsBytes({ method: Method.TransferableVote, seats: 2, options: 3 }),
  });
  await assertRefused(several.attest([1n, 1n, 1n]), "BallotOutcomeTooManyAwards", [3, 2]);
  await several.attest([0n, 1n, 0n]);
});

test("refused: another rule, or a poll whose tally decides", async () => {
  const rule = shares();
  await assertRefused(state.poll.attest(AWARDS, { rule }), "PollRegistryDigestDiffers", [
    "outcomeRule",
    tagged("outcome", state.rule),
    tagged("outcome", rule),
  ]);
  const plain = await tallied({ outcomeRule: NO_OUTCOME });
  await assertRefused(plain.attest(AWARDS), "PollRegistryWrongOutcomeState", [
    plain.id,
    State.None,
  ]);
  assert.equal(await isLost(plain), false);
  // Nobody waits for an attestation here, so that there is no time for one either.
  const { state: none, attestBy: never } = await outcome(plain);
  assert.deepEqual([none, never], [State.None, 0n]);
});

test("refused: a second outcome, the same or another, at any time", async () => {
  await state.poll.attest(AWARDS);
  const again = (awards, now) =>
    assertRefused(state.poll.attest(awards), "PollRegistryWrongOutcomeState", [1, now]);
  await again(AWARDS, State.Objectable);
  await again([0n, 1n, 0n], State.Objectable);
  await wait((await state.registry.chain.now()) + OBJECTION_TIME);
  await again([0n, 1n, 0n], State.Final);
  await wait(attestBy() + 10 ** 7);
  await again([0n, 1n, 0n], State.Final);
  assert.deepEqual(await given(), AWARDS);
});

test("a veto in time leaves the poll without an outcome, for ever", async () => {
  await state.poll.attest(AWARDS);
  const { events, gas } = await veto();
  console.log(`gas: veto: ${gas}`);
  assert.equal(events[0].eventName, "OutcomeVetoed");
  assert.equal(events[0].args.vetoHolder.toLowerCase(), state.holder.toLowerCase());
  for (const second of [1, OBJECTION_TIME, 10 ** 7]) {
    await wait((await state.registry.chain.now()) + second);
    assert.equal((await outcome()).state, State.Vetoed);
    assert.equal(await isLost(), true);
    await assertRefused(given(), "PollRegistryWrongOutcomeState", [1, State.Vetoed]);
    await assertRefused(veto(), "PollRegistryWrongOutcomeState", [1, State.Vetoed]);
    await assertRefused(state.poll.attest(AWARDS), "PollRegistryWrongOutcomeState", [
      1,
      State.Vetoed,
    ]);
  }
  assert.equal(await state.poll.status(), Status.Tallied);
});

test("refused: a veto by another, before there is an outcome, or too late", async () => {
  const { chain } = state.registry;
  await assertRefused(veto(), "PollRegistryWrongOutcomeState", [1, State.Awaited]);
  await state.poll.attest(AWARDS);
  for (const from of [chain.account, chain.other]) {
    await assertRefused(veto(from), "PollRegistryNotVetoHolder");
  }
  const end = Number((await outcome()).objectionEndsAt);
  await chain.nextTime(end);
  await assertRefused(veto(), "PollRegistryWrongOutcomeState", [1, State.Final]);
  assert.deepEqual(await given(), AWARDS);
});

test("a veto in the last second of the window counts", async () => {
  await state.poll.attest(AWARDS);
  await state.registry.chain.nextTime(Number((await outcome()).objectionEndsAt) - 1);
  await veto();
});

test("after a reorganization the same signatures do, and the time to object begins anew", async () => {
  const { chain } = state.registry;
  const poll = await opened({ outcomeRule: state.rule });
  await poll.releasable(poll.root({ tally: TALLY, blinding: BLINDING }));
  const before = await chain.snapshot();
  await poll.accept(TALLY, BLINDING);
  await poll.attest(AWARDS);
  const first = (await outcome(poll)).objectionEndsAt;
  await veto(state.holder, poll);
  assert.equal((await outcome(poll)).state, State.Vetoed);
  // The chain drops tally, outcome and veto, and has them later, in other blocks.
  await chain.restore(before);
  await assertRefused(poll.attest(AWARDS), "PollRegistryWrongOutcomeState", [poll.id, State.None]);
  await assertRefused(veto(state.holder, poll), "PollRegistryWrongOutcomeState", [
    poll.id,
    State.None,
  ]);
  await chain.nextTime(Number(first) - OBJECTION_TIME + 50);
  await poll.accept(TALLY, BLINDING);
  await chain.nextTime(Number(first) - OBJECTION_TIME + 100);
  await poll.attest(AWARDS);
  assert.equal((await outcome(poll)).objectionEndsAt, first + 100n);
  await chain.nextTime(Number(first) + 99);
  await veto(state.holder, poll);
  assert.equal((await outcome(poll)).state, State.Vetoed);
});

test("without a veto holder nobody may veto, and the window still passes", async () => {
  const rule = shares({ objectionTime: 1 });
  const poll = await tallied({ outcomeRule: rule });
  await state.registry.chain.nextTime((await state.registry.chain.now()) + 5);
  await poll.attest(AWARDS);
  for (const from of state.registry.chain.accounts.slice(0, 3)) {
    await assert.rejects(veto(from, poll));
  }
  await wait((await state.registry.chain.now()) + 1);
  assert.deepEqual(await given({ poll, rule }), AWARDS);
});

test("an outcome that nobody attested in time is missed, for ever", async () => {
  const { chain } = state.registry;
  const saved = await chain.snapshot();
  await chain.nextTime(attestBy() - 1);
  await state.poll.attest(AWARDS);
  await chain.restore(saved);
  await chain.nextTime(attestBy());
  await assertRefused(state.poll.attest(AWARDS), "PollRegistryWrongOutcomeState", [
    1,
    State.Missed,
  ]);
  await wait(attestBy() + 1);
  assert.equal((await outcome()).state, State.Missed);
  assert.equal(await isLost(), true);
  await assertRefused(given(), "PollRegistryWrongOutcomeState", [1, State.Missed]);
});

test("300 slots: every award is kept in its place", async () => {
  const costs = range(300).map((slot) => 1 + (slot % 7));
  const rule = ballotsBytes({ budget: 10 ** 6, costs, objectionTime: 1 });
  const tally = range(300).map(() => 2n);
  const poll = await tallied({ outcomeRule: rule, rule: approval(300), tally });
  // Other awards in each word: 256 is no multiple of 3.
  const awards = range(300).map((slot) => (slot % 3 === 0 || slot === 255 ? 1n : 0n));
  const { gas } = await poll.attest(awards);
  console.log(`gas: attest, 300 slots, 4 signatures: ${gas}`);
  await wait((await state.registry.chain.now()) + 1);
  assert.deepEqual(await given({ poll, tally, rule }), awards);
});

test("refused at creation: such a rule in a poll that opens no ballots, or has other slots", async () => {
  const summed = { counting: 0, openMinimum: 0, shufflePeriod: 0, outcomeRule: state.rule };
  await assertRefused(opened(summed), "PollRegistryInvalidParameter", ["outcomeRule"]);
  await assertRefused(
    opened({ outcomeRule: shares({ costs: [1, 2] }) }),
    "OutcomeSlotsDiffer",
    [2, 3],
  );
});

test("refused at creation: a veto holder with less time to object than the registry's floor", async () => {
  const registry = await deployRegistry({}, { periodFloor: 3600 });
  const committee = await registry.register({ n: 5, t: 2, f: 1 });
  const periods = { disputeWindow: 3600, tallyPeriod: 3600 };
  for (const rule of [shares, (head) => ballotsBytes({ ...head, ...RUNOFF })]) {
    const objecting = (objectionTime, vetoHolder) => {
      const outcomeRule = rule({ objectionTime, vetoHolder });
      return opened({ ...periods, outcomeRule }, { registry, committee });
    };
    await assertRefused(objecting(3599, state.holder), "PollRegistryInvalidParameter", [
      "outcomeRule.objectionTime",
    ]);
    await objecting(3600, state.holder);
    // A holder whose address ends in zeros is one, too.
    await assertRefused(objecting(3599, `0x01${"00".repeat(19)}`), "PollRegistryInvalidParameter");
    // Where nobody may veto, any time is good.
    await objecting(1, zeroAddress);
  }
});

test("refused: signatures of another committee's nodes", async () => {
  const other = await state.registry.register({ n: 5, t: 2, f: 1, first: 30 });
  const foreign = (committee) => attest(state.registry, { ...state.poll, committee }, AWARDS);
  await assertRefused(foreign(other), "PollRegistryWrongSigner", [1, other.signers[0].address]);
  const mixed = { signers: state.committee.signers.with(3, other.signers[3]) };
  await assertRefused(foreign(mixed), "PollRegistryWrongSigner", [4, other.signers[3].address]);
});
