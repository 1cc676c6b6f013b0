/**
 * A poll as a voter's program needs it, from a gateway's word, from the chain or from a file.
 *
 * Source: docs/protocol.md §4, §7.
 */

import { BallotLayout } from "../protocol/ballot.ts";
import { sameBytes, toHex } from "../protocol/encoding.ts";
import { Rejected } from "../protocol/errors.ts";
import {
  askedQuestions,
  Committee,
  decodeDescription,
  type Description,
  type PollIdentity,
} from "../protocol/parameters.ts";
import { ProofShape } from "../protocol/proof.ts";
import type { Question } from "../protocol/question/asked.ts";
import { BallotRule } from "../protocol/rule.ts";
import { Domain } from "../protocol/typed_data.ts";
import { bytes, decimal, list, type Of, record, text, whole } from "./shape.ts";
import type { Config, Poll } from "./views.ts";

/** What ballots are prepared from and receipts are checked against. */
export interface VotersPoll {
  readonly pollId: bigint;
  /** Chain and registry. */
  readonly domain: Domain;
  /** `pollContext`. */
  readonly context: Uint8Array;
  readonly description: Description;
  readonly rule: BallotRule;
  readonly committee: Committee;
  /** The nodes' poll keys, node 1 first. */
  readonly pollKeys: readonly Uint8Array[];
  /** Chain time in Unix seconds. */
  readonly opensAt: number;
  readonly closesAt: number;
  /** What is asked, one thing or more; where the description does not say, what the rule does. */
  readonly questions: readonly Question[];
}

/** A poll of its parts; Rejected when they do not fit together. */
export function votersPoll(parts: Omit<VotersPoll, "questions">): VotersPoll {
  const { description, rule, committee, pollKeys } = parts;
  if (description.options.length !== rule.slots.length) {
    throw new Rejected("P2", "description", "it does not name one option for each slot");
  }
  if (pollKeys.length !== committee.members.length) {
    throw new Rejected("P4", "poll_keys", "not one for each node");
  }
  return { ...parts, questions: askedQuestions(description, rule) };
}

/** A poll as the gateway shows it, which is its word and no more; keys are there once it is open. */
export function pollOfGateway(shown: Poll, { chainId, registry }: Config): VotersPoll {
  return votersPoll({
    pollId: shown.poll,
    domain: new Domain(BigInt(chainId), registry),
    context: shown.pollContext,
    description: decodeDescription(shown.description),
    rule: BallotRule.decode(shown.rule),
    committee: new Committee(
      shown.committee.nodes,
      shown.committee.threshold,
      shown.committee.faults,
    ),
    pollKeys: shown.pollKeys ?? [],
    opensAt: shown.opensAt,
    closesAt: shown.closesAt,
  });
}

/** The JSON form, which the command line writes too. */
export const pollJson = record({
  chainId: whole,
  registry: bytes,
  poll: decimal,
  pollContext: bytes,
  description: bytes,
  rule: bytes,
  committee: record({
    threshold: whole,
    faults: whole,
    nodes: list(record({ node: whole, address: bytes, url: text })),
  }),
  pollKeys: list(bytes),
  opensAt: whole,
  closesAt: whole,
});

/** Everything, for `JSON.stringify`. */
export function pollToJson(poll: VotersPoll): Readonly<Record<string, unknown>> {
  const { committee, domain } = poll;
  return {
    chain_id: Number(domain.chainId),
    registry: toHex(domain.contract),
    poll: poll.pollId.toString(),
    poll_context: toHex(poll.context),
    description: toHex(poll.description.encoded),
    rule: toHex(poll.rule.encode()),
    committee: {
      threshold: committee.threshold,
      faults: committee.faults,
      nodes: committee.members.map(({ address, url }, place) => {
        return { node: place + 1, address: toHex(address), url };
      }),
    },
    poll_keys: poll.pollKeys.map(toHex),
    opens_at: poll.opensAt,
    closes_at: poll.closesAt,
  };
}

/** A poll of its JSON form; Malformed or Rejected when it is none. */
export function pollFromJson(json: Of<typeof pollJson>): VotersPoll {
  const { committee } = json;
  return votersPoll({
    pollId: json.poll,
    domain: new Domain(BigInt(json.chainId), json.registry),
    context: json.pollContext,
    description: decodeDescription(json.description),
    rule: BallotRule.decode(json.rule),
    committee: new Committee(committee.nodes, committee.threshold, committee.faults),
    pollKeys: json.pollKeys,
    opensAt: json.opensAt,
    closesAt: json.closesAt,
  });
}

/** Rejected when a gateway shows anything else than the chain. */
export function compare(shown: VotersPoll, chain: VotersPoll): void {
  const given = pollToJson(shown);
  for (const [name, value] of Object.entries(pollToJson(chain))) {
    if (JSON.stringify(given[name]) !== JSON.stringify(value)) {
      throw new Rejected("P1", name, "the gateway shows something else than the chain");
    }
  }
}

/** Which poll it is. */
export function identityOf({ domain, pollId }: VotersPoll): PollIdentity {
  return { chainId: domain.chainId, registry: domain.contract, pollId };
}

/** Layout of a poll's ballots. */
export function layoutOf({ rule, committee }: VotersPoll): BallotLayout {
  return new BallotLayout(new ProofShape(rule, committee.threshold));
}

/** Whether two are of one poll. */
export function samePoll(left: VotersPoll, right: VotersPoll): boolean {
  return sameBytes(left.context, right.context);
}
