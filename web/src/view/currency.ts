/** Currency of a page's amounts: a round's token, elsewhere plain units. */

import { createContext } from "preact";
import { useContext } from "preact/hooks";

import { amount, type Currency, rounded } from "../messages/index.ts";
import type { Fraction } from "../protocol/fraction.ts";

export const PLAIN_UNITS: Currency = { symbol: undefined, decimals: 0 };

export const CurrencyContext = createContext(PLAIN_UNITS);

/** Formats amounts of the page. */
export function useAmount(): (units: bigint) => string {
  const currency = useContext(CurrencyContext);
  return (units) => amount(units, currency);
}

/** Places of an amount that is a part of the smallest unit. */
const PLACES = 2;
/** The same for less than one unit, as many voters have each in an election of few seats. */
const SMALL_PLACES = 5;
const FINE = 1_000_000n;

/** Formats amounts that may be parts of the smallest unit; rounded ones say so. */
export function useExactAmount(): (units: Fraction) => string {
  const currency = useContext(CurrencyContext);
  return ({ numerator, denominator }) => {
    const whole = numerator / denominator;
    if (whole * denominator === numerator) return amount(whole, currency);
    if (currency.decimals >= PLACES) return `≈\u00a0${amount(whole, currency)}`;
    const parts = Number((numerator * FINE) / denominator) / Number(FINE);
    const places = parts < 1 ? SMALL_PLACES : PLACES;
    const written = rounded(parts / 10 ** currency.decimals, places + currency.decimals);
    return `≈\u00a0${currency.symbol ? `${written}\u00a0${currency.symbol}` : written}`;
  };
}
