/** Readers of an audit see one line for checks that one reason prevented. */

import { expect, test } from "vitest";

import { type Finding, notChecked } from "../../web/src/protocol/checks/audit.ts";
import { condensed } from "../../web/src/protocol/checks/checks.ts";

test("checks that were not made for one reason stay together", () => {
  const holds = (check: string): Finding => ({
    ...notChecked(check, "a claim", ""),
    verdict: "holds",
  });
  const findings = [
    holds("P1"),
    holds("P2"),
    ...["P3", "P4", "P5"].map((check) => notChecked(check, "a claim", "needs the chain")),
    notChecked("P6", "a claim", "needs P1"),
  ];
  const groups = condensed(findings);
  expect(groups.map((group) => group.map(({ check }) => check))).toEqual([
    ["P1"],
    ["P2"],
    ["P3", "P4", "P5"],
    ["P6"],
  ]);
  expect(groups.flat()).toEqual(findings);
});
