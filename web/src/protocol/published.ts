/**
 * A poll as the chain, a gateway or a file publishes it.
 *
 * Its context is a hash over everything that is fixed, so that each part is checked against a
 * digest once, whatever its source. The hash does not cover poll keys: the chain pins them later.
 *
 * Source: docs/protocol.md §4, §7.
 */

import { BallotLayout } from "./ballot.ts";
import { checkCommittee, isShuffled } from "./counting.ts";
import { keccak256, sameBytes } from "./encoding.ts";
import { Rejected } from "./errors.ts";
import { checkCounting } from "./outcome/ballots.ts";
import { decodeOutcomeRule, outcomeRuleDigest } from "./outcome/parts.ts";
import type { OutcomeRule } from "./outcome/rule.ts";
import {
  askedQuestions,
  checkBounds,
  checkDetermined,
  checkKnown,
  Committee,
  decodeDescription,
  decodeParameters,
  type Description,
  pollContext,
  type PollIdentity,
  type PollParameters,
} from "./parameters.ts";
import { ProofShape } from "./proof.ts";
import type { Question } from "./question/asked.ts";
import { BallotRule } from "./rule.ts";
import { Domain } from "./typed_data.ts";

/** A published poll as plain data that can pass between threads; nothing in it is checked. */
export interface PublishedData {
  readonly identity: PollIdentity;
  /** `pollContext` according to the publisher. */
  readonly context: Uint8Array;
  /** Board sections 2 to 6. */
  readonly parameters: Uint8Array;
  readonly rule: Uint8Array;
  readonly outcomeRule: Uint8Array;
  readonly description: Uint8Array;
  readonly committee: Uint8Array;
}

/** An open poll as plain data. */
export interface OpenData extends PublishedData {
  /** The nodes' poll keys of 1,216 bytes, node 1 first. */
  readonly pollKeys: readonly Uint8Array[];
}

/** Everything that a poll fixes when it is created, except census and poll keys. */
export class PublishedPoll {
  readonly data: PublishedData;
  readonly identity: PollIdentity;
  /** `pollContext`, 32 bytes. */
  readonly context: Uint8Array;
  readonly parameters: PollParameters;
  readonly rule: BallotRule;
  readonly outcomeRule: OutcomeRule;
  readonly description: Description;
  readonly committee: Committee;
  /** Chain and registry to which signatures are bound. */
  readonly domain: Domain;
  /** Dimensions of the poll's proofs. */
  readonly shape: ProofShape;
  /** Layout of the poll's ballots. */
  readonly layout: BallotLayout;

  /**
   * @throws Malformed: a part cannot be read.
   * @throws Rejected: a part is not the one that the parameters name (check P1), or the poll is of
   *   a kind that this program does not know.
   */
  constructor(data: PublishedData) {
    const { identity, context } = data;
    this.data = data;
    this.identity = identity;
    this.context = context;
    this.parameters = decodeParameters(data.parameters);
    checkKnown(this.parameters);
    this.rule = BallotRule.decode(data.rule);
    this.outcomeRule = decodeOutcomeRule(data.outcomeRule);
    this.description = decodeDescription(data.description);
    this.committee = Committee.decode(data.committee);
    for (const [name, computed, claimed] of [
      ["rule", this.rule.digest, this.parameters.rule],
      ["outcome rule", outcomeRuleDigest(data.outcomeRule), this.parameters.outcomeRule],
      ["description", keccak256(data.description), this.parameters.description],
      ["committee", this.committee.digest, this.parameters.committee],
      ["context", pollContext(identity, this.parameters, this.rule), context],
    ] as const) {
      if (!sameBytes(computed, claimed)) {
        throw new Rejected("P1", name, "its digest is not the one in the poll's parameters");
      }
    }
    this.rule.checkWeight(this.parameters.totalWeight);
    this.domain = new Domain(identity.chainId, identity.registry);
    this.shape = new ProofShape(this.rule, this.committee.threshold);
    this.layout = new BallotLayout(this.shape);
  }

  /** Id in its registry. */
  get pollId(): bigint {
    return this.identity.pollId;
  }
}

/** A poll with its poll keys, to prepare ballots and to check receipts. */
export class OpenPoll extends PublishedPoll {
  override readonly data: OpenData;
  readonly pollKeys: readonly Uint8Array[];
  /** The questions, at least one; those that the rule implies where the description has none. */
  readonly questions: readonly Question[];

  /**
   * @throws Malformed, Rejected: as `PublishedPoll`.
   * @throws Rejected: its rule fits no question, or a node has no key.
   */
  constructor(data: OpenData) {
    super(data);
    this.data = data;
    this.pollKeys = data.pollKeys;
    const { description, rule, committee } = this;
    if (description.options.length !== rule.slots.length) {
      throw new Rejected("P2", "description", "it does not name one option for each slot");
    }
    checkCounting(this.outcomeRule, isShuffled(this.parameters));
    this.questions = askedQuestions(description, rule);
    if (isShuffled(this.parameters)) {
      // Whatever is opened would show more than the voter was told.
      checkBounds(this.parameters);
      checkCommittee(this.parameters, committee);
      checkDetermined(description, rule);
    }
    if (this.pollKeys.length !== committee.members.length) {
      throw new Rejected("P4", "poll_keys", "not one for each node");
    }
  }
}

/** Whether two have the same context. */
export function samePoll(left: PublishedPoll, right: PublishedPoll): boolean {
  return sameBytes(left.context, right.context);
}
