/** Groups of an audit's checks, for readers who are no experts. */

import { expect, test } from "vitest";

import { CHECK_GROUPS, detailParts, groupOf, stateOf } from "../../web/src/pages/audit_groups.ts";
import { type Finding, notChecked } from "../../web/src/protocol/checks/audit.ts";
import { CHECKS } from "../../web/src/protocol/checks/checks.ts";

const holds: Finding = { ...notChecked("C4", "a claim", ""), verdict: "holds" };
const assumed: Finding = { ...holds, assumes: { code: "list", values: { voters: 2 } } };
const fails: Finding = { ...holds, verdict: "fails" };

test("every check is in a group, and every group has checks", () => {
  const groups = CHECKS.map(([number]) => groupOf(number));
  expect(new Set(groups)).toEqual(new Set(CHECK_GROUPS));
  expect(groupOf("G2")).toBe("setup");
  expect(groupOf("S2")).toBe("count");
  expect(groupOf("D4")).toBe("decision");
});

test("what rests on somebody's word is not said to hold", () => {
  expect(stateOf([holds, holds])).toBe("holds");
  expect(stateOf([holds, assumed])).toBe("assumed");
  expect(stateOf([assumed, fails])).toBe("fails");
  expect(stateOf([assumed, notChecked("C3", "a claim", "")])).toBe("not checked");
});

test("a detail is split at its hashes and moments", () => {
  const hash = `0x${"ab".repeat(32)}`;
  expect(detailParts(`root ${hash} over 608 ballots`)).toEqual([
    "root ",
    hash,
    " over 608 ballots",
  ]);
  expect(detailParts("from 1796087885 to 1796174285")).toEqual([
    "from ",
    "1796087885",
    " to ",
    "1796174285",
  ]);
  expect(detailParts("")).toEqual([]);
});
