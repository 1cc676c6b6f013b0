/**
 * Prepare a ballot in the worker, keep it, and send it by the gateway or to the nodes themselves.
 *
 * The choice enters `prepare` and goes nowhere else.
 *
 * Source: docs/protocol.md §7 to §9.
 */

import type { Opening } from "../protocol/challenge.ts";
import { toHex } from "../protocol/encoding.ts";
import { Malformed } from "../protocol/errors.ts";
import type { Signer } from "../protocol/keys.ts";
import { ballotStatement } from "../protocol/prepare.ts";
import type { PreparedBallot, Progress, SealedPollData } from "../workshop/jobs.ts";
import type { Workshop } from "../workshop/workshop.ts";
import { Gateway, Refusal, problemText, Unreachable } from "./gateway.ts";
import { identityOf, type VotersPoll } from "./poll.ts";
import { bytes, record } from "./shape.ts";
import { cast, receipts } from "./views.ts";
import { recordJson, type SavedBallot, type SavedVotes, type Store } from "./votes.ts";

/** A later ballot of the voter was cast since this one was sealed: it would not count. */
export class Superseded extends Error {
  override readonly name = "Superseded";
}

/** A poll as the worker takes it. */
export function pollData({ rule, committee, context, pollKeys }: VotersPoll): SealedPollData {
  return {
    rule: rule.encode(),
    threshold: committee.threshold,
    pollContext: context,
    pollKeys,
  };
}

/**
 * A new ballot, neither signed nor kept: to be cast, or to be challenged.
 *
 * @param bits The vote in the rule's bits, slack included.
 * @param nowUnixS Chain time.
 * @throws RangeError: the bits break the poll's rule; says how.
 */
export async function prepare(
  workshop: Workshop,
  store: Store,
  votes: SavedVotes,
  bits: readonly bigint[],
  nowUnixS: bigint,
  progress: Progress,
): Promise<PreparedBallot> {
  votes.refresh(store);
  const castAtUnixS = votes.nextCastAt(nowUnixS);
  const vote = { poll: pollData(votes.poll), voter: votes.voter, bits, castAtUnixS };
  return await workshop.run("prepare", vote, { progress });
}

/** What a challenge shows of a ballot, which must never be cast then (§8.9). */
export function opened({ poll }: SavedVotes, { encoded, opening }: PreparedBallot): Opening {
  return { poll: identityOf(poll), context: poll.context, ballot: encoded, ...opening };
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
  prepared: PreparedBallot,
): Promise<SavedBallot> {
  const { poll } = votes;
  const statement = ballotStatement(poll.context, prepared, prepared.boxesHash);
  const signature = await signer.signStatement(poll.domain, ...statement);
  votes.refresh(store);
  const { last } = votes;
  if (last && last.castAtUnixS >= prepared.castAtUnixS) throw new Superseded();
  const ballot = votes.add({ ballot: prepared.encoded, boxes: prepared.boxes, signature });
  try {
    votes.save(store);
  } catch (error) {
    // It may still be challenged, and must not be sent then.
    votes.drop(ballot);
    throw error;
  }
  return ballot;
}

/** For each node that gave no good receipt why; those that have not answered yet are missing. */
export type Refusals = ReadonlyMap<number, string>;

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
 * @throws Refusal: no node took it; says why.
 * @throws Unreachable: neither the gateway nor any node answers.
 */
export async function send(
  gateway: Gateway,
  store: Store,
  votes: SavedVotes,
  ballot: SavedBallot,
  onChange: () => void,
): Promise<Refusals> {
  const { poll } = votes;
  const path = `/polls/${poll.pollId}/ballots`;
  const refusals = new Map<number, string>();
  const body = recordJson(ballot.record);
  const keep = (node: number, signature: Uint8Array) => {
    try {
      votes.keep(ballot, node, signature);
      refusals.delete(node);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      refusals.set(node, error.message);
    }
  };
  const refuse = (node: number, reason: string) => {
    if (!ballot.receipts.has(node)) refusals.set(node, reason);
  };
  let refused: unknown;
  const toGateway = async () => {
    try {
      const answer = await gateway.post(path, body, cast);
      for (const { node, problem } of answer.refusals) refuse(node, problemText(problem));
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
      if (!(error instanceof Error)) throw error;
      if (error instanceof Refusal) refused = error;
      refuse(node, error.message);
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
  ballot: SavedBallot,
): Promise<void> {
  const path = `/polls/${votes.poll.pollId}/receipts/${toHex(ballot.digest)}`;
  try {
    for (const { node, signature } of (await gateway.get(path, receipts)).receipts) {
      votes.keep(ballot, node, signature);
    }
  } catch (error) {
    if (!(error instanceof Refusal && error.status === 404)) throw error;
  }
  votes.save(store);
}
