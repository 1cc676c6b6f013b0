/** Polls with consistent digests for tests. */

import { keccak256, utf8 } from "../../../web/src/protocol/encoding.ts";
import { NoOutcome } from "../../../web/src/protocol/outcome/none.ts";
import { outcomeRuleDigest } from "../../../web/src/protocol/outcome/parts.ts";
import {
  Committee,
  encodeParameters,
  type Member,
  pollContext,
} from "../../../web/src/protocol/parameters.ts";
import type { OpenData } from "../../../web/src/protocol/published.ts";
import type { BallotRule } from "../../../web/src/protocol/rule.ts";
import { unixSeconds } from "../../../web/src/protocol/units.ts";

export interface Wanted {
  readonly rule: BallotRule;
  /** Members of the description. */
  readonly description: Readonly<Record<string, unknown>>;
  readonly members: readonly Member[];
  readonly pollKeys: readonly Uint8Array[];
  readonly threshold?: number;
  readonly faults?: number;
  /** Unix seconds. */
  readonly closesAt?: bigint;
}

/** An open poll of these parts, with their digests. */
export function openDataOf(wanted: Wanted): OpenData {
  const { rule, members, pollKeys, threshold = 2, faults = 0, closesAt = 200n } = wanted;
  const identity = { chainId: 31337n, registry: new Uint8Array(20).fill(9), pollId: 3n };
  const committee = new Committee(members, threshold, faults);
  const outcomeRule = new NoOutcome().encode();
  const description = utf8(JSON.stringify(wanted.description));
  const parameters = {
    committee: committee.digest,
    rule: rule.digest,
    outcomeRule: outcomeRuleDigest(outcomeRule),
    description: keccak256(description),
    censusRoot: new Uint8Array(32).fill(6),
    voters: 20,
    totalWeight: 20n,
    secret: true,
    opensAt: unixSeconds(100),
    closesAt: unixSeconds(closesAt),
    freezeDelay: 10,
    roundDuration: 10,
    maxRounds: 3,
    disputeWindow: 10,
    tallyPeriod: 10,
    minimumBallots: 5,
    counting: 0,
    casting: 0,
    identity: 0,
    openMinimum: 0,
    shufflePeriod: 0,
    responseTime: 0,
    maxDisputeDelay: 0,
    extension: new Uint8Array(32),
  };
  return {
    identity,
    context: pollContext(identity, parameters, rule),
    parameters: encodeParameters(parameters),
    rule: rule.encode(),
    outcomeRule,
    description,
    committee: committee.encode(),
    pollKeys,
  };
}

/** Nodes with addresses of one repeated byte each. */
export function nodesOf(count: number): Member[] {
  return Array.from({ length: count }, (_, place) => {
    return { address: new Uint8Array(20).fill(place + 1), url: `https://${place}.example` };
  });
}
