/**
 * What the chain says of a poll, by an RPC endpoint: evidence for the audit. Judges nothing.
 *
 * Throws Undecided everywhere: when the endpoint is out of reach, refuses, shows no such contract or
 * poll, or answers what no chain would.
 *
 * Source: contracts/interfaces/IPollRegistry.sol, IBudgetTreasury.sol; the contract ABI.
 */

import type { AnchoredRoot, Sections } from "../protocol/board.ts";
import {
  concat,
  Reader,
  sameBytes,
  toHex,
  toInteger,
  word,
  WORD_BYTES,
} from "../protocol/encoding.ts";
import { AuditError, Malformed, Rejected, Undecided } from "../protocol/errors.ts";
import type { ChainEvidence, Payout, RoundEvidence, Unreadable } from "../protocol/evidence.ts";
import { NoOutcome } from "../protocol/outcome/none.ts";
import { decodeOutcomeRule } from "../protocol/outcome/parts.ts";
import { decodeDescription, type RoundReference } from "../protocol/parameters.ts";
import type { Tally } from "../protocol/tally_proof.ts";
import { readCensus } from "./census.ts";
import { readProposals } from "./proposals.ts";
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
const POLL_WORDS = 27;
const ROUND_WORDS = 13;

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
      await this.#event(ANCHORED, pollId),
      await this.#event(TALLIED, pollId),
    ];
    const tally = tallied && readTally(tallied.data);
    const table = addressIn(await this.#call("generatorTable()", new Uint8Array()));
    const creator = addressIn(words[3]!);
    const { round, census } = referencesOf(sections.description);
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
      disputeWindowEndsAt: number(14),
      tallyDeadline: number(15),
      generators: await this.#rpc.code(table, this.block),
      nodeKeys: opened ? wordsAt(opened.data, 0, "PollOpened.nodeKeys") : [],
      anchored: anchored && readAnchored(anchored.data),
      tally,
      talliedAt: tallied ? await this.#rpc.timestamp(tallied.block) : 0n,
      awards: tally && (await orWhyNot(this.#awards(pollId, tally, sections.outcomeRule))),
      creator,
      creatorIsTreasury: await this.#takesPolls(creator),
      round: round && (await orWhyNot(this.#round(round))),
      census:
        census && census.kind !== "invitations"
          ? await orWhyNot(readCensus(this.#rpc, census, this.block))
          : undefined,
    };
  }

  async #takesPolls(account: Uint8Array): Promise<boolean> {
    if (!(await this.#rpc.code(account, this.block)).length) return false;
    try {
      const answer = await this.#call("registry()", new Uint8Array(), account);
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
    const view = tail(await this.#call("round(uint256)", word(roundId), treasury), 0, "round()");
    const fixed = new Reader(view, "round()");
    const words = Array.from({ length: ROUND_WORDS }, (_, place) => {
      return fixed.unsigned(WORD_BYTES, `word ${place}`);
    });
    const parameters = new Reader(tail(view, ROUND_WORDS, "round()"), "round().parameters");
    parameters.take(WORD_BYTES, "token");
    const proposals = await readProposals(this.#rpc, reference, this.block);
    const claimed = await this.#rpc.logs(treasury, [CLAIMED, word(roundId)], this.block);
    return {
      registry: addressIn(await this.#call("registry()", new Uint8Array(), treasury)),
      status: Number(words[0]),
      pollId: words[2]!,
      budget: parameters.unsigned(WORD_BYTES, "budget"),
      deposited: words[3]!,
      committed: words[4]!,
      paidOut: words[5]!,
      proposals,
      payouts: claimed.map((log): Payout => {
        return {
          proposalId: topic(log, 2),
          recipient: addressIn(topic(log, 3)),
          amount: new Reader(log.data, "payout").unsigned(WORD_BYTES, "amount"),
        };
      }),
    };
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
    return { unreadable: "Undecided", reason: error.message };
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
