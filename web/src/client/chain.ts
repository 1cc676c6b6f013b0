/**
 * What the chain says of a poll, by an RPC endpoint: evidence for the audit. Judges nothing.
 *
 * Throws Undecided everywhere: when the endpoint cannot be reached, refuses, shows no such contract or
 * poll, or answers what no chain would.
 *
 * Source: contracts/interfaces/IPollRegistry.sol, IBudgetTreasury.sol; the contract ABI.
 */

import type { AnchoredRoot, Sections } from "../protocol/board.ts";
import type { CensusEntry } from "../protocol/census.ts";
import {
  concat,
  Reader,
  sameBytes,
  toHex,
  toInteger,
  word,
  WORD_BYTES,
} from "../protocol/encoding.ts";
import { AuditError, Malformed, Rejected, Unanswered, Undecided } from "../protocol/errors.ts";
import type {
  ChainEvidence,
  CodeEvidence,
  CoinReceipt,
  DeploymentEvidence,
  Payout,
  RoundEvidence,
  Transfer,
  Unreadable,
} from "../protocol/evidence.ts";
import { NoOutcome } from "../protocol/outcome/none.ts";
import { decodeOutcomeRule } from "../protocol/outcome/parts.ts";
import { decodeDescription, type RoundReference } from "../protocol/parameters.ts";
import type { Tally } from "../protocol/tally_proof.ts";
import type { CensusSource } from "../protocol/snapshot.ts";
import { readCensus } from "./census.ts";
import { lacking, readProposals, TEXT } from "./proposals.ts";
import {
  addressIn,
  bytesAt,
  byteStringsAt,
  count,
  JsonRpc,
  type Log,
  ofChain,
  requireContract,
  Reverted,
  tail,
  topic,
  topicOf,
  wordsAt,
} from "./rpc.ts";

const OPENED = topicOf("PollOpened(uint256,bytes32[],bytes[])");
const ANCHORED = topicOf(
  "RootAnchored(uint256,(uint32,bytes32,uint256,uint256,uint32),(uint8,bytes)[])",
);
const TALLIED = topicOf("TallyAccepted(uint256,uint256[],uint256)");
const CLAIMED = topicOf("PayoutClaimed(uint256,bytes32,address,uint256)");
const ROUND_CREATED = topicOf(
  "RoundCreated(uint256,address,(address,uint128,uint128,uint128,uint16,uint16,bytes32,uint64," +
    "uint64,uint32,bytes,bytes,bytes32,uint64,uint64,uint32,uint32,uint32,uint32,uint32,uint32," +
    "bool),(uint8,bytes32,uint128,uint32,bytes),string,string)",
);
const TRANSFER = topicOf("Transfer(address,address,uint256)");
const POLL_WORDS = 27;
const ROUND_WORDS = 13;
/** Places among the words of the contract's `RoundParameters`. */
const MEMBER_ROOT = 6;
const SECRET = 21;

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

