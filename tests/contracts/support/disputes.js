/** A poll with real ballots whose root can be disputed. */
import { numberToHex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { Census } from "./census.js";
import { startChain } from "./chain.js";
import { range, ruleBytes, singleChoice, tagged } from "./encodings.js";
import { Registry, TYPES, account, withErrors, word } from "./registry.js";
import { SumTree, ballot, ballotDigest, leafOf, pointBytes } from "./votes.js";

export const MINIMUM_BOND = 10n ** 15n;
export const Ground = Object.freeze({ Sum: 0, Padding: 1, Order: 2, Unanswered: 3 });

const field = (type, name) => ({ type, name });
const SIGNED = {
  ...TYPES,
  Ballot: [
    field("bytes32", "pollContext"),
    field("address", "voter"),
    field("uint64", "castAt"),
    field("bytes32", "ballotDigest"),
    field("bytes32", "boxesHash"),
  ],
  Receipt: [
    field("bytes32", "pollContext"),
    field("address", "voter"),
    field("uint64", "castAt"),
    field("bytes32", "ballotDigest"),
  ],
  Answer: [field("bytes32", "challenge"), field("address", "payee")],
};

/** A chain with disputes and a registry that names them. */
export async function deployDisputes() {
  const chain = await startChain();
  const disputes = await chain.deploy("Disputes", [MINIMUM_BOND]);
  const args = [1, disputes.address];
  const deployed = await chain.deploy("PollRegistry", args);
  const rules = await chain.at("PollRules", await deployed.call("pollRules"));
  const contract = await chain.at("PollRegistry", deployed.address, {
    abi: withErrors(deployed.abi, rules.abi),
    receipt: deployed.receipt,
  });
  const check = await chain.at("BallotCheck", await disputes.call("ballotCheck"));
  const known = await chain.at("Disputes", disputes.address, {
    abi: withErrors(disputes.abi, contract.abi, check.abi),
  });
  return { registry: new Registry(chain, contract, args), disputes: known };
}

export const voter = (number) => privateKeyToAccount(word(5000 + number));

/** One anchored poll, and what it takes to dispute its root. */
export class DisputedPoll {
  /** @param real number of ballots; the other voters have leaves that nobody can open */
  static async create(
    { registry, disputes },
    {
      voters = 5,
      real = voters,
      rule = singleChoice(3),
      weight = () => 1n,
      changes = {},
      ...given
    } = {},
  ) {
    const poll = new DisputedPoll();
    const committee = given.committee ?? (await registry.register());
    const people = range(voters).map(voter);
    const census = new Census(
      people.map(({ address }, index) => ({ account: address, weight: weight(index) })),
    );
    const inner = await registry.create(committee, {
      rule: ruleBytes(rule),
      censusHash: census.censusHash,
      totalWeight: census.totalWeight,
      voters,
      ...changes,
    });
    const signers = new Map(people.map((person) => [person.address.toLowerCase(), person]));
    const casters = census.entries.map((entry) => signers.get(entry.account.toLowerCase()));
    const ballots = casters.slice(0, real).map((person, index) =>
      ballot({
        rule,
        voter: person.address,
        castAt: inner.parameters.opensAt + BigInt(500 + index),
        bits: range(rule.bits).map((bit) => (bit === index % rule.bits ? 1n : 0n)),
        context: inner.context,
        threshold: 3,
      }),
    );
    Object.assign(poll, { registry, disputes, inner, census, casters, ballots, committee, rule });
    poll.terms = { parameters: inner.parameters, rule: ruleBytes(rule) };
    poll.subject = { registry: registry.contract.address, id: inner.id };
    return poll;
  }

  get chain() {
    return this.registry.chain;
  }

  get responseTime() {
    return this.inner.parameters.responseTime;
  }

  leaves(ballots = this.ballots) {
    return ballots.map((one) => leafOf(one, this.census.of(one.voter).weight));
  }

  tree(options) {
    return new SumTree(this.leaves(), options);
  }

  /** A tree with a leaf for every voter of the census. */
  fullTree() {
    const [{ value }] = this.ballots;
    const others = this.casters.slice(this.ballots.length).map(({ address }) => ({
      ...leafOf({ voter: address, castAt: 1n, bytes: "0x", value }),
    }));
    return new SumTree([...this.leaves(), ...others]);
  }

  /** Anchors the root of a tree, from creation on. */
  async anchor(tree) {
    this.current = tree;
    await this.inner.anchored(tree.root());
  }

  status() {
    return this.inner.status();
  }

  /** Calls a function of the disputes whose first argument is the poll. */
  send(name, ...args) {
    return this.disputes.send(name, [this.subject, ...args]);
  }

  async later(seconds) {
    await this.chain.setTime((await this.chain.now()) + seconds);
  }

  balance(account) {
    return this.disputes.call("balanceOf", [account]);
  }

  /** What a challenge names: the digest of the anchored root (§10.4). */
  rootDigest(tree = this.current) {
    const { rootHash, sumX, sumY, count } = tree.root();
    return tagged("root", rootHash, pointBytes([sumX, sumY]), numberToHex(count, { size: 4 }));
  }

  bond() {
    return this.disputes.call("bondOf", [this.subject, this.terms, 0n]);
  }

  async challengeLeaf(index, { from = this.chain.other, value, tree } = {}) {
    const { events, gas } = await this.disputes.send(
      "challengeLeaf",
      [this.subject, this.terms, this.rootDigest(tree), index],
      from,
      value ?? 10n ** 18n,
    );
    return { challenge: events.find((event) => event.eventName === "Challenged").args, gas };
  }

  receipt({ voter, castAt, bytes }) {
    return { voter, castAt, ballotDigest: ballotDigest(bytes) };
  }

  async receipts(ballot, nodes = [1, 2, 3, 4]) {
    const message = { pollContext: this.inner.context, ...this.receipt(ballot) };
    return Promise.all(
      nodes.map(async (node) => ({
        node,
        signature: await this.sign(this.committee.signers[node - 1], "Receipt", message),
      })),
    );
  }

  async challengeOmission(ballot, { nodes, from = this.chain.other } = {}) {
    const { events, gas } = await this.disputes.send(
      "challengeOmission",
      [
        this.subject,
        this.terms,
        this.rootDigest(),
        this.receipt(ballot),
        await this.receipts(ballot, nodes),
      ],
      from,
      10n ** 18n,
    );
    return { challenge: events.find((event) => event.eventName === "Challenged").args, gas };
  }

  sign(signer, primaryType, message, domain = this.registry.domain) {
    return signer.signTypedData({ domain, types: SIGNED, primaryType, message });
  }

  /** Evidence for the leaf at `index` of a tree. */
  async evidence(index, { tree = this.current, ballot = this.ballots[index], signer } = {}) {
    const boxesHash = word(99);
    const message = {
      pollContext: this.inner.context,
      voter: ballot.voter,
      castAt: ballot.castAt,
      ballotDigest: ballotDigest(ballot.bytes),
      boxesHash,
    };
    const own = this.casters.find(({ address }) => address === ballot.voter);
    return {
      ballot: ballot.bytes,
      boxesHash,
      signature: await this.sign(signer ?? own, "Ballot", message),
      membership: this.census.of(ballot.voter),
      siblings: tree.siblings(index),
    };
  }

  /** A payee whom a node names. */
  async payee(challenge, to, { node = 1, signer = this.committee.signers[node - 1] } = {}) {
    const domain = { ...this.registry.domain, verifyingContract: this.disputes.address };
    return {
      account: to,
      node,
      signature: await this.sign(signer, "Answer", { challenge, payee: to }, domain),
    };
  }

  async answerLeaf(index, evidence, payee = NOBODY, from = this.chain.account) {
    return this.disputes.send(
      "answerLeaf",
      [this.subject, this.terms, index, evidence, payee],
      from,
    );
  }
}

export const NOBODY = {
  account: "0x0000000000000000000000000000000000000000",
  node: 0,
  signature: "0x",
};
export const stranger = account(4242);

/** A poll of five voters that can be disputed; every test starts from its creation. */
export function isolatedPoll(hooks) {
  const state = {};
  let saved;
  hooks.before(async () => {
    state.deployed = await deployDisputes();
    state.poll = await DisputedPoll.create(state.deployed, {
      voters: 5,
      weight: (index) => BigInt(index + 1),
      // Room for four challenges, one after another.
      changes: { secret: false, maxDisputeDelay: 2700 },
    });
  });
  hooks.beforeEach(async () => {
    saved = await state.poll.chain.snapshot();
  });
  hooks.afterEach(async () => {
    await state.poll.chain.restore(saved);
  });
  return state;
}
