/**
 * What voters buy together with equal shares, and for how much larger shares they buy the same.
 *
 * Money is counted in whole parts of the smallest unit. A purchase that divides money makes the parts
 * smaller. Each amount has a *slope*, its growth for one increment of add-one: as long as no
 * comparison of a run comes out differently, all amounts grow in proportion to the number of
 * increments. A run therefore finds for how many increments its outcome holds, so that add-one need
 * not try each of them, and the next run begins at the purchase that may differ.
 *
 * Who once paid all has nothing. Everyone else has the share without the full price of each bought
 * option. So a state keeps exactly the share and the prices only, and of each group an approximation
 * in floating point with a bound of its error. A comparison within that bound is made again with
 * exact numbers: no outcome depends on rounding.
 *
 * Source: docs/protocol.md §14.10.2, docs/decisions/0119-fast-equal-shares.md.
 */

import { fraction } from "../../fraction.ts";
import { Ballots } from "./givers.ts";
import type { BallotGroup } from "./profile.ts";
import {
  type Before,
  dearer,
  floatOf,
  gcd,
  grown,
  type Growing,
  type Offer,
  Purchase,
  Purchases,
  type State,
  stateAfter,
  stateOf,
  type Terms,
} from "./shares.ts";
import type { Bought, Unaffordable } from "./steps.ts";

/** Voters and options. */
export class Market {
  readonly voters: bigint;
  /** Points of each option, by all voters. */
  readonly points: readonly bigint[];
  /** Options that can be bought: they have points, and the whole budget pays for them. */
  readonly candidates: readonly number[];
  readonly #ballots: Ballots;
  readonly #costs: readonly bigint[];
  readonly #worth: readonly bigint[];
  readonly #budget: bigint;
  readonly #increment: bigint;
  /** Room for the places of an option's supporters. */
  readonly #places: Uint32Array;

