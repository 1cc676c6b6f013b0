/**
 * Input of an audit: facts of the chain as data. Readers of a chain make it.
 *
 * Source: docs/protocol.md §13; contracts/interfaces/IPollRegistry.sol.
 */

import type { AnchoredRoot } from "./board.ts";
import type { CensusEntry } from "./census.ts";
import type { SumRoot } from "./merkle_sum.ts";
import type { Tally } from "./tally_proof.ts";
import type { UnixSeconds } from "./units.ts";

/** Statuses of a round whose winners are fixed: decided, and expired after that. */
export const ROUND_DECIDED: readonly number[] = [6, 7, 9];

/** The contract's number of a round whose payouts were vetoed after its decision. */
export const ROUND_VETOED = 9;

/** The contract's number of a round that pays nobody. */
export const ROUND_VOID = 8;

/** A proposal in the treasury, with the title of its latest event. */
export interface ProposalEvidence {
  readonly id: Uint8Array;
  readonly recipient: Uint8Array;
  readonly amount: bigint;
  readonly category: number;
  readonly withdrawn: boolean;
  readonly funded: boolean;
  readonly paid: boolean;
  readonly title: string;
}

/** A payment that the treasury reports, and its transaction. */
export interface Payout {
  readonly proposalId: Uint8Array;
  readonly recipient: Uint8Array;
  readonly amount: bigint;
  readonly block: bigint;
  readonly transaction: Uint8Array;
}

/** A transfer out of the treasury, as the token's event reports it. */
export interface Transfer {
  readonly transaction: Uint8Array;
  readonly recipient: Uint8Array;
  readonly amount: bigint;
}

/** Balances of an account around a block in which the treasury reports a payment in coins. */
export interface CoinReceipt {
  readonly recipient: Uint8Array;
  readonly block: bigint;
  /** Balance after the block before. */
  readonly before: bigint;
  /** Balance after the block. */
  readonly after: bigint;
  /** Whether the account could have spent within the block: it has code, or sent a transaction. */
  readonly spent: boolean;
}

/** A contract: its address and its code. */
export interface CodeEvidence {
  readonly address: Uint8Array;
  readonly code: Uint8Array;
}

/** The electorate that the round fixed at its creation (§17.4). */
export interface ElectorateEvidence {
  /** 0 members, 1 fixed, 2 source on chain, 3 invitations. */
  readonly kind: number;
  /** Root of the census or of the invitations; keccak-256 of the source in kind 2. */
  readonly root: Uint8Array;
  readonly voters: bigint;
  readonly weight: bigint;
  /** Canonical JSON of the census's source, from the round's event; kind 2 only. */
  readonly source: Uint8Array;
}

/** The contract that may reject roots. */
export interface DisputesEvidence {
  readonly contract: CodeEvidence;
  /** The contract that it names for checks of ballots; undefined if it names none. */
  readonly ballotCheck: CodeEvidence | undefined;
}

/** The contracts that a poll depends on. */
export interface DeploymentEvidence {
  /** Code of the registry. */
  readonly registry: Uint8Array;
  /** Address of the table of generators. */
  readonly generatorTable: Uint8Array;
  readonly votingKeys: CodeEvidence;
  readonly pollRules: CodeEvidence;
  /** Minimum length of a dispute window and of a tally period, in seconds. */
  readonly periodFloor: bigint;
  /** Undefined where nobody may reject roots. */
  readonly disputes: DisputesEvidence | undefined;
}

/** The chain's data of one round. */
export interface RoundEvidence {
  /** The registry of the treasury's polls. */
  readonly registry: Uint8Array;
  /** Code of the treasury. */
  readonly code: Uint8Array;
  /** The contract that writes the rules of its polls. */
  readonly rules: CodeEvidence;
  /** The contract's number; one of `ROUND_DECIDED` once winners are fixed. */
  readonly status: number;
  readonly pollId: bigint;
  readonly budget: bigint;
  readonly deposited: bigint;
  readonly committed: bigint;
  readonly paidOut: bigint;
  readonly electorate: ElectorateEvidence;
  /** Title and text of the round's event; U+FFFD in place of bytes that are not UTF-8. */
  readonly title: string;
  readonly text: string;
  /** Census root of the members who may propose. */
  readonly memberRoot: Uint8Array;
  /** Whether the round asked for a secret poll. */
  readonly secret: boolean;
  /** Token of its payments, 20 bytes; zero for the chain's coin. */
  readonly token: Uint8Array;
  /** In order of submission. */
  readonly proposals: readonly ProposalEvidence[];
  /** In order of payment. */
  readonly payouts: readonly Payout[];
  /** Evidence of the payouts in a token's events or in balances; or why there is none. */
  readonly moved:
    | { readonly transfers: readonly Transfer[] }
    | { readonly coins: readonly CoinReceipt[] }
    | Unreadable;
}

