/** VotingKeys: an account names its key, and the key consents. docs/protocol.md §6.3, §18. */
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { encodeFunctionData, getAddress, zeroAddress } from "viem";
import { assertRefused } from "./support/chain.js";
import { account, isolated, spoiled } from "./support/registry.js";

const state = isolated({ before, after, beforeEach, afterEach }, async (shared) => {
  const { chain, contract } = shared.registry;
  shared.keys = await chain.at("VotingKeys", await contract.call("votingKeys"));
  shared.domain = { ...shared.registry.domain, verifyingContract: shared.keys.address };
});
const KEY = account(1);

const consent = (owner, changes = {}, signer = KEY, domain = state.domain) =>
  state.registry.sign(
    signer,
    "VotingKey",
    { account: owner, key: KEY.address, ...changes },
    domain,
  );
const register = (key, signature, from = state.registry.chain.account) =>
  state.keys.send("register", [key, signature], from);

test("an account names a key that consents, changes it, and revokes it", async () => {
  const { account: owner } = state.registry.chain;
  const { events } = await register(KEY.address, await consent(owner));
  assert.deepEqual(
    events.map(({ eventName, args }) => [eventName, args]),
    [["VotingKeyRegistered", { account: getAddress(owner), key: KEY.address }]],
  );
  assert.equal(await state.keys.call("keyOf", [owner]), KEY.address);
  const second = account(2);
  await register(second.address, await consent(owner, { key: second.address }, second));
  assert.equal(await state.keys.call("keyOf", [owner]), second.address);
  await register(zeroAddress, "0x");
  assert.equal(await state.keys.call("keyOf", [owner]), zeroAddress);
});

test("refused: a key that consented to nothing, to another account, key, contract or chain", async () => {
  const { account: owner, other, chainId } = state.registry.chain;
  for (const signature of [
    await consent(owner, {}, account(2)),
    await consent(other),
    await consent(owner, { key: account(2).address }),
    await consent(owner, {}, KEY, state.registry.domain),
    await consent(owner, {}, KEY, { ...state.domain, chainId: chainId + 1 }),
    await consent(owner, {}, KEY, { ...state.domain, version: "1" }),
  ]) {
    await assertRefused(register(KEY.address, signature), "VotingKeysWrongSigner");
  }
  // Somebody else's consent, copied from the chain, binds the key to nobody else.
  const good = await consent(owner);
  await register(KEY.address, good);
  await assertRefused(register(KEY.address, good, other), "VotingKeysWrongSigner");
  assert.equal(await state.keys.call("keyOf", [other]), zeroAddress);
});

test("refused: signatures in another form, and a signature for no key", async () => {
  const { account: owner } = state.registry.chain;
  const good = await consent(owner);
  for (const [bad, reason] of Object.values(spoiled(good))) {
    await assertRefused(register(KEY.address, bad), reason);
  }
  await assertRefused(register(zeroAddress, good), "VotingKeysUnexpectedSignature", [65]);
  // A signature that recovers to nothing is not consent of the zero address.
  await assertRefused(
    register(zeroAddress, `0x${"00".repeat(65)}`),
    "VotingKeysUnexpectedSignature",
  );
});

test("a contract wallet names a key", async () => {
  const wallet = await state.registry.chain.deploy("TestWallet");
  const args = [KEY.address, await consent(wallet.address)];
  const data = encodeFunctionData({ abi: state.keys.abi, functionName: "register", args });
  await wallet.send("execute", [state.keys.address, data]);
  assert.equal(await state.keys.call("keyOf", [wallet.address]), KEY.address);
});
