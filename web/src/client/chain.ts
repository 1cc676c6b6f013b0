/**
 * Read evidence for an audit from the chain, through an RPC endpoint. Checks nothing.
 *
 * Everything throws Undecided when the endpoint is unreachable, refuses, knows no such contract or
 * poll, or gives an answer that no chain would give.
 *
 * Source: contracts/interfaces/IPollRegistry.sol, IBudgetTreasury.sol; the contract ABI.
 */

import type { AnchoredRoot, Sections } from "../protocol/board.ts";
import type { CensusEntry } from "../protocol/census.ts";
import { concat, Reader, sameBytes, toHex, word, WORD_BYTES } from "../protocol/encoding.ts";
import { AuditError, Malformed, Rejected, Unanswered, Undecided } from "../protocol/errors.ts";
import type {
  ChainEvidence,
  CodeEvidence,
  CoinReceipt,
  DeploymentEvidence,
  DisputesEvidence,
  OutcomeEvidence,
  Payout,
  RoundEvidence,
  Transfer,
  Unreadable,
} from "../protocol/evidence.ts";
import { OUTCOME_MISSED } from "../protocol/evidence.ts";
import type { SumRoot } from "../protocol/merkle_sum.ts";
import { BallotOutcome } from "../protocol/outcome/ballots.ts";
import { NoOutcome } from "../protocol/outcome/none.ts";
import { decodeOutcomeRule } from "../protocol/outcome/parts.ts";
import { decodeDescription, type RoundReference } from "../protocol/parameters.ts";
import type { Tally } from "../protocol/tally_proof.ts";
import type { CensusSource } from "../protocol/snapshot.ts";
import { type UnixSeconds, unixSeconds } from "../protocol/units.ts";
import { addressIn, listOf, readReturned, readStruct, sizeOf } from "./abi_struct.ts";
import { readCensus } from "./census.ts";
import {
  OUTCOME_VIEW,
  PAYOUT_CLAIMED,
  POLL_OPENED,
  POLL_VIEW,
  type PollView,
  type Root,
  ROOT_ANCHORED,
  ROUND_CREATED,
  ROUND_VIEW,
  TALLY_ACCEPTED,
  TRANSFER,
} from "./contract_structs.ts";
import { lacking, readProposals, TEXT } from "./proposals.ts";
import { JsonRpc, type Log, ofChain, requireContract, Reverted } from "./rpc.ts";

export const STATUS_NAMES = [
  "none",
  "created",
  "open",
  "closed",
  "anchored",
  "releasable",
  "tallied",
  "void",
] as const;

/** Read `poll()` of the registry. */
export async function readPollView(
  rpc: JsonRpc,
  registry: Uint8Array,
  pollId: bigint,
  block: bigint,
): Promise<PollView> {
  const answer = await rpc.call(registry, "poll(uint256)", word(pollId), block);
  if (answer.length !== sizeOf(POLL_VIEW)) {
    throw new Undecided(`no registry of polls at ${toHex(registry)}`);
  }
  const view = readStruct(POLL_VIEW, answer, "poll()");
  const { status } = view;
  if (status >= STATUS_NAMES.length) throw new Undecided(`poll(): unknown status ${status}`);
  if (!status) throw new Undecided(`the registry has no poll ${pollId} at block ${block}`);
  return view;
}

/** Hash of the anchored root of a poll, at the latest block; zero before anchoring. */
export async function readAnchoredHash(
  url: string,
  registry: Uint8Array,
  pollId: bigint,
): Promise<Uint8Array> {
  const rpc = new JsonRpc(url);
  const [chainId, block] = [await rpc.chainId(), await rpc.newestBlock()];
  await requireContract(rpc, registry, chainId, block);
  return (await readPollView(rpc, registry, pollId, block)).root.rootHash;
}

/** Reads one PollRegistry over JSON-RPC at one block. */
export class ChainReader {
  readonly block: bigint;
  readonly #rpc: JsonRpc;
  readonly #registry: Uint8Array;
  readonly #chainId: bigint;

  private constructor(rpc: JsonRpc, registry: Uint8Array, chainId: bigint, block: bigint) {
    this.#rpc = rpc;
    this.#registry = registry;
    this.#chainId = chainId;
    this.block = block;
  }

