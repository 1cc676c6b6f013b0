/** Hostile JSON: numbers, member names, long texts, and the shared vectors. */

import { expect, test } from "vitest";

import { utf8 } from "../../web/src/protocol/encoding.ts";
import { parseJson, readJson } from "../../web/src/protocol/json.ts";
import { ERRORS, type Expected, unhex, vectors } from "./support/vectors.ts";

const parse = (content: string) => parseJson(utf8(content), "file");

test.each([
  ["7", 7n],
  ["-0", 0n],
  ["7.0", 7],
  ["1e3", 1000],
  ["9".repeat(40), BigInt("9".repeat(40))],
  // Our members have no integers of this length, and engines limit them differently.
  ["9".repeat(41), 1e41],
  ["-" + "9".repeat(400), -Infinity],
])("%s", (content, value) => {
  expect(parse(content)).toBe(value);
});

test("a very long integer is read quickly", () => {
  expect(parse("9".repeat(4_000_000))).toBe(Infinity);
});

test("members have their own names only", () => {
  const members = parse('{"__proto__": {"title": "x"}}') as ReadonlyMap<string, unknown>;
  expect([...members.keys()]).toEqual(["__proto__"]);
  expect(members.get("title")).toBeUndefined();
});

test.each([
  ['{"a": 1, "\\u0061": 2}', "file: not JSON: a member occurs twice"],
  ['["\\ud800"]', "file: not JSON: half of a surrogate pair"],
  ["[".repeat(33) + "]".repeat(33), "file: nested more than 32 deep"],
])("%s is refused with a reason", (content, reason) => {
  expect(() => parse(content)).toThrow(reason);
});

test("a long string neither stalls nor overflows the parser", () => {
  expect(parse(`"${"a\\n".repeat(1_000_000)}"`)).toHaveLength(2_000_000);
});

const UTF8 = new TextDecoder("utf-8", { ignoreBOM: true });

test.each(
  vectors<{ cases: { name: string; data: string; expect: "valid" | Expected }[] }>("json").cases,
)("json.json: $name", ({ data, expect: expected }) => {
  const parse = () => parseJson(unhex(data), "json");
  if (expected === "valid") {
    expect(parse).not.toThrow();
    expect(() => readJson(UTF8.decode(unhex(data)), "json")).not.toThrow();
    return;
  }
  expect(parse).toThrow(ERRORS[expected]);
  // A page gets files as texts, in which invalid bytes are already replaced.
  const text = UTF8.decode(unhex(data));
  if (!text.includes("\ufffd")) expect(() => readJson(text, "json")).toThrow(ERRORS[expected]);
});