/** What `poll()` of the registry answers, word by word. */
export async function readPollWords(
  rpc: JsonRpc,
  registry: Uint8Array,
  pollId: bigint,
  block: bigint,
): Promise<Uint8Array[]> {
  const answer = await rpc.call(registry, "poll(uint256)", word(pollId), block);
  if (answer.length !== POLL_WORDS * WORD_BYTES) {
    throw new Undecided(`no registry of polls at ${toHex(registry)}`);
  }
  const view = new Reader(answer, "poll()");
  const words = Array.from({ length: POLL_WORDS }, (_, place) => {
    return view.take(WORD_BYTES, `word ${place}`);
  });
  view.end();
  const status = Number(toInteger(words[0]!));
  if (status >= STATUS_NAMES.length) throw new Undecided(`poll(): unknown status ${status}`);
  if (!status) throw new Undecided(`the registry has no poll ${pollId} at block ${block}`);
  return words;
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
  return (await readPollWords(rpc, registry, pollId, block))[19]!;
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
   * Everything about one poll.
   *
   * @param sections The board's, which say what to ask the chain for.
   */
  async read(pollId: bigint, sections: Sections): Promise<ChainEvidence> {
    return await ofChain(this.#read(pollId, sections));
  }

  async #read(pollId: bigint, sections: Sections): Promise<ChainEvidence> {
    const words = await readPollWords(this.#rpc, this.#registry, pollId, this.block);
    const number = (place: number) => toInteger(words[place]!);
    const [opened, anchored, tallied] = [
      await this.#event(OPENED, pollId),
      number(13) ? await this.#event(ANCHORED, pollId) : undefined,
      await this.#event(TALLIED, pollId),
    ];
    const tally = tallied && readTally(tallied.data);
    const table = addressIn(await this.#call("generatorTable()", new Uint8Array()));
    const creator = addressIn(words[3]!);
    const creatorIsContract = (await this.#rpc.code(creator, this.block)).length > 0;
    const { round, census } = referencesOf(sections.description);
    const source = census && census.kind !== "invitations" ? census : undefined;
    return {
      chainId: this.#chainId,
      block: this.block,
      status: STATUS_NAMES[Number(number(0))]!,
      pollContext: words[1]!,
      committee: words[2]!,
      pollKeysDigest: words[17]!,
      root: {
        hash: words[19]!,
        sum: concat([words[20]!, words[21]!]),
        count: Number(number(22)),
      },
      tallyDigest: words[23]!,
      rejectedRounds: Number(number(24)),
      rejectedAt: number(25),
      anchoredAt: number(13),
      disputeWindowEndsAt: number(14),
      tallyDeadline: number(15),
      generators: await this.#rpc.code(table, this.block),
      nodeKeys: opened ? wordsAt(opened.data, 0, "PollOpened.nodeKeys") : [],
      anchored: anchored && readAnchored(anchored.data),
      tally,
      talliedAt: tallied ? await this.#rpc.timestamp(tallied.block) : 0n,
      awards: tally && (await orWhyNot(this.#awards(pollId, tally, sections.outcomeRule))),
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
      disputes: addressIn(await this.#call("disputes()", nothing)),
    };
  }

  /** A contract that another names. */
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

  async #times(block: bigint): Promise<[at: bigint, next: bigint]> {
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
      // Another contract, such as a wallet: it refuses what it does not know. An endpoint that does
      // not answer says nothing: a treasury must not pass for a wallet.
      if (error instanceof Reverted) return false;
      throw error;
    }
  }

  async #round(reference: RoundReference): Promise<RoundEvidence> {
    const { treasury, roundId } = reference;
    await requireContract(this.#rpc, treasury, this.#chainId, this.block);
    const view = tail(await this.#call("round(uint256)", word(roundId), treasury), 0, "round()");
    const fixed = new Reader(view, "round()");
    const words = Array.from({ length: ROUND_WORDS }, (_, place) => {
      return fixed.unsigned(WORD_BYTES, `word ${place}`);
    });
    const parameters = new Reader(tail(view, ROUND_WORDS, "round()"), "round().parameters");
    const fields = Array.from({ length: SECRET + 1 }, (_, place) => {
      return parameters.take(WORD_BYTES, `word ${place}`);
    });
    const token = addressIn(fields[0]!);
    const proposals = await readProposals(this.#rpc, reference, this.block);
    const claimed = await this.#rpc.logs(treasury, [CLAIMED, word(roundId)], this.block);
    const payouts = claimed.map((log): Payout => ({
      proposalId: topic(log, 2),
      recipient: addressIn(topic(log, 3)),
      amount: new Reader(log.data, "payout").unsigned(WORD_BYTES, "amount"),
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
      status: Number(words[0]),
      pollId: words[2]!,
      budget: toInteger(fields[1]!),
      deposited: words[3]!,
      committed: words[4]!,
      paidOut: words[5]!,
      electorate: {
        kind: Number(words[9]),
        root: word(words[10]!),
        voters: words[11]!,
        weight: words[12]!,
        source,
      },
      title,
      text,
      memberRoot: fields[MEMBER_ROOT]!,
      secret: fields[SECRET]!.some(Boolean),
      token,
      proposals,
      payouts,
      moved: await orWhyNot(this.#moved(treasury, token, payouts)),
    };
  }

  /** Source of the electorate, title and text, as the round's event has them. */
  async #announced({ treasury, roundId }: RoundReference) {
    const topics = [ROUND_CREATED, word(roundId)];
    const created = await this.#rpc.latestLog(treasury, topics, this.block);
    if (!created) {
      throw new Unanswered("the RPC endpoint shows no event RoundCreated of the round");
    }
    const electorate = tail(created.data, 1, "RoundCreated.electorate");
    return {
      source: bytesAt(electorate, 4, "RoundCreated.electorate.source"),
      title: TEXT.decode(bytesAt(created.data, 2, "RoundCreated.title")),
      text: TEXT.decode(bytesAt(created.data, 3, "RoundCreated.text")),
    };
  }

  /** What shows, besides the treasury's own events, that payouts reached their recipients. */
  async #moved(
    treasury: Uint8Array,
    token: Uint8Array,
    payouts: readonly Payout[],
  ): Promise<Exclude<RoundEvidence["moved"], Unreadable>> {
    if (token.some(Boolean)) {
      const transfers: Transfer[] = [];
      for (const block of new Set(payouts.map((payout) => payout.block))) {
        const logs = await this.#rpc.logs(token, [TRANSFER, word(treasury)], block, block);
        for (const log of logs) {
          transfers.push({
            transaction: log.transaction,
            recipient: addressIn(topic(log, 2)),
            amount: new Reader(log.data, "Transfer").unsigned(WORD_BYTES, "value"),
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
    if (rule instanceof NoOutcome) return undefined;
    try {
      rule.checkSlots(tally.values.length);
    } catch (error) {
      // Judged by checks P2 and R1.
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
    const awards = wordsAt(answer, 0, "awards()").map(toInteger);
    if (awards.length !== tally.values.length) {
      throw new Malformed(`awards(): ${awards.length} entries`);
    }
    return awards;
  }

  /** The latest event of a kind. */
  async #event(kind: Uint8Array, pollId: bigint): Promise<Log | undefined> {
    return await this.#rpc.latestLog(this.#registry, [kind, word(pollId)], this.block);
  }

  async #call(signature: string, data: Uint8Array, address = this.#registry): Promise<Uint8Array> {
    return await this.#rpc.call(address, signature, data, this.block);
  }
}

/** What the description points at on chain; nothing where it is none, which check P5 judges. */
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

/** Why something cannot be read says nothing against the rest. */
async function orWhyNot<T>(reading: Promise<T>): Promise<T | Unreadable> {
  try {
    return await ofChain(reading);
  } catch (error) {
    if (!(error instanceof AuditError)) throw error;
    // As a source of which no census can be made.
    if (error instanceof Rejected) {
      const { item, reason } = error;
      return { unreadable: "Rejected", item, reason };
    }
    const unreadable = error instanceof Unanswered ? "Unanswered" : "Undecided";
    return { unreadable, reason: error.message };
  }
}

function readAnchored(data: Uint8Array): AnchoredRoot {
  const reader = new Reader(data, "RootAnchored");
  const round = Number(reader.unsigned(WORD_BYTES, "round"));
  const root = {
    hash: reader.take(WORD_BYTES, "rootHash"),
    sum: reader.take(2 * WORD_BYTES, "sum"),
    count: Number(reader.unsigned(WORD_BYTES, "count")),
  };
  const listed = tail(data, 5, "RootAnchored.attestations");
  const length = count(new Reader(listed, "RootAnchored.attestations"));
  const entries = listed.subarray(WORD_BYTES);
  const attestations = Array.from({ length }, (_, place) => {
    const one = tail(entries, place, "attestation");
    const node = Number(new Reader(one, "attestation").unsigned(WORD_BYTES, "node"));
    return { node, signature: bytesAt(one, 1, "attestation.signature") };
  });
  return { round, root, attestations };
}

function readTally(data: Uint8Array): Tally {
  return {
    values: wordsAt(data, 0, "TallyAccepted.tally").map(toInteger),
    blinding: new Reader(data.subarray(WORD_BYTES), "TallyAccepted").unsigned(
      WORD_BYTES,
      "blinding",
    ),
  };
}

function wordList(values: readonly bigint[]): Uint8Array {
  return concat([word(values.length), ...values.map(word)]);
}

/** Words that stand for the nodes' poll keys, and their signatures of all, as `PollOpened` has them. */
export function readOpened({ data }: Log): { nodeKeys: Uint8Array[]; signatures: Uint8Array[] } {
  return {
    nodeKeys: wordsAt(data, 0, "PollOpened.nodeKeys"),
    signatures: byteStringsAt(data, 1, "PollOpened.signatures"),
  };
}

export { OPENED };
