/** Numbers, amounts and times in the format of the language in use. */

import { toDate, type UnixSeconds } from "../protocol/units.ts";
import { locale } from "./locale.ts";

const UNITS = [
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
] as const;

/** Formats by their language: to make one takes a phone several milliseconds. */
function kept<Format>(make: (language: string) => Format): (language: string) => Format {
  const known = new Map<string, Format>();
  return (language) => {
    const format = known.get(language) ?? make(language);
    known.set(language, format);
    return format;
  };
}

const numbers = kept((language) => new Intl.NumberFormat(language));
const dates = kept((language) => {
  return new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });
});

/** A whole number with its separators. */
export function number(value: bigint | number): string {
  return numbers(locale).format(value);
}

/** A part of a whole, in percent. */
export function percent(part: bigint, whole: bigint): string {
  const share = whole ? Number((part * 100_000n) / whole) / 100_000 : 0;
  const options = { style: "percent", maximumFractionDigits: 1 } as const;
  return share.toLocaleString(locale, options);
}

/** A fraction, rounded to `places` decimal places. */
export function rounded(value: number, places: number): string {
  return value.toLocaleString(locale, { maximumFractionDigits: places });
}

/** A time of the chain. */
export function moment(at: UnixSeconds): string {
  return dates(locale).format(toDate(at));
}

/** Unit of an amount. */
export interface Currency {
  /** The token's own symbol; undefined if it has none. */
  readonly symbol: string | undefined;
  /** Number of decimal places of the smallest unit. */
  readonly decimals: number;
}

/** An amount in the smallest unit, formatted without loss. */
export function amount(units: bigint, { symbol, decimals }: Currency): string {
  const digits = units.toString().padStart(decimals + 1, "0");
  const at = digits.length - decimals;
  const exact = decimals ? `${digits.slice(0, at)}.${digits.slice(at)}` : digits;
  // From a string the format takes every digit; a number would lose some.
  const shown = new Intl.NumberFormat(locale, { maximumFractionDigits: Math.min(decimals, 100) });
  const written = shown.format(exact as unknown as number);
  return symbol ? `${written}\u00a0${symbol}` : written;
}

/**
 * A typed amount in the smallest unit; undefined if it is invalid or has too many decimal places.
 *
 * Separators of groups count only at the ends of groups: in a language with the separator `.`, `0.5` is
 * invalid, because a person who types it means one half.
 */
export function readAmount(typed: string, { decimals }: Currency): bigint | undefined {
  const parts = new Intl.NumberFormat(locale).formatToParts(12345.6);
  const sign = parts.find(({ type }) => type === "decimal")?.value ?? ".";
  const group = parts.find(({ type }) => type === "group")?.value ?? ",";
  const plain = typed.replaceAll(/[\s\u00a0\u202f]/g, "");
  const [grouped = "", places = "", ...more] = plain.split(sign);
  const [first = "", ...rest] = grouped.split(group);
  const last = rest.at(-1);
  if (last !== undefined) {
    const inner = rest.slice(0, -1).every((one) => /^[0-9]{2,3}$/.test(one));
    if (!/^[1-9][0-9]{0,2}$/.test(first) || !inner || !/^[0-9]{3}$/.test(last)) return undefined;
  }
  const whole = [first, ...rest].join("");
  const digits = `${whole}${places}`;
  if (more.length || places.length > decimals || !/^[0-9]{1,60}$/.test(digits)) return undefined;
  return BigInt(whole + places.padEnd(decimals, "0"));
}

/** The distance of a time, as in "in 2 hours". */
export function fromNow(seconds: number): string {
  const format = new Intl.RelativeTimeFormat(locale);
  for (const [unit, size] of UNITS) {
    if (Math.abs(seconds) >= size) return format.format(Math.trunc(seconds / size), unit);
  }
  return format.format(seconds, "second");
}

/** The zone in which times are shown. */
export function zone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** An address or digest, shortened for reading. */
export function short(hex: string): string {
  return hex.length > 14 ? `${hex.slice(0, 8)}…${hex.slice(-4)}` : hex;
}
