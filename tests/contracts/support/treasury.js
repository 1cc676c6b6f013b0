/** A treasury with members and a round brought as far as a test wants it. */
import { concat, encodeAbiParameters, keccak256, stringToHex, zeroAddress } from "viem";
import { commit } from "./bn254.js";
import { ballots, outcomes } from "./encodings.js";
import { account, word } from "./registry.js";

export const RoundStatus = Object.freeze({
  None: 0,
  Announced: 1,
  Proposing: 2,
  Ready: 3,
  Voting: 4,
  Tallied: 5,
  Decided: 6,
  Expired: 7,
  Void: 8,
});

const field = (type, name) => ({ type, name });
const ITEM = [
  field("address", "recipient"),
  field("uint256", "amount"),
  field("uint16", "category"),
  field("string", "title"),
  field("string", "text"),
];
const ONCE = [field("uint256", "nonce"), field("uint64", "deadline")];
/** docs/protocol.md §15. */
export const TYPES = {
  Proposal: [field("uint256", "roundId"), field("address", "proposer"), ...ITEM, ...ONCE],
  Revision: [field("bytes32", "proposalId"), ...ITEM, ...ONCE],
  Withdrawal: [field("bytes32", "proposalId"), ...ONCE],
};

/** Census tree of docs/protocol.md §6.2 over `[account, signingKey]` with weight 1. */
export class Members {
  constructor(entries) {
    this.entries = new Map(entries.map(([member, key]) => [member.toLowerCase(), key]));
    const leaves = entries.map(([member, key]) => Members.leaf(member, key)).sort();
    const size = 2 * leaves.length - 1;
    this.tree = new Array(size);
    leaves.forEach((leaf, index) => (this.tree[size - 1 - index] = leaf));
    for (let i = leaves.length - 2; i >= 0; i--) {
      this.tree[i] = keccak256(concat([this.tree[2 * i + 1], this.tree[2 * i + 2]].sort()));
    }
  }

  static leaf(member, key) {
    const types = [{ type: "address" }, { type: "address" }, { type: "uint256" }];
    return keccak256(keccak256(encodeAbiParameters(types, [member, key, 1n])));
  }

  get root() {
    return this.tree[0];
  }

  of(member) {
    const signingKey = this.entries.get(member.toLowerCase());
    const proof = [];
    let place = this.tree.lastIndexOf(Members.leaf(member, signingKey));
    while (place > 0) {
      proof.push(this.tree[place % 2 ? place + 1 : place - 1]);
      place = (place - 1) >> 1;
    }
    return { signingKey, weight: 1n, proof };
  }
}

export class Treasury {
  static async deploy(registry) {
    const { chain } = registry;
    const treasury = new Treasury();
    const deployed = await chain.deploy("BudgetTreasury", [registry.contract.address]);
    // What the registry refuses comes through the treasury.
    const errors = registry.contract.abi.filter(({ type }) => type === "error");
    const contract = await chain.at("BudgetTreasury", deployed.address, {
      abi: [...deployed.abi, ...errors],
      receipt: deployed.receipt,
    });
    Object.assign(treasury, { chain, registry, contract });
    treasury.domain = { ...registry.domain, verifyingContract: contract.address };
    // Accounts that send themselves, and one that only ever signs.
    treasury.direct = chain.accounts.slice(2, 5);
    treasury.signer = account(500);
    treasury.members = new Members([
      ...treasury.direct.map((member) => [member, member]),
      [treasury.signer.address, treasury.signer.address],
    ]);
    return treasury;
  }

  async parameters(committee, changes = {}) {
    const now = BigInt(await this.chain.now());
    return {
      token: zeroAddress,
      budget: 1000n,
      minimumAmount: 10n,
      maximumAmount: 900n,
      proposalsPerMember: 2,
      maximumProposals: 6,
      memberRoot: this.members.root,
      proposalsOpenAt: now,
      proposalsCloseAt: now + 1000n,
      claimPeriod: 5000,
      ballot: ballots.approval(0, 2),
      outcome: outcomes.greedy(),
      committee: committee.digest,
      votingOpensAt: now + 2000n,
      votingClosesAt: now + 3000n,
      freezeDelay: 60,
      roundDuration: 30,
      maxRounds: 4,
      disputeWindow: 600,
      tallyPeriod: 900,
      minimumBallots: 2,
      ...changes,
    };
  }

