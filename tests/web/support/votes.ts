/** A poll of four nodes, and the votes of one voter in it. */

import { SavedVotes } from "../../../web/src/client/votes.ts";
import { SigningKey } from "../../../web/src/protocol/keys.ts";
import { BallotFactory, ballotStatement } from "../../../web/src/protocol/prepare.ts";
import { OpenPoll } from "../../../web/src/protocol/published.ts";
import { SingleChoice } from "../../../web/src/protocol/question/selection.ts";
import { receiptStatement } from "../../../web/src/protocol/receipts.ts";
import { type UnixSeconds, unixSeconds } from "../../../web/src/protocol/units.ts";
import { publicKeyOf } from "./poll_keys.ts";
import { openDataOf, type Wanted } from "./polls.ts";

export const NODES = [1, 2, 3, 4].map((byte) => new SigningKey(new Uint8Array(32).fill(byte)));
export const QUESTION = { kind: "single_choice", title: "Where?", options: ["Here", "There"] };

export const PARTS = {
  rule: new SingleChoice("Where?", QUESTION.options).rule,
  description: { title: "Where?", options: QUESTION.options, questions: [QUESTION] },
  members: NODES.map(({ address }, place) => ({ address, url: `https://${place}.example` })),
  pollKeys: [5, 6, 7, 8].map((byte) => publicKeyOf(new Uint8Array(32).fill(byte))),
  threshold: 2,
  faults: 1,
};

export function pollOf(changes: Partial<Wanted> = {}): OpenPoll {
  return new OpenPoll(openDataOf({ ...PARTS, ...changes }));
}

export const POLL = pollOf();
export const VOTER = new SigningKey(new Uint8Array(32).fill(77));

export function sealedFor({ poll }: SavedVotes, castAtUnixS: UnixSeconds) {
  const { rule, committee, context, pollKeys } = poll;
  const factory = new BallotFactory(rule, committee.threshold, context, pollKeys);
  return factory.seal(factory.share(VOTER.address, [0n, 1n], castAtUnixS));
}

export function castIn(votes: SavedVotes, castAtUnixS: bigint) {
  const sealed = sealedFor(votes, unixSeconds(castAtUnixS));
  const { context, domain } = votes.poll;
  const statement = ballotStatement(context, sealed, sealed.boxesHash);
  const signature = VOTER.sign(domain.digest(...statement));
  return votes.add({ ballot: sealed.encoded, boxes: sealed.boxes, signature });
}

export function receiptOf(
  node: number,
  votes: SavedVotes,
  ballot: Parameters<SavedVotes["keep"]>[0],
) {
  const digest = votes.poll.domain.digest(...receiptStatement(votes.poll.context, ballot));
  return NODES[node - 1]!.sign(digest);
}
