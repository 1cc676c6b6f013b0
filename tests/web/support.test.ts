/** What support of options is a part of. */

import { expect, test } from "vitest";

import { countsBallots, isWeighted, supportBase } from "../../web/src/client/support.ts";
import { Approval, SingleChoice } from "../../web/src/protocol/question/selection.ts";
import { Ranking } from "../../web/src/protocol/question/ranking.ts";
import { statisticsOf } from "../../web/src/protocol/statistics.ts";

const approval = statisticsOf(new Approval("", ["a", "b"], 0, 2), [4n, 3n]);
const choice = statisticsOf(new SingleChoice("", ["a", "b"]), [40n, 20n]);

test("support is a part of the ballots, not of all crosses", () => {
  const counts = { voters: 10, totalWeight: 10n, counted: 5 };
  expect(isWeighted(counts)).toBe(false);
  expect(supportBase(counts, [approval])).toEqual({ weight: 5n, of: "ballots" });
});

test("in a vote by weight, it is a part of the weight that a question shows, or of all weight", () => {
  const counts = { voters: 10, totalWeight: 100n, counted: 5 };
  expect(supportBase(counts, [approval, choice])).toEqual({ weight: 60n, of: "ballots" });
  expect(supportBase(counts, [approval])).toEqual({ weight: 100n, of: "voters" });
});

test("points are no part of the ballots", () => {
  expect(countsBallots(approval.question)).toBe(true);
  expect(countsBallots(new Ranking("", ["a", "b"], [2n, 1n]))).toBe(false);
});