  async create(committee, changes = {}) {
    const parameters = await this.parameters(committee, changes);
    const { events } = await this.contract.send("createRound", [parameters, "Spring", ""]);
    return new Round(this, committee, events[0].args.roundId, parameters);
  }

  sign(primaryType, message, signer = this.signer, domain = this.domain) {
    return signer.signTypedData({ domain, types: TYPES, primaryType, message });
  }
}

export const item = (changes = {}) => ({
  recipient: account(600).address,
  amount: 400n,
  category: 0,
  title: "Bench",
  text: "by the river",
  ...changes,
});

export class Round {
  constructor(treasury, committee, id, parameters) {
    Object.assign(this, { treasury, committee, id, parameters });
  }

  get contract() {
    return this.treasury.contract;
  }

  view() {
    return this.contract.call("round", [this.id]);
  }

  async status() {
    return (await this.view()).status;
  }

  proposals() {
    return this.contract.call("proposals", [this.id]);
  }

  fund(amount = this.parameters.budget, from = this.treasury.chain.account) {
    return this.contract.send("fund", [this.id, amount], from, amount);
  }

  async propose(changes = {}, from = this.treasury.direct[0]) {
    const membership = this.treasury.members.of(from);
    const args = [this.id, item(changes), membership];
    const { events, gas } = await this.contract.send("propose", args, from);
    return Object.assign(events[0].args, { gas });
  }

  to(second) {
    return this.treasury.chain.setTime(Number(second));
  }

  /** Ends proposing and creates the poll. */
  async start(changes = {}, from = this.treasury.chain.account) {
    await this.to(this.parameters.proposalsCloseAt);
    return this.startNow(changes, from);
  }

  async startNow(changes = {}, from = this.treasury.chain.account) {
    const electorate = {
      censusRoot: word(77),
      voters: 10,
      totalWeight: 30n,
      secret: true,
      ...changes,
    };
    const description = stringToHex('{"title": "Spring", "options": []}');
    return this.contract.send("startVoting", [this.id, electorate, description], from);
  }

  /** From proposals, or from a started vote, to an accepted tally. */
  async tallied(tally, { started = false } = {}) {
    if (!started) await this.start();
    const { pollId } = await this.view();
    const { registry, chain } = this.treasury;
    const { pollContext: context } = await registry.contract.call("poll", [pollId]);
    const keys = this.committee.signers.map((_, index) => word(9000 + index));
    const signed = (type, message) =>
      Promise.all(this.committee.signers.map((signer) => registry.sign(signer, type, message)));
    const opening = await Promise.all(
      this.committee.signers.map((signer, index) =>
        registry.sign(signer, "PollKey", { pollContext: context, publicKey: keys[index] }),
      ),
    );
    await registry.contract.send("openPoll", [pollId, keys, opening]);
    const freezesAt = Number(this.parameters.votingClosesAt) + this.parameters.freezeDelay;
    await this.to(freezesAt);
    const [sumX, sumY] = commit(tally, 5n);
    const root = { round: 0, rootHash: word(4321), sumX, sumY, count: 5 };
    const signatures = await signed("Root", { pollContext: context, ...root });
    await registry.contract.send("anchorRoot", [
      pollId,
      root,
      signatures.slice(0, 4).map((signature, index) => ({ node: index + 1, signature })),
    ]);
    await this.to((await chain.now()) + this.parameters.disputeWindow);
    await registry.contract.send("acceptTally", [pollId, tally, 5n]);
  }

  async decided(tally, order) {
    await this.tallied(tally);
    return this.decide(tally, order);
  }

  decide(tally, order) {
    return this.contract.send("decide", [this.id, tally, order]);
  }
}
