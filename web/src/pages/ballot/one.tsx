/** Questions answered by one option, by a row and a column, or by a number. */

import { Fragment } from "preact";

import { isUnfinished } from "../../client/answers.ts";
import { t } from "../../messages/index.ts";
import type { CrossTabulation, Histogram } from "../../protocol/question/buckets.ts";
import { isFactor, type NumberQuestion } from "../../protocol/question/number.ts";
import { SingleChoice } from "../../protocol/question/selection.ts";
import { Items } from "../../view/items.tsx";
import type { FieldProps } from "./field.ts";
import { itemsOf, Named, Story } from "./selection.tsx";

/** One of several options. */
export function OneField({
  question,
  answer,
  change,
  details,
  name,
}: FieldProps<SingleChoice | Histogram>) {
  const last = question.options.length - 1;
  const abstain = question instanceof SingleChoice && question.abstain;
  return (
    <>
      <p>{t("form.choose")}</p>
      <Items
        items={itemsOf(question.options, details)}
        shown={(items) =>
          items.map((item) => (
            <Fragment key={item.place}>
              <label class="choice">
                <input
                  type="radio"
                  name={name}
                  checked={answer.chosen[0] === item.place}
                  onChange={() => {
                    change({ chosen: [item.place], amounts: [] });
                  }}
                />
                <Named item={item} />
                {abstain && item.place === last && <small> ({t("form.abstain")})</small>}
              </label>
              <Story item={item} />
            </Fragment>
          ))
        }
      />
    </>
  );
}

/** A row and a column. */
export function CrossField({ question, answer, change, name }: FieldProps<CrossTabulation>) {
  const { rows, columns } = question;
  const count = rows.length;
  const groups = [
    { title: t("form.rows"), names: rows, first: 0 },
    { title: t("form.columns"), names: columns, first: count },
  ];
  return (
    <>
      <p>{t("form.cross")}</p>
      {groups.map(({ title, names, first }) => (
        <fieldset key={first}>
          <legend>{title}</legend>
          {names.map((option, place) => (
            <label class="choice" key={option}>
              <input
                type="radio"
                name={`${name}-${first}`}
                checked={answer.chosen.includes(first + place)}
                onChange={() => {
                  const others = answer.chosen.filter((one) => one < count !== (first === 0));
                  change({ chosen: [...others, first + place], amounts: [] });
                }}
              />
              {option}
            </label>
          ))}
        </fieldset>
      ))}
    </>
  );
}

/** A number, and the group to which it is added. */
export function NumberField({ question, answer, change, left, name }: FieldProps<NumberQuestion>) {
  const { groups, range } = question;
  const times = isFactor(range.unit);
  const problem = question.problem(answer);
  const typed = answer.amounts[0] ?? "";
  const invalid = problem?.kind === "number" && (left || !isUnfinished(problem, answer));
  return (
    <>
      <p id={`${name}-how`}>
        {times
          ? t("form.numberTimes", { ...range })
          : range.unit
            ? t("form.numberInUnit", { ...range })
            : t("form.number", { ...range })}
      </p>
      <label for={`${name}-value`}>{t("form.value")}</label>
      <p class="number-value">
        <input
          id={`${name}-value`}
          class="amount"
          inputMode={range.low < 0n ? "text" : "numeric"}
          autocomplete="off"
          aria-invalid={invalid}
          aria-describedby={`${name}-how ${name}-unit ${name}-state`}
          value={typed}
          onInput={(event) => {
            change({ ...answer, amounts: [event.currentTarget.value] });
          }}
        />
        <span id={`${name}-unit`}>{times ? `× ${range.unit}` : range.unit}</span>
      </p>
      {groups.length > 0 && (
        <fieldset>
          <legend>{t("form.group")}</legend>
          {groups.map((group, place) => (
            <label class="choice" key={group}>
              <input
                type="radio"
                name={`${name}-group`}
                checked={answer.chosen[0] === place}
                onChange={() => {
                  change({ ...answer, chosen: [place] });
                }}
              />
              {group}
            </label>
          ))}
        </fieldset>
      )}
    </>
  );
}
