/**
 * The numbered checks of an audit, each performed under its number.
 *
 * Pure: evidence and randomness come in as arguments. A failing check stops only those that cannot
 * be judged without it.
 *
 * Source: docs/protocol.md §13. Tests: tests/web/test_audit.py kills each check by a mutation.
 */

import { type Ballot, BallotLayout } from "./ballot.ts";
import {
  type AnchoredRoot,
  decodeLeaves,
  decodePollKeys,
  decodeRoot,
  decodeShares,
  type Sections,
  type SignedBallot,
  type SignedShare,
  splitSections,
} from "./board.ts";
import { Census, type CensusEntry, MINIMUM_CLASS, sameEntry } from "./census.ts";
import { CommitmentKey, generators, MAX_GENERATORS } from "./commitment.ts";
import { encodePoints } from "./curve.ts";
import { compareBytes, concat, keccak256, sameBytes, toHex, word } from "./encoding.ts";
import { AuditError, Malformed, Rejected, Unanswered, Undecided } from "./errors.ts";
import {
  type ChainEvidence,
  type CodeEvidence,
  type CoinReceipt,
  type Payout,
  type ProposalEvidence,
  ROUND_DECIDED,
  type RoundEvidence,
  type Transfer,
  type Unreadable,
} from "./evidence.ts";
import { parseJson } from "./json.ts";
import { rootDigest, sameNode, type SumRoot, SumTree } from "./merkle_sum.ts";
import { GreedyByCategory } from "./outcome/categories.ts";
import { Greedy } from "./outcome/greedy.ts";
import { NoOutcome } from "./outcome/none.ts";
import { decodeOutcomeRule, outcomeRuleDigest } from "./outcome/parts.ts";
import { Proportional } from "./outcome/proportional.ts";
import type { OutcomeRule } from "./outcome/rule.ts";
import {
  checkBounds,
  checkKnown,
  checkQuestions,
  Committee,
  decodeDescription,
  decodeIdentity,
  decodeParameters,
  type Description,
  pollContext,
  type PollParameters,
} from "./parameters.ts";
import { checkPollKeys, nodeKey, nodeKeysHash } from "./poll_key.ts";
import { ballotStatement } from "./prepare.ts";
import { ProofShape, RejectedProofs, verifyProofs } from "./proof.ts";
import type { Randomness } from "./randomness.ts";
import {
  checkRedemptions,
  decodeRedemptions,
  pollElectorate,
  type Redemptions,
  roundElectorate,
} from "./redemption.ts";
import {
  createdAddress,
  differing,
  domainImmutables,
  findRelease,
  type Found,
  type Releases,
} from "./releases.ts";
import { BallotRule } from "./rule.ts";
import type { Share } from "./sharing.ts";
import { type CensusSource, type InvitedCensus, sourceAtTime } from "./snapshot.ts";
import {
  AggregateCommitments,
  aggregateShareHash,
  checkLargest,
  combine,
  type Tally,
  verifyOpening,
} from "./tally_proof.ts";
import {
  addressOf,
  AGGREGATE_SHARE,
  Domain,
  POLL_KEYS,
  recover,
  recoverKey,
  ROOT,
} from "./typed_data.ts";

/** Ballots whose proofs are verified together; also how often progress is told. */
const PROOF_BATCH = 500;
const SIGNATURE_BATCH = 50;
/** Floor of a registry's periods, in seconds, below which it is meant for tests. */
const LEAST_PERIOD_S = 3600n;

/** What a check, or a whole audit, comes to. */
export type Verdict = "holds" | "fails" | "not checked";

/** Outcome of one check. */
export interface Finding {
  /** Its number. */
  readonly check: string;
  /** What it establishes, in words. */
  readonly claim: string;
  readonly verdict: Verdict;
  /** What failed, "" otherwise. */
  readonly item: string;
  /** Why it failed, what is missing, or what was counted. */
  readonly detail: string;
  /** What it holds by somebody's word only, "" for nothing. Completes "holds, assuming". */
  readonly assumes: string;
}

/** What a check that holds has to say: what was counted, and what it holds by a word only. */
interface Held {
  readonly detail: string;
  readonly assumes: string;
}

/** Which poll the auditor asked about. */
export interface Claimed {
  readonly registry: Uint8Array;
  readonly pollId: bigint;
}

/** Told of how far the checks of signatures and proofs have come. */
export type Progress = (done: number, total: number) => void;

/** Findings of an audit whose board cannot be cut into sections. */
export function noBoard({ message }: Malformed): Finding[] {
  return CHECKS.map(([check, claim]): Finding => {
    if (check !== "P1") {
      return { check, claim, verdict: "not checked", item: "", detail: "needs P1", assumes: "" };
    }
    return { check, claim, verdict: "fails", ...itemAndReason(message), assumes: "" };
  });
}

/** What failed, and why, out of the message of a Malformed. */
function itemAndReason(message: string): { item: string; detail: string } {
  const [item, ...reason] = message.split(": ");
  return { item: item!, detail: reason.join(": ") || item! };
}

/** Holds only when every check holds; one failure fails the whole. */
export function verdictOf(findings: readonly Finding[]): Verdict {
  const verdicts = new Set(findings.map(({ verdict }) => verdict));
  if (verdicts.has("fails")) return "fails";
  return verdicts.size === 1 && verdicts.has("holds") ? "holds" : "not checked";
}

/** What the verdict rests on by somebody's word only, where it holds. */
export function assumptionsOf(findings: readonly Finding[]): string[] {
  if (verdictOf(findings) !== "holds") return [];
  return findings.map(({ assumes }) => assumes).filter(Boolean);
}

/**
 * One audit: evidence, and what is read out of it, each thing once.
 *
 * A property that cannot be read fails the check under whose number it stands; every other check
 * that wants it is then not checked.
 */
export class Audit {
  readonly claimed: Claimed;
  readonly chain: ChainEvidence;
  readonly sections: Sections;
  readonly randomness: Randomness;
  readonly progress: Progress;
  /** Whose code the contracts may have. */
  readonly releases: Releases;
  #current = "";
  readonly #read = new Map<string, { value: unknown } | { error: AuditError }>();

  /**
   * @param board Bytes of the board.
   * @param randomness Source of batch weights.
   * @param releases Whose code the contracts may have.
   * @throws Malformed: the board has not even the sections of one.
   */
  constructor(
    claimed: Claimed,
    chain: ChainEvidence,
    board: Uint8Array,
    randomness: Randomness,
    releases: Releases,
    progress: Progress = () => undefined,
  ) {
    this.claimed = claimed;
    this.chain = chain;
    this.sections = splitSections(board);
    this.randomness = randomness;
    this.progress = progress;
    this.releases = releases;
  }