  /**
   * @param costs Of each option, in the smallest unit of money, as budget and increment.
   * @param increment By what add-one raises each share.
   * @param byCost Whether a point is worth the cost of its option, instead of 1.
   */
  constructor(
    groups: readonly BallotGroup[],
    costs: readonly bigint[],
    budget: bigint,
    increment: bigint,
    byCost: boolean,
  ) {
    this.#ballots = new Ballots(groups, costs.length);
    this.#costs = costs;
    this.#worth = costs.map((cost) => (byCost ? cost : 1n));
    this.#budget = budget;
    this.#increment = increment;
    this.#places = new Uint32Array(groups.length);
    this.voters = BigInt(this.#ballots.voters);
    this.points = this.#ballots.pointsByOption([...groups.keys()]);
    this.candidates = [...costs.keys()].filter((option) => {
      return this.points[option] && costs[option]! <= budget;
    });
  }

  /** What voters buy with equal shares of the budget. */
  buy(): Purchases {
    const { groups, rounding } = this.#ballots;
    const share: Growing = [this.#budget, this.#increment * this.voters];
    const before: Before = {
      increments: 0n,
      parts: this.voters,
      share,
      bought: [],
      prices: [],
      money: new Float64Array(groups).fill(floatOf(share[0], this.voters)),
      growth: new Float64Array(groups).fill(Number(this.#increment)),
      alive: new Uint8Array(groups).fill(1),
      moves: 1,
      fineness: this.#ballots.fineness,
    };
    const start = stateOf(before, []);
    // With points from everyone the price is lowest, so this bounds it.
    start.offers = this.candidates.map((option) => {
      const price = floatOf(this.#costs[option]!, this.points[option]! * this.#worth[option]!);
      const basis = { state: start, poor: [], terms: undefined };
      return { option, at: 0n, price, slope: 0, error: price * rounding, basis };
    });
    return this.#run([], start);
  }

  /** What voters buy after more increments than in another run. */
  buyAfter(run: Purchases, increments: bigint): Purchases {
    const first = run.made.findIndex(({ until }) => until !== undefined && until < increments);
    if (first < 0) return run;
    const state = stateAfter(run.made[first]!.before, increments, this.#ballots.rounding);
    return this.#run(run.made.slice(0, first), state);
  }

  /**
   * The purchases of a run that holds for a number of increments, and the options that it does
   * not buy.
   */
  steps(run: Purchases, increments: bigint): (Bought | Unaffordable)[] {
    const steps: (Bought | Unaffordable)[] = [];
    const states = run.made.map(({ before }) =>
      stateAfter(before, increments, this.#ballots.rounding),
    );
    let left = this.#budget + increments * this.#increment * this.voters;
    run.made.slice(0, -1).forEach((purchase, place) => {
      const [before, after] = [states[place]!, states[place + 1]!];
      const { option, basis } = purchase.offer!;
      const { groups } = this.#ballots.givers[option]!;
      const [price] = after.prices.at(-1)!;
      left -= this.#costs[option]!;
      steps.push({
        kind: "bought",
        option,
        cost: this.#costs[option]!,
        rho: fraction(price, after.parts * this.#worth[option]!),
        supporters: this.#ballots.count(groups),
        paidAll: this.#ballots.count(groups.filter((group) => this.#hasNothing(after, group))),
        most: fraction(this.#mostPaid(before, after, option, basis.poor), after.parts),
        left,
      });
    });
    const last = states.at(-1)!;
    this.#costs.forEach((cost, option) => {
      if (last.bought.includes(option)) return;
      const { groups } = this.#ballots.givers[option]!;
      const [money] = this.#total(last, this.#aliveOf(last, option));
      const supporters = this.#ballots.count(groups);
      const rest = fraction(money, last.parts);
      steps.push({ kind: "unaffordable", option, cost, supporters, money: rest });
    });
    return steps;
  }

  /** Buy until nothing is affordable, after purchases that hold for the state's increments. */
  #run(made: Purchase[], state: State): Purchases {
    for (;;) {
      const purchase = new Purchase(state);
      made.push(purchase);
      const offers = this.#renewed(purchase);
      const chosen = offers.reduce<Offer | undefined>((best, offer) => {
        return best && this.#byPrice(best, offer) < 0 ? best : offer;
      }, undefined);
      if (!chosen) return new Purchases(made);
      purchase.offer = chosen;
      const others = offers.filter((offer) => offer !== chosen);
      this.#holdsAgainst(purchase, chosen, others);
      state = this.#pay(purchase, chosen, others);
    }
  }

  /** Offers for a purchase: the lowest price, and prices or bounds of the others. */
  #renewed(purchase: Purchase): Offer[] {
    const state = purchase.before;
    state.offers.sort((left, right) => this.#byPrice(left, right));
    const offers: Offer[] = [];
    let best: Offer | undefined;
    for (const [number, bound] of state.offers.entries()) {
      if (best && this.#byPrice(bound, best) > 0) return [...offers, ...state.offers.slice(number)];
      const offer = this.#offer(purchase, bound.option);
      if (!offer) continue;
      // A closer bound for runs that begin here.
      state.offers[number] = offer;
      offers.push(offer);
      if (!best || this.#byPrice(offer, best) < 0) best = offer;
    }
    return offers;
  }

  /** Note for how many increments the option bought stays the cheapest one. */
  #holdsAgainst(purchase: Purchase, chosen: Offer, others: readonly Offer[]): void {
    const { rounding } = this.#ballots;
    const bounds = others.map((other) => {
      const gap = other.price - chosen.price - other.error - chosen.error;
      const closing = chosen.slope * (1 - rounding) - other.slope * (1 + rounding);
      return { other, bound: closing > 0 ? gap / closing : Infinity };
    });
    // After the least one, few need exact numbers.
    for (const { other, bound } of bounds.sort((one, its) =>
      one.bound < its.bound ? -1 : Number(one.bound > its.bound),
    )) {
      const terms = (): [Terms, Terms] => [this.#termsAt(other), this.#termsAt(chosen)];
      if (other.option > chosen.option) {
        purchase.holdsWhileNatural(bound, () => dearer(...terms()));
      } else {
        const [its, own] = [() => terms()[0], () => terms()[1]];
        purchase.holdsWhileNegative(bound, () => dearer(own(), its()));
      }
    }
  }

  /** The price of an option; undefined if its supporters cannot pay it. */
  #offer(purchase: Purchase, option: number): Offer | undefined {
    const state = purchase.before;
    if (!this.#isAffordable(purchase, option)) return undefined;
    const { money, growth, error } = state;
    const { counts, rounding, givers } = this.#ballots;
    const { groups, points } = givers[option]!;
    const cost = Number(this.#costs[option]!);
    const rich = this.#places;
    let count = 0;
    for (let place = 0; place < groups.length; place += 1) {
      if (state.alive[groups[place]!]) rich[count++] = place;
    }
    const poor: number[] = [];
    let [poorVoters, due, slope] = [0, cost, 0];
    for (;;) {
      let all = 0;
      for (let at = 0; at < count; at += 1) {
        all += points[rich[at]!]! * counts[groups[rich[at]!]!]!;
      }
      const price = due / all;
      const wrong = (poorVoters * error + cost * rounding) / all + Math.abs(price) * rounding;
      const known = poor.length;
      let terms: Terms | undefined;
      let still = 0;
      for (let at = 0; at < count; at += 1) {
        const place = rich[at]!;
        const [group, own] = [groups[place]!, points[place]!];
        const lack = price * own - money[group]!;
        let isPoor = lack > 0;
        if (Math.abs(lack) <= error + wrong * own) {
          terms ??= this.#terms(state, option, poor.slice(0, known));
          isPoor = this.#excess(state, option, group, terms)[0] < 0n;
        }
        if (isPoor) poor.push(group);
        else rich[still++] = place;
      }
      if (still === count) {
        const worth = Number(this.#worth[option]!);
        return {
          option,
          at: state.increments,
          price: price / worth,
          slope: slope / all / worth,
          error: (wrong / worth) * (1 + rounding),
          basis: { state, poor, terms },
        };
      }
      count = still;
      for (let at = known; at < poor.length; at += 1) {
        const group = poor[at]!;
        poorVoters += counts[group]!;
        due -= money[group]! * counts[group]!;
        slope -= growth[group]! * counts[group]!;
      }
    }
  }

  /** Whether supporters can pay an option together, and for how many increments they cannot. */
  #isAffordable(purchase: Purchase, option: number): boolean {
    const state = purchase.before;
    const { counts, rounding, givers } = this.#ballots;
    const cost = Number(this.#costs[option]!);
    let [voters, have, grows] = [0, 0, 0];
    for (const group of givers[option]!.groups) {
      const count = counts[group]! * state.alive[group]!;
      voters += count;
      have += state.money[group]! * count;
      grows += state.growth[group]! * count;
    }
    const unsure = voters * state.error + (have + cost) * rounding;
    if (have - cost > unsure) return true;
    const exact = (): Growing => {
      const [value, slope] = this.#total(state, this.#aliveOf(state, option));
      return [value - this.#costs[option]! * state.parts, slope];
    };
    if (have - cost >= -unsure && exact()[0] >= 0n) return true;
    const bound = grows > 0 ? (cost - have - unsure) / (grows * (1 + rounding)) : Infinity;
    purchase.holdsWhileNegative(bound, exact);
    return false;
  }

  /** The state after a purchase. */
  #pay(purchase: Purchase, offer: Offer, offers: Offer[]): State {
    const state = purchase.before;
    const { option, basis } = offer;
    const { poor } = basis;
    const terms = this.#termsAt(offer);
    const { due, slope, points } = terms;
    const common = gcd(gcd(points, due % points), slope % points);
    const finer = points / common;
    const parts = state.parts * finer;
    const raise = ([value, grows]: Growing): Growing => [value * finer, grows * finer];
    const price: Growing = [due / common, slope / common];
    const [each, eachSlope] = [floatOf(price[0], parts), floatOf(price[1], parts)];
    const { groups, points: given } = this.#ballots.givers[option]!;
    const { rounding } = this.#ballots;
    const [money, growth, alive] = [state.money.slice(), state.growth.slice(), state.alive.slice()];
    for (const group of poor) [money[group], growth[group], alive[group]] = [0, 0, 0];
    groups.forEach((group, place) => {
      const own = given[place]!;
      if (alive[group]) {
        money[group]! -= each * own;
        growth[group]! -= eachSlope * own;
      } else if (state.alive[group]) {
        // More money makes a price fall, and so no one rich become poor: only this may change.
        const gap = each * own * (1 - rounding) - state.money[group]! - state.error;
        const closing = (state.growth[group]! - eachSlope * own) * (1 + rounding);
        purchase.holdsWhileNegative(closing > 0 ? gap / closing : Infinity, () => {
          return this.#excess(state, option, group, terms);
        });
      }
    });
    const after: Before = {
      ...state,
      parts,
      share: raise(state.share),
      bought: [...state.bought, option],
      prices: [...state.prices.map(raise), price],
      money,
      growth,
      alive,
    };
    return stateOf(after, offers);
  }

  /** −1 if the first offer is cheaper, of equal ones the lower option. */
  #byPrice(left: Offer, right: Offer): number {
    const gap = left.price - right.price;
    if (Math.abs(gap) > left.error + right.error) return gap;
    if (left === right) return 0;
    const [exact] = dearer(this.#termsAt(left), this.#termsAt(right));
    if (!exact) return left.option - right.option;
    return exact > 0n ? 1 : -1;
  }

  /** Exact terms of an offer at its number of increments. */
  #termsAt({ option, at, basis }: Offer): Terms {
    basis.terms ??= this.#terms(basis.state, option, basis.poor);
    const { due, slope, ...others } = basis.terms;
    return { due: due + slope * (at - basis.state.increments), slope, ...others };
  }

  #terms(state: State, option: number, poor: readonly number[]): Terms {
    const [value, growth] = this.#total(state, poor);
    const rich = this.#aliveOf(state, option);
    const [all, theirs] = [rich, poor].map((groups) => this.#ballots.pointsOf(option, groups));
    return {
      due: this.#costs[option]! * state.parts - value,
      slope: -growth,
      points: all! - theirs!,
      scale: state.parts * this.#worth[option]!,
    };
  }

  /** What a voter of a group has more than the price of an option asks, in some unit. */
  #excess(state: State, option: number, group: number, terms: Terms): Growing {
    const [money, growth] = this.#money(state, group);
    const own = this.#ballots.slot(group, option);
    return [money * terms.points - terms.due * own, growth * terms.points - terms.slope * own];
  }

  #aliveOf(state: State, option: number): number[] {
    return this.#ballots.givers[option]!.groups.filter((group) => state.alive[group]);
  }

  /** Exact money of a voter who did not yet pay all, in parts. */
  #money(state: State, group: number): Growing {
    return state.bought.reduce<Growing>((left, option, place) => {
      const own = this.#ballots.slot(group, option);
      return own ? grown(left, state.prices[place]!, -own) : left;
    }, state.share);
  }

  /** Exact money of all voters of some groups that did not yet pay all, in parts. */
  #total(state: State, groups: readonly number[]): Growing {
    const nothing: Growing = [0n, 0n];
    const all = grown(nothing, state.share, BigInt(this.#ballots.count(groups)));
    if (!state.bought.length || !groups.length) return all;
    const given = this.#ballots.pointsByOption(groups);
    return state.bought.reduce<Growing>((left, option, place) => {
      return given[option] ? grown(left, state.prices[place]!, -given[option]) : left;
    }, all);
  }

  #hasNothing(state: State, group: number): boolean {
    if (!state.alive[group]) return true;
    return state.money[group]! <= state.error && !this.#money(state, group)[0];
  }

  /** The largest payment of one voter, in parts after the purchase. */
  #mostPaid(before: State, after: State, option: number, poor: readonly number[]): bigint {
    const finer = after.parts / before.parts;
    const [price] = after.prices.at(-1)!;
    let most = 0n;
    for (const group of this.#ballots.givers[option]!.groups) {
      if (!after.alive[group]) continue;
      const paid = price * this.#ballots.slot(group, option);
      if (paid > most) most = paid;
    }
    const richest = poor.reduce((high, group) => Math.max(high, before.money[group]!), 0);
    for (const group of poor) {
      if (before.money[group]! < richest - 2 * before.error) continue;
      const paid = this.#money(before, group)[0] * finer;
      if (paid > most) most = paid;
    }
    return most;
  }
}
