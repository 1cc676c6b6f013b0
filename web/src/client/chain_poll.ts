/**
 * Read a poll from the chain itself, for voters who do not trust a gateway (checks P1 to P4).
 *
 * A gateway that could substitute its own poll keys could read every vote sealed to them.
 *
 * Source: docs/protocol.md §4, §13.
 */

import { concat, fromUtf8, sameBytes, word } from "../protocol/encoding.ts";
import { Malformed, Rejected, Undecided } from "../protocol/errors.ts";
import { checkKnown, Committee, decodeParameters } from "../protocol/parameters.ts";
import { checkPollKeys, nodeKey, nodeKeysHash } from "../protocol/poll_key.ts";
import { OpenPoll } from "../protocol/published.ts";
import { POLL_KEYS, signedBy } from "../protocol/typed_data.ts";
import { readPollView } from "./chain.ts";
import { COMMITTEE_REGISTERED, POLL_CREATED, POLL_OPENED } from "./contract_structs.ts";
import { type JsonRpc, ofChain, requireContract } from "./rpc.ts";

/**
 * Read an opened poll.
 *
 * @param pollKeys The nodes' poll keys, node 1 first, from any source: the chain has their hashes.
 * @throws Undecided: the chain is unreachable, has no such poll, or the poll is not open.
 * @throws Malformed, Rejected: the chain's data is inconsistent; names the check.
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
  const [chainId, block] = await Promise.all([rpc.chainId(), rpc.newestBlock()]);
  // Asked together, and judged in this order.
  const contract = started(requireContract(rpc, registry, chainId, block));
  const seen = started(readPollView(rpc, registry, pollId, block));
  const creation = started(rpc.latestLog(registry, [POLL_CREATED.topic, word(pollId)], block));
  const opening = started(rpc.latestLog(registry, [POLL_OPENED.topic, word(pollId)], block));
  await contract;
  const view = await seen;
  const [created, opened] = [await creation, await opening];
  if (!created || !opened) throw new Undecided("the chain does not show the poll as opened");
  const { rule, outcomeRule, description } = POLL_CREATED.data(created);
  const parameters = POLL_CREATED.encoded(created, "parameters");
  const named = decodeParameters(parameters);
  // Before reading the committee, which a poll of an unknown kind may not have.
  checkKnown(named);
  const committee = await committeeOf(rpc, registry, named.committee, block);
  const { nodeKeys, signatures } = POLL_OPENED.data(opened);
  const [words, signed] = [nodeKeys(), signatures()];
  const poll = new OpenPoll({
    identity: { chainId, registry, pollId },
    // P1: the registry must agree with the event.
    context: view.pollContext,
    parameters,
    rule: rule(),
    outcomeRule: outcomeRule(),
    description: description(),
    committee: committee.encode(),
    pollKeys,
  });
  const pinned = nodeKeysHash(words);
  if (
    !sameBytes(pinned, view.pollKeys) ||
    !sameBytes(concat(pollKeys.map(nodeKey)), concat(words))
  ) {
    throw new Rejected("P4", "poll_keys", "not those pinned on chain");
  }
  await pageTurn();
  requireValidKeys(pollKeys);
  const digest = poll.domain.digest(POLL_KEYS, poll.context, pinned);
  for (const [place, { address }] of committee.members.entries()) {
    await pageTurn();
    const signature = signed[place];
    // P4: otherwise the opener of the poll could substitute keys of their own.
    if (!signature || !signedBy(address, digest, signature)) {
      throw new Rejected("P4", `poll key of node ${place + 1}`, "not signed by that node");
    }
  }
  return poll;
}

/** A promise whose failure counts only where it is awaited. */
function started<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

/** Let the page answer its reader between computations, which take long on a phone. */
function pageTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

/** Rejected (check P4) when a key is invalid or two nodes' keys share a half. */
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
  const topics = [COMMITTEE_REGISTERED.topic, digest];
  const log = await rpc.latestLog(registry, topics, block);
  if (!log) throw new Rejected("P3", "committee", "not registered");
  const registered = COMMITTEE_REGISTERED.data(log);
  const [nodes, urls] = [registered.nodes(), registered.urls()];
  if (nodes.length !== urls.length)
    throw new Rejected("P3", "committee", "not a URL for each node");
  const members = nodes.map((address, place) => {
    return { address, url: fromUtf8(urls[place]!, "url") };
  });
  return new Committee(members, registered.t, registered.f);
}
