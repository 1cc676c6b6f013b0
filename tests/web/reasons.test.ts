/** Why options are not funded. */

import { describe, expect, test } from "vitest";

import { decidedByOrder, reasonsOf } from "../../web/src/client/reasons.ts";
import type { Results } from "../../web/src/client/views.ts";

describe("why an option is not funded", () => {
  const outcome = {
    kind: "greedy",
    costs: [600n, 500n, 300n, 100n],
    budget: 1000n,
    rankedBy: "votes",
    misfit: "skip",
    minimumSupport: 2n,
  };
  const options = (awards: readonly bigint[], tally: readonly bigint[]) => {
    return tally.map((votes, slot) => ({ option: "", votes, award: awards[slot] }));
  };
  const found = (shown: unknown) => Object.fromEntries(reasonsOf(shown as Results));

  test("names support, remaining budget or the end of funding", () => {
    const given = { outcome, options: options([1n, 0n, 1n, 0n], [9n, 8n, 7n, 1n]) };
    expect(found(given)).toEqual({
      1: { kind: "left", left: 400n },
      3: { kind: "support", least: 2n },
    });
    const stopped = {
      outcome: { ...outcome, misfit: "stop" },
      options: options([1n, 0n, 0n, 0n], [9n, 8n, 7n, 6n]),
    };
    expect(found(stopped)).toEqual({
      1: { kind: "left", left: 400n },
      2: { kind: "ended" },
      3: { kind: "ended" },
    });
    expect(found({ outcome: { kind: "plurality" }, options: given.options })).toEqual({});
  });

  test("names the order of options as the decider of a tie", () => {
    const tied = { outcome, options: options([1n, 0n, 0n, 0n], [9n, 9n, 1n, 0n]) };
    expect(decidedByOrder(tied as unknown as Results)).toBe(true);
    const equal = { outcome, options: options([1n, 0n, 0n, 0n], [9n, 8n, 0n, 0n]) };
    expect(decidedByOrder(equal as unknown as Results)).toBe(false);
  });
});
