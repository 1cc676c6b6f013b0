/** BudgetTreasury: a round fixes its electorate before anybody gives money. */
import assert from "node:assert/strict";
import { after, before, beforeEach, afterEach, test } from "node:test";
import { keccak256 } from "viem";
import { Census } from "./support/census.js";
import { assertRefused } from "./support/chain.js";
import { range } from "./support/encodings.js";
import { account, isolated, word } from "./support/registry.js";
import { RoundStatus, Treasury, electorateOf, sourceElectorate } from "./support/treasury.js";

const state = isolated({ before, after, beforeEach, afterEach }, async (shared) => {
  shared.committee = await shared.registry.register();
  shared.treasury = await Treasury.deploy(shared.registry);
});
const create = (changes) => state.treasury.create(state.committee, changes);
const refusedParameter = (field) => ["BudgetTreasuryInvalidParameter", [field]];

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