/** Why something cannot be read, as plain data that can pass between threads. */
export interface Unreadable {
  readonly unreadable: "Malformed" | "Rejected" | "Undecided" | "Unanswered";
  readonly reason: string;
  /** What cannot be read or is impossible about it, where it is Malformed or Rejected. */
  readonly item?: string;
}

/** The outcome of opened ballots by the word of nodes (§18.11). */
export interface OutcomeEvidence {
  /** Number in the contract, 0 to `OUTCOME_MISSED`. */
  readonly state: number;
  /** Of the opened ballots; zeros before nodes attested an outcome. */
  readonly ballotsHash: Uint8Array;
  /** Of each slot; empty before. */
  readonly awards: readonly bigint[];
}

/** States of an outcome that nodes attested: it may be vetoed, is final, or was vetoed. */
export const OUTCOME_ATTESTED: readonly number[] = [2, 3, 4];
export const OUTCOME_VETOED = 4;
export const OUTCOME_MISSED = 5;
/** States of an outcome that will never decide. */
export const OUTCOME_LOST: readonly number[] = [OUTCOME_VETOED, OUTCOME_MISSED];

/** The chain's data of one poll at one block. */
export interface ChainEvidence {
  readonly chainId: bigint;
  /** Number of the block at which everything was read. */
  readonly block: bigint;
  /** Status of the poll at that block's time, e.g. "tallied". */
  readonly status: string;
  readonly pollContext: Uint8Array;
  readonly committee: Uint8Array;
  readonly pollKeysDigest: Uint8Array;
  readonly root: SumRoot;
  readonly tallyDigest: Uint8Array;
  /** One more than the number of the last round whose root was rejected; 0 where none was. */
  readonly rejectedRounds: number;
  /** Chain time of that rejection. */
  readonly rejectedAt: UnixSeconds;
  /** Chain time, 0 before. */
  readonly anchoredAt: UnixSeconds;
  readonly disputeWindowEndsAt: UnixSeconds;
  readonly tallyDeadline: UnixSeconds;
  /** Code of the contract's generator table. */
  readonly generators: Uint8Array;
  /** Words of the poll keys, as `PollOpened` lists them; empty before. */
  readonly nodeKeys: readonly Uint8Array[];
  /** Root with its attestations, undefined before. */
  readonly anchored: AnchoredRoot | undefined;
  /** As accepted, undefined before. */
  readonly tally: Tally | undefined;
  /** Block timestamp, 0 before. */
  readonly talliedAt: UnixSeconds;
  /**
   * The contract's award of each slot, undefined where no tally gives awards; or why it gives none,
   * e.g. because the board's outcome rule is not the poll's.
   */
  readonly awards: readonly bigint[] | Unreadable | undefined;
  /** What nodes attested, undefined where the tally decides or before it; or why it is unknown. */
  readonly outcome: OutcomeEvidence | Unreadable | undefined;
  /** Account that created the poll. */
  readonly creator: Uint8Array;
  /** Whether that account has code. */
  readonly creatorIsContract: boolean;
  /** Whether that account is a contract that takes polls of this registry. */
  readonly creatorIsTreasury: boolean;
  /**
   * The round that the description names, undefined where it names none; or why it cannot be read.
   * An unreadable round does not affect other checks.
   */
  readonly round: RoundEvidence | Unreadable | undefined;
  /**
   * The census, read again from the source that the description names, undefined where it names
   * none; or why it cannot be read.
   */
  readonly census: readonly CensusEntry[] | Unreadable | undefined;
  /** Code of that source's contract, empty where there is no source. */
  readonly censusCode: Uint8Array;
  /** Timestamps of the source's block and of the next one, undefined where there is no source. */
  readonly censusTimes: readonly [at: UnixSeconds, next: UnixSeconds] | Unreadable | undefined;
  /** The registry and its parts; or why they cannot be read. */
  readonly deployment: DeploymentEvidence | Unreadable;
}
