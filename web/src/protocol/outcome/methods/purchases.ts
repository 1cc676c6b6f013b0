/**
 * What voters buy together with equal shares, and for how much larger shares they buy the same.
 *
 * Money is counted in whole parts of the smallest unit. A purchase that divides money makes the parts
 * smaller. Each amount has a *slope*, its growth for one increment of add-one: as long as no
 * comparison of a run comes out differently, all amounts grow in proportion to the number of
 * increments. A run therefore finds for how many further increments its outcome holds, so that add-one
 * need not try each of them.
 *
 * Source: docs/protocol.md §14.10.2.
 */

import { fraction } from "../../fraction.ts";
import { ballotCount, type BallotGroup } from "./profile.ts";
import type { Bought, Unaffordable } from "./steps.ts";

/** What each voter of a purse has left, in parts, and its growth for one increment. */
interface Purse {
  readonly money: bigint;
  readonly slope: bigint;
}

/** Supporters of an option with the same purse who give it the same points. */
interface Supporters {
  /** Names purse and points among those of one run. */
  readonly key: number;
  readonly purse: number;
  readonly points: bigint;
  readonly count: bigint;
}

/** An option's price for one unit of utility, `due / (points · scale)`. */
interface Offer {
  readonly option: number;
  /** What those supporters pay together who do not pay all that they have, in parts … */
  readonly due: bigint;
  readonly slope: bigint;
  /** … and which points they give together. */
  readonly points: bigint;
  /** Parts of money in the smallest unit, times the utility of a point. */
  readonly scale: bigint;
  /** Supporters who pay all that they have. */
  readonly poor: readonly Supporters[];
  readonly rich: readonly Supporters[];
}

/** A number that grows by its slope with each increment. */
type Growing = readonly [value: bigint, slope: bigint];

/** One run. */
export class Purchases {
  /** Bought options, in their order. */
  readonly options: number[] = [];
  readonly steps: Bought[] = [];
  /** For how many increments more the same is bought; undefined for any number. */
  holdsFor: bigint | undefined;
  /** Money that all voters together have left, in the smallest unit. */
  left: bigint;
  /** Parts of money in the smallest unit. */
  parts: bigint;
  purses: readonly Purse[];
  /** The purse of each group. */
  purseOf: readonly number[];

  constructor(budget: bigint, slope: bigint, parts: bigint, groups: number) {
    this.left = budget;
    this.parts = parts;
    this.purses = [{ money: budget, slope }];
    this.purseOf = Array.from({ length: groups }, () => 0);
  }

  /** Note that the outcome holds as long as a negative value stays negative. */
  holdsWhileNegative([value, slope]: Growing): void {
    if (slope > 0n) this.#holdsFor((-value - 1n) / slope);
  }

  /** Note that the outcome holds as long as a value of at least 0 does not become negative. */
  holdsWhileNatural([value, slope]: Growing): void {
    if (slope < 0n) this.#holdsFor(value / -slope);
  }

  #holdsFor(increments: bigint): void {
    if (this.holdsFor === undefined || increments < this.holdsFor) this.holdsFor = increments;
  }
}

/** Voters and options. */
export class Market {
  readonly voters: bigint;
  /** Points of each option, by all voters. */
  readonly points: readonly bigint[];
  /** Options that can be bought: they have points, and the whole budget pays for them. */
  readonly candidates: readonly number[];
  readonly #groups: readonly BallotGroup[];
  readonly #costs: readonly bigint[];
  readonly #worth: readonly bigint[];
  /** Different numbers of points on ballots. */
  readonly #levels: readonly bigint[];
  /** Of each option, the groups with points for it, and which level of points. */
  readonly #supporters: readonly ReadonlyMap<number, number>[];

