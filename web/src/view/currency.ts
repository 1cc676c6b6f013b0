/** Currency of a page's amounts: a round's token, elsewhere plain units. */

import { createContext } from "preact";
import { useContext } from "preact/hooks";

import { amount, type Currency } from "../messages/index.ts";

export const PLAIN_UNITS: Currency = { symbol: undefined, decimals: 0 };

export const CurrencyContext = createContext(PLAIN_UNITS);

/** Formats amounts of the page. */
export function useAmount(): (units: bigint) => string {
  const currency = useContext(CurrencyContext);
  return (units) => amount(units, currency);
}