  /** Perform every check; findings in the order of the protocol's table. */
  run(): Finding[] {
    const said = new Map<string, string>();
    return CHECKS.map(([check, claim, perform]) => {
      this.#current = check;
      try {
        const held = perform(this);
        const { detail, assumes } = typeof held === "string" ? { detail: held, assumes: "" } : held;
        return { check, claim, verdict: "holds", item: "", detail, assumes };
      } catch (error) {
        if (error instanceof Undecided) {
          let detail = error.message;
          if (error instanceof Unanswered) {
            // What the endpoint did not answer is said once.
            const first = said.get(detail);
            if (first === undefined) said.set(detail, check);
            else detail = `as ${first}`;
          }
          return { check, claim, verdict: "not checked", item: "", detail, assumes: "" };
        }
        if (error instanceof Rejected) {
          const { item, reason } = error;
          return { check, claim, verdict: "fails", item, detail: reason, assumes: "" };
        }
        if (error instanceof Malformed) {
          return { check, claim, verdict: "fails", ...itemAndReason(error.message), assumes: "" };
        }
        throw error;
      }
    });
  }

  /** Section 2 (P1). */
  get parameters(): PollParameters {
    return this.#once("P1", "parameters", () => decodeParameters(this.sections.parameters));
  }

  /** EIP-712 domain of the poll that was asked about. */
  get domain(): Domain {
    return this.#once("P1", "domain", () => new Domain(this.chain.chainId, this.claimed.registry));
  }

  /** Section 3 (P2). */
  get rule(): BallotRule {
    return this.#once("P2", "rule", () => BallotRule.decode(this.sections.rule));
  }

  /** Section 4 (P2). */
  get outcomeRule(): OutcomeRule {
    return this.#once("P2", "outcome", () => decodeOutcomeRule(this.sections.outcomeRule));
  }

  /** Section 5 (P2). */
  get description(): Description {
    return this.#once("P2", "description", () => decodeDescription(this.sections.description));
  }

  /** Section 6 (P3). */
  get committee(): Committee {
    return this.#once("P3", "committee", () => Committee.decode(this.sections.committee));
  }

  /** Section 8 (C1). */
  get census(): Census {
    return this.#once("C1", "census", () => Census.decode(this.sections.census));
  }

  /** Layout of the poll's ballots. */
  get layout(): BallotLayout {
    return new BallotLayout(new ProofShape(this.rule, this.committee.threshold));
  }

  /** Section 9 (B1). */
  get leaves(): SignedBallot[] {
    const { size } = this.layout;
    return this.#once("B1", "leaves", () => decodeLeaves(this.sections.leaves, size));
  }

  /** Decoded ballots (B1). */
  get ballots(): Ballot[] {
    const { layout, leaves } = this;
    return this.#once("B1", "ballots", () => layout.decodeMany(leaves.map((leaf) => leaf.ballot)));
  }

  /** The census's weight of each ballot (B3). */
  get weights(): bigint[] {
    return this.#once("B3", "weights", () => {
      return this.ballots.map((ballot) => this.entryOf(ballot).weight);
    });
  }

  /** Section 10 (T2). */
  get anchored(): AnchoredRoot {
    this.requireAnchored();
    return this.#once("T2", "root", () => decodeRoot(this.#section("root")));
  }

  /** Sums that aggregate shares open (B3). */
  get sums(): AggregateCommitments {
    if (!this.ballots.length) throw new Undecided("no ballot was counted");
    return this.#once("B3", "sums", () => new AggregateCommitments(this.ballots, this.weights));
  }

  /** Section 11 (S1); empty where the board has none. */
  get shares(): SignedShare[] {
    const { shares } = this.sections;
    if (!shares) return [];
    return this.#once("S1", "shares", () => decodeShares(shares, this.rule.slots.length));
  }

  /** Section 12 (C4). */
  get redemptions(): Redemptions {
    return this.#once("C4", "redemptions", () => {
      return decodeRedemptions(this.#section("redemptions"), this.census.entries.length);
    });
  }

  /** Generators of the poll's commitments. */
  get key(): CommitmentKey {
    return this.#once("P2", "key", () => new CommitmentKey(this.rule.width));
  }

  /** The tally on chain. */
  get tally(): Tally {
    if (!this.chain.tally) {
      if (this.chain.status === "tallied") throw this.#missingEvent("TallyAccepted");
      throw new Undecided(`the chain has no tally: the poll is ${this.chain.status}`);
    }
    return this.chain.tally;
  }

  /** Words of the poll keys on chain. */
  get nodeKeys(): readonly Uint8Array[] {
    const { nodeKeys, pollKeysDigest } = this.chain;
    if (!nodeKeys.length) {
      if (pollKeysDigest.some(Boolean)) throw this.#missingEvent("PollOpened");
      throw new Undecided("the poll is not open yet");
    }
    return nodeKeys;
  }

  /** The round that the description names. */
  get round(): RoundEvidence {
    const { round } = this.chain;
    if (!round) throw new Undecided("the round was not read");
    return readable(round);
  }

  /** Total weight times the largest slot value. */
  get largestVotes(): bigint {
    return this.parameters.totalWeight * this.rule.maxSlotValue;
  }

  /** Census entry of a ballot's voter; Rejected (B3) when there is none. */
  entryOf(ballot: Ballot): CensusEntry {
    const entry = this.census.find(ballot.voter);
    if (!entry) throw new Rejected("B3", ballotName(ballot), "its voter is not in the census");
    return entry;
  }

  /** Rejected under `check` unless `address` signed `digest`. */
  requireSigner(
    check: string,
    item: string,
    address: Uint8Array,
    signature: Uint8Array,
    digest: Uint8Array,
  ): void {
    let signer: Uint8Array;
    try {
      signer = recover(digest, signature);
    } catch (error) {
      if (error instanceof Malformed) throw new Rejected(check, item, error.message);
      throw error;
    }
    if (!sameBytes(signer, address)) {
      throw new Rejected(check, item, `signed by ${toHex(signer)}, not by ${toHex(address)}`);
    }
  }

  /** Address of node `node`; Rejected under `check` when there is none. */
  member(check: string, node: number): Uint8Array {
    const member = this.committee.members[node - 1];
    if (!member) throw new Rejected(check, `node ${node}`, "not in the committee");
    return member.address;
  }

  /** The root on chain; Undecided before there is one. */
  requireAnchored(): AnchoredRoot {
    const { anchored, anchoredAt } = this.chain;
    if (anchored) return anchored;
    if (anchoredAt) throw this.#missingEvent("RootAnchored");
    throw new Undecided("no root is anchored yet");
  }

  #missingEvent(name: string): Unanswered {
    return new Unanswered(
      `the poll is ${this.chain.status}, but the RPC endpoint shows no event ${name} of it: ` +
        "it lacks events",
    );
  }

  /** A section that must be there by now; Malformed when it is not. */
  #section(name: "root" | "redemptions"): Uint8Array {
    const section = this.sections[name];
    if (!section) throw new Malformed(`board.${name}: missing`);
    return section;
  }

  #once<T>(check: string, name: string, read: () => T): T {
    let found = this.#read.get(name);
    if (!found) {
      try {
        found = { value: read() };
      } catch (error) {
        if (!(error instanceof AuditError) || error instanceof Undecided) throw error;
        found = { error };
      }
      this.#read.set(name, found);
    }
    if ("value" in found) return found.value as T;
    if (check === this.#current) throw found.error;
    throw new Undecided(`needs ${check}`);
  }
}

