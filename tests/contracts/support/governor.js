/** A DAO with a token, a timelock and a Governor whose proposals are decided by private polls. */
import { encodeFunctionData, keccak256, parseEventLogs, stringToHex, zeroAddress } from "viem";
import { R } from "./bn254.js";
import { Census } from "./census.js";
import { deployDisputes, voter } from "./disputes.js";
import { range, singleChoice } from "./encodings.js";
import { Poll, withErrors } from "./registry.js";
import { SumTree, ballot, leafOf } from "./votes.js";

export const State = Object.freeze({
  Pending: 0,
  Active: 1,
  Canceled: 2,
  Defeated: 3,
  Succeeded: 4,
  Queued: 5,
  Expired: 6,
  Executed: 7,
});
export const Weights = Object.freeze({ Votes: 0, Equal: 1 });
export const POST_BOND = 10n ** 17n;
export const CHALLENGE_BOND = 10n ** 15n;
export const WINDOW = 3600;
export const RESPONSE_TIME = 600;
export const MAX_DELAY = 8 * RESPONSE_TIME;
const DELAY = 10;
const PERIOD = 200;
export const TIMELOCK_DELAY = 60;
const THRESHOLD = 3;

/** Votes of the delegates, in no order of their addresses. */
export const VOTES = [700n, 55n, 120n, 8n, 300n, 90n, 41n];
export const SUPPLY = 2000n;

export const deployCensusDisputes = (chain) =>
  chain.deploy("CensusDisputes", [POST_BOND, CHALLENGE_BOND, WINDOW, RESPONSE_TIME, MAX_DELAY]);

/** A token whose holders delegated so many votes each to voters 0, 1, … . */
export async function deployToken(chain, votes = VOTES, name = "TestToken") {
  const token = await chain.deploy(name, ["Votes", "VOTE", SUPPLY]);
  for (const [index, amount] of votes.entries()) {
    const holder = chain.accounts[index + 2];
    await token.send("transfer", [holder, amount]);
    await token.send("delegate", [voter(index).address], holder);
  }
  return token;
}

/** What determines a census is right: the token's votes at the source's timepoint. */
export async function rightCensus(token, source, voters = VOTES.length, options) {
  const accounts = range(voters).map((index) => voter(index).address);
  const entries = await Promise.all(
    accounts.map(async (account) => {
      const votes = await token.call("getPastVotes", [account, source.timepoint]);
      const units = votes / source.unit;
      return { account, weight: source.weights === Weights.Equal && units > 1n ? 1n : units };
    }),
  );
  return new Census(
    entries.filter(({ weight }) => weight > 0n),
    options,
  );
}

/** The struct `Census` of a census tree. */
export const content = (census) => ({
  rootHash: census.censusHash,
  totalWeight: census.totalWeight,
  count: census.voters,
});

/** An entry of a census at its place. */
export const placed = (census, index) => ({
  entry: census.entries[index],
  index,
  siblings: census.siblings(index),
});

export class Dao {
  static async deploy() {
    const deployed = await deployDisputes();
    const { chain } = deployed.registry;
    const committee = await deployed.registry.register();
    const token = await deployToken(chain);
    const censusDisputes = await deployCensusDisputes(chain);
    const dao = Object.assign(new Dao(), { ...deployed, chain, committee, token, censusDisputes });
    return dao.beside();
  }

  /** Another DAO on the same chain, with the same committee. */
  async beside({ token = this.token, ...changes } = {}) {
    const timelock = await this.chain.deploy("TimelockController", [
      TIMELOCK_DELAY,
      [],
      [zeroAddress],
      this.chain.account,
    ]);
    const dao = Object.assign(new Dao(), this, { token, timelock });
    dao.arguments = dao.construction(changes);
    await dao.adopt(dao.arguments);
    return dao;
  }

  /** Arguments of the Governor's constructor. */
  construction({ terms = {}, settings = {} } = {}) {
    return [
      this.token.address,
      this.timelock.address,
      {
        name: "Club",
        votingDelay: DELAY,
        votingPeriod: PERIOD,
        proposalThreshold: 0n,
        quorumPercent: 20n,
        ...settings,
      },
      this.registry.contract.address,
      this.censusDisputes.address,
      {
        committee: this.committee.digest,
        openDelay: 100,
        votingDuration: 900,
        freezeDelay: 60,
        roundDuration: 30,
        maxRounds: 4,
        disputeWindow: 600,
        tallyPeriod: 900,
        minimumBallots: 2,
        responseTime: 300,
        maxDisputeDelay: 3600,
        unit: 1n,
        weights: Weights.Votes,
        ...terms,
      },
    ];
  }

