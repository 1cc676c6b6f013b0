/** Registering committees: docs/protocol.md §3. */
import assert from "node:assert/strict";
import { afterEach, before, beforeEach, test } from "node:test";
import { getAddress, size, stringToHex } from "viem";
import { assertRefused } from "./support/chain.js";
import { account, deployRegistry, isolated, spoiled, word } from "./support/registry.js";

const state = isolated({ before, beforeEach, afterEach }, async () => {});

const register = (args) => state.registry.contract.send("registerCommittee", args);

test("a committee is registered, announced and read back", async () => {
  const { args } = await state.registry.registration();
  const [nodes, urls] = args;
  const { events } = await register(args);
  assert.equal(events.length, 1);
  assert.equal(events[0].eventName, "CommitteeRegistered");
  const { committee, ...announced } = events[0].args;
  assert.deepEqual(announced, { nodes, urls, t: 3, f: 1, q: 4 });
  assert.deepEqual(await state.registry.contract.call("committee", [committee]), [nodes, 3, 1, 4]);
});

test("an unknown committee reads as empty", async () => {
  assert.deepEqual(await state.registry.contract.call("committee", [word(1)]), [[], 0, 0, 0]);
});

test("the same committee again is refused; any difference is another committee", async () => {
  const { args } = await state.registry.registration();
  const { digest } = await state.registry.register();
  await assertRefused(register(args), "PollRegistryCommitteeExists", [digest]);
  const digests = [digest];
  for (const shape of [
    { f: 0 },
    { t: 2 },
    { n: 6 },
    { first: 1 },
    { url: (index) => `https://n${index}.example/` },
  ]) {
    digests.push((await state.registry.register(shape)).digest);
  }
  const swap = ([first, second, ...rest]) => [second, first, ...rest];
  const [nodes, urls, t, f, signatures] = args;
  const { events } = await register([swap(nodes), swap(urls), t, f, swap(signatures)]);
  digests.push(events[0].args.committee);
  assert.equal(new Set(digests).size, digests.length);
});

test("refused: bounds of the committee", async () => {
  for (const [shape, reason, values] of [
    [{ n: 3, t: 1, f: 0 }, "CommitteeThresholdTooSmall", [1]],
    [{ n: 5, t: 3, f: 3 }, "CommitteeTooManyFaults", [3, 3]],
    [{ n: 4, t: 3, f: 1 }, "CommitteeTooSmall", [4, 3, 1]],
    [{ n: 0, t: 2, f: 0 }, "CommitteeTooSmall", [0, 2, 0]],
    [{ n: 65, t: 3, f: 1 }, "CommitteeTooLarge", [65]],
  ]) {
    const { args } = await state.registry.registration(shape);
    await assertRefused(register(args), reason, values);
  }
});

test("64 nodes with URLs of 256 bytes fit into a transaction", async () => {
  const url = (index) => `https://n${index}.example/`.padEnd(256, "x");
  const { gas } = await state.registry.register({ n: 64, t: 22, f: 21, url });
  assert.ok(gas < 2 ** 24, `${gas} gas`);
});

test("refused: lists of different lengths", async () => {
  const { args } = await state.registry.registration();
  for (const position of [1, 4]) {
    for (const list of [args[position].slice(1), [...args[position], args[position][0]], []]) {
      const changed = args.with(position, list);
      await assertRefused(register(changed), "PollRegistryListsDiffer", [5, list.length]);
    }
  }
});

test("refused: URLs that are empty or longer than 256 bytes, by bytes and not characters", async () => {
  for (const url of ["", "x".repeat(257), "ü".repeat(129)]) {
    const { args } = await state.registry.registration({ url: (i) => (i === 2 ? url : "u") });
    await assertRefused(register(args), "PollRegistryInvalidUrl", [2, size(stringToHex(url))]);
  }
});

test("refused: the zero address, even with a signature that recovers to nothing", async () => {
  const { args } = await state.registry.registration();
  const zero = "0x0000000000000000000000000000000000000000";
  const nodes = args[0].with(3, zero);
  await assertRefused(register(args.with(0, nodes)), "PollRegistryInvalidNode", [zero]);
  const signatures = args[4].with(3, `0x${"00".repeat(65)}`);
  await assertRefused(
    register(args.with(0, nodes).with(4, signatures)),
    "PollRegistryInvalidNode",
    [zero],
  );
});

test("refused: one node twice, next to each other or apart", async () => {
  const { args } = await state.registry.registration();
  for (const [from, to] of [
    [0, 1],
    [0, 4],
    [2, 4],
  ]) {
    const changed = [0, 1, 4].reduce(
      (list, position) => list.with(position, list[position].with(to, list[position][from])),
      args,
    );
    await assertRefused(register(changed), "PollRegistryInvalidNode", [getAddress(args[0][from])]);
  }
});

test("refused: a node that did not sign, or signed another URL", async () => {
  const { args } = await state.registry.registration();
  const stranger = account(500);
  const message = { node: args[0][1], url: args[1][1] };
  const forged = await state.registry.sign(stranger, "NodeRegistration", message);
  await assertRefused(register(args.with(4, args[4].with(1, forged))), "PollRegistryWrongSigner", [
    2,
    stranger.address,
  ]);
  await assertRefused(
    register(args.with(1, args[1].with(4, "https://elsewhere.example"))),
    "PollRegistryWrongSigner",
  );
  const swapped = args.with(4, [args[4][1], args[4][0], ...args[4].slice(2)]);
  await assertRefused(register(swapped), "PollRegistryWrongSigner");
});

test("refused: signatures in another form", async () => {
  const { args } = await state.registry.registration();
  for (const [bad, reason] of Object.values(spoiled(args[4][2]))) {
    await assertRefused(register(args.with(4, args[4].with(2, bad))), reason);
  }
});

test("refused: a signature of another type, registry, chain, name or version", async () => {
  const { signers, args } = await state.registry.registration();
  const message = { node: args[0][0], url: args[1][0] };
  const { domain } = state.registry;
  const others = [
    { ...domain, verifyingContract: account(1).address },
    { ...domain, chainId: domain.chainId + 1 },
    { ...domain, name: "ostraka" },
    { ...domain, version: "2" },
  ];
  const signatures = await Promise.all([
    state.registry.sign(signers[0], "PollKey", { pollContext: word(1), publicKey: word(2) }),
    ...others.map((other) => state.registry.sign(signers[0], "NodeRegistration", message, other)),
  ]);
  for (const signature of signatures) {
    await assertRefused(
      register(args.with(4, args[4].with(0, signature))),
      "PollRegistryWrongSigner",
    );
  }
});

test("refused: a registration replayed at another registry, or on another chain", async () => {
  const { args } = await state.registry.registration();
  const second = await state.registry.chain.deploy("PollRegistry");
  await assertRefused(second.send("registerCommittee", args), "PollRegistryWrongSigner");

  const elsewhere = await deployRegistry({ chainId: 999 });
  assert.equal(elsewhere.contract.address, state.registry.contract.address);
  await assertRefused(
    elsewhere.contract.send("registerCommittee", args),
    "PollRegistryWrongSigner",
  );
  await elsewhere.register();
});
