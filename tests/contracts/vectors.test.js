/**
 * The shared vectors, on chain: tests/vectors/*.json hold Python, TypeScript and Solidity to
 * docs/protocol.md. A file that is missing or holds no case fails.
 */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { before, test } from "node:test";
import { concat } from "viem";
import { siblingsOf } from "./support/census.js";
import { Refused, startChain } from "./support/chain.js";
import { ballots, outcomes, range, ruleBytes } from "./support/encodings.js";
import { Registry, TYPES, account } from "./support/registry.js";
import { TYPES as TREASURY_TYPES } from "./support/treasury.js";
import { ballot } from "./support/votes.js";

async function vectors(name) {
  const file = new URL(`../vectors/${name}.json`, import.meta.url);
  return JSON.parse(await readFile(file, "utf8"));
}

/** Every case, at least one of each kind; failures name the case. */
function checked(cases, kinds) {
  for (const kind of kinds) {
    assert.ok(
      cases.some(({ expect }) => expect === kind),
      `no case expects ${kind}`,
    );
  }
  return cases;
}

/** Reasons that mean "cannot be read"; every other reason of a rule means "reads well, not valid". */
const MALFORMED = [
  "BallotRuleTruncated",
  "BallotRuleTrailingBytes",
  "OutcomeMalformed",
  "OutcomeUnknownKind",
  "OutcomeUnknownFlag",
];
const classOf = (refused) => (MALFORMED.includes(refused.name) ? "Malformed" : "Rejected");

let chain, libraries;
before(async () => {
  chain = await startChain();
  libraries = await chain.deploy("Libraries");
});

test("generators.json", async () => {
  const { points } = await vectors("generators");
  const { address } = await chain.deploy("GeneratorTable");
  assert.equal(points.length, 321);
  assert.equal(await chain.client.getCode({ address }), concat(["0x00", ...points]));
});

test("rule.json", async () => {
  const { cases } = await vectors("rule");
  checked(cases, ["valid", "Malformed", "Rejected"]);
  const results = await libraries.callAll(
    "validateRule",
    cases.map(({ rule }) => [rule]),
  );
  const misread = [];
  for (const [index, result] of results.entries()) {
    const { name, rule, expect, digest, slots, max_slot_value: maximum } = cases[index];
    if (expect === "valid") {
      assert.deepEqual(result, [slots, BigInt(maximum)], name);
      if (digest) assert.equal(await libraries.call("ruleDigest", [rule]), digest, name);
    } else {
      assert.ok(result instanceof Refused, `${name}: accepted`);
      const seen = classOf(result);
      if (expect === "Malformed" && seen === "Rejected") misread.push(name);
      else assert.equal(seen, expect, `${name}: ${result.message}`);
    }
  }
  // The contract judges while it reads, so that a wrong count can show as a broken condition first.
  const malformed = cases.filter(({ expect }) => expect === "Malformed").length;
  assert.ok(3 * misread.length < malformed, `classified otherwise: ${misread.join(", ")}`);
});

test("constructors.json", async () => {
  const { single_choice, approval, knapsack, greedy, rounds } = await vectors("constructors");
  const rules = await chain.deploy("RoundRules");
  const most = 2n ** 112n - 1n;
  const ones = (options) => Array.from({ length: options }, () => 1n);
  const expected = [
    ...single_choice.map(({ options, rule }) => [0, ballots.singleChoice, ones(options), rule]),
    ...approval.map(({ options, at_least: least, at_most: atMost, rule }) => [
      0,
      ballots.approval(least, atMost),
      ones(options),
      rule,
    ]),
    ...knapsack.map(({ costs, rule, ...one }) => [0, ballots.knapsack, costs, rule, one]),
    ...greedy.map(({ costs, rule, ...one }) => [1, ballots.singleChoice, costs, rule, one]),
  ];
  assert.ok(expected.length >= 12);
  for (const [which, ballot, costs, rule, given = {}] of expected) {
    const { budget = most, order, misfit, minimum_support: minimumSupport } = given;
    const outcome = outcomes.greedy({ order, misfit, minimumSupport });
    const written = await rules.call("write", [ballot, outcome, budget, costs, costs.map(() => 0)]);
    assert.equal(written[which], rule, `${ballot} ${outcome} over ${costs.length}`);
  }
  assert.ok(rounds.length >= 50);
  for (const { ballot, outcome, budget, amounts, categories, ...expected } of rounds) {
    const written = await rules.call("write", [ballot, outcome, budget, amounts, categories]);
    const name = `${ballot} ${outcome} over ${amounts.length}`;
    assert.deepEqual([...written], [expected.rule, expected.outcome_rule], name);
  }
});