  /**
   * @param costs Of each option, in the smallest unit of money, as the budget.
   * @param byCost Whether a point is worth the cost of its option, instead of 1.
   */
  constructor(
    groups: readonly BallotGroup[],
    costs: readonly bigint[],
    budget: bigint,
    byCost: boolean,
  ) {
    this.#groups = groups;
    this.#costs = costs;
    this.#worth = costs.map((cost) => (byCost ? cost : 1n));
    this.#levels = [...new Set(groups.flatMap(({ slots }) => slots))];
    const levelOf = new Map(this.#levels.map((points, level) => [points, level]));
    this.#supporters = costs.map((_, option) => {
      const found = new Map<number, number>();
      groups.forEach(({ slots }, group) => {
        if (slots[option]) found.set(group, levelOf.get(slots[option])!);
      });
      return found;
    });
    this.voters = BigInt(ballotCount(groups));
    this.points = costs.map((_, option) => {
      return groups.reduce((sum, { slots, count }) => sum + slots[option]! * BigInt(count), 0n);
    });
    this.candidates = [...costs.keys()].filter((option) => {
      return this.points[option] && costs[option]! <= budget;
    });
  }

  /** Number of voters with points for an option. */
  supporters(option: number): number {
    return ballotCount([...this.#supporters[option]!.keys()].map((group) => this.#groups[group]!));
  }

  /**
   * What voters buy with equal shares of a budget.
   *
   * @param increment By what each share might grow.
   */
  buy(budget: bigint, increment: bigint): Purchases {
    const run = new Purchases(budget, increment * this.voters, this.voters, this.#groups.length);
    // Prices never fall, since voters only lose money: an earlier price is a lower bound.
    const offers = new Map<number, Offer>();
    for (const option of this.candidates) {
      const [due, points, scale] = [
        this.#costs[option]!,
        this.points[option]!,
        this.#worth[option]!,
      ];
      offers.set(option, { option, due, slope: 0n, points, scale, poor: [], rich: [] });
    }
    for (;;) {
      const chosen = this.#cheapest(run, offers);
      if (!chosen) return run;
      offers.delete(chosen.option);
      for (const other of offers.values()) {
        if (other.option > chosen.option) run.holdsWhileNatural(dearer(other, chosen));
        else run.holdsWhileNegative(dearer(chosen, other));
      }
      this.#pay(run, chosen);
    }
  }

  /** The options that a run does not buy. */
  unaffordable(run: Purchases): Unaffordable[] {
    return this.#costs.flatMap((cost, option) => {
      if (run.options.includes(option)) return [];
      const money = this.#supporting(run, option).reduce((sum, { purse, count }) => {
        return sum + run.purses[purse]!.money * count;
      }, 0n);
      const supporters = this.supporters(option);
      return [
        { kind: "unaffordable", option, cost, supporters, money: fraction(money, run.parts) },
      ];
    });
  }

  /** The offer with the lowest price, of several that of the lowest option; renews offers. */
  #cheapest(run: Purchases, offers: Map<number, Offer>): Offer | undefined {
    let best: Offer | undefined;
    for (const bound of [...offers.values()].sort(byPrice)) {
      if (best && byPrice(bound, best) > 0) break;
      const offer = this.#offer(run, bound.option);
      if (!offer) {
        offers.delete(bound.option);
        continue;
      }
      offers.set(bound.option, offer);
      if (!best || byPrice(offer, best) < 0) best = offer;
    }
    return best;
  }

  /** The price of an option; undefined if its supporters cannot pay it. */
  #offer(run: Purchases, option: number): Offer | undefined {
    let rich = this.#supporting(run, option);
    let [due, slope, points] = [this.#costs[option]! * run.parts, 0n, this.points[option]!];
    let [excess, growth] = [-due, 0n];
    for (const { purse, count } of rich) {
      excess += run.purses[purse]!.money * count;
      growth += run.purses[purse]!.slope * count;
    }
    if (excess < 0n) {
      run.holdsWhileNegative([excess, growth]);
      return undefined;
    }
    const poor: Supporters[] = [];
    for (;;) {
      const [all, price] = [points, due];
      const still: Supporters[] = [];
      for (const one of rich) {
        const { money, slope: grows } = run.purses[one.purse]!;
        if (money * all >= price * one.points) {
          still.push(one);
          continue;
        }
        poor.push(one);
        due -= money * one.count;
        slope -= grows * one.count;
        points -= one.points * one.count;
      }
      if (still.length === rich.length) {
        const scale = run.parts * this.#worth[option]!;
        return { option, due, slope, points, scale, poor, rich };
      }
      rich = still;
    }
  }

  #pay(run: Purchases, { option, due, slope, points, scale, poor, rich }: Offer): void {
    const excess = ({ purse, points: own }: Supporters): Growing => {
      const { money, slope: grows } = run.purses[purse]!;
      return [money * points - due * own, grows * points - slope * own];
    };
    for (const one of poor) run.holdsWhileNegative(excess(one));
    for (const one of rich) run.holdsWhileNatural(excess(one));
    const common = gcd(gcd(due, slope < 0n ? -slope : slope), points);
    const finer = points / common;
    const [price, growth] = [due / common, slope / common];
    const parts = run.parts * finer;
    let [paidAll, most] = [0n, 0n];
    const after = ({ purse, points: own, count }: Supporters, pays: boolean): Purse => {
      const money = run.purses[purse]!.money * finer;
      const paid = pays ? price * own : money;
      if (paid > most) most = paid;
      if (paid === money) paidAll += count;
      const grows = run.purses[purse]!.slope * finer;
      return { money: money - paid, slope: pays ? grows - growth * own : 0n };
    };
    // Supporters with the same purse and points have the same purse afterwards, too.
    const bought = new Map<number, Purse>();
    for (const one of poor) bought.set(one.key, after(one, false));
    for (const one of rich) bought.set(one.key, after(one, true));
    const finest = run.purses.map(({ money, slope: grows }) => {
      return { money: money * finer, slope: grows * finer };
    });
    const [purses, places] = [[] as Purse[], new Map<Purse, number>()];
    const levels = this.#supporters[option]!;
    run.purseOf = run.purseOf.map((purse, group) => {
      const level = levels.get(group);
      const left = level === undefined ? finest[purse]! : bought.get(this.#key(purse, level))!;
      const place = places.get(left) ?? purses.push(left) - 1;
      places.set(left, place);
      return place;
    });
    run.parts = parts;
    run.purses = purses;
    run.options.push(option);
    run.left -= this.#costs[option]!;
    run.steps.push({
      kind: "bought",
      option,
      cost: this.#costs[option]!,
      rho: fraction(due, points * scale),
      supporters: this.supporters(option),
      paidAll: Number(paidAll),
      most: fraction(most, parts),
      left: run.left,
    });
  }

  #key(purse: number, level: number): number {
    return purse * this.#levels.length + level;
  }

  /** Supporters of an option by purse and points. */
  #supporting(run: Purchases, option: number): Supporters[] {
    const counts = new Map<number, number>();
    for (const [group, level] of this.#supporters[option]!) {
      const key = this.#key(run.purseOf[group]!, level);
      counts.set(key, (counts.get(key) ?? 0) + this.#groups[group]!.count);
    }
    return [...counts].map(([key, count]) => {
      const level = key % this.#levels.length;
      const purse = (key - level) / this.#levels.length;
      return { key, purse, points: this.#levels[level]!, count: BigInt(count) };
    });
  }
}

/** By how much an offer is dearer than another one, in some unit. */
function dearer(offer: Offer, other: Offer): Growing {
  const [own, its] = [offer.points * offer.scale, other.points * other.scale];
  return [offer.due * its - other.due * own, offer.slope * its - other.slope * own];
}

function byPrice(left: Offer, right: Offer): number {
  const [difference] = dearer(left, right);
  if (!difference) return left.option - right.option;
  return difference > 0n ? 1 : -1;
}

function gcd(high: bigint, low: bigint): bigint {
  while (low) [high, low] = [low, high % low];
  return high;
}
