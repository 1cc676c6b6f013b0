/** A registry with a committee, and polls brought as far as a test wants them. */
import {
  concat,
  keccak256,
  numberToHex,
  pad,
  parseSignature,
  stringToHex,
  toHex,
  zeroAddress,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { commit } from "./bn254.js";
import { censusRoot } from "./census.js";
import { startChain } from "./chain.js";
import { NO_OUTCOME, range, ruleBytes, singleChoice, tagged } from "./encodings.js";

export const Status = Object.freeze({
  None: 0,
  Created: 1,
  Open: 2,
  Closed: 3,
  Anchored: 4,
  Releasable: 5,
  Tallied: 6,
  Void: 7,
});

const field = (type, name) => ({ type, name });
/** docs/protocol.md §15; `Final` and `Receipt` only to be refused. */
export const TYPES = {
  Committee: [field("bytes32", "committee")],
  PollKeys: [field("bytes32", "pollContext"), field("bytes32", "pollKeys")],
  VotingKey: [field("address", "account"), field("address", "key")],
  Root: [
    field("bytes32", "pollContext"),
    field("uint32", "round"),
    field("bytes32", "rootHash"),
    field("uint256", "sumX"),
    field("uint256", "sumY"),
    field("uint32", "count"),
  ],
  Outcome: [
    field("bytes32", "pollContext"),
    field("bytes32", "ballotsHash"),
    field("bytes32", "awardsHash"),
  ],
  Final: [field("bytes32", "pollContext"), field("bytes32", "rootDigest")],
};

const SECP256K1_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
export const word = (value) => numberToHex(value, { size: 32 });
export const account = (number) => privateKeyToAccount(word(1000 + number));
export const DESCRIPTION = stringToHex('{"title": "Lunch", "options": ["soup", "salad", "bread"]}');

/** The same signature with the other `s`: valid for plain `ecrecover`, refused by us. */
export function withHighS(signature) {
  const { r, s, yParity } = parseSignature(signature);
  return concat([r, word(SECP256K1_ORDER - BigInt(s)), numberToHex(28 - yParity, { size: 1 })]);
}

/** Signatures that nobody may accept, made from a good one. */
export const spoiled = (signature) => ({
  "high s": [withHighS(signature), "ECDSAInvalidSignatureS"],
  "64 bytes": [signature.slice(0, 130), "ECDSAInvalidSignatureLength"],
  "66 bytes": [`${signature}00`, "ECDSAInvalidSignatureLength"],
  "no bytes": ["0x", "ECDSAInvalidSignatureLength"],
  "v of 0": [`${signature.slice(0, 130)}00`, "ECDSAInvalidSignature"],
  "v of 29": [`${signature.slice(0, 130)}1d`, "ECDSAInvalidSignature"],
  "r and s of zero": [`0x${"00".repeat(64)}1b`, "ECDSAInvalidSignature"],
});

/** Digest of a committee (§3.3), right or wrong. */
export function committeeDigest(nodes, urls, t, f) {
  const n = nodes.length;
  const q = Math.max(t + f, Math.floor((n + f) / 2) + 1);
  return tagged(
    "committee",
    ...[n, t, f, q].map(word),
    ...nodes.flatMap((node, index) => [
      pad(node, { size: 32 }),
      keccak256(toHex(urls[index] ?? "")),
    ]),
  );
}

/** Rules' errors come from the contract that checks them, through the registry. */
export async function deployRegistry(overrides, { periodFloor = 1, disputes } = {}) {
  const chain = await startChain(overrides);
  const args = [periodFloor, disputes?.(chain) ?? zeroAddress];
  const deployed = await chain.deploy("PollRegistry", args);
  const rules = await chain.at("PollRules", await deployed.call("pollRules"));
  const contract = await chain.at("PollRegistry", deployed.address, {
    abi: withErrors(deployed.abi, rules.abi),
    receipt: deployed.receipt,
  });
  return new Registry(chain, contract, args);
}

/** An ABI that also knows the errors of contracts which it calls. */
export function withErrors(abi, ...others) {
  const known = new Set(abi.map(({ type, name }) => `${type} ${name}`));
  const errors = others.flat().filter(({ type, name }) => {
    const isNew = type === "error" && !known.has(`error ${name}`);
    if (isNew) known.add(`error ${name}`);
    return isNew;
  });
  return [...abi, ...errors];
}

export class Registry {
  constructor(chain, contract, [periodFloor, disputes] = []) {
    Object.assign(this, { chain, contract, periodFloor, disputes });
    this.domain = {
      name: "Ostraka",
      version: "2",
      chainId: chain.chainId,
      verifyingContract: contract.address,
    };
  }

  sign(signer, primaryType, message, domain = this.domain) {
    return signer.signTypedData({ domain, types: TYPES, primaryType, message });
  }

  /** Arguments of `registerCommittee` for nodes `first + 1 … first + n`. */
  async registration({
    n = 5,
    t = 3,
    f = 1,
    first = 0,
    url = (i) => `https://n${i}.example`,
  } = {}) {
    const signers = range(n).map((index) => account(first + index + 1));
    const nodes = signers.map((signer) => signer.address);
    const urls = range(n).map((index) => url(index + 1));
    return { signers, args: await this.signed(signers, nodes, urls, t, f) };
  }

  /** Arguments of `registerCommittee` with each signer's signature of just this committee. */
  async signed(signers, nodes, urls, t, f) {
    const committee = committeeDigest(nodes, urls, t, f);
    const signatures = await Promise.all(
      signers.map((signer) => this.sign(signer, "Committee", { committee })),
    );
    return [nodes, urls, t, f, signatures];
  }

  async register(shape = {}) {
    const { signers, args } = await this.registration(shape);
    const { events, gas } = await this.contract.send("registerCommittee", args);
    return { digest: events[0].args.committee, signers, gas };
  }

  /** Arguments of `createPoll`; `changes` replace parameters after all digests are right. */
  async creation(
    committee,
    {
      rule = ruleBytes(singleChoice(3)),
      outcomeRule = NO_OUTCOME,
      description = DESCRIPTION,
      censusHash = word(77),
      ...changes
    } = {},
  ) {
    const now = await this.chain.now();
    const parameters = {
      committee: committee.digest,
      rule: tagged("rule", rule),
      outcomeRule: tagged("outcome", outcomeRule),
      description: keccak256(description),
      censusRoot: word(0),
      voters: 10,
      totalWeight: 30n,
      secret: true,
      opensAt: BigInt(now + 100),
      closesAt: BigInt(now + 1000),
      freezeDelay: 60,
      roundDuration: 30,
      maxRounds: 4,
      disputeWindow: 600,
      tallyPeriod: 900,
      minimumBallots: 2,
      counting: 0,
      casting: 0,
      identity: 0,
      openMinimum: 0,
      shufflePeriod: 0,
      responseTime: this.disputes === zeroAddress ? 0 : 300,
      maxDisputeDelay: this.disputes === zeroAddress ? 0 : 3600,
      extension: word(0),
      ...changes,
    };
    const { totalWeight, voters } = parameters;
    parameters.censusRoot = changes.censusRoot ?? censusRoot(censusHash, totalWeight, voters);
    return [parameters, censusHash, rule, outcomeRule, description];
  }

  async create(committee, changes = {}) {
    const args = await this.creation(committee, changes);
    const { events, gas } = await this.contract.send("createPoll", args);
    const { pollId, pollContext } = events[0].args;
    return new Poll(this, committee, pollId, pollContext, args, gas);
  }
}

export class Poll {
  constructor(registry, committee, id, context, creation, creationGas) {
    Object.assign(this, { registry, committee, id, context, creation, creationGas });
    this.parameters = creation[0];
    const { closesAt, freezeDelay, roundDuration, maxRounds } = this.parameters;
    this.closesAt = Number(closesAt);
    this.freezesAt = this.closesAt + freezeDelay;
    this.anchorDeadline = this.freezesAt + roundDuration * maxRounds;
  }

  get contract() {
    return this.registry.contract;
  }

  view() {
    return this.contract.call("poll", [this.id]);
  }

  status() {
    return this.contract.call("status", [this.id]);
  }

  /** Arguments of `openPoll`. */
  async opening({
    context = this.context,
    keys = this.committee.signers.map((_, index) => word(9000 + index)),
    domain,
  } = {}) {
    const message = { pollContext: context, pollKeys: tagged("poll-keys", ...keys) };
    const signatures = await Promise.all(
      this.committee.signers.map((signer) =>
        this.registry.sign(signer, "PollKeys", message, domain),
      ),
    );
    return [this.id, keys, signatures];
  }

  async open() {
    return this.contract.send("openPoll", await this.opening());
  }

  /** Opens, and mines the first second after closing. */
  async close() {
    await this.open();
    await this.registry.chain.setTime(this.closesAt);
  }

  /** A root whose sum commits to this tally. */
  root({ tally = [3n, 5n, 1n], blinding = 1234567n, ...changes } = {}) {
    const [sumX, sumY] = commit(tally, blinding);
    return { round: 0, rootHash: word(4321), sumX, sumY, count: 5, ...changes };
  }

  async attestations(root, { nodes = [1, 2, 3, 4], context = this.context, domain } = {}) {
    return Promise.all(
      nodes.map(async (node) => ({
        node,
        signature: await this.registry.sign(
          this.committee.signers[node - 1] ?? account(999),
          "Root",
          { pollContext: context, ...root },
          domain,
        ),
      })),
    );
  }

  async anchor(root, options) {
    return this.contract.send("anchorRoot", [
      this.id,
      root,
      await this.attestations(root, options),
    ]);
  }

  /** From creation to a root anchored just at freezing. */
  async anchored(root = this.root()) {
    await this.close();
    await this.registry.chain.nextTime(this.freezesAt);
    return this.anchor(root);
  }

  get releasableAt() {
    return this.freezesAt + this.parameters.disputeWindow;
  }

  get tallyDeadline() {
    return this.releasableAt + this.parameters.tallyPeriod;
  }

  /** The dispute window of a root anchored just at freezing is over. */
  async releasable(root) {
    await this.anchored(root);
    await this.registry.chain.setTime(this.releasableAt);
  }

  accept(tally, blinding) {
    return this.contract.send("acceptTally", [this.id, tally, blinding]);
  }

  attest(awards, options) {
    return attest(this.registry, this, awards, options);
  }
}

/** Hash of a poll's awards, as nodes sign it (§15). */
export const awardsHash = (awards) =>
  tagged("awards", numberToHex(awards.length, { size: 2 }), ...awards.map(word));

/** Nodes' signatures of an outcome, and `attestOutcome` with them. `poll` has `id`, `context`, … */
export async function attest(
  registry,
  { id, context, committee, creation },
  awards,
  {
    nodes = [1, 2, 3, 4],
    ballotsHash = word(8080),
    signed = awards,
    signedContext = context,
    domain,
    rule = creation[3],
    spoil = (attestations) => attestations,
    from,
  } = {},
) {
  const message = { pollContext: signedContext, ballotsHash, awardsHash: awardsHash(signed) };
  const attestations = await Promise.all(
    nodes.map(async (node) => ({
      node,
      signature: await registry.sign(
        committee.signers[node - 1] ?? account(999),
        "Outcome",
        message,
        domain,
      ),
    })),
  );
  const args = [id, rule, ballotsHash, awards, spoil(attestations)];
  return registry.contract.send("attestOutcome", args, from);
}

/** Every test of a file starts from the state in which `prepare` left the chain. */
export function isolated(hooks, prepare, deployment) {
  const state = {};
  let saved;
  hooks.before(async () => {
    state.registry = await deployRegistry({}, deployment);
    await prepare(state);
  });
  hooks.beforeEach(async () => {
    saved = await state.registry.chain.snapshot();
  });
  hooks.afterEach(async () => {
    await state.registry.chain.restore(saved);
  });
  return state;
}

export const unsigned20 = (number) => pad(numberToHex(number), { size: 20 });
