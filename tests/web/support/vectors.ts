/** The shared vectors in tests/vectors, and the errors that they expect. */

import { readFileSync } from "node:fs";

import { fromHex } from "../../../web/src/protocol/encoding.ts";
import { Malformed, Rejected } from "../../../web/src/protocol/errors.ts";
import { type Json, parseJson } from "../../../web/src/protocol/json.ts";

/** Read one file of vectors; the test declares its type. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- names what is read
export function vectors<T>(name: string): T {
  const path = new URL(`../../vectors/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(path, "utf-8")) as T;
}

/** Read a file of vectors with the protocol's JSON parser: integers are exact. */
export function strictVectors(name: string): Json {
  const path = new URL(`../../vectors/${name}.json`, import.meta.url);
  return parseJson(readFileSync(path), name);
}

export function unhex(text: string): Uint8Array {
  return fromHex(text, "vector");
}

export const ERRORS = { Malformed, Rejected };

/** Name of the class of error that a case expects. */
export type Expected = keyof typeof ERRORS;
