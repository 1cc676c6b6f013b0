/** Questions answered by a number for each option: score, points, split, quadratic votes. */

import { Fragment } from "preact";

import { amountOf, type AmountQuestion, totalOf } from "../../client/answers.ts";
import { number, words } from "../../messages/index.ts";
import { Points, Quadratic, Score, Split } from "../../protocol/question/amounts.ts";
import { Items } from "../../view/items.tsx";
import { Meter, Told } from "../../view/meter.tsx";
import type { FieldProps } from "./field.ts";
import { itemsOf, Named, Story } from "./selection.tsx";

export function AmountsField({
  question,
  answer,
  change,
  details,
  name,
}: FieldProps<AmountQuestion>) {
  const text = words.form;
  const total = totalOf(question, answer);
  const used = question instanceof Quadratic ? text.cost : text.given;
  const says = used(number(total), number(question.most));
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
          <Meter label={text.meter} value={total} most={question.most} says={says} />
          <Told says={says} />
        </div>
      )}
      <Items
        items={itemsOf(question.options, details)}
        shown={(items) =>
          items.map((item) => {
            const typed = answer.amounts[item.place] ?? "";
            const value = amountOf(typed);
            const id = `${name}-${item.place}`;
            return (
              <Fragment key={item.place}>
                <div class="choice">
                  <input
                    id={id}
                    class="amount"
                    inputMode="numeric"
                    autocomplete="off"
                    placeholder="0"
                    aria-describedby={`${name}-how`}
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
                    <small>{text.credits(number(value * value))}</small>
                  )}
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

function how(question: AmountQuestion): string {
  const text = words.form;
  if (question instanceof Score) return text.score(number(question.maxScore));
  if (question instanceof Points) {
    const { least, most } = question;
    return least === most
      ? text.pointsExactly(number(most))
      : text.points(number(least), number(most));
  }
  if (question instanceof Quadratic) return text.quadratic(number(question.credits));
  return text.split(number(question.total));
}
