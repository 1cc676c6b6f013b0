/** Titles of polls and options. */

import { describe, expect, test } from "vitest";

import { alike, titleProblem } from "../../web/src/client/titles.ts";

describe("titles", () => {
  test.each([
    ["Where?", undefined],
    ["\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", undefined],
    ["\u{1f469}\u200d\u{1f33e}", undefined],
    [" ", "missing"],
    ["\u200d", "missing"],
    ["a\u202eb", "direction"],
    ["a\u200bb", "invisible"],
    ["a\u2028b", "invisible"],
    ["\u3164", "invisible"],
    ["a\u0000", "invisible"],
    ["a\ufff0", "invisible"],
    ["a\u{e0fff}", "invisible"],
    ["\u180b", "missing"],
  ])("%j", (text, problem) => {
    expect(titleProblem(text)).toBe(problem);
  });

  test.each([
    ["A", "a "],
    ["\uff21", "A"],
    ["Stra\u00dfe", "STRASSE"],
    ["\u00e9", "e\u0301"],
    ["a  b", "a\u00a0b"],
    ["a\u200db", "ab"],
    ["\u2764\ufe0f", "\u2764"],
    ["a\u180b", "a"],
    ["a\u180f", "a"],
  ])("%j is like %j", (one, other) => {
    expect(alike([one, "other", other])).toBe(true);
  });

  test("other names are distinct", () => {
    expect(alike(["A", "B", "\u00c1"])).toBe(false);
  });
});
