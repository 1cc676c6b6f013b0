/**
 * Seal a ballot in the worker, keep it, and send it by the gateway or to the nodes themselves.
 *
 * The choice enters `sealVote` and goes nowhere else.
 *
 * Source: docs/protocol.md §7 to §9.
 */

import type { Opening } from "../protocol/challenge.ts";
import { toHex } from "../protocol/encoding.ts";
import { Malformed } from "../protocol/errors.ts";
import type { Signer } from "../protocol/keys.ts";
import { ballotStatement, type SealedBallot } from "../protocol/prepare.ts";
import type { OpenPoll } from "../protocol/published.ts";
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
import { bytes, record } from "./shape.ts";
import { cast, receipts } from "./views.ts";
import { recordJson, type ReceiptedBallot, type SavedVotes, type Store } from "./votes.ts";

/** A later ballot of the voter was cast since this one was sealed: it would not count. */
export class Superseded extends Error {
  override readonly name = "Superseded";
}

/** A poll as the worker takes it. */
export function termsOf({ identity, context, data, committee, pollKeys }: OpenPoll): PollTerms {
  return { identity, context, rule: data.rule, threshold: committee.threshold, pollKeys };
}

/**
 * A new sealed ballot, neither signed nor kept: to be cast, or to be challenged.
 *
 * @param bits The vote in the rule's bits, slack included.
 * @param nowUnixS Chain time.
 * @throws Refusal: it is not the time to vote. RangeError: the bits break the poll's rule; says how.
 */
export async function sealVote(
  worker: WorkerClient,
  store: Store,
  votes: SavedVotes,
  bits: readonly bigint[],
  nowUnixS: bigint,
  progress: Progress,
): Promise<SealedBallot> {
  const { opensAt, closesAt } = votes.poll.parameters;
  if (nowUnixS < opensAt || nowUnixS >= closesAt) {
    throw new Refusal(outsideVoting(nowUnixS >= opensAt));
  }
  votes.refresh(store);
  const castAtUnixS = votes.nextCastAt(nowUnixS);
  const vote = { poll: termsOf(votes.poll), voter: votes.voter, bits, castAtUnixS };
  return await worker.run("seal", vote, { progress });
}

/** What a challenge shows of a ballot, which must never be cast then (§8.9). */
export function opened({ poll }: SavedVotes, { encoded, opening }: SealedBallot): Opening {
  return { poll: poll.identity, context: poll.context, ballot: encoded, ...opening };
}

/**
 * Sign a ballot to cast it; it is kept on this device before anybody sees it.
 *
 * @throws Superseded: another window has cast one since. DOMException: this device keeps nothing
 *   more; the ballot is not cast.
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
    // It may still be challenged, and must not be sent then.
    votes.drop(ballot);
    throw error;
  }
  return ballot;
}

/** The problem of each node that gave no good receipt; those still to answer are missing. */
export type Refusals = ReadonlyMap<number, Problem>;

/**
 * How long the gateway alone is waited for. A good one answers as soon as a quorum of the nodes has:
 * one that says nothing must not keep the ballot from them.
 */
const GATEWAY_MS = 10_000;
/** How long the other nodes are waited for once enough of them have given receipts. */
const GRACE_MS = 1_000;

/**
 * Send a kept ballot, by the gateway, which can drop but not change it, and where that refuses, gives
 * too few receipts or says nothing, to the nodes themselves; keep the receipts.
 *
 * Returns when the ballot is recorded and the other nodes had a moment, or when nobody is left to
 * wait for. What comes later is kept all the same, and heard.
 *
 * @param onChange Called whenever receipts or refusals have arrived.
 * @throws Refusal: no node took it; the reason that more nodes than may lie gave, or the gateway's.
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
  const refuse = (node: number, problem: Problem) => {
    if (!ballot.receipts.has(node)) refusals.set(node, problem);
  };
  let refused: unknown;
  const toGateway = async () => {
    try {
      const answer = await gateway.post(path, body, cast);
      for (const { node, problem } of answer.refusals) refuse(node, problem);
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
      keep(node, (await new Gateway(url).post(path, body, nodeReceipt)).signature);
      votes.save(store);
    } catch (error) {
      if (error instanceof Refusal) refuse(node, error.problem);
      else if (error instanceof Unreachable) refuse(node, nodeUnreachable(error.message));
      else if (error instanceof Malformed) refuse(node, answerInvalid(error.message));
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

async function later(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

/** What a node answers to a ballot. */
export const nodeReceipt = record({ signature: bytes });

/**
 * Ask for the receipts of a ballot once more; that there are none is no error.
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
