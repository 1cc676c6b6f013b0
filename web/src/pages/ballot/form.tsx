/** The ballot form: a field for every question, of every kind. */

import { isEntered, isUnfinished, problemOf } from "../../client/answers.ts";
import { t } from "../../messages/index.ts";
import { Amounts } from "../../protocol/question/amounts.ts";
import type { Question } from "../../protocol/question/asked.ts";
import { CrossTabulation, Histogram } from "../../protocol/question/buckets.ts";
import { NumberQuestion } from "../../protocol/question/number.ts";
import { Pairwise } from "../../protocol/question/pairwise.ts";
import { Ranking } from "../../protocol/question/ranking.ts";
import { Approval, Knapsack, SingleChoice } from "../../protocol/question/selection.ts";
import { useAmount } from "../../view/currency.ts";
import { FieldError } from "../../view/field.tsx";
import { AmountsField } from "./amounts.tsx";
import type { FieldProps } from "./field.ts";
import { CrossField, NumberField, OneField } from "./one.tsx";
import { RankingField } from "./ranking.tsx";
import { SelectionField } from "./selection.tsx";
import { entryProblemText } from "./problems.ts";
import "./ballot.css";

/** A question with the problem of its answer. */
export function QuestionField(props: FieldProps<Question>) {
  const { question, answer, left, name } = props;
  const problem = problemOf(question, answer);
  const amount = useAmount();
  const text = problem && entryProblemText(problem, amount);
  const wrong =
    problem && (left || (isEntered(answer) && !isUnfinished(problem, answer))) ? text : undefined;
  // The fields of single amounts state their own problems.
  const ownField = problem?.kind === "whole" || problem?.kind === "range";
  return (
    <fieldset
      class={wrong === undefined ? "question" : "question wrong-answer"}
      aria-describedby={`${name}-state`}
      tabIndex={-1}
    >
      <legend>{question.title}</legend>
      <Field {...props} />
      <div id={`${name}-state`} class="question-state">
        {wrong === undefined
          ? problem && isEntered(answer) && <p class="hint">{text}</p>
          : !ownField && <FieldError id={name} error={wrong} />}
      </div>
    </fieldset>
  );
}

function Field(props: FieldProps<Question>) {
  const { question } = props;
  if (question instanceof SingleChoice || question instanceof Histogram) {
    return <OneField {...props} question={question} />;
  }
  if (question instanceof Approval || question instanceof Knapsack) {
    return <SelectionField {...props} question={question} />;
  }
  if (question instanceof Amounts) return <AmountsField {...props} question={question} />;
  if (question instanceof Ranking || question instanceof Pairwise) {
    return <RankingField {...props} question={question} />;
  }
  if (question instanceof CrossTabulation) return <CrossField {...props} question={question} />;
  if (question instanceof NumberQuestion) return <NumberField {...props} question={question} />;
  return <p>{t("form.problems.rule")}</p>;
}
