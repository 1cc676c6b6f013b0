/**
 * A poll from the chain itself, for voters who trust no gateway (checks P1 to P4).
 *
 * A gateway that could name its own poll keys would read every vote sealed to them.
 *
 * Source: docs/protocol.md §4, §13.
 */

import {
  concat,
  fromUtf8,
  Reader,
  sameBytes,
  toInteger,
  word,
  WORD_BYTES,
} from "../protocol/encoding.ts";
import { Malformed, Rejected, Undecided } from "../protocol/errors.ts";
import { checkKnown, Committee, decodeParameters } from "../protocol/parameters.ts";
import { checkPollKeys, nodeKey, nodeKeysHash } from "../protocol/poll_key.ts";
import { OpenPoll } from "../protocol/published.ts";
import { POLL_KEYS, signedBy } from "../protocol/typed_data.ts";
import { OPENED, readOpened, readPollWords } from "./chain.ts";
import {
  addressIn,
  bytesAt,
  byteStringsAt,
  JsonRpc,
  ofChain,
  requireContract,
  topicOf,
  wordsAt,
} from "./rpc.ts";

const PARAMETER_WORDS = 24;
const CREATED = topicOf(
  "PollCreated(uint256,address,bytes32,(bytes32,bytes32,bytes32,bytes32,bytes32,uint32,uint128," +
    "bool,uint64,uint64,uint32,uint32,uint32,uint32,uint32,uint32," +
    "uint8,uint8,uint8,uint32,uint32,uint32,uint32,bytes32),bytes,bytes,bytes)",
);
const COMMITTEE = topicOf("CommitteeRegistered(bytes32,address[],string[],uint8,uint8,uint8)");

/**
 * An opened poll.
 *
 * @param pollKeys The nodes' poll keys, node 1 first, as anybody shows them: the chain has their
 *   hashes.
 * @throws Undecided: the chain cannot be reached, or has no such poll, or it is not opened.
 * @throws Malformed, Rejected: what the chain says does not fit together; names the check.
 */
export async function pollOfChain(
  rpc: JsonRpc,
  registry: Uint8Array,
  pollId: bigint,
  pollKeys: readonly Uint8Array[],
): Promise<OpenPoll> {
  return await ofChain(read(rpc, registry, pollId, pollKeys));
}

async function read(
  rpc: JsonRpc,
  registry: Uint8Array,
  pollId: bigint,
  pollKeys: readonly Uint8Array[],
): Promise<OpenPoll> {
  const chainId = await rpc.chainId();
  const block = await rpc.newestBlock();
  await requireContract(rpc, registry, chainId, block);
  const words = await readPollWords(rpc, registry, pollId, block);
  const created = await rpc.latestLog(registry, [CREATED, word(pollId)], block);
  const opened = await rpc.latestLog(registry, [OPENED, word(pollId)], block);
  if (!created || !opened) throw new Undecided("the chain does not show the poll as opened");
  const parameters = created.data.subarray(0, PARAMETER_WORDS * WORD_BYTES);
  const partOf = (place: number, name: string) => {
    return bytesAt(created.data, PARAMETER_WORDS + place, `PollCreated.${name}`);
  };
  const named = decodeParameters(parameters);
  // Before its committee, which a poll of an unknown kind may not have.
  checkKnown(named);
  const committee = await committeeOf(rpc, registry, named.committee, block);
  const { nodeKeys, signatures } = readOpened(opened);
  const poll = new OpenPoll({
    identity: { chainId, registry, pollId },
    // P1: the registry itself must say the same as the event.
    context: words[1]!,
    parameters,
    rule: partOf(0, "rule"),
    outcomeRule: partOf(1, "outcomeRule"),
    description: partOf(2, "description"),
    committee: committee.encode(),
    pollKeys,
  });
  const pinned = nodeKeysHash(nodeKeys);
  if (
    !sameBytes(pinned, words[17]!) ||
    !sameBytes(concat(pollKeys.map(nodeKey)), concat(nodeKeys))
  ) {
    throw new Rejected("P4", "poll_keys", "not those pinned on chain");
  }
  requireValidKeys(pollKeys);
  const digest = poll.domain.digest(POLL_KEYS, poll.context, pinned);
  committee.members.forEach(({ address }, place) => {
    const signature = signatures[place];
    // P4: else whoever opened the poll could have put keys of his own in the nodes' place.
    if (!signature || !signedBy(address, digest, signature)) {
      throw new Rejected("P4", `poll key of node ${place + 1}`, "not signed by that node");
    }
  });
  return poll;
}

/** Rejected (check P4) where a key is refused, or two nodes' keys share a half. */
function requireValidKeys(pollKeys: readonly Uint8Array[]): void {
  try {
    checkPollKeys(pollKeys);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    throw new Rejected("P4", "poll_keys", error.message);
  }
}

async function committeeOf(
  rpc: JsonRpc,
  registry: Uint8Array,
  digest: Uint8Array,
  block: bigint,
): Promise<Committee> {
  const log = await rpc.latestLog(registry, [COMMITTEE, digest], block);
  if (!log) throw new Rejected("P3", "committee", "not registered");
  const nodes = wordsAt(log.data, 0, "CommitteeRegistered.nodes");
  const urls = byteStringsAt(log.data, 1, "CommitteeRegistered.urls");
  if (nodes.length !== urls.length)
    throw new Rejected("P3", "committee", "not a URL for each node");
  const members = nodes.map((node, place) => {
    return { address: addressIn(node), url: fromUtf8(urls[place]!, "url") };
  });
  const fixed = new Reader(log.data.subarray(2 * WORD_BYTES), "CommitteeRegistered");
  const threshold = Number(toInteger(fixed.take(WORD_BYTES, "t")));
  return new Committee(members, threshold, Number(toInteger(fixed.take(WORD_BYTES, "f"))));
}
