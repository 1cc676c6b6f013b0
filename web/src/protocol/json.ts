/**
 * JSON that every program reads alike: bounded depth, each member once, no lone surrogates, exact
 * integers that are distinct from other numbers.
 *
 * `JSON.parse` would read `7.0` as 7, round large integers and keep the last of two members with
 * the same name, so that two verifiers could disagree about a description.
 *
 * Source: docs/protocol.md §4.4; RFC 8259.
 */

import { fromUtf8, utf8 } from "./encoding.ts";
import { Malformed } from "./errors.ts";

/**
 * Integers of at most 40 characters are bigints, all other numbers are numbers: our members have no
 * longer ones, and no verdict may depend on an engine's limits.
 */
export type Json = null | boolean | number | bigint | string | readonly Json[] | JsonObject;

export type JsonObject = ReadonlyMap<string, Json>;

const MAX_NESTING = 32;
const MAX_INTEGER_CHARACTERS = 40;

/** Parse such JSON in UTF-8 without a byte order mark; Malformed naming `subject` otherwise. */
export function parseJson(data: Uint8Array, subject: string): Json {
  return new Parser(fromUtf8(data, subject), subject).parse();
}

/**
 * Parse a file from others into plain values for shapes to read; Malformed where two readers could
 * disagree about it.
 */
export function readJson(text: string, subject: string): unknown {
  parseJson(utf8(text), subject);
  return JSON.parse(text);
}

class Parser {
  readonly #text: string;
  readonly #subject: string;
  #at = 0;
  #depth = 0;

  constructor(text: string, subject: string) {
    this.#text = text;
    this.#subject = subject;
  }

  parse(): Json {
    const value = this.#value();
    if (this.#at !== this.#text.length) throw this.#bad();
    return value;
  }

  /** A value with the white space around it. */
  #value(): Json {
    this.#match(SPACE);
    const value = this.#bare();
    this.#match(SPACE);
    return value;
  }

  #bare(): Json {
    if (this.#skip("{")) return this.#nested(() => this.#object());
    if (this.#skip("[")) return this.#nested(() => this.#array());
    if (this.#skip("null")) return null;
    if (this.#skip("true")) return true;
    if (this.#skip("false")) return false;
    const number = this.#match(NUMBER);
    if (number !== undefined) {
      const exact = number.length <= MAX_INTEGER_CHARACTERS && INTEGER.test(number);
      return exact ? BigInt(number) : Number(number);
    }
    return this.#string();
  }

  #nested<T>(read: () => T): T {
    this.#depth += 1;
    if (this.#depth > MAX_NESTING) {
      throw new Malformed(this.#subject, `nested more than ${MAX_NESTING} deep`);
    }
    const value = read();
    this.#depth -= 1;
    return value;
  }

  #object(): JsonObject {
    const members = new Map<string, Json>();
    this.#match(SPACE);
    if (this.#skip("}")) return members;
    do {
      this.#match(SPACE);
      const name = this.#string();
      this.#match(SPACE);
      if (!this.#skip(":")) throw this.#bad();
      if (members.has(name)) throw this.#bad("a member occurs twice");
      members.set(name, this.#value());
    } while (this.#skip(","));
    if (!this.#skip("}")) throw this.#bad();
    return members;
  }

  #array(): Json[] {
    const entries: Json[] = [];
    this.#match(SPACE);
    if (this.#skip("]")) return entries;
    do entries.push(this.#value());
    while (this.#skip(","));
    if (!this.#skip("]")) throw this.#bad();
    return entries;
  }

  #string(): string {
    const start = this.#at;
    if (!this.#skip('"')) throw this.#bad();
    // Piece by piece: one pattern for the whole would backtrack at each character.
    do this.#match(PLAIN);
    while (this.#match(ESCAPE) !== undefined);
    if (!this.#skip('"')) throw this.#bad();
    const text = JSON.parse(this.#text.slice(start, this.#at)) as string;
    if (!text.isWellFormed()) throw this.#bad("half of a surrogate pair");
    return text;
  }

  #skip(token: string): boolean {
    if (!this.#text.startsWith(token, this.#at)) return false;
    this.#at += token.length;
    return true;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }

  #bad(reason?: string): Malformed {
    return new Malformed(this.#subject, `not JSON${reason ? `: ${reason}` : ""}`);
  }
}

const SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?/y;
const INTEGER = /^-?[0-9]+$/;
// eslint-disable-next-line no-control-regex -- JSON forbids exactly these
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
