/**
 * An audit: its evidence, the data decoded from it, each once, and the findings of its checks.
 *
 * Source: docs/protocol.md §13.
 */

import { type Ballot, BallotLayout } from "../ballot.ts";
import {
  type AnchoredRoot,
  type Attestation,
  type BoardLeaf,
  decodeLeaves,
  decodeRoot,
  decodeShares,
  type Sections,
  type SignedShare,
  splitSections,
} from "../board.ts";
import { Census } from "../census.ts";
import { CommitmentKey } from "../commitment.ts";
import { sameBytes, toHex } from "../encoding.ts";
import { AuditError, Malformed, Rejected, Unanswered, Undecided } from "../errors.ts";
import type { ChainEvidence, RoundEvidence, Unreadable } from "../evidence.ts";
import { rootDigest, sameNode, type SumRoot } from "../merkle_sum.ts";
import { decodeOutcomeRule } from "../outcome/parts.ts";
import type { OutcomeRule } from "../outcome/rule.ts";
import {
  Committee,
  decodeDescription,
  decodeParameters,
  type Description,
  type PollParameters,
} from "../parameters.ts";
import { ProofShape } from "../proof.ts";
import type { Randomness } from "../randomness.ts";
import { decodeRedemptions, type Redemptions } from "../redemption.ts";
import type { Releases } from "../releases.ts";
import { BallotRule } from "../rule.ts";
import { decodeOpened, type OpenedBallots, openedShape } from "../shuffle/opened.ts";
import { type DecodedSteps, decodeSteps } from "../shuffle/run.ts";
import { ShuffleState } from "../shuffle/state.ts";
import { AggregateCommitments, type Tally } from "../tally_proof.ts";
import { Domain, recover } from "../typed_data.ts";
import { counted } from "../wording.ts";
import type { Assumption } from "./assumption.ts";

/** The result of a check or of a whole audit. */
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
  /** What it assumes where it holds, undefined for nothing. */
  readonly assumes: Assumption | undefined;
  /** What a reader must know where it holds, undefined for nothing. */
  readonly warning: Warning | undefined;
}

/** The registry allows periods that are too short for anyone to object. */
export type Warning = "test deployment";

/** The result of a check that holds: what was counted, what it assumes, and a warning. */
export interface Held {
  readonly detail: string;
  readonly assumes?: Assumption | undefined;
  readonly warning?: Warning | undefined;
}

/** A check: its number, its claim, and a function that throws where the claim does not hold. */
export type Check = readonly [
  check: string,
  claim: string,
  perform: (audit: Audit) => string | Held,
];

/** Which poll the auditor asked about. */
export interface Claimed {
  readonly registry: Uint8Array;
  readonly pollId: bigint;
}

/** Called with the progress of the checks of signatures and proofs. */
export type Progress = (done: number, total: number) => void;

/**
 * One audit: evidence, and the data decoded from it, each once.
 *
 * A property that cannot be decoded fails the check whose number it has; every other check that
 * needs it is then not checked.
 */
export class Audit {
  readonly claimed: Claimed;
  readonly chain: ChainEvidence;
  readonly sections: Sections;
  readonly randomness: Randomness;
  readonly progress: Progress;
  /** Known releases of the contracts. */
  readonly releases: Releases;
  #current = "";
  readonly #read = new Map<string, { value: unknown } | { error: AuditError }>();

  /**
   * @param board Bytes of the board.
   * @param randomness Source of batch weights.
   * @param releases Known releases of the contracts.
   * @throws Malformed: the board cannot be split into sections.
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

  /**
   * Report progress: signatures and proofs of a ballot count 1 each, and each step of the shuffle 1.
   *
   * @param done What is done of them.
   */
  advance(done: number): void {
    const steps = this.sections.opened?.[4] ?? 0;
    this.progress(done, (2 + steps) * this.ballots.length);
  }

