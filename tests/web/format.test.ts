/** Amounts as people write them. */

import { describe, expect, test } from "vitest";

import { amount, readAmount } from "../../web/src/messages/index.ts";

describe("amounts", () => {
  const euro = { symbol: "EUR", decimals: 2 };
  const ether = { symbol: "ETH", decimals: 18 };

  test.each([
    [0n, euro, "0\u00a0EUR"],
    [123_456_789n, euro, "1,234,567.89\u00a0EUR"],
    [5n, euro, "0.05\u00a0EUR"],
    [1n, ether, "0.000000000000000001\u00a0ETH"],
    [12_345_678_901_234_567_890_123n, ether, "12,345.678901234567890123\u00a0ETH"],
    [700n, { symbol: undefined, decimals: 0 }, "700"],
  ])("%s is written in full", (units, currency, written) => {
    expect(amount(units, currency)).toBe(written);
  });

  test.each([
    ["1,234,567.89", euro, 123_456_789n],
    [" 0.05 ", euro, 5n],
    ["7", euro, 700n],
    ["7.123", euro, undefined],
    ["1.2.3", euro, undefined],
    ["1,5", euro, undefined],
    ["0,500", euro, undefined],
    ["1234,567", euro, undefined],
    ["12,34,567.8", euro, 123_456_780n],
    [",567", euro, undefined],
    ["1,", euro, undefined],
    ["-1", euro, undefined],
    ["", euro, undefined],
    ["0.000000000000000001", ether, 1n],
    ["700", { symbol: undefined, decimals: 0 }, 700n],
  ])("%j is read", (typed, currency, units) => {
    expect(readAmount(typed, currency)).toBe(units);
  });
});
