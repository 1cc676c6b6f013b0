/**
 * Steps by which a rule on opened ballots reaches its outcome: plain data, which pages show and
 * which passes between threads.
 *
 * Source: docs/protocol.md §14.10.6. Vectors: tests/vectors/ballot_outcomes.json.
 */

import type { Fraction } from "../../fraction.ts";

/** The money that equal shares gives each voter. */
export interface Shares {
  readonly kind: "shares";
  /** Number of ballots. */
  readonly voters: number;
  /** A voter's share of the budget, in the smallest unit. */
  readonly first: Fraction;
  /** How often add-one raised it. */
  readonly increments: bigint;
  /** The raised share. */
  readonly share: Fraction;
}

/** An option that its supporters bought under equal shares. */
export interface Bought {
  readonly kind: "bought";
  readonly option: number;
  readonly cost: bigint;
  /** Price of one unit of utility. */
  readonly rho: Fraction;
  /** Number of voters with points for it. */
  readonly supporters: number;
  /** Those of them who have nothing left. */
  readonly paidAll: number;
  /** The largest payment of one voter. */
  readonly most: Fraction;
  /** Money that all voters together have left. */
  readonly left: bigint;
}

/** An option that its supporters cannot buy. */
export interface Unaffordable {
  readonly kind: "unaffordable";
  readonly option: number;
  readonly cost: bigint;
  readonly supporters: number;
  /** What these together have left. */
  readonly money: Fraction;
}

/** An option that the utilitarian completion added, or passed over as too dear for the rest. */
export interface Completion {
  readonly kind: "completed" | "skipped";
  readonly option: number;
  readonly cost: bigint;
  /** Of all voters. */
  readonly utility: bigint;
  /** What the budget has left. */
  readonly left: bigint;
}

/** A count of instant runoff or of the single transferable vote, and what follows from it. */
export interface Count {
  readonly kind: "count";
  /** Of each option; undefined for those eliminated before. */
  readonly votes: readonly (Fraction | undefined)[];
  /** Votes that no option has any more. */
  readonly exhausted: Fraction;
  /** Votes that elect an option; undefined under instant runoff. */
  readonly quota: Fraction | undefined;
  /** By this count, those with most votes first. */
  readonly elected: readonly number[];
  /** The option whose votes are transferred because it has the fewest. */
  readonly eliminated: number | undefined;
  /** The option whose votes beyond the quota are transferred. */
  readonly surplus: number | undefined;
  /** Options among which a tie was broken; empty without a tie. */
  readonly tied: readonly number[];
  /** Number of the earlier count, from 0, that broke it; undefined if the slots did. */
  readonly lookedBack: number | undefined;
  /** What each option gets of the votes transferred. */
  readonly transfers: readonly Fraction[];
  /** The rest of the votes transferred. */
  readonly transferredExhausted: Fraction;
}

/** An option that its supporters bought under Phragmén's rule, or that ended it as too dear. */
export interface Purchase {
  readonly kind: "funded" | "stopped";
  readonly option: number;
  readonly cost: bigint;
  /** Number of voters who approve of it. */
  readonly supporters: number;
  /** Money that each voter has earned by now. */
  readonly time: Fraction;
  /** What the budget has left. */
  readonly left: bigint;
}

export type Step = Shares | Bought | Unaffordable | Completion | Count | Purchase;

/** The winners, in the order in which they won, and the steps. */
export interface Decided {
  readonly winners: readonly number[];
  readonly steps: readonly Step[];
}