  /** Perform checks in their order. */
  run(checks: readonly Check[]): Finding[] {
    const unanswered = new Map<string, string>();
    return checks.map(([check, claim, perform]) => {
      this.#current = check;
      try {
        const held = perform(this);
        const { detail, assumes, warning }: Held =
          typeof held === "string" ? { detail: held } : held;
        return { check, claim, verdict: "holds", item: "", detail, assumes, warning };
      } catch (error) {
        if (error instanceof Undecided) {
          let detail = error.message;
          if (error instanceof Unanswered) {
            // State once what the endpoint did not answer.
            const first = unanswered.get(detail);
            if (first === undefined) unanswered.set(detail, check);
            else detail = `as ${first}`;
          }
          return notChecked(check, claim, detail);
        }
        if (error instanceof Rejected || error instanceof Malformed) {
          const { item, reason } = error;
          return failed(check, claim, item, reason);
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
  get leaves(): BoardLeaf[] {
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
    // Without a census nobody is a voter, even if there is no ballot.
    const { ballots, census } = this;
    return this.#once("B3", "weights", () => {
      return ballots.map((ballot) => {
        const entry = census.find(ballot.voter);
        if (!entry) throw new Rejected("B3", ballotName(ballot), "its voter is not in the census");
        return entry.weight;
      });
    });
  }

  /** Require that every ballot has an entry in the census (B3). */
  requireVoters(): void {
    if (this.weights.length !== this.ballots.length) throw new Error("a ballot without a weight");
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

  /** Section 14, which is present, without the proofs in it (A1). */
  get opened(): OpenedBallots {
    const { rule, committee, leaves } = this;
    return this.#once("A1", "opened", () => {
      return inOpened(() => {
        const shape = openedShape(rule, committee.threshold, leaves.length);
        return decodeOpened(this.#section("opened"), shape);
      });
    });
  }

  /** The steps of section 14, with their proofs (A1). */
  get steps(): DecodedSteps {
    const { opened, ballots, anchored, chain } = this;
    return this.#once("A1", "steps", () => {
      const { turn, steps } = opened.run;
      const context = {
        pollContext: chain.pollContext,
        rootDigest: rootDigest(anchored.root),
        turn,
      };
      const start = ShuffleState.start(
        context,
        ballots.map(({ sharing }) => sharing[0]!),
        ballots.flatMap(({ sharing }) => sharing.slice(1)),
      );
      return inOpened(() => decodeSteps(start, steps));
    });
  }

  /** Require that a poll whose ballots are summed has no section 14 (A1). */
  requireSummed(): void {
    this.#once("A1", "summed", () => {
      if (!this.sections.opened) return;
      throw new Rejected("A1", "board.opened", "present, although the poll's ballots are summed");
    });
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
    this.requireTally();
    return this.chain.tally!;
  }

  /** Require that the chain has a tally; Undecided before there is one. */
  requireTally(): void {
    const { tally, status } = this.chain;
    if (tally) return;
    if (status === "tallied") throw this.#missingEvent("TallyAccepted");
    throw new Undecided(`the chain has no tally: the poll is ${status}`);
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

  /**
   * The nodes among those that attest whose signature of `digest` counts, in words.
   *
   * @throws Rejected under `check`: they are fewer than `q`; the item is `item`.
   */
  requireQuorum(
    check: string,
    item: string,
    attestations: readonly Attestation[],
    digest: Uint8Array,
  ): string {
    const good: number[] = [];
    let ignored = "";
    for (const { node, signature } of attestations) {
      try {
        this.requireSigner(check, `node ${node}`, this.member(check, node), signature, digest);
        good.push(node);
      } catch (error) {
        if (!(error instanceof Rejected)) throw error;
        ignored += `; not counted: ${error.item}: ${error.reason}`;
      }
    }
    const { quorum } = this.committee;
    if (good.length < quorum) {
      const signed = counted(good.length, "good signature", "good signatures");
      throw new Rejected(check, item, `${signed}, ${quorum} needed${ignored}`);
    }
    return `nodes ${good.join(", ")}${ignored}`;
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

  /** A section that must be present by now; Malformed when it is missing. */
  #section(name: "root" | "redemptions" | "opened"): Uint8Array {
    const section = this.sections[name];
    if (!section) throw new Malformed(`board.${name}`, "missing");
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

/** Name section 14 where something in it is not canonical, whatever it is. */
function inOpened<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    const field = error.item.replace(/^board\.opened\.?/, "");
    throw new Malformed("board.opened", field ? `${field}: ${error.reason}` : error.reason);
  }
}

/** The finding of a check that fails. */
export function failed(check: string, claim: string, item: string, reason: string): Finding {
  const detail = reason;
  return { check, claim, verdict: "fails", item, detail, assumes: undefined, warning: undefined };
}

/** The finding of a check that cannot be judged. */
export function notChecked(check: string, claim: string, detail: string): Finding {
  const verdict = "not checked";
  return { check, claim, verdict, item: "", detail, assumes: undefined, warning: undefined };
}

/** Name of a ballot in reports. */
export function ballotName(ballot: Ballot): string {
  return `ballot ${toHex(ballot.digest).slice(0, 18)}… of voter ${toHex(ballot.voter)}`;
}

export function sameRoot(left: SumRoot, right: SumRoot): boolean {
  return left.count === right.count && sameNode(left, right);
}

/** Evidence that was read; throws the reason when it was not. */
export function readable<T extends object>(found: T | Unreadable): T {
  if (!("unreadable" in found)) return found;
  const { unreadable, reason, item = "" } = found;
  if (unreadable === "Malformed") throw new Malformed(item, reason);
  if (unreadable === "Rejected") throw new Rejected("C4", item, reason);
  throw unreadable === "Unanswered" ? new Unanswered(reason) : new Undecided(reason);
}
