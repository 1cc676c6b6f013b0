/**
 * The parameters that a poll fixes before it opens, and the context that binds data to the poll.
 *
 * Source: docs/protocol.md §3, §4. Vectors: tests/vectors/board.json.
 */

import { checkShuffle, isShuffled, SUMMED } from "./counting.ts";
import {
  ADDRESS_BYTES,
  concat,
  fromHex,
  fromUtf8,
  HASH_BYTES,
  keccak256,
  Reader,
  sameBytes,
  taggedHash,
  toHex,
  unsigned,
  utf8,
  word,
  WORD_BYTES,
} from "./encoding.ts";
import { AuditError, Malformed, Rejected } from "./errors.ts";
import { type Json, parseJson } from "./json.ts";
import type { Question } from "./question/asked.ts";
import { impliedQuestion } from "./question/implied.ts";
import { pollLabels, pollRule, readQuestions } from "./question/poll.ts";
import type { BallotRule } from "./rule.ts";
import { type CensusOrigin, readOrigin } from "./snapshot.ts";
import { type UnixSeconds, unixSeconds } from "./units.ts";

const MAX_NODES = 64;
const MAX_URL_BYTES = 256;
const MAX_DESCRIPTION_BYTES = 65_536;

/** One tallying node: 20-byte address of its signing key, and the URL at which it serves. */
export interface Member {
  readonly address: Uint8Array;
  readonly url: string;
}

/** The nodes of a poll in order; node `i` is `members[i − 1]`. */
export class Committee {
  readonly members: readonly Member[];
  /** `t`: fewer nodes than this learn nothing. */
  readonly threshold: number;
  /** `f`: number of nodes that may be down or malicious. */
  readonly faults: number;
  /** `q`: number of receipts that record a ballot, and of signatures that anchor a root. */
  readonly quorum: number;

  /** @throws Rejected: a bound of §3 is broken (check P3). */
  constructor(members: readonly Member[], threshold: number, faults: number) {
    const [n, t, f] = [members.length, threshold, faults];
    this.members = members;
    this.threshold = threshold;
    this.faults = faults;
    this.quorum = Math.max(t + f, Math.floor((n + f) / 2) + 1);
    const addresses = new Set(members.map(({ address }) => toHex(address)));
    if (n > MAX_NODES) throw noCommittee(`${n} nodes, at most ${MAX_NODES}`);
    if (addresses.size !== n || addresses.has(toHex(new Uint8Array(ADDRESS_BYTES)))) {
      throw noCommittee("node addresses must be distinct and not zero");
    }
    const urls = members.map(({ url }) => utf8(url).length);
    if (urls.some((size) => size < 1 || size > MAX_URL_BYTES)) {
      throw noCommittee(`every node needs a URL of 1 to ${MAX_URL_BYTES} bytes`);
    }
    if (t < 2) throw noCommittee(`threshold t = ${t}, at least 2`);
    if (f < 0 || f > t - 1) throw noCommittee(`faults f = ${f} outside 0 … t − 1 = ${t - 1}`);
    if (n < t + 2 * f || n < 3 * f + 1) {
      throw noCommittee(`n = ${n} nodes, at least max(t + 2f, 3f + 1)`);
    }
    if (this.quorum > n - f) {
      throw noCommittee(`quorum q = ${this.quorum} exceeds n − f = ${n - f}`);
    }
  }

