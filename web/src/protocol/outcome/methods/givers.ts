/**
 * Groups of equal ballots, by option: who gives how many points, as floating-point numbers for
 * approximations and exactly for sums.
 *
 * Source: docs/decisions/0119-fast-equal-shares.md.
 */

import { ballotCount, type BallotGroup } from "./profile.ts";

/** Groups with points for an option, and their points in floating point. */
export interface Givers {
  readonly groups: number[];
  readonly points: Float64Array;
}

/** Relative error of a few operations in floating point, with room: they are correct to 2⁻⁵³. */
const ROUNDED = 2 ** -50;

/** Ballots of a market. */
export class Ballots {
  /** Number of groups. */
  readonly groups: number;
  /** Number of ballots. */
  readonly voters: number;
  /** Ballots of each group. */
  readonly counts: Float64Array;
  /** Of each option. */
  readonly givers: readonly Givers[];
  /** Bound of the relative error of a sum over groups. */
  readonly rounding: number;
  /** Bound of the error of a voter's money, relative to the share: it has a term for each option. */
  readonly fineness: number;
  readonly #given: readonly BallotGroup[];
  /** Options to which groups give points, one group after another, and where each one begins. */
  readonly #options: Uint16Array;
  readonly #points: Float64Array;
  readonly #starts: Uint32Array;
  /** Whether sums of points are exact in floating point. */
  readonly #isSmall: boolean;

  constructor(groups: readonly BallotGroup[], options: number) {
    this.#given = groups;
    this.groups = groups.length;
    this.voters = ballotCount(groups);
    this.counts = Float64Array.from(groups, ({ count }) => count);
    const given = groups.map(({ slots }) => [...slots.keys()].filter((slot) => slots[slot]));
    const points = given.map((own, group) => own.map((slot) => Number(groups[group]!.slots[slot])));
    this.#options = Uint16Array.from(given.flat());
    this.#points = Float64Array.from(points.flat());
    this.#starts = new Uint32Array(groups.length + 1);
    const found = Array.from({ length: options }, () => [[], []] as [number[], number[]]);
    given.forEach((own, group) => {
      this.#starts[group + 1] = this.#starts[group]! + own.length;
      own.forEach((option, place) => {
        found[option]![0].push(group);
        found[option]![1].push(points[group]![place]!);
      });
    });
    this.givers = found.map(([own, all]) => ({ groups: own, points: Float64Array.from(all) }));
    this.rounding = (groups.length + options + 64) * ROUNDED;
    this.fineness = (options + 64) * ROUNDED;
    const total = this.givers.reduce((sum, { groups: own, points }) => {
      return own.reduce((more, group, place) => more + points[place]! * this.counts[group]!, sum);
    }, 0);
    this.#isSmall = total < Number.MAX_SAFE_INTEGER / 2;
  }

  /** Points of each voter of a group for an option. */
  slot(group: number, option: number): bigint {
    return this.#given[group]!.slots[option]!;
  }

  /** Number of ballots in some groups. */
  count(groups: readonly number[]): number {
    return groups.reduce((sum, group) => sum + this.counts[group]!, 0);
  }

  /** Points that the voters of some groups give to an option together. */
  pointsOf(option: number, groups: readonly number[]): bigint {
    return this.pointsByOption(groups)[option]!;
  }

  /** The same for all options at once. */
  pointsByOption(groups: readonly number[]): bigint[] {
    const exact = this.#isSmall ? undefined : this.givers.map(() => 0n);
    const sums = new Float64Array(this.givers.length);
    for (const group of groups) {
      const count = this.counts[group]!;
      for (let place = this.#starts[group]!; place < this.#starts[group + 1]!; place += 1) {
        const option = this.#options[place]!;
        if (exact) exact[option]! += this.slot(group, option) * BigInt(count);
        else sums[option]! += this.#points[place]! * count;
      }
    }
    return exact ?? Array.from(sums, BigInt);
  }
}
