/** GovernorOstraka among other modules of OpenZeppelin's Governor: docs/governor.md. */
import assert from "node:assert/strict";
import { afterEach, before, beforeEach, test } from "node:test";
import { keccak256, stringToHex } from "viem";
import { assertRefused } from "./support/chain.js";
import { Dao, State, VOTES } from "./support/governor.js";
import { Status } from "./support/registry.js";

const EXTENSION = 50;

let dao, guardian, proposal, saved;
before(async () => {
  dao = await Dao.deploy();
  const { chain, token, arguments: given } = dao;
  guardian = chain.accounts[15];
  const [, , , registry, disputes, terms] = given;
  const args = [token.address, guardian, registry, disputes, terms];
  const governor = await chain.deploy("GovernorWithModules", args);
  // Without a timelock, the Governor itself pays.
  Object.assign(dao, { governor, timelock: governor });
});
beforeEach(async () => {
  saved = await dao.chain.snapshot();
  proposal = await dao.propose();
});
afterEach(() => dao.chain.restore(saved));

/** Settles the proposal with a tally. */
async function settled(tally) {
  await proposal.started();
  await proposal.settle(await proposal.tallied(tally));
}

test("a sequence of ids names the same proposal and its poll", async () => {
  assert.equal(proposal.id, 1n);
  const poll = await proposal.started();
  assert.equal(await dao.governor.call("pollOf", [1n]), poll.id);
  const second = await dao.propose("Another");
  assert.equal(second.id, 2n);
  assert.equal(await dao.governor.call("pollOf", [2n]), 0n);
});

test("late quorum lengthens a settled proposal, whose votes stay as they are", async () => {
  await settled([600n, 300n, 0n]);
  // Refused calls below are mined, too.
  await dao.mine(EXTENSION - 5);
  assert.equal(await proposal.state(), State.Active);
  await assertRefused(proposal.settle([600n, 300n, 0n]), "GovernorOstrakaAlreadySettled");
  await assertRefused(
    dao.governor.send("castVote", [proposal.id, 0], dao.chain.accounts[2]),
    "GovernorOstrakaNoPublicVotes",
  );
  await dao.mine(5);
  assert.equal(await proposal.state(), State.Succeeded);
  assert.deepEqual(await dao.governor.call("proposalVotes", [proposal.id]), [300n, 600n, 0n]);
  await proposal.enact("execute");
  assert.equal(await proposal.state(), State.Executed);
  assert.equal(await dao.token.call("balanceOf", [dao.recipient]), proposal.amount);
});

test("no extension without a quorum", async () => {
  await settled([300n, 600n, 99n]);
  await dao.mine(1);
  assert.equal(await proposal.state(), State.Defeated);
});

test("a super quorum decides as soon as the tally is settled, and never before", async () => {
  await proposal.started();
  const tally = [1001n, 300n, 0n];
  await proposal.tallied(tally);
  assert.equal(await proposal.state(), State.Active);
  await proposal.settle(tally);
  assert.equal(await proposal.state(), State.Succeeded);
});

test("a guardian cancels a proposal while its poll runs, and nothing brings it back", async () => {
  const poll = await proposal.started();
  const hash = keccak256(stringToHex(proposal.description));
  const cancel = (from) => dao.governor.send("cancel", [...proposal.action, hash], from);
  await assertRefused(cancel(dao.chain.account), "GovernorUnableToCancel");
  await cancel(guardian);
  assert.equal(await proposal.state(), State.Canceled);
  const tally = await proposal.tallied([700n, 300n, 0n]);
  assert.equal(await poll.status(), Status.Tallied);
  await assertRefused(proposal.settle(tally), "GovernorUnexpectedProposalState");
  await assertRefused(proposal.enact("execute"), "GovernorUnexpectedProposalState");
  assert.deepEqual(await dao.governor.call("proposalVotes", [proposal.id]), [0n, 0n, 0n]);
  assert.equal(poll.census.voters, VOTES.length);
});
