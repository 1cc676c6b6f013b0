/** The ballot of a draft as voters will see it, to be tried without a vote. */

import { useState } from "preact/hooks";

import { readEntries } from "../../client/answers.ts";
import type { PlanDraft } from "../../client/plan_draft.ts";
import type { Specification } from "../../client/plan_specification.ts";
import type { Currency } from "../../messages/index.ts";
import { t } from "../../messages/organizer.ts";
import { utf8 } from "../../protocol/encoding.ts";
import { Malformed, Rejected } from "../../protocol/errors.ts";
import { parseJson } from "../../protocol/json.ts";
import type { Question } from "../../protocol/question/asked.ts";
import type { Entries } from "../../protocol/question/entries.ts";
import { readQuestions } from "../../protocol/question/poll.ts";
import { CurrencyContext } from "../../view/currency.ts";
import { Disclosure } from "../../view/disclosure.tsx";
import { Filling } from "../ballot/filling.tsx";

/** Proposals that stand for those that a round does not have yet. */
const SAMPLES = 3;

/** The preview; for a round, with proposals made up. */
export function Preview({
  draft,
  specification,
  currency,
}: {
  draft: PlanDraft;
  specification: Specification;
  currency: Currency;
}) {
  const asked = JSON.stringify(askedBy(draft, specification));
  const questions = read(asked);
  return (
    <Disclosure summary={t("organize.preview.title")}>
      {questions ? (
        <CurrencyContext.Provider value={currency}>
          {draft.kind === "round" && <p class="hint">{t("organize.preview.samples")}</p>}
          <Trial key={asked} questions={questions} />
        </CurrencyContext.Provider>
      ) : (
        <p>{t("organize.preview.incomplete")}</p>
      )}
    </Disclosure>
  );
}

/** Questions that the ballot of a plan asks, valid or not. */
function askedBy({ kind, title }: PlanDraft, specification: Specification): unknown {
  if (kind === "poll") return specification["questions"];
  const options = Array.from({ length: SAMPLES }, (_, place) => {
    return t("organize.preview.sample", { place: place + 1 });
  });
  const ballot = specification["ballot"] as Specification;
  const budget = BigInt((specification["budget"] as number | string | undefined) ?? 0);
  const costs = options.map(() => ((budget * 2n) / 5n).toString());
  const priced = ballot["kind"] === "knapsack" && { costs, budget: budget.toString() };
  return [{ ...ballot, title: title.trim(), options, ...priced }];
}

function read(asked: string): readonly Question[] | undefined {
  try {
    return readQuestions(parseJson(utf8(asked), "questions"));
  } catch (error) {
    if (error instanceof Malformed || error instanceof Rejected) return undefined;
    throw error;
  }
}

/** A ballot that is filled in here and nowhere stored. */
function Trial({ questions }: { questions: readonly Question[] }) {
  const [answers, setAnswers] = useState<readonly Entries[]>(() => {
    return questions.map((question) => readEntries(question, undefined));
  });
  return (
    <div class="preview">
      <Filling
        questions={questions}
        answers={answers}
        details={[]}
        change={(place, answer) => {
          setAnswers(answers.map((one, at) => (at === place ? answer : one)));
        }}
        state={t("organize.preview.state")}
      >
        {() => <p class="hint">{t("organize.preview.end")}</p>}
      </Filling>
    </div>
  );
}
