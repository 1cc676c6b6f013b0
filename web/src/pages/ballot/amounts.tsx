/** Questions answered by a number for each option: score, points, split, quadratic votes. */

import { Fragment } from "preact";

import { amountOf } from "../../protocol/question/entries.ts";
import { t } from "../../messages/index.ts";
import { type Amounts, Points, Quadratic, Score, Split } from "../../protocol/question/amounts.ts";
import { FieldError } from "../../view/field.tsx";
import { Items } from "../../view/items.tsx";
import { LiveText, Meter } from "../../view/meter.tsx";
import type { FieldProps } from "./field.ts";
import { entryProblemText } from "./problems.ts";
import { itemsOf, Named, Story } from "./selection.tsx";

export function AmountsField({ question, answer, change, details, name }: FieldProps<Amounts>) {
  const total = question.totalIn(answer);
  const { most } = question;
  const text =
    question instanceof Quadratic
      ? t("form.cost", { spent: total, credits: most })
      : t("form.given", { given: total, most });
  const set = (option: number, typed: string) => {
    const amounts = question.options.map((_, place) => answer.amounts[place] ?? "");
    amounts[option] = typed;
    change({ chosen: [], amounts });
  };
  return (
    <>
      <p id={`${name}-how`}>{how(question)}</p>
      {!(question instanceof Score) && (
        <div class="sticky">
          <Meter label={t("form.meter")} value={total} most={question.most} text={text} />
          <LiveText text={text} />
        </div>
      )}
      <Items
        items={itemsOf(question.options, details)}
        shown={(items) =>
          items.map((item) => {
            const typed = answer.amounts[item.place] ?? "";
            const value = amountOf(typed);
            const id = `${name}-${item.place}`;
            const problem = question.problemAt(item.place, answer);
            return (
              <Fragment key={item.place}>
                <div class="choice">
                  <input
                    id={id}
                    class="amount"
                    inputMode="numeric"
                    autocomplete="off"
                    placeholder="0"
                    aria-invalid={problem !== undefined}
                    aria-describedby={`${name}-how${problem ? ` ${id}-wrong` : ""}`}
                    value={typed}
                    onInput={(event) => {
                      set(item.place, event.currentTarget.value);
                    }}
                  />
                  <label for={id}>
                    <Named item={item} />
                  </label>
                  {question instanceof Split && (
                    <input
                      class="slider"
                      type="range"
                      aria-label={item.title}
                      min={0}
                      max={Number(question.total)}
                      step={Number(question.total) > 200 ? "any" : 1}
                      value={Number(value ?? 0n)}
                      onInput={(event) => {
                        set(item.place, Math.round(event.currentTarget.valueAsNumber).toString());
                      }}
                    />
                  )}
                  {question instanceof Quadratic && value !== undefined && (
                    <small>{t("form.credits", { credits: value * value })}</small>
                  )}
                  <FieldError id={id} error={problem && entryProblemText(problem, String)} />
                </div>
                <Story item={item} />
              </Fragment>
            );
          })
        }
      />
    </>
  );
}

function how(question: Amounts): string {
  if (question instanceof Score) return t("form.score", { most: question.maxScore });
  if (question instanceof Points) {
    const { least, most } = question;
    return least === most ? t("form.pointsExactly", { most }) : t("form.points", { least, most });
  }
  if (question instanceof Quadratic) return t("form.quadratic", { credits: question.credits });
  return t("form.split", { total: question.most });
}