/** How a report names a ballot. */
function ballotName(ballot: Ballot): string {
  return `ballot ${toHex(ballot.digest).slice(0, 18)}… of voter ${toHex(ballot.voter)}`;
}

function sameRoot(left: SumRoot, right: SumRoot): boolean {
  return left.count === right.count && sameNode(left, right);
}

/** P1: the board is of this chain, registry and poll, and gives the context on chain. */
function checkP1(audit: Audit): string {
  const { chain, claimed } = audit;
  const identity = decodeIdentity(audit.sections.poll);
  if (
    identity.chainId !== chain.chainId ||
    identity.pollId !== claimed.pollId ||
    !sameBytes(identity.registry, claimed.registry)
  ) {
    throw new Rejected("P1", "board.poll", "another chain, registry or poll than asked for");
  }
  checkKnown(audit.parameters);
  if (audit.sections.extension) {
    throw new Rejected("P1", "board.extension", "the parameters ask for none");
  }
  if (!sameBytes(pollContext(identity, audit.parameters, audit.rule), chain.pollContext)) {
    throw new Rejected("P1", "board.parameters", "they do not give the poll's context on chain");
  }
  const notes = [...audit.sections.notes].map(([tag, bytes]) => `section ${tag} (${bytes} bytes)`);
  const unread = notes.length ? `; read by no check: ${notes.join(", ")}` : "";
  return `context ${toHex(chain.pollContext)}${unread}`;
}

/** P2: rules and description have their digests; the rule is valid with the total weight. */
function checkP2(audit: Audit): string {
  const { parameters, rule, outcomeRule, description } = audit;
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
  if (description.options.length !== slots) {
    throw new Rejected("P2", "board.description", "it does not name one option for each slot");
  }
  return `${slots} options, ${rule.bits} bits, ${rule.rows.length} rows`;
}

/** P3: the committee obeys its bounds and has its digest. */
function checkP3(audit: Audit): string {
  const { members, threshold, faults, digest } = audit.committee;
  const { committee } = audit.parameters;
  if (!sameBytes(digest, committee) || !sameBytes(digest, audit.chain.committee)) {
    throw new Rejected("P3", "board.committee", "not the committee that the poll fixes");
  }
  return `${members.length} nodes; fewer than ${threshold} learn nothing; ${faults} may fail`;
}

/** P4: poll keys are valid, distinct, signed by all nodes, and pinned on chain. */
function checkP4(audit: Audit): string {
  const { chain } = audit;
  const announced = decodePollKeys(audit.sections.pollKeys);
  const onChain = audit.nodeKeys;
  const keys = announced.map(({ publicKey }) => publicKey);
  const words = keys.map(nodeKey);
  const pinned = nodeKeysHash(words);
  if (!sameBytes(concat(words), concat(onChain)) || !sameBytes(pinned, chain.pollKeysDigest)) {
    throw new Rejected("P4", "board.poll_keys", "not those pinned on chain");
  }
  if (keys.length !== audit.committee.members.length) {
    throw new Rejected("P4", "board.poll_keys", "not one for each node");
  }
  checkPollKeys(keys);
  const digest = audit.domain.digest(POLL_KEYS, chain.pollContext, pinned);
  announced.forEach(({ signature }, place) => {
    const address = audit.member("P4", place + 1);
    audit.requireSigner("P4", `poll key of node ${place + 1}`, address, signature, digest);
  });
  return `${keys.length} poll keys`;
}

/** P5: the description's questions, where it has any, make exactly the poll's rule. */
function checkP5(audit: Audit): string {
  const questions = checkQuestions(audit.description, audit.rule);
  if (!questions.length) return "the description has no questions";
  return questions.map(({ kind }) => kind).join(", ");
}

/** P6: the parameters keep the bounds of §4.1. */
function checkP6({ parameters }: Audit): string {
  checkBounds(parameters);
  const { disputeWindow, tallyPeriod } = parameters;
  return `dispute window ${disputeWindow} s, then ${tallyPeriod} s for the tally`;
}

/** G1: the contract's generators are derived as specified. */
function checkG1(audit: Audit): string {
  const table = encodePoints(generators(MAX_GENERATORS));
  if (!sameBytes(audit.chain.generators, concat([Uint8Array.of(0), table]))) {
    throw new Rejected("G1", "generator table", "not the points of §2.7");
  }
  return `${MAX_GENERATORS + 1} points derived again`;
}

/** G2: registry, rules, table and voting keys are contracts of a known release. */
function checkG2(audit: Audit): Held {
  const { chain } = audit;
  const { registry } = audit.claimed;
  const deployment = readable(chain.deployment);
  const found = releaseOf(audit, "PollRegistry", { address: registry, code: deployment.registry });
  const parts = [
    ["generatorTable", createdAddress(registry, 1), deployment.generatorTable],
    ["votingKeys", createdAddress(registry, 2), deployment.votingKeys.address],
    ["pollRules", createdAddress(registry, 3), deployment.pollRules.address],
  ] as const;
  requireImmutables("PollRegistry", found, [
    ...domainImmutables(chain.chainId, registry),
    ...parts.map(([name, made]) => [name, word(made)] as const),
  ]);
  for (const [name, made, named] of parts) {
    if (!sameBytes(made, named)) {
      throw new Rejected("G2", name, "not the contract that the registry made");
    }
  }
  requireImmutables("PollRegistry", found, [
    ["periodFloor", word(deployment.periodFloor)],
    ["disputes", word(deployment.disputes)],
  ]);
  const table = { address: deployment.generatorTable, code: chain.generators };
  requireSameRelease("PollRules", releaseOf(audit, "PollRules", deployment.pollRules), found);
  requireSameRelease("GeneratorTable", releaseOf(audit, "GeneratorTable", table), found);
  const keys = releaseOf(audit, "VotingKeys", deployment.votingKeys);
  requireSameRelease("VotingKeys", keys, found);
  const ofKeys = domainImmutables(chain.chainId, deployment.votingKeys.address);
  requireImmutables("VotingKeys", keys, [...ofKeys]);
  const floor = deployment.periodFloor;
  let said = `release ${found.release}; periods of at least ${floor} s`;
  if (floor < LEAST_PERIOD_S) said += ", less than an hour: a test deployment";
  if (!deployment.disputes.some(Boolean)) return { detail: said, assumes: "" };
  const disputes = toHex(deployment.disputes);
  return {
    detail: `${said}; ${disputes} may reject roots and void polls`,
    assumes: `the contract ${disputes} rejects none but false roots`,
  };
}

