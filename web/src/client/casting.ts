/**
 * Seal a ballot in the worker, store it, and send it through the gateway or to the nodes.
 *
 * The choice enters `sealVote` and no other function.
 *
 * Source: docs/protocol.md §7 to §9.
 */

import type { Opening } from "../protocol/opening.ts";
import { toHex } from "../protocol/encoding.ts";
import { Malformed } from "../protocol/errors.ts";
import type { Signer } from "../protocol/keys.ts";
import { ballotStatement, type SealedBallot } from "../protocol/prepare.ts";
import type { OpenPoll } from "../protocol/published.ts";
import type { UnixSeconds } from "../protocol/units.ts";
import type { PollTerms, Progress } from "../workshop/jobs.ts";
import type { WorkerClient } from "../workshop/client.ts";
import { Gateway, Refusal, Unreachable } from "./gateway.ts";
import {
  agreedReason,
  answerInvalid,
  nodeUnreachable,
  outsideVoting,
  type Problem,
} from "./problem.ts";
import { bytes, record, type Shape } from "./shape.ts";
import { cast, receipts } from "./views.ts";
import { recordJson, type ReceiptedBallot, type SavedVotes, type Store } from "./votes.ts";

/** A later ballot of the voter was cast since this one was sealed: it would not count. */
export class Superseded extends Error {
  override readonly name = "Superseded";
}

/** The parts of a poll for the worker. */
export function termsOf({ identity, context, data, committee, pollKeys }: OpenPoll): PollTerms {
  return { identity, context, rule: data.rule, threshold: committee.threshold, pollKeys };
}

/**
 * Make a sealed ballot, neither signed nor stored, ready to be cast or challenged.
 *
 * @param bits The vote in the rule's bits, slack included.
 * @param now Chain time.
 * @throws Refusal: voting is not open. RangeError: the bits break the poll's rule; the message says
 *   how.
 */
export async function sealVote(
  worker: WorkerClient,
  store: Store,
  votes: SavedVotes,
  bits: readonly bigint[],
  now: UnixSeconds,
  progress: Progress,
): Promise<SealedBallot> {
  const { opensAt, closesAt } = votes.poll.parameters;
  if (now < opensAt || now >= closesAt) throw new Refusal(outsideVoting(now >= opensAt));
  votes.refresh(store);
  const castAtUnixS = votes.nextCastAt(now);
  const vote = { poll: termsOf(votes.poll), voter: votes.voter, bits, castAtUnixS };
  return await worker.run("seal", vote, { progress });
}

/** The opening of a ballot for a challenge; the ballot must never be cast afterwards (§8.9). */
export function opened({ poll }: SavedVotes, { encoded, opening }: SealedBallot): Opening {
  return { poll: poll.identity, context: poll.context, ballot: encoded, ...opening };
}

/**
 * Sign a ballot to cast it, and store it on this device before anyone sees it.
 *
 * @throws Superseded: another window has cast one since. DOMException: this device's storage is
 *   full; the ballot is not cast.
 */
export async function sign(
  store: Store,
  votes: SavedVotes,
  signer: Signer,
  sealed: SealedBallot,
): Promise<ReceiptedBallot> {
  const { poll } = votes;
  const statement = ballotStatement(poll.context, sealed, sealed.boxesHash);
  const signature = await signer.signStatement(poll.domain, ...statement);
  votes.refresh(store);
  const { last } = votes;
  if (last && last.castAtUnixS >= sealed.castAtUnixS) throw new Superseded();
  const ballot = votes.add({ ballot: sealed.encoded, boxes: sealed.boxes, signature });
  try {
    votes.save(store);
  } catch (error) {
    // The ballot may still be challenged, and must not be sent then.
    votes.drop(ballot);
    throw error;
  }
  return ballot;
}

/** The problem of each node without a valid receipt; nodes that have not answered are missing. */
export type Refusals = ReadonlyMap<number, Problem>;

/**
 * How long to wait for the gateway alone. A good one answers as soon as a quorum of the nodes has;
 * a silent one must not withhold the ballot from them.
 */
const GATEWAY_MS = 10_000;
/** How long a node that has too many ballots is asked again. */
const CROWDED_MS = 30_000;
/** How long to wait for the other nodes once enough of them have given receipts. */
const GRACE_MS = 1_000;

/**
 * Send a stored ballot through the gateway, which can drop but not change it. Send it to the nodes
 * directly if the gateway refuses, gives too few receipts or does not answer. Store the receipts.
 *
 * Returns when the ballot is recorded and the other nodes had a moment to answer, or when every
 * request has ended. Later receipts are stored and reported as well.
 *
 * @param onChange Called whenever receipts or refusals have arrived.
 * @throws Refusal: no node accepted it; the reason that more nodes than may lie gave, or the
 *   gateway's.
 * @throws Unreachable: neither the gateway nor any node answers.
 */
