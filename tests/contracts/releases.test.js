/** releases.json: what a verifier finds on chain is the code of a release, by scripts/releases.py. */
import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { before, test } from "node:test";
import { domainSeparator, hexToBytes, keccak256, pad, stringToHex, toHex, zeroAddress } from "viem";
import { account, deployRegistry, word } from "./support/registry.js";
import { Treasury } from "./support/treasury.js";

const PERIOD_FLOOR = 3600;
const MINIMUM_BOND = 10n ** 15n;
const CENSUS_DISPUTES = [10n ** 17n, 10n ** 15n, 3600, 600, 4800];

let registry, treasury, code, releases;
before(async () => {
  const file = new URL("../../verifier/ostraka_verifier/releases.json", import.meta.url);
  releases = Object.values(JSON.parse(await readFile(file, "utf8")));
  registry = await deployRegistry({}, { periodFloor: PERIOD_FLOOR });
  treasury = await Treasury.deploy(registry);
  const members = await registry.chain.deploy("MemberRegistry", [account(1).address]);
  const disputes = await registry.chain.deploy("Disputes", [MINIMUM_BOND]);
  const censusDisputes = await registry.chain.deploy("CensusDisputes", CENSUS_DISPUTES);
  const { contract } = registry;
  code = {
    PollRegistry: contract.address,
    GeneratorTable: await contract.call("generatorTable"),
    VotingKeys: await contract.call("votingKeys"),
    PollRules: await contract.call("pollRules"),
    BudgetTreasury: treasury.contract.address,
    RoundRules: await treasury.contract.call("rules"),
    MemberRegistry: members.address,
    Disputes: disputes.address,
    BallotCheck: await disputes.call("ballotCheck"),
    CensusDisputes: censusDisputes.address,
  };
  for (const [name, address] of Object.entries(code)) {
    const bytes = hexToBytes(await registry.chain.client.getCode({ address }));
    code[name] = { address, bytes };
  }
});

/** The release whose code this is, or undefined. */
function releaseOf(name, bytes) {
  return releases.find((release) => {
    const { codeHash, codeLength, immutables } = release[name];
    if (codeLength !== bytes.length) return false;
    const masked = bytes.slice();
    for (const offset of Object.values(immutables).flat()) masked.fill(0, offset, offset + 32);
    return keccak256(masked) === codeHash;
  })?.[name];
}

test("every contract of the project is there, and found on chain by its code", async () => {
  const sources = await readdir(new URL("../../contracts/", import.meta.url));
  const names = sources.filter((name) => name.endsWith(".sol")).map((name) => name.slice(0, -4));
  assert.deepEqual(Object.keys(code).toSorted(), names.toSorted());
  for (const [name, { bytes }] of Object.entries(code)) {
    assert.ok(releaseOf(name, bytes), `${name} is of no release`);
    const masked = Object.values(releaseOf(name, bytes).immutables).flat();
    for (let place = 0; place < bytes.length; place += 1 + (bytes.length >> 3)) {
      if (masked.some((offset) => place >= offset && place < offset + 32)) continue;
      const changed = bytes.slice();
      changed[place] ^= 1;
      assert.equal(releaseOf(name, changed), undefined, `${name} changed at ${place}`);
    }
    assert.equal(releaseOf(name, bytes.slice(1)), undefined, `${name} cut`);
  }
});

test("the immutables have the values that a verifier derives", async () => {
  const address = (name) => pad(code[name].address, { size: 32 }).toLowerCase();
  const short = (text) =>
    toHex(BigInt(stringToHex(text, { size: 32 })) + BigInt(text.length), { size: 32 });
  const common = (name) => ({
    _cachedChainId: word(registry.chain.chainId),
    _cachedThis: address(name),
    _cachedDomainSeparator: domainSeparator({
      domain: { ...registry.domain, verifyingContract: code[name].address },
    }),
    _hashedName: keccak256(stringToHex("Ostraka")),
    _hashedVersion: keccak256(stringToHex("2")),
    _name: short("Ostraka"),
    _version: short("2"),
  });
  const expected = {
    PollRegistry: {
      ...common("PollRegistry"),
      generatorTable: address("GeneratorTable"),
      votingKeys: address("VotingKeys"),
      pollRules: address("PollRules"),
      periodFloor: word(PERIOD_FLOOR),
      disputes: pad(zeroAddress, { size: 32 }),
    },
    VotingKeys: common("VotingKeys"),
    BudgetTreasury: {
      ...common("BudgetTreasury"),
      registry: address("PollRegistry"),
      rules: address("RoundRules"),
    },
    Disputes: {
      ...common("Disputes"),
      ballotCheck: address("BallotCheck"),
      minimumBond: word(MINIMUM_BOND),
    },
    CensusDisputes: Object.fromEntries(
      ["postBond", "minimumChallengeBond", "window", "responseTime", "maxDelay"].map(
        (name, place) => [name, word(CENSUS_DISPUTES[place])],
      ),
    ),
    BallotCheck: {},
    GeneratorTable: {},
    PollRules: {},
    RoundRules: {},
    MemberRegistry: {},
  };
  for (const [name, { bytes }] of Object.entries(code)) {
    const { immutables } = releaseOf(name, bytes);
    const found = Object.fromEntries(
      Object.entries(immutables).map(([variable, offsets]) => {
        const words = offsets.map((offset) => toHex(bytes.slice(offset, offset + 32)));
        assert.equal(new Set(words).size, 1, `${name}.${variable}`);
        return [variable, words[0]];
      }),
    );
    assert.deepEqual(found, expected[name], name);
  }
});
