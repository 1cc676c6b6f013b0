/** CensusTree, as a treasury's rules read it: one account's place in a census. */
import assert from "node:assert/strict";
import { after, before, beforeEach, afterEach, test } from "node:test";
import { zeroAddress } from "viem";
import { Census, censusRoot, parent } from "./support/census.js";
import { range } from "./support/encodings.js";
import { account, isolated, word } from "./support/registry.js";
import { Treasury } from "./support/treasury.js";

const state = isolated({ before, after, beforeEach, afterEach }, async (shared) => {
  shared.committee = await shared.registry.register();
  shared.treasury = await Treasury.deploy(shared.registry);
});

/** Whether the rules take an account for a member of a root. */
const membersOf =
  (rules, usual) =>
  async (member, membership, root = usual) => {
    try {
      await rules.call("requireMember", [root, member, membership]);
      return true;
    } catch (error) {
      if (error.name !== "BudgetTreasuryNotAMember") throw error;
      return false;
    }
  };

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
    const isMember = membersOf(rules, census.root);
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
  const isMember = membersOf(rules);
  const census = new Census(range(3).map((index) => ({ account: account(700 + index).address })));
  const [{ account: last }] = census.entries.slice(-1);
  // The fourth place is padding: no account is there, and index 3 is not below the count.
  const padding = { ...census.of(last), index: 3 };
  assert.equal(await isMember(zeroAddress, padding, census.root), false);
  assert.equal(await isMember(last, padding, census.root), false);
  // A dishonest tree with two leaves where only one can be: neither of them is a member.
  const [hidden] = new Census([{ account: account(710).address }]).levels[0];
  const deep = new Census(census.entries, {
    spoil: (node, height, index) => (height === 0 && index === 0 ? parent(node, hidden) : node),
  });
  const [{ account: above }] = census.entries;
  const below = { ...deep.of(above), siblings: [hidden, ...deep.siblings(0)] };
  assert.equal(await isMember(above, below, deep.root), false);
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