test("outcome.json", async () => {
  const { cases, refused, refused_orders: orders } = await vectors("outcome");
  assert.ok(cases.length > 0 && refused.length > 0 && orders.length > 0);
  for (const { name, rule, digest, slots, tally, order, awards } of cases) {
    await libraries.call("validateOutcome", [rule, slots]);
    assert.equal(await libraries.call("outcomeDigest", [rule]), digest, name);
    const given = await libraries.call("awards", [rule, tally, order]);
    assert.deepEqual(given, awards.map(BigInt), name);
  }
  const results = await libraries.callAll(
    "validateOutcome",
    refused.map(({ rule, slots }) => [rule, slots]),
  );
  for (const [index, result] of results.entries()) {
    const { name, expect } = refused[index];
    assert.ok(result instanceof Refused, `${name}: accepted`);
    assert.equal(classOf(result), expect, `${name}: ${result.message}`);
  }
  const accepted = await libraries.callAll(
    "awards",
    orders.map(({ rule, tally, order }) => [rule, tally, order]),
  );
  for (const [index, result] of accepted.entries()) {
    const { name } = orders[index];
    assert.ok(result instanceof Refused, `${name}: accepted`);
    assert.match(result.name, /^OutcomeOrder(Wrong|Incomplete)$/, name);
  }
});

test("census.json", async () => {
  const { cases } = await vectors("census");
  let proofs = 0;
  for (const { census, hash, sum, root, proofs: given } of cases) {
    // u32 N ‖ N × (account ‖ signing key ‖ u128 weight)
    const entries = census.slice(10).match(/.{112}/g);
    const count = entries.length;
    assert.equal(await libraries.call("censusRoot", [hash, BigInt(sum), count]), root);
    for (const { index, siblings } of given) {
      const [account, signingKey, weight] = [
        [0, 40],
        [40, 80],
        [80, 112],
      ].map(([from, to]) => `0x${entries[index].slice(from, to)}`);
      const membership = {
        signingKey,
        weight: BigInt(weight),
        index,
        rootHash: hash,
        totalWeight: BigInt(sum),
        count,
        siblings: siblingsOf(siblings),
      };
      assert.equal(await libraries.call("isMember", [root, account, membership]), true);
      const heavier = { ...membership, weight: membership.weight + 1n };
      assert.equal(await libraries.call("isMember", [root, account, heavier]), false);
      proofs++;
    }
  }
  assert.ok(cases.length > 0 && proofs > cases.length);
});

test("typed_data.json: statements that the contracts check", async () => {
  const given = await vectors("typed_data");
  assert.equal(given.chain_id, chain.chainId);
  // The contract's code at the address that the vectors name.
  const deployed = await chain.deploy("VotingKeys");
  const code = await chain.client.getCode({ address: deployed.address });
  await chain.provider.request({ method: "hardhat_setCode", params: [given.registry, code] });
  const keys = await chain.at("VotingKeys", given.registry);
  const registry = new Registry(chain, keys);

  const consent = given.cases.find(({ type }) => type.startsWith("VotingKey("));
  const [owner, key] = consent.values;
  assert.equal(key, given.signer);
  await chain.provider.request({ method: "hardhat_impersonateAccount", params: [owner] });
  const funds = `0x${(10n ** 18n).toString(16)}`;
  await chain.provider.request({ method: "hardhat_setBalance", params: [owner, funds] });
  await keys.send("register", [key, consent.signature], owner);
  assert.equal((await keys.call("keyOf", [owner])).toLowerCase(), key);

  for (const [primaryType, fields] of Object.entries({ ...TYPES, ...TREASURY_TYPES })) {
    const type = `${primaryType}(${fields.map((one) => `${one.type} ${one.name}`).join(",")})`;
    const { values, signature } = given.cases.find((one) => one.type === type);
    const message = Object.fromEntries(fields.map(({ name }, index) => [name, values[index]]));
    const signer = account(7 - 1000);
    assert.equal(signer.address.toLowerCase(), given.signer);
    const signed = await signer.signTypedData({
      domain: registry.domain,
      types: { [primaryType]: fields },
      primaryType,
      message,
    });
    assert.equal(signed, signature, type);
  }
});

