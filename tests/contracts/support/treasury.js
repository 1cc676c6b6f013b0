/** A treasury with members and a round brought as far as a test wants it. */
import { keccak256, stringToHex, zeroAddress } from "viem";
import { commit } from "./bn254.js";
import { Census } from "./census.js";
import { ballots, outcomes, tagged } from "./encodings.js";
import { account, withErrors, word } from "./registry.js";

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
  Vetoed: 9,
});

const field = (type, name) => ({ type, name });
const ITEM = [
  field("address", "recipient"),
  field("uint256", "amount"),
  field("uint16", "category"),
  field("string", "title"),
  field("string", "text"),
  field("bytes32", "details"),
];
const ONCE = [field("uint256", "nonce"), field("uint64", "deadline")];
/** docs/protocol.md §15. */
export const TYPES = {
  Proposal: [field("uint256", "roundId"), field("address", "proposer"), ...ITEM, ...ONCE],
  Revision: [field("bytes32", "proposalId"), ...ITEM, ...ONCE],
  Withdrawal: [field("bytes32", "proposalId"), ...ONCE],
  Redemption: [
    field("bytes32", "electorate"),
    field("address", "invitation"),
    field("address", "signingKey"),
  ],
};

/** `Electorate` of a kind over a census, or over a source. */
export const electorateOf = (kind, { censusHash, totalWeight, voters }) => ({
  kind,
  censusHash,
  totalWeight,
  voters,
  source: "0x",
});

export const sourceElectorate = (text) => ({
  kind: 2,
  censusHash: word(0),
  totalWeight: 0n,
  voters: 0,
  source: stringToHex(text),
});

export class Treasury {
  static async deploy(registry, daoUri = "") {
    const { chain } = registry;
    const treasury = new Treasury();
    const deployed = await chain.deploy("BudgetTreasury", [registry.contract.address, daoUri]);
    // What the registry refuses comes through the treasury.
    const contract = await chain.at("BudgetTreasury", deployed.address, {
      abi: withErrors(deployed.abi, registry.contract.abi),
      receipt: deployed.receipt,
    });
    Object.assign(treasury, { chain, registry, contract });
    treasury.domain = { ...registry.domain, verifyingContract: contract.address };
    // Accounts that send themselves, and one that only ever signs.
    treasury.direct = chain.accounts.slice(2, 5);
    treasury.signer = account(500);
    treasury.members = new Census(
      [...treasury.direct, treasury.signer.address].map((member, index) => ({
        account: member,
        weight: 6n + BigInt(index),
      })),
    );
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
      payoutDelay: 0,
      vetoHolder: zeroAddress,
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
      responseTime: this.registry.disputes === zeroAddress ? 0 : 300,
      maxDisputeDelay: this.registry.disputes === zeroAddress ? 0 : 1200,
      minimumBallots: 2,
      secret: true,
      ...changes,
    };
  }

  /** Those who may propose vote, unless a test says otherwise. */
  async create(committee, { electorate, ...changes } = {}) {
    const parameters = await this.parameters(committee, changes);
    const fixed = { ...electorateOf(0, this.members), ...electorate };
    const { events, gas } = await this.contract.send("createRound", [
      parameters,
      fixed,
      "Spring",
      "",
    ]);
    const round = new Round(this, committee, events[0].args.roundId, parameters);
    return Object.assign(round, { gas, events });
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
  details: keccak256(stringToHex("{}")),
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
    const { censusHash, voters, totalWeight } = this.treasury.members;
    const census = { censusHash, voters, totalWeight, ...changes };
    const description = stringToHex('{"title": "Spring", "options": []}');
    return this.contract.send("startVoting", [this.id, census, description], from);
  }

  /** From proposals, or from a started vote, to an accepted tally. */
  async tallied(tally, { started = false, count } = {}) {
    await this.anchored(tally, { started, count });
    await this.accept(tally);
  }

  /** From proposals, or from a started vote, to an anchored root that opens to a tally. */
  async anchored(tally, { started = false, count } = {}) {
    if (!started) await this.start();
    const { pollId } = await this.view();
    const { registry } = this.treasury;
    const { pollContext: context } = await registry.contract.call("poll", [pollId]);
    const keys = this.committee.signers.map((_, index) => word(9000 + index));
    const opening = await this.#signed("PollKeys", {
      pollContext: context,
      pollKeys: tagged("poll-keys", ...keys),
    });
    await registry.contract.send("openPoll", [pollId, keys, opening]);
    const freezesAt = Number(this.parameters.votingClosesAt) + this.parameters.freezeDelay;
    await this.to(freezesAt);
    await this.anchor(tally, { count });
  }

  /** Anchors the root of a settling round that opens to a tally. */
  async anchor(tally, { number = 0, count = 4 } = {}) {
    const { registry } = this.treasury;
    const { pollId } = await this.view();
    const { pollContext: context } = await registry.contract.call("poll", [pollId]);
    const [sumX, sumY] = commit(tally, 5n);
    const root = { round: number, rootHash: word(4321), sumX, sumY, count };
    const signatures = await this.#signed("Root", { pollContext: context, ...root });
    await registry.contract.send("anchorRoot", [
      pollId,
      root,
      signatures.slice(0, 4).map((signature, index) => ({ node: index + 1, signature })),
    ]);
  }

  /** Opens the anchored root once its dispute window is over. */
  async accept(tally) {
    const { registry } = this.treasury;
    const { pollId } = await this.view();
    const { releasableAt } = await registry.contract.call("poll", [pollId]);
    await this.to(releasableAt);
    await registry.contract.send("acceptTally", [pollId, tally, 5n]);
  }

  #signed(type, message) {
    const { registry } = this.treasury;
    return Promise.all(
      this.committee.signers.map((signer) => registry.sign(signer, type, message)),
    );
  }

  async decided(tally, order) {
    await this.tallied(tally);
    return this.decide(tally, order);
  }

  decide(tally, order) {
    return this.contract.send("decide", [this.id, tally, order]);
  }
}
