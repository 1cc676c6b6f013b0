/**
 * Open polls as a gateway or a file describes them.
 *
 * Source: docs/protocol.md §4, §7.
 */

import { toHex } from "../protocol/encoding.ts";
import { Rejected } from "../protocol/errors.ts";
import { Committee } from "../protocol/parameters.ts";
import { OpenPoll } from "../protocol/published.ts";
import { bytes, decimal, list, type Of, record, text, whole } from "./shape.ts";
import type { Config, Poll } from "./views.ts";

/** The JSON form, which the command line also writes. */
export const pollJson = record({
  chainId: whole,
  registry: bytes,
  poll: decimal,
  pollContext: bytes,
  parameters: bytes,
  description: bytes,
  rule: bytes,
  outcomeRule: bytes,
  committee: record({
    threshold: whole,
    faults: whole,
    nodes: list(record({ node: whole, address: bytes, url: text })),
  }),
  pollKeys: list(bytes),
});

/** A poll from its JSON form; Malformed or Rejected when it is invalid. */
export function pollFromJson(json: Of<typeof pollJson>): OpenPoll {
  const { nodes, threshold, faults } = json.committee;
  return new OpenPoll({
    identity: { chainId: BigInt(json.chainId), registry: json.registry, pollId: json.poll },
    context: json.pollContext,
    parameters: json.parameters,
    rule: json.rule,
    outcomeRule: json.outcomeRule,
    description: json.description,
    committee: new Committee(nodes, threshold, faults).encode(),
    pollKeys: json.pollKeys,
  });
}

/** A poll as the gateway describes it, not compared with the chain; it has keys once it is open. */
export function pollOfGateway(shown: Poll, { chainId, registry }: Config): OpenPoll {
  return pollFromJson({ ...shown, chainId, registry, pollKeys: shown.pollKeys ?? [] });
}

/** The JSON form of a poll, for `JSON.stringify`. */
export function pollToJson(poll: OpenPoll): Readonly<Record<string, unknown>> {
  const { committee, identity, data } = poll;
  return {
    chain_id: Number(identity.chainId),
    registry: toHex(identity.registry),
    poll: poll.pollId.toString(),
    poll_context: toHex(poll.context),
    parameters: toHex(data.parameters),
    description: toHex(data.description),
    rule: toHex(data.rule),
    outcome_rule: toHex(data.outcomeRule),
    committee: {
      threshold: committee.threshold,
      faults: committee.faults,
      nodes: committee.members.map(({ address, url }, place) => {
        return { node: place + 1, address: toHex(address), url };
      }),
    },
    poll_keys: poll.pollKeys.map(toHex),
  };
}

/** Compare a gateway's poll with the chain's; Rejected when they differ. */
export function compare(shown: OpenPoll, chain: OpenPoll): void {
  const given = pollToJson(shown);
  for (const [name, value] of Object.entries(pollToJson(chain))) {
    if (JSON.stringify(given[name]) !== JSON.stringify(value)) {
      throw new Rejected("P1", name, "the gateway's value differs from the chain's");
    }
  }
}