test("typed_data.json: signatures that nobody accepts", async () => {
  const { cases, refused, signer } = await vectors("typed_data");
  assert.ok(cases.length > 0 && refused.length > 0);
  for (const { type, digest, signature } of cases) {
    const recovered = await libraries.call("recover", [digest, signature]);
    assert.equal(recovered.toLowerCase(), signer, type);
  }
  const results = await libraries.callAll(
    "recover",
    refused.map(({ digest, signature }) => [digest, signature]),
  );
  results.forEach((result, index) => {
    assert.ok(result instanceof Refused, `${refused[index].name}: accepted`);
  });
});

test("board.json: committee digest", async () => {
  const given = await vectors("board");
  const bytes = given.board.committee.slice(2);
  // u8 n ‖ u8 t ‖ u8 f ‖ u8 q ‖ n × (address ‖ u16 length ‖ url)
  const [n, t, f, q] = [0, 1, 2, 3].map((place) =>
    parseInt(bytes.slice(2 * place, 2 * place + 2), 16),
  );
  const nodes = [];
  const urls = [];
  let at = 8;
  for (let node = 0; node < n; node++) {
    nodes.push(`0x${bytes.slice(at, at + 40)}`);
    const length = parseInt(bytes.slice(at + 40, at + 44), 16);
    urls.push(Buffer.from(bytes.slice(at + 44, at + 44 + 2 * length), "hex").toString("utf8"));
    at += 44 + 2 * length;
  }
  assert.equal(at, bytes.length);
  assert.equal(await libraries.call("quorum", [n, t, f]), BigInt(q));
  const digest = await libraries.call("committeeDigest", [nodes, urls, t, f, q]);
  assert.equal(digest, given.board.committee_digest);
});

test("ballot.json", async () => {
  const { cases } = await vectors("ballot");
  const { address } = await chain.deploy("GeneratorTable");
  const fault = { none: 0, length: 1, point: 2, scalar: 3, row: 4, equation: 5 };
  const classes = {
    valid: [fault.none],
    Malformed: [fault.length, fault.point, fault.scalar],
    Rejected: [fault.row, fault.equation],
  };
  checked(cases, Object.keys(classes));
  const results = await libraries.callAll(
    "ballotFault",
    cases.map((one) => [address, one.poll_context, one.threshold, one.rule, one.ballot]),
  );
  cases.forEach(({ name, expect }, index) =>
    assert.ok(classes[expect].includes(results[index]), `${name}: ${results[index]}`),
  );
});

test("negative coefficients and constants of rows", async () => {
  const { address } = await chain.deploy("GeneratorTable");
  const context = `0x${"17".repeat(32)}`;
  const fault = async (coefficients, constant, bits) => {
    const terms = coefficients.map((coefficient, bit) => [bit, coefficient]);
    const rule = { bits: 3, slots: range(3).map((bit) => [[bit, 1]]), rows: [{ terms, constant }] };
    const { address: voter } = account(1);
    const { bytes } = ballot({ rule, voter, castAt: 5n, bits, context, threshold: 2 });
    return libraries.call("ballotFault", [address, context, 2n, ruleBytes(rule), bytes]);
  };
  const row = 4;
  assert.equal(await fault([-1, -2, 1], 0, [1n, 0n, 1n]), 0);
  assert.equal(await fault([-1, -2, 1], -1, [0n, 1n, 1n]), 0);
  assert.equal(await fault([-1, -2, 1], -1, [1n, 0n, 1n]), row);
  assert.equal(await fault([-1, -2, 1], 1, [0n, 1n, 1n]), row);
});
