/** A poll of a registry that says whatever a test wants, before the real disputes. */
import { encodeAbiParameters, encodeFunctionData, keccak256 } from "viem";
import { tagged } from "./encodings.js";
import { NOBODY } from "./disputes.js";
import { Status, account } from "./registry.js";
import { SumTree, pointBytes } from "./votes.js";

const BOND = 10n ** 18n;
/** Its four nodes, of which two make a quorum. */
const SIGNERS = [21, 22, 23, 24].map(account);

export class HostilePoll {
  /**
   * @param poll a `DisputedPoll` whose ballots and terms are used
   * @param changes of its parameters
   */
  static async create(poll, changes = {}) {
    const own = new HostilePoll();
    const { chain, disputes } = poll;
    const registry = await chain.deploy("HostileRegistry");
    const parameters = { ...poll.terms.parameters, ...changes };
    const [, { components }] = disputes.abi.find(({ name }) => name === "challengeLeaf").inputs;
    const context = tagged(
      "poll",
      encodeAbiParameters(
        [{ type: "uint256" }, { type: "address" }, { type: "uint256" }],
        [BigInt(chain.chainId), registry.address, 1n],
      ),
      encodeAbiParameters([components[0]], [parameters]),
      encodeAbiParameters([{ type: "uint16" }, { type: "uint256" }], [3, 1n]),
    );
    Object.assign(own, { poll, chain, disputes, registry, context });
    own.subject = { registry: registry.address, id: 1n };
    own.terms = { parameters, rule: poll.terms.rule };
    own.domain = { ...poll.registry.domain, verifyingContract: registry.address };
    const now = await chain.now();
    own.tree = new SumTree(poll.leaves());
    own.seen = {
      status: Status.Anchored,
      disputes: disputes.address,
      generatorTable: await poll.registry.contract.call("generatorTable"),
      pollContext: context,
      committee: parameters.committee,
      threshold: 3,
      slots: 3,
      maxSlotValue: 1n,
      voters: parameters.voters,
      anchoredAt: BigInt(now),
      releasableAt: BigInt(now + parameters.disputeWindow),
      root: own.tree.root(),
    };
    await registry.send("appoint", [SIGNERS.map(({ address }) => address), 2]);
    await own.show();
    return own;
  }

  async show(changes = {}) {
    Object.assign(this.seen, changes);
    await this.registry.send("show", [this.seen]);
  }

  get rootDigest() {
    const { rootHash, sumX, sumY, count } = this.seen.root;
    const size = `0x${count.toString(16).padStart(8, "0")}`;
    return tagged("root", rootHash, pointBytes([sumX, sumY]), size);
  }

  /** Identifier of a leaf's challenge (§18.8). */
  leafId(index) {
    const types = ["string", "address", "uint256", "uint32", "uint32"];
    const values = ["leaf", this.subject.registry, this.subject.id, this.seen.root.round, index];
    return keccak256(
      encodeAbiParameters(
        types.map((type) => ({ type })),
        values,
      ),
    );
  }

  /** What the registry calls in its own name while it is called. */
  arm(next, name, args) {
    const data = encodeFunctionData({ abi: this.disputes.abi, functionName: name, args });
    return this.registry.send("arm", [next, this.disputes.address, data]);
  }

  async challengeLeaf(index, from = this.chain.other, value = BOND) {
    const args = [this.subject, this.terms, this.rootDigest, index];
    return opened(await this.disputes.send("challengeLeaf", args, from, value));
  }

  async challengeOmission(ballot, nodes = [1, 3], from = this.chain.other) {
    const args = [
      this.subject,
      this.terms,
      this.rootDigest,
      ballot,
      await this.receipts(ballot, nodes),
    ];
    return opened(await this.disputes.send("challengeOmission", args, from, BOND));
  }

  receipts(ballot, nodes) {
    const message = { pollContext: this.context, ...ballot };
    return Promise.all(
      nodes.map(async (node) => ({
        node,
        signature: await this.poll.sign(SIGNERS[node - 1], "Receipt", message, this.domain),
      })),
    );
  }

  /** Answer of an omission by the leaf of the ballot's voter. */
  answer(index) {
    return [index, this.poll.leaves()[index], this.tree.siblings(index), NOBODY];
  }

  payee(challenge, to, node, signer = SIGNERS[node - 1]) {
    return this.poll.payee(challenge, to, { node, signer });
  }
}

/** What the event of a new challenge says, with what the registry made of it. */
function opened(result) {
  const { args } = result.events.find(({ eventName }) => eventName === "Challenged");
  return { ...args, logs: result.logs };
}

export const callData = ({ abi }, functionName, args) =>
  encodeFunctionData({ abi, functionName, args });
