/** What holds for the registry as a whole: no owner, no funds, its domain, its table, its cost. */
import assert from "node:assert/strict";
import { afterEach, before, beforeEach, test } from "node:test";
import hre from "hardhat";
import { concat, getContractAddress, numberToHex, size, zeroAddress } from "viem";
import { R, generator } from "./support/bn254.js";
import { NO_OUTCOME, greedyBytes, range, ruleBytes, singleChoice } from "./support/encodings.js";
import { isolated } from "./support/registry.js";

/** Gas that one transaction may use (EIP-7825). */
const TRANSACTION_CAP = 2 ** 24;
/** Bytes of code (EIP-170) and of init code (EIP-3860). */
const CODE_LIMIT = 24576;
const INIT_CODE_LIMIT = 2 * CODE_LIMIT;

const state = isolated({ before, beforeEach, afterEach }, async (prepared) => {
  prepared.committee = await prepared.registry.register();
});

test("nothing but the documented functions", () => {
  const names = state.registry.contract.abi
    .filter(({ type }) => type === "function")
    .map(({ name, stateMutability }) => `${name}:${stateMutability}`);
  assert.deepEqual(names.toSorted(), [
    "acceptTally:nonpayable",
    "anchorRoot:nonpayable",
    "attestOutcome:nonpayable",
    "awards:view",
    "committee:view",
    "contest:nonpayable",
    "createPoll:nonpayable",
    "disputed:view",
    "disputes:view",
    "eip712Domain:view",
    "extend:nonpayable",
    "generatorTable:view",
    "isOutcomeLost:view",
    "openPoll:nonpayable",
    "outcome:view",
    "periodFloor:view",
    "poll:view",
    "pollCount:view",
    "pollRules:view",
    "registerCommittee:nonpayable",
    "reject:nonpayable",
    "status:view",
    "supportsInterface:view",
    "vetoOutcome:nonpayable",
    "votingKeys:view",
  ]);
  const others = state.registry.contract.abi.filter(({ type }) =>
    ["fallback", "receive"].includes(type),
  );
  assert.deepEqual(others, []);
});

test("takes no money", async () => {
  const { provider, account } = state.registry.chain;
  const to = state.registry.contract.address;
  for (const data of ["0x", "0x8bb24fd5"]) {
    await assert.rejects(
      provider.request({
        method: "eth_sendTransaction",
        params: [{ from: account, to, data, value: "0x1" }],
      }),
    );
  }
  assert.equal(await state.registry.chain.client.getBalance({ address: to }), 0n);
});

test("names its EIP-712 domain (EIP-5267)", async () => {
  const [fields, name, version, chainId, verifyingContract, salt, extensions] =
    await state.registry.contract.call("eip712Domain");
  assert.equal(fields, "0x0f");
  assert.deepEqual(
    { name, version, chainId: Number(chainId), verifyingContract },
    {
      ...state.registry.domain,
      verifyingContract,
    },
  );
  assert.equal(verifyingContract.toLowerCase(), state.registry.contract.address.toLowerCase());
  assert.equal(BigInt(salt), 0n);
  assert.deepEqual(extensions, []);
});

test("its table of generators is the one that everybody derives", async () => {
  const address = await state.registry.contract.call("generatorTable");
  const word = (value) => numberToHex(value, { size: 32 });
  assert.equal(
    await state.registry.chain.client.getCode({ address }),
    concat(["0x00", ...range(321).flatMap((index) => generator(index).map(word))]),
  );
});

test("what its constructor made lies at the first three addresses of its own, and fits", async () => {
  const { contract, chain } = state.registry;
  for (const [index, [getter, name]] of [
    ["generatorTable", "GeneratorTable"],
    ["votingKeys", "VotingKeys"],
    ["pollRules", "PollRules"],
  ].entries()) {
    const address = await contract.call(getter);
    const nonce = BigInt(index + 1);
    assert.equal(address, getContractAddress({ from: contract.address, nonce }), name);
    const code = size(await chain.client.getCode({ address }));
    console.log(`${name}: ${code} bytes`);
    assert.ok(code <= CODE_LIMIT, `${name}: ${code} bytes`);
  }
  assert.equal(await contract.call("periodFloor"), 1);
  assert.equal(await contract.call("disputes"), zeroAddress);
});

