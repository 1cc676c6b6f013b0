/** A ballot on paper, so to speak: a field for every question, of every kind. */

import { type Answer, asksAmounts, problemOf } from "../../client/answers.ts";
import { t } from "../../messages/index.ts";
import type { Question } from "../../protocol/question/asked.ts";
import { CrossTabulation, Histogram } from "../../protocol/question/buckets.ts";
import { NumberQuestion } from "../../protocol/question/number.ts";
import { Ranking } from "../../protocol/question/ranking.ts";
import { Approval, Knapsack, SingleChoice } from "../../protocol/question/selection.ts";
import { useAmount } from "../../view/currency.ts";
import { AmountsField } from "./amounts.tsx";
import { CrossField, NumberField, OneField } from "./one.tsx";
import { RankingField } from "./ranking.tsx";
import { SelectionField } from "./selection.tsx";
import { problemText } from "./problems.ts";

/** What is known of an option beside its name: of a round, its proposal. */
export interface Detail {
  readonly text: string;
  readonly cost: bigint | undefined;
  readonly category: number;
}

/** What every field is given. */
export interface FieldProps<Q> {
  readonly question: Q;
  readonly answer: Answer;
  readonly change: (answer: Answer) => void;
  readonly details: readonly Detail[];
  /** Distinguishes the fields of one page. */
  readonly name: string;
}

/** One question with what is still wrong with its answer. */
export function QuestionField(props: FieldProps<Question>) {
  const { question, answer, name } = props;
  const problem = problemOf(question, answer);
  const amount = useAmount();
  return (
    <fieldset class="question" aria-describedby={`${name}-state`}>
      <legend>{question.title}</legend>
      <Field {...props} />
      <p id={`${name}-state`} class="hint">
        {problem && problemText(problem, question, amount)}
      </p>
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
  if (asksAmounts(question)) return <AmountsField {...props} question={question} />;
  if (question instanceof Ranking) return <RankingField {...props} question={question} />;
  if (question instanceof CrossTabulation) return <CrossField {...props} question={question} />;
  if (question instanceof NumberQuestion) return <NumberField {...props} question={question} />;
  return <p>{t("form.problems.rule")}</p>;
}
