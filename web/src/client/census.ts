/**
 * Censuses that anyone can read again from the chain at a past block.
 *
 * Source: docs/protocol.md §6.5; ERC-5805 (votes), ERC-6372 (clocks).
 */

import type { CensusEntry } from "../protocol/census.ts";
import { compareBytes, concat, fromHex, fromUtf8, toHex, word } from "../protocol/encoding.ts";
import { Undecided } from "../protocol/errors.ts";
import type { CensusSource } from "../protocol/snapshot.ts";
import { classWeight, weightClasses } from "../protocol/weight_classes.ts";
import { readReturned } from "./abi_struct.ts";
import { DELEGATE_VOTES_CHANGED, MEMBER_SET, VOTING_KEY_REGISTERED } from "./contract_structs.ts";
import { type JsonRpc, Reverted } from "./rpc.ts";

/**
 * The census of a source, from the events of its contracts up to its block.
 *
 * @param at Block at which the contracts are called, later than the source's.
 * @throws Undecided: the endpoint does not answer or its answer is invalid, or the block is not in
 *   its past.
 */
export async function readCensus(
  rpc: JsonRpc,
  source: CensusSource,
  at: bigint,
): Promise<CensusEntry[]> {
  if (source.block >= at) {
    throw new Undecided(`block ${source.block} of the census is not in the past of block ${at}`);
  }
  const read = source.kind === "members" ? memberWeights : voteWeights;
  const weights = await read(rpc, source, at);
  const keys = await votingKeys(rpc, source);
  const held = [...weights].filter(([, weight]) => weight > 0n);
  const { classes: rule } = source;
  const own = held.map(([, weight]) => weight);
  const classes = rule === undefined ? undefined : weightClasses(own, rule);
  return held
    .map(([hex, weight]) => {
      const account = fromHex(hex, "account");
      const counted = classes ? classWeight(classes, weight) : weight;
      return { account, signingKey: keys.get(hex) ?? account, weight: counted };
    })
    .sort((left, right) => compareBytes(left.account, right.account));
}

async function memberWeights(rpc: JsonRpc, source: CensusSource): Promise<Map<string, bigint>> {
  const logs = await rpc.logs(source.contract, [MEMBER_SET.topic], source.block);
  return new Map(
    logs.map((log) => [toHex(MEMBER_SET.indexed(log, "account")), MEMBER_SET.data(log).weight]),
  );
}

/**
 * Weights from `getPastVotes` of every account that ever had votes.
 *
 * Tokens count for the account to which their holder delegated them in the token.
 */
async function voteWeights(
  rpc: JsonRpc,
  source: CensusSource,
  at: bigint,
): Promise<Map<string, bigint>> {
  const changes = await rpc.logs(source.contract, [DELEGATE_VOTES_CHANGED.topic], source.block);
  const named = changes.map((log) => toHex(DELEGATE_VOTES_CHANGED.indexed(log, "delegate")));
  const delegates = [...new Set(named)];
  const timepoint = word(await timepointOf(rpc, source, at));
  const each = delegates.map((hex) => concat([word(fromHex(hex, "delegate")), timepoint]));
  const answers = await rpc.callEach(source.contract, "getPastVotes(address,uint256)", each, at);
  const votes = answers.map((answer) => readReturned("uint256", answer, "getPastVotes()"));
  return new Map(delegates.map((hex, place) => [hex, votes[place]! / source.unit]));
}

/** The source's block by the token's clock (ERC-6372): its number, or its timestamp. */
async function timepointOf(rpc: JsonRpc, source: CensusSource, at: bigint): Promise<bigint> {
  let answer: Uint8Array;
  try {
    answer = await rpc.call(source.contract, "CLOCK_MODE()", new Uint8Array(), at);
  } catch (error) {
    // Tokens older than ERC-6372 count in blocks.
    if (error instanceof Reverted) return source.block;
    throw error;
  }
  const written = readReturned("string", answer, "CLOCK_MODE()");
  const mode = fromUtf8(written.subarray(0, 100), "CLOCK_MODE()");
  if (mode === "mode=timestamp") return await rpc.timestamp(source.block);
  if (mode === "mode=blocknumber&from=default") return source.block;
  throw new Undecided(`the token's clock is ${JSON.stringify(mode)}`);
}

/** Keys registered up to the source's block; zero revokes a key. */
async function votingKeys(rpc: JsonRpc, source: CensusSource): Promise<Map<string, Uint8Array>> {
  const keys = new Map<string, Uint8Array>();
  if (!source.keys) return keys;
  for (const log of await rpc.logs(source.keys, [VOTING_KEY_REGISTERED.topic], source.block)) {
    const account = toHex(VOTING_KEY_REGISTERED.indexed(log, "account"));
    const key = VOTING_KEY_REGISTERED.indexed(log, "key");
    if (key.some(Boolean)) keys.set(account, key);
    else keys.delete(account);
  }
  return keys;
}
