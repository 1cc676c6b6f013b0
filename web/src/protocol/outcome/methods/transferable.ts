/**
 * The single transferable vote by the rules of Scottish local elections.
 *
 * Source: docs/protocol.md §14.10.4; The Scottish Local Government Elections Order 2007, schedule 1,
 * rules 45 to 52. Vectors: tests/vectors/ballot_outcomes.json.
 */

import { type Fraction, fraction } from "../../fraction.ts";
import type { TransferableVote } from "../ballots.ts";
import { ballotCount, type BallotGroup, rankingsOf } from "./profile.ts";
import type { Count, Decided } from "./steps.ts";

/** A whole vote. Votes are counted to five decimal places. */
const ONE = 100_000n;

/** Ballot papers alike: those at one place of their ranking, at one value. */
interface Parcel {
  readonly options: readonly number[];
  readonly place: number;
  readonly papers: bigint;
  readonly value: bigint;
}

/** One of several options, and the earlier count that decided; undefined if the slots did. */
interface Untied {
  readonly option: number;
  readonly lookedBack: number | undefined;
}

/** The elected, or nobody if no ballot ranks an option. */
export function transferableVote(rule: TransferableVote, groups: readonly BallotGroup[]): Decided {
  return new Counting(rule, groups).run();
}

/** The stages of a count; votes in units of 10⁻⁵. */
class Counting {
  readonly #seats: number;
  readonly #quota: bigint;
  readonly #continuing: Set<number>;
  readonly #elected: number[] = [];
  readonly #eliminated = new Set<number>();
  readonly #piles: Parcel[][];
  readonly #votes: bigint[];
  readonly #stages: bigint[][] = [];
  readonly #steps: Count[] = [];
  #exhausted = 0n;

  constructor({ seats, slots }: TransferableVote, groups: readonly BallotGroup[]) {
    const rankings = rankingsOf(groups).filter(({ options }) => options.length);
    const papers = ballotCount(rankings);
    this.#seats = papers ? seats : 0;
    this.#quota = BigInt(Math.floor(papers / (seats + 1)) + 1) * ONE;
    this.#piles = Array.from({ length: slots }, () => []);
    this.#votes = this.#piles.map(() => 0n);
    this.#continuing = new Set(this.#piles.keys());
    for (const { options, count } of rankings) {
      this.#give({ options, place: 0, papers: BigInt(count), value: ONE });
    }
  }

  run(): Decided {
    while (this.#elected.length < this.#seats) {
      this.#stages.push([...this.#votes]);
      const elected = this.#elect();
      if (!this.#continuing.size || this.#elected.length === this.#seats) {
        this.#steps.push(this.#stage(elected));
        break;
      }
      const surpluses = this.#elected.filter((option) => this.#votes[option]! > this.#quota);
      if (surpluses.length) this.#transferSurplus(elected, surpluses);
      else this.#eliminate(elected);
    }
    return { winners: this.#elected, steps: this.#steps };
  }

  /** Elect those with a quota, and all that are left if there are no more than seats. */
  #elect(): number[] {
    const all = this.#continuing.size <= this.#seats - this.#elected.length;
    const reached = [...this.#continuing]
      .filter((option) => all || this.#votes[option]! >= this.#quota)
      .sort((left, right) => {
        const [one, other] = [this.#votes[left]!, this.#votes[right]!];
        return one === other ? left - right : one > other ? -1 : 1;
      });
    this.#elected.push(...reached);
    for (const option of reached) this.#continuing.delete(option);
    return reached;
  }

  #transferSurplus(elected: readonly number[], having: readonly number[]): void {
    const total = having.map((option) => this.#votes[option]!).reduce(greater);
    const tied = having.filter((option) => this.#votes[option] === total);
    const { option, lookedBack } = this.#untie(tied, greater, Math.min);
    const surplus = total - this.#quota;
    // Rule 48 (3): five decimal places, any remainder ignored.
    const given = this.#move(option, (value) => (surplus * value) / total);
    const lost = surplus - sum(given);
    const step = this.#stage(elected, tied, lookedBack, given, lost);
    this.#steps.push({ ...step, surplus: option });
    this.#votes[option] = this.#quota;
    this.#exhausted += lost;
  }

  #eliminate(elected: readonly number[]): void {
    const fewest = [...this.#continuing].map((option) => this.#votes[option]!).reduce(less);
    const tied = [...this.#continuing].filter((option) => this.#votes[option] === fewest);
    const { option, lookedBack } = this.#untie(tied, less, Math.max);
    this.#continuing.delete(option);
    const given = this.#move(option, (value) => value);
    const lost = fewest - sum(given);
    const step = this.#stage(elected, tied, lookedBack, given, lost);
    this.#steps.push({ ...step, eliminated: option });
    this.#votes[option] = 0n;
    this.#exhausted += lost;
    this.#eliminated.add(option);
  }

  /** One of several: by the latest stage where they differ; else by its slot. */
  #untie(
    several: readonly number[],
    byVotes: (left: bigint, right: bigint) => bigint,
    bySlot: (...options: number[]) => number,
  ): Untied {
    let tied = several;
    for (let stage = this.#stages.length - 2; stage >= 0 && tied.length > 1; stage--) {
      const votes = this.#stages[stage]!;
      const chosen = tied.map((option) => votes[option]!).reduce(byVotes);
      tied = tied.filter((option) => votes[option] === chosen);
      if (tied.length === 1) return { option: tied[0]!, lookedBack: stage };
    }
    return { option: bySlot(...tied), lookedBack: undefined };
  }

  /** Move an option's papers at new values to continuing options; return what each gets. */
  #move(source: number, valueOf: (value: bigint) => bigint): bigint[] {
    const parcels = this.#piles[source]!;
    this.#piles[source] = [];
    const before = [...this.#votes];
    for (const { options, place, papers, value } of parcels) {
      const next = options.findIndex((option, at) => at > place && this.#continuing.has(option));
      if (next >= 0) this.#give({ options, place: next, papers, value: valueOf(value) });
    }
    return this.#votes.map((votes, option) => votes - before[option]!);
  }

  #give(parcel: Parcel): void {
    const option = parcel.options[parcel.place]!;
    this.#piles[option]!.push(parcel);
    this.#votes[option]! += parcel.papers * parcel.value;
  }

  #stage(
    elected: readonly number[],
    tied: readonly number[] = [],
    lookedBack?: number,
    given?: readonly bigint[],
    lost = 0n,
  ): Count {
    return {
      kind: "count",
      votes: this.#stages.at(-1)!.map((votes, option) => {
        return this.#eliminated.has(option) ? undefined : of(votes);
      }),
      exhausted: of(this.#exhausted),
      quota: of(this.#quota),
      elected,
      eliminated: undefined,
      surplus: undefined,
      tied: tied.length > 1 ? [...tied].sort((left, right) => left - right) : [],
      lookedBack,
      transfers: (given ?? this.#votes.map(() => 0n)).map(of),
      transferredExhausted: of(lost),
    };
  }
}

function of(votes: bigint): Fraction {
  return fraction(votes, ONE);
}

function sum(values: readonly bigint[]): bigint {
  return values.reduce((total, value) => total + value, 0n);
}

function greater(left: bigint, right: bigint): bigint {
  return left > right ? left : right;
}

function less(left: bigint, right: bigint): bigint {
  return left < right ? left : right;
}
