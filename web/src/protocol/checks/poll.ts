/**
 * Checks P1 to P6: the poll, its rules, its nodes and their poll keys.
 *
 * Source: docs/protocol.md §13.
 */

import { decodePollKeys } from "../board.ts";
import { checkCommittee, isShuffled } from "../counting.ts";
import { concat, keccak256, sameBytes, toHex } from "../encoding.ts";
import { Rejected } from "../errors.ts";
import { checkCounting } from "../outcome/ballots.ts";
import { outcomeRuleDigest } from "../outcome/parts.ts";
import {
  checkBounds,
  checkDetermined,
  checkKnown,
  checkQuestions,
  decodeIdentity,
  pollContext,
} from "../parameters.ts";
import { checkPollKeys, nodeKey, nodeKeysHash } from "../poll_key.ts";
import { POLL_KEYS } from "../typed_data.ts";
import { counted } from "../wording.ts";
import type { Audit } from "./audit.ts";

/** P1: the board is of this chain, registry and poll, and gives the context on chain. */
export function checkP1(audit: Audit): string {
  const { chain, claimed } = audit;
  const identity = decodeIdentity(audit.sections.poll);
  if (
    identity.chainId !== chain.chainId ||
    identity.pollId !== claimed.pollId ||
    !sameBytes(identity.registry, claimed.registry)
  ) {
    throw new Rejected("P1", "board.poll", "a different chain, registry or poll than requested");
  }
  checkKnown(audit.parameters);
  if (audit.sections.extension) {
    throw new Rejected("P1", "board.extension", "the parameters ask for none");
  }
  if (!sameBytes(pollContext(identity, audit.parameters, audit.rule), chain.pollContext)) {
    throw new Rejected("P1", "board.parameters", "they do not have the poll's context on chain");
  }
  const notes = [...audit.sections.notes].map(([tag, bytes]) => `section ${tag} (${bytes} bytes)`);
  const unread = notes.length ? `; read by no check: ${notes.join(", ")}` : "";
  return `context ${toHex(chain.pollContext)}${unread}`;
}

/** P2: rules and description have their digests; the rule is valid with the total weight. */
export function checkP2(audit: Audit): string {
  // What P2 itself reads comes first: it fails by that, whatever else cannot be read.
  const { rule, outcomeRule, description, parameters } = audit;
  const digests: [item: string, computed: Uint8Array, fixed: Uint8Array][] = [
    ["board.rule", rule.digest, parameters.rule],
    ["board.outcome_rule", outcomeRuleDigest(outcomeRule.encode()), parameters.outcomeRule],
    ["board.description", keccak256(description.encoded), parameters.description],
  ];
  for (const [item, computed, fixed] of digests) {
    if (!sameBytes(computed, fixed)) {
      throw new Rejected("P2", item, "not what the poll's parameters fix");
    }
  }
  const slots = rule.slots.length;
  rule.checkWeight(parameters.totalWeight);
  outcomeRule.checkSlots(slots);
  checkCounting(outcomeRule, isShuffled(parameters));
  if (description.options.length !== slots) {
    throw new Rejected("P2", "board.description", "it does not name one option for each slot");
  }
  return [
    counted(slots, "option", "options"),
    counted(rule.bits, "bit", "bits"),
    counted(rule.rows.length, "row", "rows"),
  ].join(", ");
}

/** P3: the committee obeys its bounds and has its digest. */
export function checkP3(audit: Audit): string {
  const { members, threshold, faults, digest } = audit.committee;
  const { committee } = audit.parameters;
  if (!sameBytes(digest, committee) || !sameBytes(digest, audit.chain.committee)) {
    throw new Rejected("P3", "board.committee", "not the committee that the poll fixes");
  }
  return `${members.length} nodes; fewer than ${threshold} learn nothing; ${faults} may fail`;
}

/** P4: poll keys are valid, distinct, signed by all nodes, and pinned on chain. */
export function checkP4(audit: Audit): string {
  const { chain } = audit;
  const onChain = audit.nodeKeys;
  const announced = decodePollKeys(audit.sections.pollKeys);
  const { members } = audit.committee;
  const keys = announced.map(({ publicKey }) => publicKey);
  const words = keys.map(nodeKey);
  const pinned = nodeKeysHash(words);
  if (!sameBytes(concat(words), concat(onChain)) || !sameBytes(pinned, chain.pollKeysDigest)) {
    throw new Rejected("P4", "board.poll_keys", "not those pinned on chain");
  }
  if (keys.length !== members.length) {
    throw new Rejected("P4", "board.poll_keys", "not one for each node");
  }
  checkPollKeys(keys);
  const digest = audit.domain.digest(POLL_KEYS, chain.pollContext, pinned);
  announced.forEach(({ signature }, place) => {
    const address = audit.member("P4", place + 1);
    audit.requireSigner("P4", `poll key of node ${place + 1}`, address, signature, digest);
  });
  return counted(keys.length, "poll key", "poll keys");
}

/** P5: the description's questions, where it has any, make exactly the poll's rule. */
export function checkP5(audit: Audit): string {
  const questions = checkQuestions(audit.description, audit.rule);
  if (isShuffled(audit.parameters)) checkDetermined(audit.description, audit.rule);
  if (!questions.length) return "the description has no questions";
  return questions.map(({ kind }) => kind).join(", ");
}

/** P6: the parameters keep the bounds of §4.1, and a committee that has to can shuffle. */
export function checkP6(audit: Audit): string {
  const { parameters } = audit;
  checkBounds(parameters);
  // Only then: a summed poll keeps its bounds whatever its committee is.
  if (isShuffled(parameters)) checkCommittee(parameters, audit.committee);
  const { disputeWindow, tallyPeriod, maxDisputeDelay } = parameters;
  const said = `dispute window ${disputeWindow} s, then ${tallyPeriod} s for the tally`;
  return maxDisputeDelay ? `${said}; disputes delay it by ${maxDisputeDelay} s at most` : said;
}
