/** Registering committees: docs/protocol.md §3. */
import assert from "node:assert/strict";
import { afterEach, before, beforeEach, test } from "node:test";
import { getAddress, size, stringToHex, zeroAddress } from "viem";
import { assertRefused } from "./support/chain.js";
import {
  account,
  committeeDigest,
  deployRegistry,
  isolated,
  spoiled,
  word,
} from "./support/registry.js";

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
  const { signers } = await state.registry.registration();
  const [nodes, urls, t, f] = args;
  const swapped = await state.registry.signed(swap(signers), swap(nodes), swap(urls), t, f);
  const { events } = await register(swapped);
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

test("refused: a node that did not sign, or consented to another committee", async () => {
  const { signers, args } = await state.registry.registration();
  const stranger = account(500);
  const [nodes, urls, t, f] = args;
  const message = { committee: committeeDigest(nodes, urls, t, f) };
  const forged = await state.registry.sign(stranger, "Committee", message);
  await assertRefused(register(args.with(4, args[4].with(1, forged))), "PollRegistryWrongSigner", [
    2,
    stranger.address,
  ]);
  await assertRefused(
    register(args.with(1, args[1].with(4, "https://elsewhere.example"))),
    "PollRegistryWrongSigner",
  );
  // Company, bounds and every URL are what each node signed.
  for (const [place, other] of [
    [0, nodes.with(4, account(77).address)],
    [2, 2],
    [3, 0],
    [1, urls.with(0, "https://elsewhere.example")],
  ]) {
    await assertRefused(register(args.with(place, other)), "PollRegistryWrongSigner");
  }
  // Four nodes found a committee without the fifth: their signatures are for no other.
  const fewer = await state.registry.signed(
    signers.slice(0, 4),
    nodes.slice(0, 4),
    urls.slice(0, 4),
    2,
    1,
  );
  await register(fewer);
  const mixed = args.with(4, [...fewer[4], args[4][4]]);
  await assertRefused(register(mixed), "PollRegistryWrongSigner");
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
  const message = { committee: committeeDigest(...args.slice(0, 4)) };
  const { domain } = state.registry;
  const others = [
    { ...domain, verifyingContract: account(1).address },
    { ...domain, chainId: domain.chainId + 1 },
    { ...domain, name: "ostraka" },
    { ...domain, version: "1" },
  ];
  const signatures = await Promise.all([
    state.registry.sign(signers[0], "PollKeys", {
      pollContext: message.committee,
      pollKeys: message.committee,
    }),
    ...others.map((other) => state.registry.sign(signers[0], "Committee", message, other)),
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
  const second = await state.registry.chain.deploy("PollRegistry", [1, zeroAddress]);
  await assertRefused(second.send("registerCommittee", args), "PollRegistryWrongSigner");

  const elsewhere = await deployRegistry({ chainId: 999 });
  assert.equal(elsewhere.contract.address, state.registry.contract.address);
  await assertRefused(
    elsewhere.contract.send("registerCommittee", args),
    "PollRegistryWrongSigner",
  );
  await elsewhere.register();
});
