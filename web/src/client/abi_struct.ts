/**
 * Structs and events of contracts, declared by name and type and read from their ABI encoding.
 *
 * Words are read at once, the content behind them on demand: content that nobody reads cannot make
 * an answer unreadable. The ranges of types are not checked; callers check what values mean. Fields
 * may not share their content: otherwise a lying endpoint could let many entries of a list refer to
 * one long string.
 *
 * Source: the contract ABI specification.
 */

import { Reader, toInteger, WORD_BYTES } from "../protocol/encoding.ts";
import { Malformed } from "../protocol/errors.ts";
import { type UnixSeconds, unixSeconds } from "../protocol/units.ts";
import { type Log, topic, topicOf } from "./rpc.ts";

/** More entries than our contracts' lists have; bounds what an endpoint makes us allocate. */
const MAX_ENTRIES = 1n << 16n;

/** Values of the types that fill one word; our contracts use uint64 only for moments. */
interface Words {
  readonly address: Uint8Array;
  readonly bool: boolean;
  readonly bytes32: Uint8Array;
  readonly uint8: number;
  readonly uint16: number;
  readonly uint32: number;
  readonly uint64: UnixSeconds;
  readonly uint128: bigint;
  readonly uint256: bigint;
}

const small = (data: Uint8Array): number => Number(toInteger(data));

const WORDS: { readonly [T in keyof Words]: (data: Uint8Array) => Words[T] } = {
  address: addressIn,
  bool: (data) => data.some(Boolean),
  bytes32: (data) => data,
  uint8: small,
  uint16: small,
  uint32: small,
  uint64: (data) => unixSeconds(toInteger(data)),
  uint128: toInteger,
  uint256: toInteger,
};

/** A name and a type; `indexed` for topics of events. */
export type Field = readonly [name: string, type: AbiType, indexed?: "indexed"];

/** A type of the contract ABI; texts are read as bytes, because contracts accept invalid UTF-8. */
export type AbiType = keyof Words | "bytes" | "string" | Struct<Field> | List<unknown>;

/** A Solidity struct: its fields in their order. */
export interface Struct<F extends Field> {
  readonly fields: readonly F[];
}

/** A list of any length. */
export interface List<T> {
  readonly element: T;
}

/** What a value of a type is once it is read. */
export type Value<T> = T extends keyof Words
  ? Words[T]
  : T extends "bytes" | "string"
    ? Uint8Array
    : T extends List<infer E>
      ? readonly Value<E>[]
      : T extends Struct<infer F>
        ? RecordOf<F>
        : never;

type IsDynamic<T> = T extends keyof Words
  ? false
  : T extends Struct<infer F>
    ? IsDynamic<F[1]>
    : true;

/** A struct that was read; functions return dynamic fields, or throw Malformed. */
export type RecordOf<F extends Field> = {
  readonly [E in F as E[0]]: true extends IsDynamic<E[1]> ? () => Value<E[1]> : Value<E[1]>;
};

/**
 * Bytes that the lists and byte strings of one answer may still take. An encoder writes each of them
 * once, so together they are no longer than the answer.
 */
class Budget {
  #left: number;
  readonly #taken = new Set<string>();

  constructor(size: number) {
    this.#left = size;
  }

  /** Count the bytes of a field when it is read for the first time; Malformed if none are left. */
  take(size: number, subject: string): void {
    if (this.#taken.has(subject)) return;
    this.#taken.add(subject);
    this.#left -= size;
    if (this.#left < 0) {
      throw new Malformed(subject, "the fields share content, and are longer than the answer");
    }
  }
}

/** Declare a struct by its fields in their order. */
export function struct<const F extends readonly Field[]>(...fields: F): Struct<F[number]> {
  return { fields };
}

/** Declare a list. */
export function listOf<const T extends AbiType>(element: T): List<T> {
  return { element };
}

/** Bytes of a struct's words. */
export function sizeOf({ fields }: Struct<Field>): number {
  return fields.reduce((size, [, type]) => size + headBytes(type), 0);
}

/** Read a struct that starts with `data`; Malformed when a word is missing. */
export function readStruct<F extends Field>(
  { fields }: Struct<F>,
  data: Uint8Array,
  subject: string,
): RecordOf<F> {
  return readFields({ fields }, data, subject, new Budget(data.length));
}

function readFields<F extends Field>(
  { fields }: Struct<F>,
  data: Uint8Array,
  subject: string,
  budget: Budget,
): RecordOf<F> {
  let at = 0;
  const entries = fields.map(([name, type]) => {
    const place = at;
    const own = `${subject}.${name}`;
    at += headBytes(type);
    if (isDynamic(type))
      return [name, () => readContent(type, tail(data, place, own), own, budget)];
    const head = new Reader(data.subarray(place), subject).take(headBytes(type), name);
    return [name, readStatic(type, head, own, budget)];
  });
  return Object.fromEntries(entries) as RecordOf<F>;
}

/** Read the only value that a function returns; Malformed when it is not of its type. */
export function readReturned<const T extends AbiType>(
  type: T,
  data: Uint8Array,
  subject: string,
): Value<T> {
  const budget = new Budget(data.length);
  const read = isDynamic(type)
    ? readContent(type, tail(data, 0, subject), subject, budget)
    : readStatic(type, new Reader(data, subject).take(headBytes(type), "value"), subject, budget);
  return read as Value<T>;
}

/** The type's form in signatures, such as "(address,uint128[])". */
export function canonicalType(type: AbiType): string {
  if (typeof type === "string") return type;
  if ("element" in type) return `${canonicalType(type.element as AbiType)}[]`;
  return `(${type.fields.map(([, inner]) => canonicalType(inner)).join(",")})`;
}

type IndexedField = readonly [name: string, type: keyof Words, indexed: "indexed"];

/** An event: reads the fields of its logs by name. */
export class ContractEvent<F extends Field> {
  readonly name: string;
  readonly fields: readonly F[];
  /** First topic of its logs. */
  readonly topic: Uint8Array;

