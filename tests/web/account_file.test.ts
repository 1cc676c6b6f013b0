/** Files of accounts. */

import { readFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, test } from "vitest";

import { addressOf, readAccountFile, totalWeight } from "../../web/src/client/account_file.ts";
import { MIXED, ONE, TWO } from "./support/plans.ts";

describe("a file of accounts", () => {
  test("reads the files of spreadsheets", () => {
    const file = `\ufeffWeight, account ,signing_key\r\n"3","${MIXED}",\r\n\r\n1,${TWO},${ONE}\r\n`;
    const { accounts, wrong } = readAccountFile(file);
    expect(wrong).toEqual([]);
    expect(accounts).toEqual([
      { account: MIXED.toLowerCase(), weight: 3n },
      { account: TWO, weight: 1n, signingKey: ONE },
    ]);
    expect(totalWeight(accounts)).toBe(4n);
  });

  test("reports every fault with its line", () => {
    const mistyped = MIXED.replace("aA", "Aa");
    const lines = [
      "account,weight,signing_key",
      `${ONE},2,`,
      "0x12,1,",
      `${TWO},1.5,`,
      `${ONE.toUpperCase().replace("X", "x")},1,`,
      `${mistyped},0,nobody`,
      `${TWO},1,,more`,
      `${TWO},${1n << 64n},`,
      `${TWO},,`,
      TWO,
      `0x${"0".repeat(40)},1,`,
    ];
    expect(readAccountFile(lines.join("\n")).wrong).toEqual([
      { line: 3, fault: "account", value: "0x12" },
      { line: 4, fault: "weight", value: "1.5" },
      { line: 5, fault: "twice", value: ONE, first: 2 },
      { line: 6, fault: "mistyped", value: mistyped },
      { line: 6, fault: "signing_key", value: "nobody" },
      { line: 6, fault: "weight", value: "0" },
      { line: 7, fault: "surplus", value: `${TWO}, 1, , more` },
      { line: 8, fault: "weight", value: (1n << 64n).toString() },
      { line: 9, fault: "no_weight", value: "" },
      { line: 10, fault: "no_weight", value: "" },
      { line: 11, fault: "zero", value: `0x${"0".repeat(40)}` },
    ]);
  });

  test.each([";", "\t", "|"])("%j does not separate columns", (separator) => {
    const { wrong } = readAccountFile(`account${separator}weight\n`);
    expect(wrong).toEqual([{ line: 1, fault: "separator", value: `account${separator}weight` }]);
  });

  // Written by hand; the command line refuses the same files.
  test.each([
    ["members-semicolon.csv", [[1, "separator"]]],
    ["members-unbalanced-quote.csv", [[2, "quotes"]]],
    ["members-zero-address.csv", [[2, "zero"]]],
    [
      "members-blank-weight.csv",
      [
        [2, "no_weight"],
        [4, "no_weight"],
      ],
    ],
    ["m.csv", []],
    ["keydup.csv", []],
  ] as const)("%s", (name, said) => {
    const { wrong } = readAccountFile(readFileSync(join("tests/cases", name), "utf8"));
    expect(wrong.map(({ line, fault }) => [line, fault])).toEqual(said);
  });

  test.each(["", "name\nx", "account,account\n"])("%j has no header", (text) => {
    expect(readAccountFile(text).wrong).toMatchObject([{ line: 1, fault: "header" }]);
  });

  test("counts lines in quoted values and reports unclosed quotes", () => {
    const file = `account,"weight"\n"${ONE}","\n1"\n${TWO},x\n"${TWO}`;
    expect(readAccountFile(file).wrong).toEqual([
      { line: 4, fault: "weight", value: "x" },
      { line: 5, fault: "quotes", value: "" },
    ]);
  });

  test("addresses are in lower case or have a valid checksum", () => {
    expect(addressOf(MIXED)).toBe(MIXED.toLowerCase());
    expect(addressOf(MIXED.replace("aA", "Aa"))).toBeUndefined();
    expect(addressOf("0x")).toBeUndefined();
  });
});