test("fits: deployment into one transaction, code with room for what comes later", async () => {
  const { address, receipt } = state.registry.contract;
  const code = size(await state.registry.chain.client.getCode({ address }));
  console.log(`PollRegistry: ${code} bytes`);
  assert.ok(code <= CODE_LIMIT - 3072, `${code} bytes`);
  const { bytecode } = await hre.artifacts.readArtifact("PollRegistry");
  assert.ok(size(bytecode) <= INIT_CODE_LIMIT, `${size(bytecode)} bytes of init code`);
  assert.ok(receipt.gasUsed < TRANSACTION_CAP);
  report("deployment", Number(receipt.gasUsed));
  report("registerCommittee, 5 nodes", state.committee.gas);
});

/** Gas of a poll's four transactions. */
async function costs(slots, changes = {}) {
  const poll = await state.registry.create(state.committee, {
    rule: ruleBytes(singleChoice(slots)),
    outcomeRule: NO_OUTCOME,
    ...changes,
  });
  const { gas: open } = await poll.open();
  const tally = range(slots).map((slot) => 10n ** 23n + BigInt(slot));
  const blinding = R - 2n ** 200n - 987654321n;
  const root = poll.root({ tally, blinding });
  await state.registry.chain.setTime(poll.freezesAt);
  const { gas: anchor } = await poll.anchor(root);
  await state.registry.chain.setTime(Number((await poll.view()).releasableAt));
  const { gas: accept } = await poll.accept(tally, blinding);
  return { create: poll.creationGas, open, anchor, accept };
}

function report(name, gas) {
  console.log(`gas: ${name}: ${gas.toLocaleString("en")}`);
}

/** Tokens of 18 decimals: votes fill ten bytes of calldata each. */
const weights = { totalWeight: 10n ** 24n };

test("gas of a poll of 8 slots, 5 nodes, 4 signatures", async () => {
  // Not the first poll, whose id turns a zero into a one.
  await costs(2, weights);
  const outcomeRule = greedyBytes({ budget: 100, costs: range(8).map((slot) => slot + 1) });
  const { create, open, anchor, accept } = await costs(8, { ...weights, outcomeRule });
  report("createPoll, 8 slots, greedy", create);
  report("openPoll, 5 nodes", open);
  report("anchorRoot, 4 signatures", anchor);
  report("acceptTally, 8 slots", accept);
  assert.ok(create <= 295_000, `createPoll ${create}`);
  assert.ok(open <= 120_000, `openPoll ${open}`);
  assert.ok(anchor <= 180_000, `anchorRoot ${anchor}`);
  assert.ok(accept <= 130_000, `acceptTally ${accept}`);
});

test("no cost grows with the number of voters", async () => {
  const most = 2 ** 32 - 1;
  await costs(2, weights);
  const few = await costs(8, { ...weights, voters: 10 });
  const many = await costs(8, { ...weights, voters: 1_000_000 });
  const all = await costs(8, { ...weights, voters: most });
  for (const step of ["create", "open", "anchor", "accept"]) {
    for (const other of [many, all]) {
      // Calldata: a byte that is not zero costs more than a zero byte.
      const difference = Math.abs(other[step] - few[step]);
      assert.ok(difference < 400, `${step}: ${difference} gas more for more voters`);
    }
  }
});

test("320 slots with full costs fit into a transaction each", async () => {
  const outcomeRule = greedyBytes({
    order: 1,
    budget: 2n ** 127n,
    costs: range(320).map((slot) => 2n ** 120n + BigInt(slot)),
  });
  const { create, accept } = await costs(320, { ...weights, outcomeRule });
  report("createPoll, 320 slots, greedy", create);
  report("acceptTally, 320 slots", accept);
  assert.ok(create < TRANSACTION_CAP && accept < TRANSACTION_CAP);
});
