/**
 * Strict reading of a JSON object: each member has its type, and none is unknown.
 *
 * Integers are JSON integers below 2^53 in magnitude, as every language reads them exactly, or
 * decimal strings, which larger ones must be.
 *
 * Source: docs/protocol.md §5.8.
 */

import { Malformed } from "../errors.ts";
import type { Json } from "../json.ts";

/** The JSON form of a question or a part of it, for `JSON.stringify`. */
export type QuestionJson = Readonly<Record<string, unknown>>;

const EXACT = 1n << 53n;
const DECIMAL = /^(0|-?[1-9][0-9]{0,39})$/;
/** Maximum number of slots, bits or rows of a kind in a rule. */
const MAX_ENTRIES = 320;

/** Reads the members of one object; Malformed names the member and the problem. */
export class Fields {
  readonly #left: Map<string, Json>;
  readonly #item: string;

  constructor(content: Json, item: string) {
    if (!(content instanceof Map)) throw new Malformed(item, "not a JSON object");
    this.#left = new Map(content as ReadonlyMap<string, Json>);
    this.#item = item;
  }

  /** Whether a member is present and not read yet. */
  has(name: string): boolean {
    return this.#left.has(name);
  }

  /** A string that is not empty. */
  text(name: string): string {
    return this.#text(this.#take(name), name);
  }

  /** Strings. */
  texts(name: string): string[] {
    return this.#list(name).map((one, number) => this.#text(one, `${name}[${number}]`));
  }

  /** True or false; false when left out. */
  flag(name: string): boolean {
    if (!this.has(name)) return false;
    const value = this.#take(name);
    if (typeof value !== "boolean") throw this.#malformed(name, "not true or false");
    return value;
  }

  /** An integer. */
  integer(name: string): bigint {
    return this.#integer(this.#take(name), name);
  }

  /** Integers. */
  integers(name: string): bigint[] {
    return this.#list(name).map((one, number) => this.#integer(one, `${name}[${number}]`));
  }

  /** Objects; none when left out. */
  objects(name: string): Fields[] {
    if (!this.has(name)) return [];
    return this.#list(name).map((one, number) => {
      return new Fields(one, `${this.#item}.${name}[${number}]`);
    });
  }

  /** Check that no member is left. */
  end(): void {
    for (const name of this.#left.keys()) {
      throw new Malformed(this.#item, `unknown member ${name.slice(0, 40)}`);
    }
  }

  #take(name: string): Json {
    const value = this.#left.get(name);
    if (value === undefined) throw this.#malformed(name, "missing");
    this.#left.delete(name);
    return value;
  }

  #list(name: string): readonly Json[] {
    const value = this.#take(name);
    if (!Array.isArray(value)) throw this.#malformed(name, "not a list");
    if (value.length > MAX_ENTRIES) {
      throw this.#malformed(name, `${value.length} entries, at most ${MAX_ENTRIES}`);
    }
    return value as readonly Json[];
  }

  #text(value: Json, name: string): string {
    if (typeof value !== "string" || !value) {
      throw this.#malformed(name, "not a non-empty string");
    }
    if (!value.isWellFormed()) throw this.#malformed(name, "not UTF-8");
    return value;
  }

  #integer(value: Json, name: string): bigint {
    if (typeof value === "bigint" && -EXACT < value && value < EXACT) return value;
    if (typeof value === "string" && DECIMAL.test(value)) return BigInt(value);
    throw this.#malformed(name, "not an integer below 2^53, nor a decimal string");
  }

  #malformed(name: string, reason: string): Malformed {
    return new Malformed(`${this.#item}.${name}`, reason);
  }
}

/** An integer as JSON: a string where not every language reads a number exactly. */
export function written(value: bigint): number | string {
  return -EXACT < value && value < EXACT ? Number(value) : value.toString();
}
