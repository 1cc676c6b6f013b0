/**
 * What an audit is given: facts of the chain as data, read by whoever can reach one.
 *
 * Source: docs/protocol.md §13; contracts/interfaces/IPollRegistry.sol.
 */

import type { AnchoredRoot } from "./board.ts";
import type { CensusEntry } from "./census.ts";
import type { SumRoot } from "./merkle_sum.ts";
import type { Tally } from "./tally_proof.ts";

/** Statuses of a round whose winners are fixed: decided, and expired after that. */
export const ROUND_DECIDED: readonly number[] = [6, 7];

/** A proposal as the treasury has it, with the title that its latest event gives. */
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

/** What the treasury says that it paid. */
export interface Payout {
  readonly proposalId: Uint8Array;
  readonly recipient: Uint8Array;
  readonly amount: bigint;
}

/** What the chain says of one round. */
export interface RoundEvidence {
  /** Where the treasury looks for its polls. */
  readonly registry: Uint8Array;
  /** As the contract numbers it; one of `ROUND_DECIDED` once winners are fixed. */
  readonly status: number;
  readonly pollId: bigint;
  readonly budget: bigint;
  readonly deposited: bigint;
  readonly committed: bigint;
  readonly paidOut: bigint;
  /** In order of submission. */
  readonly proposals: readonly ProposalEvidence[];
  /** In order of payment. */
  readonly payouts: readonly Payout[];
}

/** Why something cannot be read, as plain data: it travels between threads. */
export interface Unreadable {
  readonly unreadable: "Malformed" | "Undecided";
  readonly reason: string;
}

/** What the chain says of one poll at one block. */
export interface ChainEvidence {
  readonly chainId: bigint;
  /** Number of the block at which everything was read. */
  readonly block: bigint;
  /** Status of the poll by that block's time, e.g. "tallied". */
  readonly status: string;
  readonly pollContext: Uint8Array;
  readonly committee: Uint8Array;
  readonly pollKeysDigest: Uint8Array;
  readonly root: SumRoot;
  readonly tallyDigest: Uint8Array;
  readonly disputeWindowEndsAt: bigint;
  readonly tallyDeadline: bigint;
  /** Code of the contract's generator table. */
  readonly generators: Uint8Array;
  /** Words that stand for the poll keys, as `PollOpened` listed them; empty before. */
  readonly nodeKeys: readonly Uint8Array[];
  /** Root with its attestations, undefined before. */
  readonly anchored: AnchoredRoot | undefined;
  /** As accepted, undefined before. */
  readonly tally: Tally | undefined;
  /** Block timestamp, 0 before. */
  readonly talliedAt: bigint;
  /**
   * What the contract awards each slot, undefined where the poll has no outcome rule; or why it does
   * not say, as when the board's outcome rule is not the poll's.
   */
  readonly awards: readonly bigint[] | Unreadable | undefined;
  /** Account that created the poll. */
  readonly creator: Uint8Array;
  /** Whether that account is a contract that takes polls of this registry. */
  readonly creatorIsTreasury: boolean;
  /**
   * The round that the description names, undefined where it names none; or why it cannot be read,
   * which says nothing against the rest.
   */
  readonly round: RoundEvidence | Unreadable | undefined;
  /**
   * The census read again from the source that the description names, undefined where it names none;
   * or why it cannot be read.
   */
  readonly census: readonly CensusEntry[] | Unreadable | undefined;
}
