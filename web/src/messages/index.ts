/** The words of the language in use, and numbers, times and amounts as it writes them. */

import { en, type Messages } from "./en.ts";

export type { Messages } from "./en.ts";

/** Every language by its code: its own name, and its words, loaded when they are wanted. */
export const LANGUAGES = {
  en: { name: "English", load: () => Promise.resolve(en) },
  de: { name: "Deutsch", load: async () => (await import("./de.ts")).de },
  es: { name: "Español", load: async () => (await import("./es.ts")).es },
  pl: { name: "Polski", load: async () => (await import("./pl.ts")).pl },
} as const satisfies Record<string, { name: string; load: () => Promise<Messages> }>;

export type Language = keyof typeof LANGUAGES;

const KEPT = "ostraka/language";

/** Words of the language in use. */
export let words: Messages = en;
let locale = "en";

/**
 * The language to begin with: the one chosen on this device, or the first that the browser likes.
 *
 * @param store Undefined where the browser keeps nothing.
 */
export function preferredLanguage(store: Pick<Storage, "getItem"> | undefined): Language {
  const wished = [store?.getItem(KEPT) ?? "", ...navigator.languages];
  return wished.map((one) => one.slice(0, 2)).find(isLanguage) ?? "en";
}

/** Remember a language for the next time. */
export function keepLanguage(store: Pick<Storage, "setItem">, language: Language): void {
  store.setItem(KEPT, language);
}

/** Use a language from here on. */
export async function speak(language: Language): Promise<void> {
  words = await LANGUAGES[language].load();
  // Of the language's regions the browser's own: dates differ.
  locale = navigator.languages.find((one) => one.slice(0, 2) === language) ?? language;
  document.documentElement.lang = language;
}

function isLanguage(code: string): code is Language {
  return Object.hasOwn(LANGUAGES, code);
}

const UNITS = [
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
] as const;

/** A whole number with its separators. */
export function number(value: bigint | number): string {
  return value.toLocaleString(locale);
}

/** A part of a whole, in percent. */
export function percent(part: bigint, whole: bigint): string {
  const share = whole ? Number((part * 100_000n) / whole) / 100_000 : 0;
  const options = { style: "percent", maximumFractionDigits: 1 } as const;
  return share.toLocaleString(locale, options);
}

/** A number that is no whole one, to so many places. */
export function rounded(value: number, places: number): string {
  return value.toLocaleString(locale, { maximumFractionDigits: places });
}

/** A time of the chain. */
export function moment(unixS: number | bigint): string {
  const options = { dateStyle: "medium", timeStyle: "short" } as const;
  return new Date(1000 * Number(unixS)).toLocaleString(locale, options);
}

/** What an amount is counted in. */
export interface Currency {
  /** As a token names itself, undefined where it does not. */
  readonly symbol: string | undefined;
  /** So many of the smallest unit's places stand behind the decimal sign. */
  readonly decimals: number;
}

/** An amount of the smallest unit, exactly, as people write it. */
export function amount(units: bigint, { symbol, decimals }: Currency): string {
  const digits = units.toString().padStart(decimals + 1, "0");
  const at = digits.length - decimals;
  const exact = decimals ? `${digits.slice(0, at)}.${digits.slice(at)}` : digits;
  // Of a string the format takes every digit; a number would lose some.
  const shown = new Intl.NumberFormat(locale, { maximumFractionDigits: Math.min(decimals, 100) });
  const written = shown.format(exact as unknown as number);
  return symbol ? `${written}\u00a0${symbol}` : written;
}

/**
 * An amount as typed, in the smallest unit; undefined where it is none or has too many places.
 *
 * Signs between groups count only where groups end: where `.` is such a sign, `0.5` is nothing, as
 * whoever types it means half of one.
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

/** How far off a time is, as in "in 2 hours". */
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

/** The name of a state. */
export function status(name: string): string {
  return words.statuses[name] ?? name;
}

/** Why a plan waits; in the gateway's own words where there are no others. */
export function planProblem(problem: string): string {
  const { problems, nodeWaits, nodeNamed } = words.organize.plan;
  const [title = ""] = problem.split(": ");
  if (problems[title] !== undefined) return problems[title];
  // Which nodes a poll's opening waits for; what those say of it is theirs.
  const [about = "", ...nodes] = problem.split("; ");
  if (problems[about] === undefined) return problem;
  const waits = nodes.map((one) => {
    return one
      .replace(/^node ([0-9]+): waits for/, (_, node: string) => nodeWaits(node))
      .replace(/\bnode ([0-9]+)(?= \()/g, (_, node: string) => nodeNamed(node))
      .replace(/(?<=, )and announces .*$/, (twice) => problems[twice] ?? twice);
  });
  return [problems[about], ...waits].join("; ");
}

/** What an audit's verdict rests on; in the check's own words where there are no others. */
export function assumption(assumes: string): string {
  const text = words.audit.assumptions;
  const known: readonly (readonly [RegExp, (...said: string[]) => string])[] = [
    [
      /^each of ([0-9]+) invitations \(([0-9]+) used\) went to a person of its own$/,
      (all, used) => text.invitations(number(BigInt(all)), number(BigInt(used))),
    ],
    [
      /^the organizer, who listed ([0-9]+) voters by hand, listed those who may vote$/,
      (voters) => text.list(number(BigInt(voters))),
    ],
    [/^the owner of (0x[0-9a-f]{40}) listed its members$/, (contract) => text.members(contract)],
    [
      /^the contract (0x[0-9a-f]{40}), whose code this program does not know, tells truly/,
      (contract) => text.contract(contract),
    ],
    [/^voters who are not the round's members are those whom its funders expected$/, text.others],
    [/^the contract (0x[0-9a-f]{40}) rejects none but false roots$/, text.disputes],
    [
      /^the contract (0x[0-9a-f]{40}), which made the poll, pays nothing by its outcome$/,
      text.maker,
    ],
    [/^the treasury (0x[0-9a-f]{40}) was made with empty books$/, text.treasury],
  ];
  for (const [form, says] of known) {
    const found = form.exec(assumes);
    if (found) return says(...found.slice(1));
  }
  return assumes;
}

/** Why a node or the gateway takes no ballot; `otherwise` where there are no words for it. */
export function refusal(reason: string, otherwise = reason): string {
  const { refusals, unanswered } = words.cast;
  // Of a node that is out of reach no more is known than what it was asked for.
  if (/^\/polls\/[0-9]+\/ballots$/.test(reason)) return unanswered;
  const known = Object.keys(refusals).find((title) => reason.includes(title));
  return known === undefined ? otherwise : refusals[known]!;
}
