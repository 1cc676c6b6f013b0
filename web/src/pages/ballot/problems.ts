/** Problems of answers, in words. */

import { number, t } from "../../messages/index.ts";
import type { EntryProblem } from "../../protocol/question/entries.ts";

/** A problem as a short clause; `amount` formats amounts of money. */
export function entryProblemText(problem: EntryProblem, amount: (units: bigint) => string): string {
  switch (problem.kind) {
    case "few":
      return t("form.problems.few", { least: problem.least });
    case "places":
      return t("form.problems.places", { least: problem.least });
    case "many":
      return t("form.problems.many", { most: problem.most });
    case "budget":
      return t("form.problems.budget", { over: amount(problem.amount) });
    case "less":
      return t("form.problems.less", { missing: problem.amount });
    case "over":
      return t("form.problems.over", { surplus: problem.amount });
    case "cap": {
      const { options, bound, ofCosts } = problem;
      const most = ofCosts ? amount(bound) : number(bound);
      return t("form.problems.cap", { names: options.join(", "), bound: most });
    }
    case "whole":
      return t("form.problems.whole", { option: problem.option });
    case "range":
      return t("form.problems.range", {
        option: problem.option,
        low: problem.low,
        high: problem.high,
      });
    case "number":
      return t("form.problems.number", { low: problem.low, high: problem.high });
    default:
      return t(`form.problems.${problem.kind}`);
  }
}