  /** Deploys the Governor, and makes it the timelock's only proposer. */
  async adopt(args) {
    const governor = await this.chain.deploy("OstrakaGovernor", args);
    this.governor = await this.chain.at("OstrakaGovernor", governor.address, {
      abi: withErrors(
        governor.abi,
        this.registry.contract.abi,
        this.timelock.abi,
        (await this.chain.at("ProposalPolls", zeroAddress)).abi,
      ),
    });
    for (const role of ["PROPOSER_ROLE", "CANCELLER_ROLE"]) {
      const args = [keccak256(stringToHex(role)), governor.address];
      await this.timelock.send("grantRole", args);
    }
  }

  /** A proposal that pays tokens from the timelock, which has some. */
  async propose(description = "Pay the gardener\n\nFor the work in May.", amount = 25n) {
    await this.token.send("transfer", [this.timelock.address, amount]);
    const data = encodeFunctionData({
      abi: this.token.abi,
      functionName: "transfer",
      args: [this.recipient, amount],
    });
    const action = [[this.token.address], [0n], [data]];
    const { events, gas } = await this.governor.send("propose", [...action, description]);
    const { proposalId } = events.find(({ eventName }) => eventName === "ProposalCreated").args;
    const proposal = new Proposal(this, proposalId, action, description, amount);
    return Object.assign(proposal, { gas });
  }

  get recipient() {
    return this.chain.accounts[19];
  }

  mine(blocks) {
    return this.chain.provider.request({
      method: "hardhat_mine",
      params: [`0x${blocks.toString(16)}`],
    });
  }

  later(seconds) {
    return this.chain.now().then((now) => this.chain.setTime(now + seconds));
  }
}

export class Proposal {
  constructor(dao, id, action, description, amount) {
    Object.assign(this, { dao, id, action, description, amount });
  }

  state() {
    return this.dao.governor.call("state", [this.id]);
  }

  /** Mines until it is Active. */
  activate() {
    return this.dao.mine(DELAY + 1);
  }

  source() {
    return this.dao.governor.call("censusSource", [this.id]);
  }

  async census(options) {
    return rightCensus(this.dao.token, await this.source(), undefined, options);
  }

  /** Posts a census, and gives what names it in disputes. */
  async post(census, from) {
    const source = await this.source();
    const args = [source, content(census)];
    const { events } = await this.dao.censusDisputes.send("post", args, from, POST_BOND);
    return { id: events[0].args.id, source, census: content(census) };
  }

  start({ id, census }) {
    return this.dao.governor.send("startPoll", [...this.action, this.description, id, census]);
  }

  /** From Active to a poll that is created with the right census. */
  async started() {
    await this.activate();
    const census = await this.census();
    const posted = await this.post(census);
    await this.dao.later(WINDOW);
    const { logs } = await this.start(posted);
    this.poll = this.pollOf(logs, census);
    return this.poll;
  }

  /** The poll that a transaction created. */
  pollOf(logs, census) {
    const { registry, committee } = this.dao;
    const [created] = parseEventLogs({
      abi: registry.contract.abi,
      eventName: "PollCreated",
      logs,
    });
    const { pollId, pollContext, parameters } = created.args;
    const poll = new Poll(registry, committee, pollId, pollContext, [parameters]);
    return Object.assign(poll, { created: created.args, census });
  }

  /**
   * Real ballots of a started poll, one for each entry of its census: 0 for, 1 against, 2 abstain;
   * null for none. Gives the root's tree and what opens its sum.
   */
  ballots(choices) {
    const { census, context, parameters } = this.poll;
    const rule = singleChoice(3);
    const tally = [0n, 0n, 0n];
    let blinding = 0n;
    const leaves = census.entries.flatMap(({ account, weight }, index) => {
      const choice = choices[index];
      if (choice === null) return [];
      const cast = ballot({
        rule,
        voter: account,
        castAt: parameters.opensAt + BigInt(index),
        bits: range(3).map((bit) => BigInt(bit === choice)),
        context,
        threshold: THRESHOLD,
      });
      tally[choice] += weight;
      blinding += weight * cast.blinding;
      return [leafOf(cast, weight)];
    });
    return { tree: new SumTree(leaves), tally, blinding: blinding % R };
  }

  /** From a started poll to this accepted tally, of which no ballots are shown. */
  async tallied(tally) {
    const blinding = 77n;
    await this.poll.releasable(this.poll.root({ tally, blinding }));
    await this.poll.accept(tally, blinding);
    return tally;
  }

  settle(tally) {
    return this.dao.governor.send("settle", [this.id, tally]);
  }

  /** `queue` or `execute`. */
  async enact(name) {
    const hash = keccak256(stringToHex(this.description));
    return this.dao.governor.send(name, [...this.action, hash]);
  }
}
