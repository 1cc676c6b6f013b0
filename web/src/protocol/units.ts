/** Units that the type checker distinguishes. */

declare const UNIX_SECONDS: unique symbol;

/**
 * A moment: seconds since 1970-01-01T00:00:00Z without leap seconds, 0 … 2⁶⁴ − 1.
 *
 * A bigint, as ballots and contracts hold 64 bits; clients read JSON into it too, so that moments
 * of either origin compare.
 */
export type UnixSeconds = bigint & { readonly [UNIX_SECONDS]: true };

/** A moment of a count of seconds; RangeError when the count is not whole. */
export function unixSeconds(count: bigint | number): UnixSeconds {
  return BigInt(count) as UnixSeconds;
}

/** The moment that is a whole number of seconds after another one. */
export function later(moment: UnixSeconds, durationS: bigint | number): UnixSeconds {
  return unixSeconds(moment + BigInt(durationS));
}

/** The moment of a clock that counts milliseconds; fractions of a second are dropped. */
export function ofMilliseconds(count: number): UnixSeconds {
  return unixSeconds(Math.floor(count / 1000));
}

/** A moment for the clocks and calendars of the browser. */
export function toDate(moment: UnixSeconds): Date {
  return new Date(1000 * Number(moment));
}