export async function send(
  gateway: Gateway,
  store: Store,
  votes: SavedVotes,
  ballot: ReceiptedBallot,
  onChange: () => void,
): Promise<Refusals> {
  const { poll } = votes;
  const path = `/polls/${poll.pollId}/ballots`;
  const refusals = new Map<number, Problem>();
  const body = recordJson(ballot.record);
  const keep = (node: number, signature: Uint8Array) => {
    try {
      votes.keep(ballot, node, signature);
      refusals.delete(node);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      refusals.set(node, answerInvalid(error.message));
    }
  };
  const addRefusal = (node: number, problem: Problem) => {
    if (!ballot.receipts.has(node)) refusals.set(node, problem);
  };
  let refused: unknown;
  const toGateway = async () => {
    try {
      const answer = await post(gateway, path, body, cast, GATEWAY_MS);
      for (const { node, problem } of answer.refusals) addRefusal(node, problem);
      for (const { node, signature } of answer.receipts) keep(node, signature);
      votes.save(store);
    } catch (error) {
      refused ??= error;
    }
    onChange();
  };
  const byGateway = toGateway();
  await Promise.race([byGateway, later(GATEWAY_MS)]);
  if (votes.recorded(ballot)) return refusals;
  const toNode = async (node: number, url: string) => {
    try {
      const answer = await post(new Gateway(url), path, body, nodeReceipt, CROWDED_MS);
      keep(node, answer.signature);
      votes.save(store);
    } catch (error) {
      if (error instanceof Refusal) addRefusal(node, error.problem);
      else if (error instanceof Unreachable) addRefusal(node, nodeUnreachable(error.message));
      else if (error instanceof Malformed) addRefusal(node, answerInvalid(error.message));
      else throw error;
    }
    onChange();
  };
  const asked = poll.committee.members.flatMap(({ url }, place) => {
    return ballot.receipts.has(place + 1) ? [] : [toNode(place + 1, url)];
  });
  const all = Promise.all([byGateway, ...asked]);
  const enough = new Promise<void>((resolve, reject) => {
    for (const one of [byGateway, ...asked]) {
      one.then(() => {
        if (votes.recorded(ballot)) resolve();
      }, reject);
    }
  });
  await Promise.race([all, enough]);
  await Promise.race([all, later(GRACE_MS)]);
  if (!ballot.receipts.size) {
    const reason = agreedReason([...refusals.values()], poll.committee.faults);
    if (reason) throw new Refusal(reason);
    throw refused instanceof Error ? refused : new Unreachable("no node gave a receipt");
  }
  return refusals;
}

/** Send a ballot; while the other side has too many of them, again after the pause it names. */
async function post<T>(
  to: Gateway,
  path: string,
  body: unknown,
  shape: Shape<T>,
  patienceMs: number,
): Promise<T> {
  for (let leftMs = patienceMs; ;) {
    try {
      return await to.post(path, body, shape);
    } catch (error) {
      const crowded = error instanceof Refusal && error.problem.code === "queue-full";
      const pauseMs = crowded ? 1_000 * Math.max(1, error.problem.retryAfterS) : Infinity;
      if (pauseMs > leftMs) throw error;
      leftMs -= pauseMs;
      await later(pauseMs);
    }
  }
}

async function later(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

/** A node's answer to a ballot. */
export const nodeReceipt = record({ signature: bytes });

/** Pauses before the missing receipts of a sent ballot are requested again. */
const COLLECT_MS = [3_000, 12_000, 30_000, 60_000];

/**
 * Collect the missing receipts of a sent ballot behind the page, for which nobody waits.
 *
 * @param onChange Called after each request.
 */
export async function collectReceipts(
  gateway: Gateway,
  store: Store,
  votes: SavedVotes,
  ballot: ReceiptedBallot,
  onChange: () => void,
): Promise<void> {
  for (const pauseMs of COLLECT_MS) {
    if (ballot.receipts.size === votes.poll.committee.members.length) return;
    await later(pauseMs);
    try {
      await fetchReceipts(gateway, store, votes, ballot);
    } catch (error) {
      // Opening the page again fetches them.
      if (!(error instanceof Refusal || error instanceof Unreachable)) throw error;
    }
    onChange();
  }
}

/**
 * Request the receipts of a ballot again; it is no error if there are none.
 *
 * @throws Refusal, Unreachable: the gateway cannot ask the nodes.
 */
export async function fetchReceipts(
  gateway: Gateway,
  store: Store,
  votes: SavedVotes,
  ballot: ReceiptedBallot,
): Promise<void> {
  const path = `/polls/${votes.poll.pollId}/receipts/${toHex(ballot.digest)}`;
  try {
    for (const { node, signature } of (await gateway.get(path, receipts)).receipts) {
      votes.keep(ballot, node, signature);
    }
  } catch (error) {
    if (!(error instanceof Refusal && error.problem.code === "not-found")) throw error;
  }
  votes.save(store);
}
