/** What is wrong with an answer, in words. */

import type { Problem } from "../../client/answers.ts";
import { number, words } from "../../messages/index.ts";
import type { Question } from "../../protocol/question/asked.ts";

/** A problem as a short clause; `amount` writes what is counted in money. */
export function problemText(
  problem: Problem,
  question: Question,
  amount: (units: bigint) => string,
): string {
  const text = words.problems;
  const names = question.labels();
  switch (problem.kind) {
    case "few":
      return text.few(number(problem.least));
    case "places":
      return text.places(number(problem.least));
    case "many":
      return text.many(number(problem.most));
    case "budget":
      return text.budget(amount(problem.amount));
    case "less":
      return text.less(number(problem.amount));
    case "over":
      return text.over(number(problem.amount));
    case "cap": {
      const { options, bound, ofCosts } = problem.cap;
      const most = ofCosts ? amount(bound) : number(bound);
      return text.cap(options.map((option) => names[option]).join(", "), most);
    }
    case "whole":
      return text.whole(names[problem.option]!);
    case "range":
      return text.range(names[problem.option]!, number(problem.low), number(problem.high));
    case "number":
      return text.number(number(problem.low), number(problem.high));
    default:
      return text[problem.kind];
  }
}
