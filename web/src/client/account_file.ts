/**
 * CSV files of accounts that may propose or vote, read as the command line reads them.
 *
 * The header names the columns: `account`, and optionally `weight` and `signing_key`. The reader
 * reports all faults at once, each with its line.
 *
 * Source: EIP-55; RFC 4180; backend/ostraka/planning/account_file.py.
 */

import { toHex } from "../protocol/encoding.ts";
import { readAddress } from "./address.ts";
import { readCsv } from "./csv.ts";

/** An account that may vote or propose. */
export interface Account {
  /** 0x-hex in lower case. */
  readonly account: string;
  readonly weight: bigint;
  /** Key that signs for the account, where it is not the account's own. */
  readonly signingKey?: string;
}

/** The fault of a line. */
export type Fault =
  | "header"
  | "separator"
  | "quotes"
  | "surplus"
  | "account"
  | "signing_key"
  | "mistyped"
  | "zero"
  | "weight"
  | "no_weight"
  | "twice";

export interface WrongLine {
  readonly line: number;
  readonly fault: Fault;
  /** The faulty value. */
  readonly value: string;
  /** The line that has the account already. */
  readonly first?: number;
}

export interface AccountFile {
  readonly accounts: readonly Account[];
  readonly wrong: readonly WrongLine[];
}

const COLUMNS = ["account", "weight", "signing_key"];
const MAX_WEIGHT = 1n << 64n;
const SHOWN = 60;

/** Accounts of a file, and every faulty line. */
export function readAccountFile(text: string): AccountFile {
  const rows = readCsv(text);
  const wrong: WrongLine[] = [];
  const [head, ...body] = rows.lines;
  const columns = (head?.values ?? []).map((name) => name.toLowerCase());
  if (columns.length === 1 && /[;\t|]/.test(columns[0]!)) {
    return { accounts: [], wrong: [{ line: 1, fault: "separator", value: columns[0]! }] };
  }
  const known = columns.every((name) => COLUMNS.includes(name));
  if (!known || !columns.includes("account") || new Set(columns).size !== columns.length) {
    return { accounts: [], wrong: [{ line: 1, fault: "header", value: columns.join(", ") }] };
  }
  const accounts: Account[] = [];
  const lines = new Map<string, number>();
  for (const { line, values } of body) {
    const before = wrong.length;
    const say = (fault: Fault, value: string, first?: number) => {
      wrong.push({ line, fault, value: value.slice(0, SHOWN), ...(first && { first }) });
    };
    if (values.length > columns.length) {
      say("surplus", values.join(", "));
      continue;
    }
    const value = (name: string) => values[columns.indexOf(name)] ?? "";
    const account = readAccount("account", value("account"), say);
    const key = value("signing_key");
    const signingKey = key && readAccount("signing_key", key, say);
    // A column that is present has a value in every line.
    const weight = columns.includes("weight") ? value("weight") : "1";
    if (!weight) say("no_weight", "");
    else if (!/^[0-9]{1,29}$/.test(weight) || BigInt(weight) < 1n || BigInt(weight) >= MAX_WEIGHT) {
      say("weight", weight);
    }
    if (wrong.length > before || account === undefined) continue;
    const first = lines.get(account);
    if (first !== undefined) say("twice", account, first);
    else lines.set(account, line);
    const other = signingKey && signingKey !== account;
    accounts.push({ account, weight: BigInt(weight), ...(other && { signingKey }) });
  }
  if (rows.broken !== undefined) wrong.push({ line: rows.broken, fault: "quotes", value: "" });
  return { accounts, wrong };
}

/** Total weight. */
export function totalWeight(accounts: readonly Account[]): bigint {
  return accounts.reduce((sum, { weight }) => sum + weight, 0n);
}

/** An address in lower case, undefined when `text` is not a valid address. */
export function addressOf(text: string): string | undefined {
  return readAccount("account", text, () => undefined);
}

function readAccount(
  name: "account" | "signing_key",
  text: string,
  say: (fault: Fault, value: string) => void,
): string | undefined {
  const found = readAddress(text);
  if (typeof found !== "string") return toHex(found);
  say(({ form: name, checksum: "mistyped", zero: "zero" } as const)[found], text);
  return undefined;
}