function releaseOf(audit: Audit, contract: string, { address, code }: CodeEvidence): Found {
  const found = findRelease(audit.releases, contract, code);
  if (!found) {
    throw new Undecided(
      `the code at ${toHex(address)} is not that of ${contract} in any release that this program ` +
        "knows",
    );
  }
  return found;
}

function requireSameRelease(contract: string, part: Found, whole: Found): void {
  if (part.release !== whole.release) {
    throw new Undecided(`${contract} is of release ${part.release}, not of ${whole.release}`);
  }
}

function requireImmutables(
  contract: string,
  found: Found,
  expected: readonly (readonly [name: string, value: Uint8Array])[],
): void {
  const name = differing(found, new Map(expected));
  if (name === undefined) return;
  const check = contract === "BudgetTreasury" ? "D4" : "G2";
  throw new Rejected(check, `${contract}.${name}`, "another value than the deployment gives");
}

/** C1: the census is in strict order, in range, and has its root. */
function checkC1(audit: Audit): string {
  if (!sameBytes(audit.census.root, audit.parameters.censusRoot)) {
    throw new Rejected("C1", "board.census", "it has another root than the poll fixes");
  }
  return `${audit.census.entries.length} voters`;
}

/** C2: number of voters and total weight are the parameters'. */
function checkC2(audit: Audit): string {
  const { census, parameters } = audit;
  const voters = census.entries.length;
  if (voters !== parameters.voters) {
    throw new Rejected("C2", "board.census", `${voters} voters, not ${parameters.voters}`);
  }
  if (census.totalWeight !== parameters.totalWeight) {
    throw new Rejected("C2", "board.census", `total weight ${census.totalWeight}`);
  }
  return `total weight ${census.totalWeight}`;
}

/** C3: a poll called secret has no weight that too few share. */
function checkC3(audit: Audit): string {
  const [identifying] = audit.census.identifyingWeights();
  if (!audit.parameters.secret) return "the poll says of itself that weights may give votes away";
  if (identifying) {
    const reason = `shared by ${identifying.voters} voters, fewer than ${MINIMUM_CLASS}`;
    throw new Rejected("C3", `weight ${identifying.weight}`, reason);
  }
  return "no weight identifies a voter";
}

/** C4: the census is the one that anybody reads again from its source. */
function checkC4(audit: Audit): Held {
  const { census } = audit;
  const [shared] = census.sharedKeys();
  if (shared && !audit.description.sharedKeys) {
    const [key, accounts] = shared;
    throw new Rejected("C4", `signing key ${key}`, `it signs for ${accounts} accounts`);
  }
  const source = audit.description.census;
  const voters = census.entries.length;
  if (audit.sections.redemptions && source?.kind !== "invitations") {
    throw new Rejected("C4", "board.redemptions", "there, though nobody was invited");
  }
  if (!source) {
    return {
      detail: `${voters} voters, listed by hand; ${otherKeys(census)}`,
      assumes: `the organizer, who listed ${voters} voters by hand, listed those who may vote`,
    };
  }
  if (source.kind === "invitations") return redeemed(audit, source);
  if (source.keys && !sameBytes(source.keys, createdAddress(audit.claimed.registry, 2))) {
    throw new Rejected("C4", "description.census.keys", "not the registry's own voting keys");
  }
  if (!audit.chain.census) throw new Undecided("the source of the census was not read");
  const read = new Census(readable(audit.chain.census));
  for (const entry of census.entries) {
    const found = read.find(entry.account);
    if (!found || !sameEntry(found, entry)) {
      throw new Rejected("C4", `voter ${toHex(entry.account)}`, "not so in the source");
    }
  }
  const missing = read.entries.find(({ account }) => !census.find(account));
  if (missing) {
    throw new Rejected("C4", `voter ${toHex(missing.account)}`, "in the source, not in the census");
  }
  const at = checkBlock(audit, source);
  const contract = toHex(source.contract);
  const keys = source.keys ? `; voting keys of ${toHex(source.keys)}` : "";
  const known =
    source.kind === "members" &&
    findRelease(audit.releases, "MemberRegistry", audit.chain.censusCode);
  return {
    detail:
      `${source.kind} of ${contract} at block ${source.block}${at}${keys}; ` + otherKeys(census),
    assumes: known
      ? `the owner of ${contract} listed its members`
      : `the contract ${contract}, whose code this program does not know, tells truly who may vote`,
  };
}

/** How many voters let another key sign, and how many keys sign for several. */
function otherKeys(census: Census): string {
  const { entries } = census;
  const shared = census.sharedKeys().size;
  const others = entries.filter(({ account, signingKey }) => !sameBytes(account, signingKey));
  const said = `${others.length} of ${entries.length} entries sign with another key than the account's`;
  return shared ? `${said}; keys that sign for several accounts: ${shared}` : said;
}

/** In a round whose electorate is a source on chain, it is that source at the right block. */
function checkBlock(audit: Audit, source: CensusSource): string {
  if (!audit.description.round) return "";
  const { electorate } = audit.round;
  if (electorate.kind !== SOURCE_ELECTORATE) return "";
  const { censusTimes } = audit.chain;
  const [before, after] = censusTimes ? readable(censusTimes) : [0n, 0n];
  const at = timeOf(electorate.source);
  if (at === undefined || !sameBytes(sourceAtTime(source, at), electorate.source)) {
    throw new Rejected("C4", "description.census", "another source than the round fixed");
  }
  if (at < before || at >= after) {
    const reason = `from ${before} to ${after}, not the latest block at ${at}`;
    throw new Rejected("C4", "description.census.block", reason);
  }
  return `, the latest at ${at}`;
}

