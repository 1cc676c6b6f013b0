/**
 * What a run of equal shares keeps: states, offers, and for how many increments they hold.
 *
 * Source: docs/decisions/0119-fast-equal-shares.md.
 */

/** A number that grows by its slope with each increment. */
export type Growing = readonly [value: bigint, slope: bigint];

/** An exact price for one unit of utility: `due / (points · scale)`. */
export interface Terms {
  /** What those supporters pay together who do not pay all that they have, in parts. */
  readonly due: bigint;
  readonly slope: bigint;
  /** Which points these give together. */
  readonly points: bigint;
  /** Parts of money in the smallest unit, times the utility of a point. */
  readonly scale: bigint;
}

/** An option's price for one unit of utility, or a lower bound of it. */
export interface Offer {
  readonly option: number;
  /** Number of increments. */
  readonly at: bigint;
  /** Approximations: the slope has a relative error. */
  readonly price: number;
  readonly slope: number;
  /** Bound of the price's error. */
  readonly error: number;
  /** Where the price was asked, and the groups that pay all that they have. */
  readonly basis: { state: State; poor: readonly number[]; terms: Terms | undefined };
}

/** What voters have before a purchase. */
export interface Before {
  /** By how many each share was raised. */
  readonly increments: bigint;
  /** Parts of money in the smallest unit. */
  readonly parts: bigint;
  /** The raised share, in parts. */
  readonly share: Growing;
  readonly bought: readonly number[];
  /** The price of a point of each bought option, in parts. */
  readonly prices: readonly Growing[];
  /** Of each voter of a group, about, in the smallest unit. */
  readonly money: Float64Array;
  readonly growth: Float64Array;
  /** 0 for groups that paid all that they had. */
  readonly alive: Uint8Array;
  /** How often money was extrapolated, and 1. Each time adds to its error. */
  readonly moves: number;
  /** Bound of the error of a voter's money in one extrapolation, relative to the share. */
  readonly fineness: number;
}

/** What voters have before a purchase, and what they are offered. */
export interface State extends Before {
  /** Bound of the error of a voter's money. */
  readonly error: number;
  /** Of options not yet bought; prices of earlier states, which are lower bounds. */
  offers: Offer[];
}

export function stateOf(before: Before, offers: Offer[]): State {
  const error = floatOf(before.share[0], before.parts) * before.fineness * before.moves;
  return { ...before, error, offers };
}

/** The state with other shares, if the purchases before are the same. */
export function stateAfter(state: State, increments: bigint, rounding: number): State {
  const more = increments - state.increments;
  const steps = Number(more);
  const move = ([value, slope]: Growing): Growing => [value + slope * more, slope];
  const before: Before = {
    ...state,
    increments,
    share: move(state.share),
    prices: state.prices.map(move),
    money: state.money.map((own, group) => own + state.growth[group]! * steps),
    moves: state.moves + 1,
  };
  const offers = state.offers.map((offer) => {
    const change = offer.slope * steps;
    const error = offer.error + (Math.abs(change) + Math.abs(offer.price)) * rounding;
    return { ...offer, at: increments, price: offer.price + change, error };
  });
  return stateOf(before, offers);
}

/** One purchase, or that there is none. */
export class Purchase {
  readonly before: State;
  offer: Offer | undefined;
  /** Up to how many increments it is the same; undefined for any number. */
  until: bigint | undefined;

  constructor(before: State) {
    this.before = before;
  }

  /**
   * Note that the purchase is the same as long as a negative value stays negative.
   *
   * @param bound For so many increments more it does, at least.
   */
  holdsWhileNegative(bound: number, exact: () => Growing): void {
    if (this.#outlasts(bound)) return;
    const [value, slope] = exact();
    if (slope > 0n) this.#holdsFor((-value - 1n) / slope);
  }

  /** Note that it is the same as long as a value of at least 0 does not become negative. */
  holdsWhileNatural(bound: number, exact: () => Growing): void {
    if (this.#outlasts(bound)) return;
    const [value, slope] = exact();
    if (slope < 0n) this.#holdsFor(value / -slope);
  }

  #outlasts(bound: number): boolean {
    if (bound === Infinity) return true;
    if (this.until === undefined) return false;
    return bound * (1 - 2 ** -40) - 2 > Number(this.until - this.before.increments);
  }

  #holdsFor(further: bigint): void {
    const increments = this.before.increments + further;
    if (this.until === undefined || increments < this.until) this.until = increments;
  }
}

/** One run: its purchases, the last of which buys nothing. */
export class Purchases {
  readonly made: readonly Purchase[];

  constructor(made: readonly Purchase[]) {
    this.made = made;
  }

  /** Bought options, in their order. */
  get options(): number[] {
    return this.made.at(-1)!.before.bought.slice();
  }

  /** Up to how many increments the same is bought; undefined for any number. */
  get until(): bigint | undefined {
    let least: bigint | undefined;
    for (const { until } of this.made) {
      if (until !== undefined && (least === undefined || until < least)) least = until;
    }
    return least;
  }
}

/** By how much a price is above another one, in some unit. */
export function dearer(terms: Terms, other: Terms): Growing {
  const [own, its] = [terms.points * terms.scale, other.points * other.scale];
  return [terms.due * its - other.due * own, terms.slope * its - other.slope * own];
}

/** A sum with another number, some times. */
export function grown([value, slope]: Growing, [more, steeper]: Growing, times: bigint): Growing {
  return [value + more * times, slope + steeper * times];
}

export function gcd(high: bigint, low: bigint): bigint {
  while (low) [high, low] = [low, high % low];
  return high < 0n ? -high : high;
}

/** A fraction in floating point, with a relative error below 2⁻⁵¹. */
export function floatOf(numerator: bigint, denominator: bigint): number {
  const [high, low] = [leading(numerator), leading(denominator)];
  return (high.value / low.value) * 2 ** (high.dropped - low.dropped);
}

/** A number in floating point, without the low bits of one beyond its range. */
function leading(whole: bigint): { value: number; dropped: number } {
  const value = Number(whole);
  if (Number.isFinite(value)) return { value, dropped: 0 };
  const dropped = whole.toString(16).length * 4 - 512;
  return { value: Number(whole >> BigInt(dropped)), dropped };
}
