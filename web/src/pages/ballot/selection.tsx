/** Questions answered by choosing several options, within a number, a budget or caps. */

import { Fragment } from "preact";

import { number, t } from "../../messages/index.ts";
import { Approval, type Knapsack } from "../../protocol/question/selection.ts";
import { disambiguate } from "../../protocol/question/votes.ts";
import { useAmount } from "../../view/currency.ts";
import { type Item, Items } from "../../view/items.tsx";
import { LiveText, Meter } from "../../view/meter.tsx";
import type { Detail, FieldProps } from "./field.ts";

/** Options with their data. */
export function itemsOf(
  options: readonly string[],
  details: readonly Detail[],
  costs?: readonly bigint[],
): Item[] {
  return disambiguate(options).map((title, place) => ({
    place,
    title,
    text: details[place]?.text ?? "",
    cost: costs?.[place] ?? details[place]?.cost,
    category: details[place]?.category ?? 0,
  }));
}

/** An option's name with its cost. */
export function Named({ item }: { item: Item }) {
  const amount = useAmount();
  return (
    <span class="named">
      <span>{item.title}</span>
      {item.cost !== undefined && item.cost > 0n && (
        <small>
          {t("list.cost")} {amount(item.cost)}
        </small>
      )}
    </span>
  );
}

/** Length from which a text would push the other options out of view. */
const LONG = 200;

/** Text of an option's proposal; not part of its name, which screen readers read with every field. */
export function Story({ item: { text } }: { item: Item }) {
  if (!text) return null;
  const paragraph = <p class="prose hint">{text}</p>;
  if (text.length < LONG) return paragraph;
  return (
    <details>
      <summary>{t("propose.field.text")}</summary>
      {paragraph}
    </details>
  );
}

/** Check boxes with a live count, and a bar of the budget. */
export function SelectionField({
  question,
  answer,
  change,
  details,
}: FieldProps<Approval | Knapsack>) {
  const { options, costs, caps } = question;
  const names = disambiguate(options);
  const amount = useAmount();
  return (
    <>
      <p>{how(question, amount)}</p>
      {caps.map(({ options: capped, bound, ofCosts }) => (
        <p key={capped.join()} class="hint">
          {t("form.cap", {
            names: capped.map((option) => names[option]).join(", "),
            bound: ofCosts ? amount(bound) : number(bound),
          })}
        </p>
      ))}
      <div class="sticky">
        {question instanceof Approval ? (
          <output>
            {t("form.chosen", { count: answer.chosen.length, most: question.atMost })}
          </output>
        ) : (
          <Spent spent={question.spent(answer.chosen)} budget={question.budget} />
        )}
      </div>
      <CheckList
        items={itemsOf(options, details, costs)}
        chosen={answer.chosen}
        change={(chosen) => {
          change({ chosen, amounts: [] });
        }}
      />
    </>
  );
}

function Spent({ spent, budget }: { spent: bigint; budget: bigint }) {
  const amount = useAmount();
  const text = t("form.spent", { spent: amount(spent), budget: amount(budget) });
  return (
    <>
      <Meter label={t("form.budget")} value={spent} most={budget} text={text} />
      <LiveText text={text} />
    </>
  );
}

function how(question: Approval | Knapsack, amount: (units: bigint) => string): string {
  if (!(question instanceof Approval))
    return t("form.knapsack", { budget: amount(question.budget) });
  const { atLeast, atMost } = question;
  return atLeast === atMost
    ? t("form.approveExactly", { most: atMost })
    : t("form.approve", { least: atLeast, most: atMost });
}

/** Options to be checked. */
function CheckList({
  items,
  chosen,
  change,
}: {
  items: readonly Item[];
  chosen: readonly number[];
  change: (chosen: readonly number[]) => void;
}) {
  return (
    <Items
      items={items}
      shown={(found) =>
        found.map((item) => (
          <Fragment key={item.place}>
            <label class="choice">
              <input
                type="checkbox"
                checked={chosen.includes(item.place)}
                onChange={(event) => {
                  const others = chosen.filter((one) => one !== item.place);
                  change(event.currentTarget.checked ? [...others, item.place] : others);
                }}
              />
              <Named item={item} />
            </label>
            <Story item={item} />
          </Fragment>
        ))
      }
    />
  );
}