  constructor(name: string, fields: readonly F[]) {
    this.name = name;
    this.fields = fields;
    this.topic = topicOf(name + canonicalType({ fields }));
  }

  /** The fields that are not indexed; Malformed when a word is missing. */
  data(log: Log): RecordOf<Exclude<F, IndexedField>> {
    const fields = this.fields.filter(([, , indexed]) => !indexed);
    return readStruct({ fields: fields as Exclude<F, IndexedField>[] }, log.data, this.name);
  }

  /** The encoded bytes of a static field; Malformed when some are missing. */
  encoded(log: Log, name: Exclude<F, IndexedField>[0]): Uint8Array {
    const fields = this.fields.filter(([, , indexed]) => !indexed);
    const place = fields.findIndex((field) => field[0] === name);
    const reader = new Reader(log.data, this.name);
    reader.skip(sizeOf({ fields: fields.slice(0, place) }), name);
    return reader.take(headBytes(fields[place]![1]), name);
  }

  /** An indexed field; Unanswered when the log lacks its topic. */
  indexed<N extends Extract<F, IndexedField>[0]>(
    log: Log,
    name: N,
  ): Value<Extract<F, readonly [N, ...unknown[]]>[1]> {
    const indexed = this.fields.filter((field) => field[2]);
    const place = indexed.findIndex((field) => field[0] === name);
    // The first topic identifies the event.
    const read = WORDS[indexed[place]![1] as keyof Words](topic(log, 1 + place));
    return read as Value<Extract<F, readonly [N, ...unknown[]]>[1]>;
  }
}

/** Declare an event by its fields in their order. */
export function event<const F extends readonly Field[]>(
  name: string,
  ...fields: F
): ContractEvent<F[number]> {
  return new ContractEvent(name, fields);
}

/** The address in a word. */
export function addressIn(wordOfIt: Uint8Array): Uint8Array {
  return wordOfIt.subarray(12, WORD_BYTES);
}

function isDynamic(type: AbiType): boolean {
  if (typeof type === "string") return !(type in WORDS);
  return "element" in type || type.fields.some(([, inner]) => isDynamic(inner));
}

/** Bytes of a type among the words: of its value, or of an offset. */
function headBytes(type: AbiType): number {
  return typeof type === "string" || isDynamic(type) ? WORD_BYTES : sizeOf(type as Struct<Field>);
}

function readStatic(type: AbiType, data: Uint8Array, subject: string, budget: Budget): unknown {
  if (typeof type === "string") return WORDS[type as keyof Words](data);
  return readFields(type as Struct<Field>, data, subject, budget);
}

/** Read dynamic content from its start. */
function readContent(type: AbiType, data: Uint8Array, subject: string, budget: Budget): unknown {
  if (typeof type === "string") {
    const reader = new Reader(data, subject);
    const size = readLength(reader, BigInt(data.length), subject);
    budget.take(WORD_BYTES + size, subject);
    return reader.take(size, "content");
  }
  if (!("element" in type)) return readFields(type, data, subject, budget);
  const element = type.element as AbiType;
  const length = readLength(new Reader(data, subject), MAX_ENTRIES, subject);
  const entries = data.subarray(WORD_BYTES);
  const size = headBytes(element);
  const within = typeof element !== "string" && "fields" in element && isDynamic(element);
  budget.take(WORD_BYTES + length * (size + (within ? sizeOf(element) : 0)), subject);
  return Array.from({ length }, (_, number) => {
    const own = `${subject}[${number}]`;
    if (isDynamic(element)) {
      return readContent(element, tail(entries, number * size, own), own, budget);
    }
    const head = new Reader(entries.subarray(number * size), own).take(size, "value");
    return readStatic(element, head, own, budget);
  });
}

/** The content to which the offset at byte `place` points. */
function tail(data: Uint8Array, place: number, subject: string): Uint8Array {
  const offset = new Reader(data.subarray(place), subject).unsigned(WORD_BYTES, "offset");
  if (offset > BigInt(data.length)) throw new Malformed(subject, "an offset beyond the end");
  return data.subarray(Number(offset));
}

function readLength(reader: Reader, most: bigint, subject: string): number {
  const length = reader.unsigned(WORD_BYTES, "length");
  if (length > most) throw new Malformed(subject, `${length} entries or bytes`);
  return Number(length);
}