  /** A reader at the latest block of a chain; Undecided where the endpoint serves another one. */
  static async open(rpc: JsonRpc, registry: Uint8Array, chainId: bigint): Promise<ChainReader> {
    const served = await rpc.chainId();
    if (served !== chainId) {
      throw new Undecided(`the RPC endpoint serves chain ${served}, not chain ${chainId}`);
    }
    const block = await rpc.newestBlock();
    await requireContract(rpc, registry, chainId, block);
    return new ChainReader(rpc, registry, chainId, block);
  }

  /**
   * Read everything about one poll.
   *
   * @param sections Sections of the board, which name what to read on chain.
   */
  async read(pollId: bigint, sections: Sections): Promise<ChainEvidence> {
    return await ofChain(this.#read(pollId, sections));
  }

  async #read(pollId: bigint, sections: Sections): Promise<ChainEvidence> {
    const view = await readPollView(this.#rpc, this.#registry, pollId, this.block);
    const [opened, anchored, tallied] = [
      await this.#event(POLL_OPENED, pollId),
      view.anchoredAt ? await this.#event(ROOT_ANCHORED, pollId) : undefined,
      await this.#event(TALLY_ACCEPTED, pollId),
    ];
    const tally = tallied && readTally(tallied);
    const table = addressIn(await this.#call("generatorTable()", new Uint8Array()));
    const { creator } = view;
    const creatorIsContract = (await this.#rpc.code(creator, this.block)).length > 0;
    const { round, census } = referencesOf(sections.description);
    const source = census && census.kind !== "invitations" ? census : undefined;
    return {
      chainId: this.#chainId,
      block: this.block,
      status: STATUS_NAMES[view.status]!,
      pollContext: view.pollContext,
      committee: view.committee,
      pollKeysDigest: view.pollKeys,
      root: sumRootOf(view.root),
      tallyDigest: view.tallyDigest,
      rejectedRounds: view.rejectedRounds,
      rejectedAt: view.rejectedAt,
      anchoredAt: view.anchoredAt,
      disputeWindowEndsAt: view.releasableAt,
      tallyDeadline: view.tallyDeadline,
      generators: await this.#rpc.code(table, this.block),
      nodeKeys: opened ? POLL_OPENED.data(opened).nodeKeys() : [],
      anchored: anchored && readAnchored(anchored),
      tally,
      talliedAt: tallied ? await this.#rpc.timestamp(tallied.block) : unixSeconds(0),
      awards: tally && (await orWhyNot(this.#awards(pollId, tally, sections.outcomeRule))),
      outcome: tally && (await orWhyNot(this.#outcome(pollId, sections.outcomeRule))),
      creator,
      creatorIsContract,
      creatorIsTreasury: creatorIsContract && (await this.#takesPolls(creator)),
      round: round && (await orWhyNot(this.#round(round))),
      census: source && (await orWhyNot(this.#census(source))),
      censusCode: source ? await this.#rpc.code(source.contract, this.block) : new Uint8Array(),
      censusTimes: source && (await orWhyNot(this.#times(source.block))),
      deployment: await orWhyNot(this.#deployment(table)),
    };
  }

  async #deployment(generatorTable: Uint8Array): Promise<DeploymentEvidence> {
    const nothing = new Uint8Array();
    const floor = new Reader(await this.#call("periodFloor()", nothing), "periodFloor()");
    return {
      registry: await this.#rpc.code(this.#registry, this.block),
      generatorTable,
      votingKeys: await this.#part("votingKeys()", this.#registry),
      pollRules: await this.#part("pollRules()", this.#registry),
      periodFloor: floor.unsigned(WORD_BYTES, "seconds"),
      disputes: await this.#disputes(addressIn(await this.#call("disputes()", nothing))),
    };
  }

  async #disputes(address: Uint8Array): Promise<DisputesEvidence | undefined> {
    if (!address.some(Boolean)) return undefined;
    const contract = { address, code: await this.#rpc.code(address, this.block) };
    try {
      return { contract, ballotCheck: await this.#part("ballotCheck()", address) };
    } catch (error) {
      // Another contract, or an account without code.
      if (error instanceof Malformed || error instanceof Reverted) {
        return { contract, ballotCheck: undefined };
      }
      throw error;
    }
  }

  /** Read a contract that another one names. */
  async #part(getter: string, of: Uint8Array): Promise<CodeEvidence> {
    const named = new Reader(await this.#call(getter, new Uint8Array(), of), getter);
    const address = addressIn(named.take(WORD_BYTES, "address"));
    return { address, code: await this.#rpc.code(address, this.block) };
  }

  async #census(source: CensusSource): Promise<CensusEntry[]> {
    const entries = await readCensus(this.#rpc, source, this.block);
    if (!entries.length) {
      const contract = toHex(source.contract);
      throw new Unanswered(`${contract} lists nobody, or the RPC endpoint lacks its events`);
    }
    return entries;
  }

  async #times(block: bigint): Promise<[at: UnixSeconds, next: UnixSeconds]> {
    if (block >= this.block) {
      throw new Undecided(`block ${block} of the census is not in the past`);
    }
    return [await this.#rpc.timestamp(block), await this.#rpc.timestamp(block + 1n)];
  }

  async #takesPolls(contract: Uint8Array): Promise<boolean> {
    try {
      const answer = await this.#call("registry()", new Uint8Array(), contract);
      return sameBytes(addressIn(answer), this.#registry);
    } catch (error) {
      // Another contract, such as a wallet, refuses an unknown function. An endpoint that does not
      // answer proves nothing: a treasury must not pass for a wallet.
      if (error instanceof Reverted) return false;
      throw error;
    }
  }

  async #round(reference: RoundReference): Promise<RoundEvidence> {
    const { treasury, roundId } = reference;
    await requireContract(this.#rpc, treasury, this.#chainId, this.block);
    const answer = await this.#call("round(uint256)", word(roundId), treasury);
    const view = readReturned(ROUND_VIEW, answer, "round()");
    const parameters = view.parameters();
    const { token } = parameters;
    const proposals = await readProposals(this.#rpc, reference, this.block);
    const topics = [PAYOUT_CLAIMED.topic, word(roundId)];
    const claimed = await this.#rpc.logs(treasury, topics, this.block);
    const payouts = claimed.map((log): Payout => ({
      proposalId: PAYOUT_CLAIMED.indexed(log, "proposalId"),
      recipient: PAYOUT_CLAIMED.indexed(log, "recipient"),
      amount: PAYOUT_CLAIMED.data(log).amount,
      block: log.block,
      transaction: log.transaction,
    }));
    const shown = new Set(payouts.map(({ proposalId }) => toHex(proposalId)));
    for (const { id, paid } of proposals) {
      if (paid && !shown.has(toHex(id))) throw lacking("PayoutClaimed", id);
    }
    const { source, title, text } = await this.#announced(reference);
    return {
      registry: addressIn(await this.#call("registry()", new Uint8Array(), treasury)),
      code: await this.#rpc.code(treasury, this.block),
      rules: await this.#part("rules()", treasury),
      status: view.status,
      pollId: view.pollId,
      budget: parameters.budget,
      deposited: view.deposited,
      committed: view.committed,
      paidOut: view.paidOut,
      electorate: {
        kind: view.electorateKind,
        root: view.electorateRoot,
        voters: BigInt(view.electorateVoters),
        weight: view.electorateWeight,
        source,
      },
      title,
      text,
      memberRoot: parameters.memberRoot,
      secret: parameters.secret,
      token,
      proposals,
      payouts,
      moved: await orWhyNot(this.#moved(treasury, token, payouts)),
    };
  }

  /** Source of the electorate, title and text in the round's event. */
  async #announced({ treasury, roundId }: RoundReference) {
    const topics = [ROUND_CREATED.topic, word(roundId)];
    const log = await this.#rpc.latestLog(treasury, topics, this.block);
    if (!log) {
      throw new Unanswered("the RPC endpoint shows no event RoundCreated of the round");
    }
    const created = ROUND_CREATED.data(log);
    return {
      source: created.electorate().source(),
      title: TEXT.decode(created.title()),
      text: TEXT.decode(created.text()),
    };
  }

  /** Evidence beyond the treasury's own events that payouts reached their recipients. */
  async #moved(
    treasury: Uint8Array,
    token: Uint8Array,
    payouts: readonly Payout[],
  ): Promise<Exclude<RoundEvidence["moved"], Unreadable>> {
    if (token.some(Boolean)) {
      const transfers: Transfer[] = [];
      for (const block of new Set(payouts.map((payout) => payout.block))) {
        const topics = [TRANSFER.topic, word(treasury)];
        const logs = await this.#rpc.logs(token, topics, block, block);
        for (const log of logs) {
          transfers.push({
            transaction: log.transaction,
            recipient: TRANSFER.indexed(log, "to"),
            amount: TRANSFER.data(log).value,
          });
        }
      }
      return { transfers };
    }
    const coins: CoinReceipt[] = [];
    const wanted = new Map(payouts.map((one) => [`${toHex(one.recipient)} ${one.block}`, one]));
    for (const { recipient, block } of wanted.values()) {
      const sent = await this.#rpc.transactionCount(recipient, block);
      const code = await this.#rpc.code(recipient, block);
      coins.push({
        recipient,
        block,
        before: await this.#rpc.balance(recipient, block - 1n),
        after: await this.#rpc.balance(recipient, block),
        spent:
          code.length > 0 || sent !== (await this.#rpc.transactionCount(recipient, block - 1n)),
      });
    }
    return { coins };
  }

  async #awards(
    pollId: bigint,
    tally: Tally,
    encodedRule: Uint8Array,
  ): Promise<readonly bigint[] | undefined> {
    const rule = decodeOutcomeRule(encodedRule);
    if (rule instanceof NoOutcome || rule instanceof BallotOutcome) return undefined;
    try {
      rule.checkSlots(tally.values.length);
    } catch (error) {
      // Checks P2 and R1 report it.
      if (error instanceof Rejected) return undefined;
      throw error;
    }
    const slots = wordList(tally.values);
    const padding = new Uint8Array(-encodedRule.length & (WORD_BYTES - 1));
    const encoded = concat([word(encodedRule.length), encodedRule, padding]);
    const order = wordList(rule.order(tally.values).map(BigInt));
    const atSlots = 4 * WORD_BYTES;
    const atRule = atSlots + slots.length;
    const head = [pollId, atSlots, atRule, atRule + encoded.length].map(word);
    const answer = await this.#call(
      "awards(uint256,uint256[],bytes,uint16[])",
      concat([...head, slots, encoded, order]),
    );
    const awards = readReturned(listOf("uint256"), answer, "awards()");
    if (awards.length !== tally.values.length) {
      throw new Malformed("awards()", `${awards.length} entries`);
    }
    return awards;
  }

  /** What nodes attested, where opened ballots decide. */
  async #outcome(pollId: bigint, encodedRule: Uint8Array): Promise<OutcomeEvidence | undefined> {
    if (!(decodeOutcomeRule(encodedRule) instanceof BallotOutcome)) return undefined;
    const answer = await this.#call("outcome(uint256)", word(pollId));
    const { state, ballotsHash, awards } = readReturned(OUTCOME_VIEW, answer, "outcome()");
    if (state > OUTCOME_MISSED) throw new Malformed("outcome().state", `${state} is unknown`);
    return { state, ballotsHash, awards: awards() };
  }

  /** The latest event of a kind. */
  async #event(
    { topic }: { readonly topic: Uint8Array },
    pollId: bigint,
  ): Promise<Log | undefined> {
    return await this.#rpc.latestLog(this.#registry, [topic, word(pollId)], this.block);
  }

  async #call(signature: string, data: Uint8Array, address = this.#registry): Promise<Uint8Array> {
    return await this.#rpc.call(address, signature, data, this.block);
  }
}

/** References of the description to the chain; none where it is invalid, which check P2 reports. */
function referencesOf(
  description: Uint8Array,
): Partial<Pick<ReturnType<typeof decodeDescription>, "round" | "census">> {
  try {
    return decodeDescription(description);
  } catch (error) {
    if (error instanceof Malformed) return {};
    throw error;
  }
}

/** Turn a failure to read something into evidence, so that it does not affect the rest. */
async function orWhyNot<T>(reading: Promise<T>): Promise<T | Unreadable> {
  try {
    return await ofChain(reading);
  } catch (error) {
    if (!(error instanceof AuditError)) throw error;
    // For example a source that gives no valid census.
    if (error instanceof Rejected) {
      const { item, reason } = error;
      return { unreadable: "Rejected", item, reason };
    }
    const unreadable = error instanceof Unanswered ? "Unanswered" : "Undecided";
    return { unreadable, reason: error.message };
  }
}

function readAnchored(log: Log): AnchoredRoot {
  const { root, attestations } = ROOT_ANCHORED.data(log);
  return {
    round: root.round,
    root: sumRootOf(root),
    attestations: attestations().map(({ node, signature }) => ({ node, signature: signature() })),
  };
}

function sumRootOf(root: Root): SumRoot {
  const { rootHash: hash, sumX, sumY, count } = root;
  return { hash, sum: concat([word(sumX), word(sumY)]), count };
}

function readTally(log: Log): Tally {
  const { tally, blinding } = TALLY_ACCEPTED.data(log);
  return { values: tally(), blinding };
}

function wordList(values: readonly bigint[]): Uint8Array {
  return concat([word(values.length), ...values.map(word)]);
}
