/** MemberRegistry: weights that an owner sets. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { zeroAddress } from "viem";
import { assertRefused, startChain } from "./support/chain.js";
import { account } from "./support/registry.js";

test("the owner sets weights, and hands over in two steps", async () => {
  const chain = await startChain();
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
