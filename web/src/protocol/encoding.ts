/**
 * Canonical bytes: fixed-width integers, tagged hashes, and a strict reader.
 *
 * One object has one encoding. `Reader` throws on the first byte that is missing, surplus or out of
 * range, and every error names the field.
 *
 * Source: docs/protocol.md §2. Vectors: tests/vectors/curve.json.
 */

import { keccak_256 } from "@noble/hashes/sha3.js";

import { R, readWord, writeWord } from "./curve.ts";
import { Malformed } from "./errors.ts";

export const ADDRESS_BYTES = 20;
export const HASH_BYTES = 32;
export const POINT_BYTES = 64;
export const SCALAR_BYTES = 32;
export const SIGNATURE_BYTES = 65;
export const WORD_BYTES = 32;

/** The encoded identity. */
export const IDENTITY = new Uint8Array(POINT_BYTES);

const ASCII = new TextEncoder();
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** keccak-256 of the concatenated parts, 32 bytes. */
export function keccak256(...parts: readonly Uint8Array[]): Uint8Array {
  const state = keccak_256.create();
  for (const part of parts) state.update(part);
  return state.digest();
}

/** keccak-256 of `"ostraka/v2/<tag>"` and the parts (§2.6). */
export function taggedHash(tag: string, ...parts: readonly Uint8Array[]): Uint8Array {
  return keccak256(utf8(`ostraka/v2/${tag}`), ...parts);
}

/** UTF-8 bytes of a text. */
export function utf8(text: string): Uint8Array {
  return ASCII.encode(text);
}

/** Text of bytes; Malformed naming `subject` when they are not UTF-8. */
export function fromUtf8(data: Uint8Array, subject: string): string {
  try {
    return UTF8.decode(data);
  } catch {
    throw new Malformed(subject, "not UTF-8");
  }
}

/** One array of all parts in order. */
export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** Whether two arrays hold the same bytes. */
export function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && compareBytes(left, right) === 0;
}

/** Negative, zero or positive as `left` sorts before, with or after `right`. */
export function compareBytes(left: Uint8Array, right: Uint8Array): number {
  const shared = Math.min(left.length, right.length);
  for (let at = 0; at < shared; at++) {
    const difference = left[at]! - right[at]!;
    if (difference) return difference;
  }
  return left.length - right.length;
}

/** 0x-hex, lower case. */
export function toHex(data: Uint8Array): string {
  let text = "0x";
  for (const byte of data) text += HEX_OF_BYTE[byte]!;
  return text;
}

const HEX_OF_BYTE = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** Bytes of 0x-hex of either case; Malformed naming `subject` when it is not 0x-hex. */
export function fromHex(text: string, subject: string): Uint8Array {
  // A pattern of pairs would backtrack at each of them and overflow on long texts.
  const isHex = text.length % 2 === 0 && /^0x[0-9a-fA-F]*$/.test(text);
  if (!isHex) throw new Malformed(subject, "not 0x-hex");
  const data = new Uint8Array(text.length / 2 - 1);
  for (let at = 0; at < data.length; at++) {
    data[at] = parseInt(text.slice(2 * at + 2, 2 * at + 4), 16);
  }
  return data;
}

/** `value` as `size` big-endian bytes; RangeError when it does not fit. */
export function unsigned(value: number | bigint, size: number): Uint8Array {
  let rest = BigInt(value);
  const data = new Uint8Array(size);
  if (rest >= 0n) {
    for (let at = size - 1; at >= 0 && rest; at--) {
      data[at] = Number(rest & 0xffn);
      rest >>= 8n;
    }
  }
  if (rest !== 0n) throw new RangeError(`${value} does not fit into ${size} bytes`);
  return data;
}

/** `value` as an i128, two's complement; RangeError when it does not fit. */
export function signed128(value: bigint): Uint8Array {
  if (BigInt.asIntN(128, value) !== value) throw new RangeError(`${value} is not an i128`);
  return unsigned(BigInt.asUintN(128, value), 16);
}

/** 32-byte word of an unsigned integer or of up to 32 bytes, padded on the left. */
export function word(value: number | bigint | Uint8Array): Uint8Array {
  if (!(value instanceof Uint8Array)) return unsigned(value, WORD_BYTES);
  if (value.length > WORD_BYTES) throw new RangeError(`${value.length} bytes in a word`);
  const data = new Uint8Array(WORD_BYTES);
  data.set(value, WORD_BYTES - value.length);
  return data;
}

/** Concatenated 32-byte scalars; RangeError for one outside [0, R). */
export function scalars(values: readonly bigint[]): Uint8Array {
  const data = new Uint8Array(SCALAR_BYTES * values.length);
  const view = new DataView(data.buffer);
  values.forEach((value, number) => {
    if (value < 0n || value >= R) throw new RangeError("scalar outside [0, R)");
    writeWord(view, SCALAR_BYTES * number, value);
  });
  return data;
}

/** The unsigned big-endian integer of some bytes. */
export function toInteger(data: Uint8Array): bigint {
  if (data.length === WORD_BYTES) {
    return readWord(new DataView(data.buffer, data.byteOffset, WORD_BYTES), 0);
  }
  return data.length ? BigInt(toHex(data)) : 0n;
}

/**
 * Reads one object from front to back.
 *
 * Every method throws `Malformed` naming `field` when bytes are missing or out of range. Results
 * share the memory of the input.
 */
export class Reader {
  readonly #data: Uint8Array;
  readonly #subject: string;
  #at = 0;

  constructor(data: Uint8Array, subject: string) {
    this.#data = data;
    this.#subject = subject;
  }

  /** The next `size` bytes. */
  take(size: number, field: string): Uint8Array {
    const end = this.#at + size;
    if (end > this.#data.length) {
      throw this.#bad(field, `${end - this.#data.length} bytes missing`);
    }
    const taken = this.#data.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }

  /** Unsigned integer of at most 6 bytes. */
  small(size: number, field: string): number {
    return this.take(size, field).reduce((value, byte) => value * 256 + byte, 0);
  }

  /** Unsigned integer of `size` bytes. */
  unsigned(size: number, field: string): bigint {
    return toInteger(this.take(size, field));
  }

  /** Two's complement integer of 16 bytes. */
  signed128(field: string): bigint {
    return BigInt.asIntN(128, this.unsigned(16, field));
  }

  /** Scalar below R (§2.4). */
  scalar(field: string): bigint {
    const value = this.unsigned(SCALAR_BYTES, field);
    if (value >= R) throw this.#bad(field, "scalar >= r");
    return value;
  }

  /** Bytes with their length in front, an unsigned integer of `size` bytes. */
  prefixed(size: number, field: string): Uint8Array {
    return this.take(this.small(size, field), field);
  }

  /** Skip `size` bytes; they must be present. */
  skip(size: number, field: string): void {
    this.take(size, field);
  }

  /** Number of bytes that are not read yet. */
  get left(): number {
    return this.#data.length - this.#at;
  }

  /** Check that no bytes are left. */
  end(): void {
    const surplus = this.left;
    if (surplus) throw new Malformed(this.#subject, `${surplus} bytes too many`);
  }

  #bad(field: string, reason: string): Malformed {
    return new Malformed(`${this.#subject}.${field}`, reason);
  }
}
