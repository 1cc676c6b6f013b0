/**
 * Readers for JSON from others: they return typed values, and throw Malformed for anything else.
 *
 * JSON names members in snake case, the values here in camel case.
 */

import { fromHex } from "../protocol/encoding.ts";
import { Malformed } from "../protocol/errors.ts";
import { type UnixSeconds, unixSeconds } from "../protocol/units.ts";

/** Reads the value at path `at`; Malformed when it has another form. */
export type Shape<T> = (value: unknown, at: string) => T;

/** The type that a shape reads. */
export type Of<S> = S extends Shape<infer T> ? T : never;

export const text: Shape<string> = (value, at) => {
  if (typeof value !== "string") throw new Malformed(at, "not a text");
  return value;
};

export const flag: Shape<boolean> = (value, at) => {
  if (typeof value !== "boolean") throw new Malformed(at, "not true or false");
  return value;
};

/** A whole number that is exact. */
export const whole: Shape<number> = (value, at) => {
  if (!Number.isSafeInteger(value)) throw new Malformed(at, "not a whole number");
  return value as number;
};

/** A moment as whole seconds. */
export const time: Shape<UnixSeconds> = (value, at) => unixSeconds(whole(value, at));

/** A whole number as a decimal string. */
export const decimal: Shape<bigint> = (value, at) => {
  if (typeof value !== "string" || !/^-?[0-9]{1,100}$/.test(value)) {
    throw new Malformed(at, "not a decimal number");
  }
  return BigInt(value);
};

/** Bytes as 0x-hex. */
export const bytes: Shape<Uint8Array> = (value, at) => fromHex(text(value, at), at);

/** Undefined where JSON has null or nothing. */
export function optional<T>(shape: Shape<T>): Shape<T | undefined> {
  return (value, at) => (value === null || value === undefined ? undefined : shape(value, at));
}

export function list<T>(shape: Shape<T>): Shape<readonly T[]> {
  return (value, at) => {
    if (!Array.isArray(value)) throw new Malformed(at, "not a list");
    return value.map((one, place) => shape(one, `${at}[${place}]`));
  };
}

type Members = Readonly<Record<string, Shape<unknown>>>;

/** An object with at least these members. */
export function record<M extends Members>(
  members: M,
): Shape<{ readonly [K in keyof M]: Of<M[K]> }> {
  return (value, at) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new Malformed(at, "not an object");
    }
    const given = value as Readonly<Record<string, unknown>>;
    const read = Object.entries(members).map(([name, shape]) => {
      const wire = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
      const own = Object.hasOwn(given, wire) ? given[wire] : undefined;
      return [name, shape(own, `${at}.${wire}`)] as const;
    });
    return Object.fromEntries(read) as { readonly [K in keyof M]: Of<M[K]> };
  };
}