  /** Digest of the committee on chain, 32 bytes. */
  get digest(): Uint8Array {
    const members = this.members.flatMap(({ address, url }) => [
      word(address),
      keccak256(utf8(url)),
    ]);
    return taggedHash("committee", ...this.#head.map(word), ...members);
  }

  /** Board section 6. */
  encode(): Uint8Array {
    const members = this.members.flatMap(({ address, url }) => {
      const encoded = utf8(url);
      return [address, unsigned(encoded.length, 2), encoded];
    });
    return concat([...this.#head.map((value) => unsigned(value, 1)), ...members]);
  }

  /** Decode board section 6; Malformed or Rejected (check P3). */
  static decode(data: Uint8Array): Committee {
    const reader = new Reader(data, "committee");
    const n = reader.small(1, "n");
    const t = reader.small(1, "t");
    const f = reader.small(1, "f");
    const q = reader.small(1, "q");
    const members = Array.from({ length: n }, (_, place) => {
      const number = place + 1;
      const address = reader.take(ADDRESS_BYTES, `node ${number}`);
      const url = fromUtf8(reader.prefixed(2, `url ${number}`), `committee.url ${number}`);
      return { address, url };
    });
    reader.end();
    const committee = new Committee(members, t, f);
    if (committee.quorum !== q) throw noCommittee(`quorum ${q}, expected ${committee.quorum}`);
    return committee;
  }

  get #head(): number[] {
    return [this.members.length, this.threshold, this.faults, this.quorum];
  }
}

/**
 * The twenty-four words of §4.1; names and order are those of the contract's struct.
 *
 * Some of the last are reserved for later kinds of poll; programs refuse values unknown to them.
 */
export interface PollParameters {
  readonly committee: Uint8Array;
  readonly rule: Uint8Array;
  readonly outcomeRule: Uint8Array;
  readonly description: Uint8Array;
  readonly censusRoot: Uint8Array;
  readonly voters: number;
  readonly totalWeight: bigint;
  readonly secret: boolean;
  readonly opensAt: UnixSeconds;
  readonly closesAt: UnixSeconds;
  readonly freezeDelay: number;
  readonly roundDuration: number;
  readonly maxRounds: number;
  readonly disputeWindow: number;
  readonly tallyPeriod: number;
  readonly minimumBallots: number;
  readonly counting: number;
  readonly casting: number;
  readonly identity: number;
  readonly openMinimum: number;
  readonly shufflePeriod: number;
  readonly responseTime: number;
  readonly maxDisputeDelay: number;
  readonly extension: Uint8Array;
}

/** Twenty-four words. */
export function encodeParameters(parameters: PollParameters): Uint8Array {
  return concat([
    parameters.committee,
    parameters.rule,
    parameters.outcomeRule,
    parameters.description,
    parameters.censusRoot,
    word(parameters.voters),
    word(parameters.totalWeight),
    word(Number(parameters.secret)),
    word(parameters.opensAt),
    word(parameters.closesAt),
    word(parameters.freezeDelay),
    word(parameters.roundDuration),
    word(parameters.maxRounds),
    word(parameters.disputeWindow),
    word(parameters.tallyPeriod),
    word(parameters.minimumBallots),
    word(parameters.counting),
    word(parameters.casting),
    word(parameters.identity),
    word(parameters.openMinimum),
    word(parameters.shufflePeriod),
    word(parameters.responseTime),
    word(parameters.maxDisputeDelay),
    parameters.extension,
  ]);
}

/** Decode twenty-four words; Malformed when one is out of its type's range. */
export function decodeParameters(data: Uint8Array): PollParameters {
  const reader = new Reader(data, "parameters");
  const digest = (name: string) => reader.take(HASH_BYTES, name);
  const integer = (name: string, bits: number) => {
    const value = reader.unsigned(WORD_BYTES, name);
    if (value >> BigInt(bits)) {
      throw new Malformed(`parameters.${name}`, `${value} exceeds ${bits} bits`);
    }
    return value;
  };
  const small = (name: string, bits = 32) => Number(integer(name, bits));
  const parameters = {
    committee: digest("committee"),
    rule: digest("rule"),
    outcomeRule: digest("outcome_rule"),
    description: digest("description"),
    censusRoot: digest("census_root"),
    voters: small("voters"),
    totalWeight: integer("total_weight", 128),
    secret: integer("secret", 1) === 1n,
    opensAt: unixSeconds(integer("opens_at", 64)),
    closesAt: unixSeconds(integer("closes_at", 64)),
    freezeDelay: small("freeze_delay"),
    roundDuration: small("round_duration"),
    maxRounds: small("max_rounds"),
    disputeWindow: small("dispute_window"),
    tallyPeriod: small("tally_period"),
    minimumBallots: small("minimum_ballots"),
    counting: small("counting", 8),
    casting: small("casting", 8),
    identity: small("identity", 8),
    openMinimum: small("open_minimum"),
    shufflePeriod: small("shuffle_period"),
    responseTime: small("response_time"),
    maxDisputeDelay: small("max_dispute_delay"),
    extension: digest("extension"),
  };
  reader.end();
  return parameters;
}

/**
 * Check that the poll counts in a known way, and that the reserved words are zero.
 *
 * @throws Rejected: the poll is of a kind that this program does not know (check P1).
 */
export function checkKnown(parameters: PollParameters): void {
  for (const [name, value] of [
    ["counting", isShuffled(parameters) ? SUMMED : parameters.counting],
    ["casting", parameters.casting],
    ["identity", parameters.identity],
    ["extension", parameters.extension],
  ] as const) {
    const given = value instanceof Uint8Array ? value.some(Boolean) : value !== 0;
    if (!given) continue;
    const shown = value instanceof Uint8Array ? toHex(value) : value;
    const reason = `${shown} is of a kind of poll unknown to this program`;
    throw new Rejected("P1", `parameters.${name}`, reason);
  }
}

/** Response times that the longest delay by disputes has at least (§11.3). */
const LEAST_ANSWERS = 4;

/** Latest moment that a registry accepts. */
const MAX_TIME = 1n << 40n;

/**
 * Check the bounds of §4.1, which the contract should have enforced.
 *
 * @throws Rejected: a bound is broken; the item names the parameter (check P6).
 */
export function checkBounds(parameters: PollParameters): void {
  const { opensAt, closesAt, roundDuration, maxRounds, voters, totalWeight } = parameters;
  const fails = (name: string, reason: string) => {
    return new Rejected("P6", `parameters.${name}`, reason);
  };
  for (const [name, value] of [
    ["voters", voters],
    ["total_weight", totalWeight],
    ["round_duration", roundDuration],
    ["max_rounds", maxRounds],
    ["dispute_window", parameters.disputeWindow],
    ["tally_period", parameters.tallyPeriod],
    ["minimum_ballots", parameters.minimumBallots],
  ] as const) {
    if (value < 1) throw fails(name, "0, at least 1");
  }
  if (opensAt >= closesAt) throw fails("opens_at", "not before voting closes");
  if (closesAt > MAX_TIME) throw fails("closes_at", `above ${MAX_TIME}`);
  if (BigInt(roundDuration) * BigInt(maxRounds) > MAX_TIME) {
    throw fails("max_rounds", `rounds longer than ${MAX_TIME} s together`);
  }
  if (parameters.minimumBallots > voters) {
    throw fails("minimum_ballots", `above the ${voters} voters`);
  }
  if (totalWeight < BigInt(voters)) throw fails("total_weight", "below the number of voters");
  const { responseTime: response, maxDisputeDelay: delay } = parameters;
  if ((response === 0) !== (delay === 0)) {
    throw fails("max_dispute_delay", `${delay} s, the response time ${response} s`);
  }
  if (delay < LEAST_ANSWERS * response) {
    const least = `below ${LEAST_ANSWERS} times the response time of ${response} s`;
    throw fails("max_dispute_delay", `${delay} s, ${least}`);
  }
  checkShuffle(parameters);
}

/** Identity of a poll: chain id, 20-byte registry address, poll id. */
export interface PollIdentity {
  readonly chainId: bigint;
  readonly registry: Uint8Array;
  readonly pollId: bigint;
}

/** Decode board section 1; Malformed when it is invalid. */
export function decodeIdentity(data: Uint8Array): PollIdentity {
  const reader = new Reader(data, "poll");
  const identity = {
    chainId: reader.unsigned(WORD_BYTES, "chain_id"),
    registry: reader.take(ADDRESS_BYTES, "registry"),
    pollId: reader.unsigned(WORD_BYTES, "poll_id"),
  };
  reader.end();
  return identity;
}

/** `pollContext` (§4.2), 32 bytes. */
export function pollContext(
  { chainId, registry, pollId }: PollIdentity,
  parameters: PollParameters,
  rule: BallotRule,
): Uint8Array {
  return taggedHash(
    "poll",
    word(chainId),
    word(registry),
    word(pollId),
    encodeParameters(parameters),
    word(rule.slots.length),
    word(rule.maxSlotValue),
  );
}

/** The round of a treasury whose money a poll decides about. */
export interface RoundReference {
  readonly treasury: Uint8Array;
  readonly roundId: bigint;
}

/** The questions of a poll and the names of its slots; `encoded` are the hashed bytes. */
export interface Description {
  readonly encoded: Uint8Array;
  readonly title: string;
  readonly options: readonly string[];
  readonly round: RoundReference | undefined;
  /** Source of the electorate, undefined where the organizer listed it. */
  readonly census: CensusOrigin | undefined;
  /** Whether one signing key may sign for several accounts. */
  readonly sharedKeys: boolean;
  /**
   * Questions that make the ballot rule, undefined where there are none; or why they cannot be
   * read. Unreadable questions do not affect other members.
   */
  readonly questions: readonly Question[] | AuditError | undefined;
  /** Further text, "" for none; checked in rounds only (D1). */
  readonly text: Json;
}

/**
 * Decode a description.
 *
 * @throws Malformed: not UTF-8 JSON with a title and options.
 */
export function decodeDescription(encoded: Uint8Array): Description {
  // First, so that an oversized description costs no time.
  if (encoded.length > MAX_DESCRIPTION_BYTES) {
    const most = MAX_DESCRIPTION_BYTES;
    throw new Malformed("description", `${encoded.length} bytes, at most ${most}`);
  }
  const content = parseJson(encoded, "description");
  if (!(content instanceof Map)) throw new Malformed("description", "not a JSON object");
  const members = content as ReadonlyMap<string, Json>;
  const title = members.get("title");
  const options = members.get("options");
  if (typeof title !== "string") throw new Malformed("description.title", "not a string");
  if (!Array.isArray(options) || !options.every((name) => typeof name === "string")) {
    throw new Malformed("description.options", "not a list of strings");
  }
  const sharedKeys = members.has("shared_keys") ? members.get("shared_keys")! : false;
  if (typeof sharedKeys !== "boolean") {
    throw new Malformed("description.shared_keys", "neither true nor false");
  }
  const round = roundReference(members.get("round"));
  const origin = members.get("census") ?? null;
  const census = origin === null ? undefined : readOrigin(origin);
  const questions = questionsOf(members.get("questions"));
  const text = members.has("text") ? members.get("text")! : "";
  return { encoded, title, options, round, census, sharedKeys, questions, text };
}

function questionsOf(content: Json | undefined): Description["questions"] {
  if (content === undefined) return undefined;
  try {
    return readQuestions(content);
  } catch (error) {
    if (error instanceof AuditError) return error;
    throw error;
  }
}

/**
 * The questions of a description, empty where it has none.
 *
 * @throws Rejected: they cannot be read, do not make exactly the rule, or do not name the options
 *   (check P5).
 */
export function checkQuestions(
  { questions, options }: Description,
  rule: BallotRule,
): readonly Question[] {
  const fails = (reason: string) => new Rejected("P5", "description.questions", reason);
  if (!questions) return [];
  if (questions instanceof AuditError) throw fails(questions.message);
  let made: BallotRule;
  try {
    made = pollRule(questions);
  } catch (error) {
    if (error instanceof Rejected) throw fails(error.reason);
    throw error;
  }
  if (!sameBytes(made.encode(), rule.encode())) throw fails("they make a different ballot rule");
  const labels = pollLabels(questions);
  if (labels.length !== options.length || labels.some((label, slot) => label !== options[slot])) {
    throw fails("the options are not those of the questions");
  }
  return questions;
}

/**
 * The questions that voters are asked; those that the rule implies where there are none.
 *
 * @throws Rejected: as `checkQuestions`, or the rule implies no question (check P5).
 */
export function askedQuestions(description: Description, rule: BallotRule): readonly Question[] {
  const questions = checkQuestions(description, rule);
  if (questions.length) return questions;
  return [impliedQuestion(rule, description.title, description.options)];
}

/**
 * Check that the slots of a ballot say what its voter answered (§19.1).
 *
 * @throws Rejected: some question's slots do not; or as `checkQuestions` (check P5).
 */
export function checkDetermined(description: Description, rule: BallotRule): void {
  const stated = checkQuestions(description, rule);
  const questions = stated.length ? stated : impliedOrNone(description, rule);
  for (const [number, { slotsObjection }] of questions.entries()) {
    if (slotsObjection) {
      throw new Rejected("P5", `description.questions[${number}]`, slotsObjection);
    }
  }
}

/** The question that the rule implies; none where no client could answer. */
function impliedOrNone({ title, options }: Description, rule: BallotRule): readonly Question[] {
  try {
    return [impliedQuestion(rule, title, options)];
  } catch (error) {
    if (error instanceof Rejected) return [];
    throw error;
  }
}

function roundReference(content: Json | undefined): RoundReference | undefined {
  if (content === undefined || content === null) return undefined;
  const members: ReadonlyMap<string, Json> = content instanceof Map ? content : new Map();
  const treasury = members.get("treasury");
  const number = members.get("id");
  if (typeof treasury !== "string" || !/^0x[0-9a-f]{40}$/.test(treasury)) {
    throw new Malformed("description.round.treasury", "not an address in lower-case 0x-hex");
  }
  if (typeof number !== "bigint" || number < 1n || number >= 1n << 128n) {
    throw new Malformed("description.round.id", "not a number of a round");
  }
  return { treasury: fromHex(treasury, "description.round.treasury"), roundId: number };
}

function noCommittee(reason: string): Rejected {
  return new Rejected("P3", "committee", reason);
}
