/** The words of the language in use, and numbers and times as it writes them. */

import { en, type Messages } from "./en.ts";

export const words: Messages = en;

/** A whole number with its separators. */
export function number(value: bigint | number): string {
  return value.toLocaleString(words.language);
}

/** A part of a whole, in percent. */
export function percent(part: bigint, whole: bigint): string {
  const share = whole ? Number((part * 100_000n) / whole) / 100_000 : 0;
  const options = { style: "percent", maximumFractionDigits: 1 } as const;
  return share.toLocaleString(words.language, options);
}

/** A time of the chain. */
export function moment(unixS: number | bigint): string {
  const options = { dateStyle: "medium", timeStyle: "short" } as const;
  return new Date(1000 * Number(unixS)).toLocaleString(words.language, options);
}

/** An address or digest, shortened for reading. */
export function short(hex: string): string {
  return hex.length > 14 ? `${hex.slice(0, 8)}…${hex.slice(-4)}` : hex;
}

/** The name of a state. */
export function status(name: string): string {
  return words.statuses[name] ?? name;
}