/** The member `at` of a round's source; undefined where it is none. */
function timeOf(source: Uint8Array): bigint | undefined {
  try {
    const content = parseJson(source, "electorate.source");
    const at: unknown = content instanceof Map ? content.get("at") : undefined;
    return typeof at === "bigint" ? at : undefined;
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
}

/** Every voter of a census by invitation redeemed one. */
function redeemed(audit: Audit, { root, nonce }: InvitedCensus): Held {
  const { round } = audit.description;
  const { chainId } = audit.chain;
  if (!round === !nonce) {
    throw new Rejected("C4", "description.census.nonce", "only polls without a round have one");
  }
  const electorate = round
    ? roundElectorate(chainId, round, root)
    : pollElectorate(chainId, audit.claimed.registry, nonce!, root);
  const domain = round ? new Domain(chainId, round.treasury) : audit.domain;
  const { redemptions, census } = audit;
  checkRedemptions(redemptions, census, root, electorate, domain);
  const [used, all] = [census.entries.length, redemptions.invited.entries.length];
  return {
    detail: `${used} of ${all} invitations used`,
    assumes: `each of ${all} invitations (${used} used) went to a person of its own`,
  };
}

/** B1: every ballot decodes canonically. */
function checkB1(audit: Audit): string {
  return `${audit.ballots.length} ballots of ${audit.layout.size} bytes`;
}

/** B2: leaves are strictly increasing by voter. */
function checkB2(audit: Audit): string {
  let previous: Uint8Array = new Uint8Array();
  for (const ballot of audit.ballots) {
    if (compareBytes(ballot.voter, previous) <= 0) {
      throw new Rejected("B2", ballotName(ballot), "its voter does not follow in strict order");
    }
    previous = ballot.voter;
  }
  return "one ballot a voter";
}

/** B3: every voter is in the census. */
function checkB3(audit: Audit): string {
  return `${audit.weights.length} voters`;
}

/** B4: every ballot is signed by its voter's signing key. */
function checkB4(audit: Audit): string {
  const { ballots, leaves, census, domain, chain } = audit;
  ballots.forEach((ballot, number) => {
    const entry = census.find(ballot.voter);
    if (!entry) throw new Undecided("needs B3");
    const { publicKey, boxesHash, signature } = leaves[number]!;
    const digest = domain.digest(...ballotStatement(chain.pollContext, ballot, boxesHash));
    const fails = (reason: string) => {
      return new Rejected("B4", `leaf ${number}, ${ballotName(ballot)}`, reason);
    };
    if (!sameBytes(addressOf(publicKey), entry.signingKey)) {
      throw fails("its public key is not that of the census");
    }
    let signer: Uint8Array;
    try {
      signer = recoverKey(digest, signature);
    } catch (error) {
      if (error instanceof Malformed) throw fails(error.message);
      throw error;
    }
    // Also refuses coordinates of no point: recovery gives only points.
    if (!sameBytes(signer, publicKey)) throw fails("not signed by its public key");
    if (number % SIGNATURE_BATCH === 0) audit.progress(number, 2 * ballots.length);
  });
  return `${ballots.length} signatures`;
}

/** B5: every cast time lies within the voting period. */
function checkB5(audit: Audit): string {
  const { opensAt, closesAt } = audit.parameters;
  for (const ballot of audit.ballots) {
    if (ballot.castAtUnixS < opensAt || ballot.castAtUnixS >= closesAt) {
      throw new Rejected("B5", ballotName(ballot), `cast at ${ballot.castAtUnixS}`);
    }
  }
  return `from ${opensAt} to ${closesAt}`;
}

/** B6: every ballot's rows and equations hold. */
function checkB6(audit: Audit): string {
  const { ballots, key, layout, chain } = audit;
  const failed: string[] = [];
  let reason = "";
  for (let start = 0; start < ballots.length; start += PROOF_BATCH) {
    const batch = ballots.slice(start, start + PROOF_BATCH);
    const proofs = batch.map(({ proof }) => proof);
    try {
      verifyProofs(key.generators, layout.shape, chain.pollContext, proofs, audit.randomness);
    } catch (error) {
      if (!(error instanceof RejectedProofs)) throw error;
      failed.push(...error.failures.map(({ number }) => ballotName(batch[number]!)));
      reason ||= error.reason;
    }
    audit.progress(ballots.length + start + batch.length, 2 * ballots.length);
  }
  if (failed.length) throw new Rejected("B6", failed.join(", "), reason);
  return `${ballots.length} proofs`;
}

/** T1: the sum tree over the leaves gives root hash, sum and count. */
function checkT1(audit: Audit): string {
  const claimed = audit.anchored.root;
  const { ballots, weights } = audit;
  const leaves = ballots.map(({ voter, castAtUnixS, digest }, number) => {
    return { voter, weight: weights[number]!, castAtUnixS, digest };
  });
  const values = ballots.map(({ sharing }) => sharing[0]!);
  let computed: SumRoot;
  try {
    computed = new SumTree(leaves, values).root;
  } catch (error) {
    if (error instanceof Rejected) throw new Undecided("needs B2");
    throw error;
  }
  const differs = (name: string) => {
    return new Rejected("T1", `root.${name}`, "not that of the ballots on the board");
  };
  if (computed.count !== claimed.count) throw differs("count");
  if (!sameBytes(computed.sum, claimed.sum)) throw differs("sum");
  if (!sameBytes(computed.hash, claimed.hash)) throw differs("hash");
  return `root ${toHex(computed.hash)} over ${computed.count} ballots`;
}

/** T2: that root is the one anchored on chain. */
function checkT2(audit: Audit): string {
  const { anchored, chain } = audit;
  if (
    !chain.anchored ||
    !sameRoot(anchored.root, chain.root) ||
    !sameRoot(anchored.root, chain.anchored.root)
  ) {
    throw new Rejected("T2", "board.root", "not the root anchored on chain");
  }
  if (anchored.round !== chain.anchored.round) {
    throw new Rejected("T2", "board.root", "anchored in another round");
  }
  return `anchored in round ${anchored.round}`;
}

/** T3: at least `q` nodes of the committee signed the root. */
function checkT3(audit: Audit): string {
  const { round, root, attestations } = audit.anchored;
  const digest = audit.domain.digest(
    ROOT,
    audit.chain.pollContext,
    BigInt(round),
    root.hash,
    root.sum.subarray(0, 32),
    root.sum.subarray(32),
    BigInt(root.count),
  );
  const good: number[] = [];
  let ignored = "";
  for (const { node, signature } of attestations) {
    try {
      const address = audit.member("T3", node);
      audit.requireSigner("T3", `node ${node}`, address, signature, digest);
      good.push(node);
    } catch (error) {
      if (!(error instanceof Rejected)) throw error;
      ignored += `; not counted: ${error.item}: ${error.reason}`;
    }
  }
  const { quorum } = audit.committee;
  if (good.length < quorum) {
    const reason = `${good.length} good signatures, ${quorum} needed${ignored}`;
    throw new Rejected("T3", "board.root", reason);
  }
  return `nodes ${good.join(", ")}${ignored}`;
}

/** T4: the root was anchored in time, over enough ballots. */
function checkT4(audit: Audit): string {
  const { round, root } = audit.requireAnchored();
  const { parameters, chain } = audit;
  const { anchoredAt: at, rejectedRounds, rejectedAt } = chain;
  const freezesAt = parameters.closesAt + BigInt(parameters.freezeDelay);
  const startsAt = rejectedRounds ? rejectedAt : freezesAt;
  const left = BigInt(parameters.maxRounds - rejectedRounds);
  const deadline = startsAt + left * BigInt(parameters.roundDuration);
  if (at < freezesAt) {
    throw new Rejected("T4", "root", `anchored at ${at}, before ${freezesAt}`);
  }
  if (at < startsAt || at >= deadline) {
    throw new Rejected("T4", "root", `anchored at ${at}, not from ${startsAt} to ${deadline}`);
  }
  if (round < rejectedRounds || round >= parameters.maxRounds) {
    const reason = `round ${round}, not from ${rejectedRounds} to ${parameters.maxRounds - 1}`;
    throw new Rejected("T4", "root.round", reason);
  }
  if (chain.tally && root.count < parameters.minimumBallots) {
    const reason = `${root.count} ballots were tallied, at least ${parameters.minimumBallots}`;
    throw new Rejected("T4", "root.count", reason);
  }
  return `anchored at ${at}, in round ${round}`;
}

/** S1: every aggregate share on the board is signed and good. */
function checkS1(audit: Audit): string {
  const { shares, chain } = audit;
  if (!shares.length) throw new Undecided("the board has no aggregate share");
  for (const { node, share, signature } of shares) {
    const digest = audit.domain.digest(
      AGGREGATE_SHARE,
      chain.pollContext,
      rootDigest(audit.anchored.root),
      BigInt(node),
      aggregateShareHash(share),
    );
    const address = audit.member("S1", node);
    audit.requireSigner("S1", `aggregate share of node ${node}`, address, signature, digest);
    audit.sums.verifyShare(audit.key, node, share);
  }
  return `nodes ${shares.map(({ node }) => node).join(", ")}`;
}

/** S2: at least `t` good shares give the tally on chain. */
function checkS2(audit: Audit): string {
  const { tally, shares } = audit;
  if (!shares.length) {
    throw new Rejected("S2", "board.shares", "none, though the chain has a tally");
  }
  const good = new Map<number, Share>();
  const { sums, key } = audit;
  for (const { node, share } of shares) {
    try {
      sums.verifyShare(key, node, share);
    } catch (error) {
      if (error instanceof Rejected) continue;
      throw error;
    }
    good.set(node, share);
  }
  const { threshold } = audit.committee;
  const combined = combine(good, threshold);
  if (
    combined.blinding !== tally.blinding ||
    combined.values.length !== tally.values.length ||
    combined.values.some((votes, slot) => votes !== tally.values[slot])
  ) {
    throw new Rejected("S2", "tally", "the aggregate shares give another one");
  }
  return `${good.size} good shares, ${threshold} needed`;
}

/** R1: tally and blinding on chain open the anchored sum and have the stored digest. */
function checkR1(audit: Audit): string {
  const { tally, chain, largestVotes } = audit;
  const { values } = tally;
  if (values.length !== audit.rule.slots.length) {
    throw new Rejected("R1", "tally", `${values.length} entries`);
  }
  const encoded = [32, values.length, ...values].map(word);
  if (!sameBytes(keccak256(...encoded), chain.tallyDigest)) {
    throw new Rejected("R1", "tally digest", "stored for another tally");
  }
  try {
    verifyOpening(audit.key, chain.root.sum, tally, largestVotes);
  } catch (error) {
    // An excess is R2's to say; here it would hide whether the opening is right.
    if (error instanceof Rejected && error.check === "R2") throw new Undecided("needs R2");
    throw error;
  }
  return "opens the anchored sum";
}

/** R2: no slot exceeds the total weight times the largest slot value. */
function checkR2(audit: Audit): string {
  checkLargest(audit.tally.values, audit.largestVotes);
  return `at most ${audit.largestVotes} possible`;
}

/** R3: the tally was accepted from the dispute window's end on, before its deadline. */
function checkR3(audit: Audit): string {
  const { tally, chain } = audit;
  const { talliedAt, disputeWindowEndsAt: start, tallyDeadline: end } = chain;
  if (talliedAt < start || talliedAt >= end) {
    throw new Rejected("R3", "tally", `accepted at ${talliedAt}, not in ${start} … ${end - 1n}`);
  }
  return `${tally.values.length} results accepted at ${talliedAt}`;
}

/** O1: the outcome recomputed from the tally is the one that the contract gives. */
function checkO1(audit: Audit): string {
  const { outcomeRule, tally } = audit;
  if (outcomeRule instanceof NoOutcome) return "the tally is the result";
  const awards = awardsOf(outcomeRule, tally, "R1");
  const given = audit.chain.awards && readable(audit.chain.awards);
  if (!sameAwards(awards, given)) {
    throw new Rejected("O1", "outcome", "the contract gives another one");
  }
  return `${awards.filter(Boolean).length} of ${awards.length} options awarded`;
}

/** What was read; throws why it was not. */
function readable<T extends object>(found: T | Unreadable): T {
  if (!("unreadable" in found)) return found;
  const { unreadable, reason, item = "" } = found;
  if (unreadable === "Malformed") throw new Malformed(reason);
  if (unreadable === "Rejected") throw new Rejected("C4", item, reason);
  throw unreadable === "Unanswered" ? new Unanswered(reason) : new Undecided(reason);
}

/** Awards of a tally; Undecided when it has not as many entries as the rule wants. */
function awardsOf(rule: OutcomeRule, tally: Tally, needed: string): bigint[] {
  try {
    return rule.awards(tally.values);
  } catch (error) {
    if (error instanceof Rejected) throw new Undecided(`needs ${needed}`);
    throw error;
  }
}

function sameAwards(left: readonly bigint[], right: readonly bigint[] | undefined): boolean {
  return left.length === right?.length && left.every((award, slot) => award === right[slot]);
}

const PLAIN_POLL = "no round hangs on this poll";
const PAYS_NOTHING = "which made the poll, pays nothing by its outcome";

/** D1: the round that the description names decides by this poll about these options. */
function checkD1(audit: Audit): Held {
  const { chain, claimed } = audit;
  const { options, round: reference } = audit.description;
  const fails = (item: string, reason: string) => new Rejected("D1", item, reason);
  if (!reference) {
    if (chain.creatorIsTreasury) {
      throw fails("description", "it names no round, but a treasury made the poll");
    }
    // A wallet, or a treasury that does not say that it is one.
    const assumes = `the contract ${toHex(chain.creator)}, ${PAYS_NOTHING}`;
    return { detail: PLAIN_POLL, assumes: chain.creatorIsContract ? assumes : "" };
  }
  if (!sameBytes(reference.treasury, chain.creator)) {
    throw fails("round", `the poll was created by ${toHex(chain.creator)}`);
  }
  const { round, outcomeRule } = audit;
  if (!sameBytes(round.registry, claimed.registry) || round.pollId !== claimed.pollId) {
    throw fails("round", `it decides by another poll, ${round.pollId}`);
  }
  if (!fundsOrDivides(outcomeRule)) throw fails("outcome", "a round's poll funds or divides");
  // In a proportional round proposals have no amounts before the decision, and awards after it.
  const divides = outcomeRule instanceof Proportional;
  const costs = divides ? undefined : outcomeRule.costs;
  const budget = divides ? outcomeRule.amount : outcomeRule.budget;
  const slots = divides ? outcomeRule.contenders : outcomeRule.costs.length;
  if (budget !== round.budget) {
    throw fails("budget", `${budget} in the poll, ${round.budget} in the round`);
  }
  const proposals = standing(round);
  if (proposals.length !== options.length || options.length !== slots) {
    throw fails("options", `${proposals.length} proposals, ${options.length} options`);
  }
  proposals.forEach(({ title, amount, category }, slot) => {
    if (title !== options[slot]) {
      throw fails(`options[${slot}]`, "the proposal has another title");
    }
    if (costs && amount !== costs[slot]) {
      throw fails(`costs[${slot}]`, "the proposal asks for another amount");
    }
    if (
      outcomeRule instanceof GreedyByCategory &&
      category !== outcomeRule.options[slot]?.category
    ) {
      throw fails(`categories[${slot}]`, "the proposal names another category");
    }
  });
  checkAsked(audit, round);
  const { detail, assumes } = checkElectorate(audit, round);
  const treasury = toHex(reference.treasury);
  return { detail: `round ${reference.roundId} of treasury ${treasury}; ${detail}`, assumes };
}

/** Voters are asked in the round's own words: not, say, what should get no money. */
function checkAsked({ description }: Audit, round: RoundEvidence): void {
  const { title, questions, text } = description;
  const asked = questions instanceof AuditError ? [] : (questions ?? []);
  if ([title, ...asked.map((one) => one.title)].some((one) => one !== round.title)) {
    throw new Rejected("D1", "title", "the poll asks under another title than the round's");
  }
  if (text !== "" && text !== round.text) {
    throw new Rejected("D1", "text", "the poll has another text than the round");
  }
}

/** Kinds of a round's electorate (§17.4). */
const MEMBERS_ELECTORATE = 0;
const FIXED_ELECTORATE = 1;
const SOURCE_ELECTORATE = 2;
const INVITED_ELECTORATE = 3;
const NOT_THE_MEMBERS =
  "voters who are not the round's members are those whom its funders expected";

/** Those vote whom the round fixed before anybody gave money. */
function checkElectorate(audit: Audit, round: RoundEvidence): Held {
  const { parameters } = audit;
  const { electorate: fixed, memberRoot } = round;
  const fails = (reason: string, item = "electorate") => new Rejected("D1", item, reason);
  if (parameters.secret !== round.secret) {
    const asked = round.secret ? "secret" : "not secret";
    throw fails(`the round asked for a poll that is ${asked}`, "secret");
  }
  if (fixed.kind === MEMBERS_ELECTORATE || fixed.kind === FIXED_ELECTORATE) {
    if (!sameBytes(parameters.censusRoot, fixed.root)) {
      throw fails("the poll has another census than the round fixed");
    }
    if (sameBytes(fixed.root, memberRoot)) return { detail: "its members vote", assumes: "" };
    if (fixed.kind === MEMBERS_ELECTORATE) throw fails("the round calls others its members");
    return { detail: "voters fixed with the round", assumes: NOT_THE_MEMBERS };
  }
  const source = audit.description.census;
  if (fixed.kind === SOURCE_ELECTORATE) {
    if (!sameBytes(keccak256(fixed.source), fixed.root)) {
      throw fails("the event shows another source than was fixed");
    }
    if (!source || source.kind === "invitations") {
      throw fails("the round fixed a source on chain");
    }
    return { detail: "voters are read on chain", assumes: NOT_THE_MEMBERS };
  }
  if (fixed.kind !== INVITED_ELECTORATE) {
    throw new Undecided(
      `the round has an electorate of kind ${fixed.kind}, unknown to this program`,
    );
  }
  if (source?.kind !== "invitations" || !sameBytes(source.root, fixed.root)) {
    throw fails("the round fixed other invitations");
  }
  if (BigInt(parameters.voters) > fixed.voters) {
    throw fails(`${parameters.voters} voters, ${fixed.voters} invited`);
  }
  if (parameters.totalWeight > fixed.weight) {
    throw fails(`weight ${parameters.totalWeight} of ${fixed.weight}`);
  }
  return { detail: "voters are invited", assumes: NOT_THE_MEMBERS };
}

/** D2: the treasury funds the winners recomputed from the tally, and nothing else. */
function checkD2(audit: Audit): string {
  if (!audit.description.round) return PLAIN_POLL;
  const { round, outcomeRule, tally } = audit;
  requireDecided(round);
  if (!fundsOrDivides(outcomeRule)) throw new Undecided("needs D1");
  const awards = awardsOf(outcomeRule, tally, "D1");
  const proposals = standing(round);
  const funded = proposals.filter((proposal) => proposal.funded);
  if (
    awards.length !== proposals.length ||
    awards.some((award, slot) => award > 0n !== proposals[slot]?.funded)
  ) {
    throw new Rejected("D2", "winners", "the treasury funds others");
  }
  if (outcomeRule instanceof Proportional) {
    awards.forEach((award, slot) => {
      const amount = proposals[slot]?.amount;
      if (amount !== award) {
        throw new Rejected("D2", `award[${slot}]`, `${amount}, expected ${award}`);
      }
    });
  }
  for (const proposal of round.proposals) {
    if (proposal.withdrawn && proposal.funded) {
      throw new Rejected("D2", proposalName(proposal.id), "withdrawn and funded");
    }
  }
  const cost = total(funded);
  if (round.committed !== cost || cost > round.budget) {
    throw new Rejected("D2", "committed", `${round.committed}, the winners cost ${cost}`);
  }
  return `${funded.length} proposals for ${cost}`;
}

/** D3: each payout went once to the recipient of a funded proposal, in its amount. */
function checkD3(audit: Audit): string {
  if (!audit.description.round) return PLAIN_POLL;
  const { round } = audit;
  requireDecided(round);
  const proposals = new Map(round.proposals.map((one) => [proposalName(one.id), one]));
  const paid = new Set<string>();
  for (const { proposalId, recipient, amount } of round.payouts) {
    const name = proposalName(proposalId);
    const proposal = proposals.get(name);
    const fails = (reason: string) => new Rejected("D3", `payout ${toHex(proposalId)}`, reason);
    if (!proposal?.funded) throw fails("not a funded proposal");
    if (paid.has(name)) throw fails("paid twice");
    if (!sameBytes(recipient, proposal.recipient) || amount !== proposal.amount) {
      throw fails("another recipient or amount than proposed");
    }
    paid.add(name);
  }
  for (const [name, proposal] of proposals) {
    if (proposal.paid !== paid.has(name)) {
      throw new Rejected("D3", name, "its payout is not recorded");
    }
  }
  const sum = total(round.payouts);
  if (round.paidOut !== sum || sum > round.deposited) {
    throw new Rejected("D3", "paid out", `${round.paidOut}, the payouts come to ${sum}`);
  }
  checkMoved(round);
  const unpaid = round.proposals.filter((proposal) => proposal.funded && !proposal.paid).length;
  return `${paid.size} paid, ${sum} in all; ${unpaid} not claimed`;
}

/** Besides the treasury's word: the token's events, or the recipients' balances. */
function checkMoved({ moved: found, payouts }: RoundEvidence): void {
  const moved = readable(found);
  if ("transfers" in moved) checkTransfers(moved.transfers, payouts);
  else checkCoins(moved.coins, payouts);
}

function checkTransfers(transfers: readonly Transfer[], payouts: readonly Payout[]): void {
  const rest = [...transfers];
  const take = ({ transaction, recipient }: Payout, amount: bigint | undefined): boolean => {
    const place = rest.findIndex((one) => {
      return (
        sameBytes(one.transaction, transaction) &&
        sameBytes(one.recipient, recipient) &&
        (amount === undefined || one.amount === amount)
      );
    });
    if (place >= 0) rest.splice(place, 1);
    return place >= 0;
  };
  for (const payout of payouts.filter((one) => !take(one, one.amount))) {
    const recipient = toHex(payout.recipient);
    // As tokens do that keep a fee; what arrived is not the treasury's to say.
    if (take(payout, undefined)) {
      throw new Undecided(`the token moved another amount to ${recipient}`);
    }
    const item = `payout of ${payout.amount} to ${recipient}`;
    throw new Rejected("D3", item, "the token moved no such amount");
  }
}

function checkCoins(coins: readonly CoinReceipt[], payouts: readonly Payout[]): void {
  const nameOf = ({ recipient, block }: Pick<Payout, "recipient" | "block">) => {
    return `${toHex(recipient)} ${block}`;
  };
  const receipts = new Map(coins.map((one) => [nameOf(one), one]));
  const due = new Map<string, bigint>();
  for (const one of payouts) due.set(nameOf(one), (due.get(nameOf(one)) ?? 0n) + one.amount);
  for (const [name, amount] of due) {
    const recipient = name.split(" ")[0]!;
    const receipt = receipts.get(name);
    if (!receipt) throw new Undecided(`balances of ${recipient} were not read`);
    const { before, after, block, spent } = receipt;
    if (after - before >= amount) continue;
    const grown = `its balance changed by ${after - before} in block ${block}`;
    if (spent) {
      // What an account spends within the block hides what it was given.
      const reason = `${grown}, and it may have spent there`;
      throw new Undecided(`payout to ${recipient} of ${amount}: ${reason}`);
    }
    throw new Rejected("D3", `payout to ${recipient}`, `${grown}, ${amount} were due`);
  }
}

/** D4: treasury and its rules are contracts of a known release. */
function checkD4(audit: Audit): string | Held {
  const reference = audit.description.round;
  if (!reference) return PLAIN_POLL;
  const { treasury } = reference;
  const { round, claimed } = audit;
  const found = releaseOf(audit, "BudgetTreasury", { address: treasury, code: round.code });
  if (!sameBytes(round.registry, claimed.registry)) {
    throw new Rejected("D4", "treasury", `its registry is ${toHex(round.registry)}`);
  }
  const rules = createdAddress(treasury, 1);
  requireImmutables("BudgetTreasury", found, [
    ["registry", word(claimed.registry)],
    ["rules", word(rules)],
    ...domainImmutables(audit.chain.chainId, treasury),
  ]);
  if (!sameBytes(round.rules.address, rules)) {
    throw new Rejected("D4", "rules", "not the contract that the treasury made");
  }
  requireSameRelease("RoundRules", releaseOf(audit, "RoundRules", round.rules), found);
  return {
    detail: `treasury ${toHex(treasury)} of release ${found.release}`,
    // Code that runs does not show what a constructor of somebody's own wrote into storage before.
    assumes: `the treasury ${toHex(treasury)} was made with empty books`,
  };
}

/** Whether an outcome rule is one that a round can have. */
function fundsOrDivides(rule: OutcomeRule): rule is Greedy | GreedyByCategory | Proportional {
  return rule instanceof Greedy || rule instanceof GreedyByCategory || rule instanceof Proportional;
}

/** Proposals that were not withdrawn. */
function standing(round: RoundEvidence): ProposalEvidence[] {
  return round.proposals.filter(({ withdrawn }) => !withdrawn);
}

function requireDecided(round: RoundEvidence): void {
  if (!ROUND_DECIDED.includes(round.status)) throw new Undecided("the round is not decided yet");
}

function proposalName(id: Uint8Array): string {
  return `proposal ${toHex(id)}`;
}

function total(entries: readonly { readonly amount: bigint }[]): bigint {
  return entries.reduce((sum, { amount }) => sum + amount, 0n);
}

/** Number, claim and performance of each check, in the order of the protocol's table. */
export const CHECKS: readonly (readonly [
  check: string,
  claim: string,
  perform: (audit: Audit) => string | Held,
])[] = [
  ["P1", "the board is of this poll, with its context on chain", checkP1],
  ["P2", "rules and description are those that the poll fixes", checkP2],
  ["P3", "the committee obeys its bounds", checkP3],
  ["P4", "poll keys are valid, signed by every node, and pinned on chain", checkP4],
  ["P5", "the questions make the ballot rule", checkP5],
  ["P6", "the parameters keep their bounds", checkP6],
  ["G1", "the contract's generators are derived as specified", checkG1],
  ["G2", "the registry is of a known release", checkG2],
  ["C1", "the census is in order and has its root", checkC1],
  ["C2", "voters and weights add up", checkC2],
  ["C3", "weights give no vote of a secret poll away", checkC3],
  ["C4", "the census is what its source says", checkC4],
  ["B1", "every ballot is canonical", checkB1],
  ["B2", "no voter is counted twice", checkB2],
  ["B3", "every voter is in the census", checkB3],
  ["B4", "every ballot is signed by its voter", checkB4],
  ["B5", "every ballot was cast in time", checkB5],
  ["B6", "every ballot obeys the rule", checkB6],
  ["T1", "the root is that of the ballots", checkT1],
  ["T2", "the root is anchored on chain", checkT2],
  ["T3", "enough nodes signed the root", checkT3],
  ["T4", "the root was anchored in time", checkT4],
  ["S1", "every aggregate share is good", checkS1],
  ["S2", "the shares give the tally", checkS2],
  ["R1", "the tally opens the anchored sum", checkR1],
  ["R2", "no option has more votes than there are", checkR2],
  ["R3", "nothing was opened before the dispute window ended", checkR3],
  ["O1", "the outcome follows from the tally", checkO1],
  ["D1", "the poll decides about the round's proposals", checkD1],
  ["D2", "the treasury funds the winners", checkD2],
  ["D3", "payouts went to the winners, once", checkD3],
  ["D4", "the treasury is of a known release", checkD4],
];
