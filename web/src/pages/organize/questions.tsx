/** Step of the wizard: a poll's questions and how each is decided. */

import { useState } from "preact/hooks";

import {
  type CapDraft,
  categoriesOf,
  competes,
  EMPTY_OPTION,
  freshChoice,
  freshQuestion,
  hasCosts,
  hasOptions,
  type Option,
  optionsOfLines,
  type PlanDraft,
  outcomeName,
  outcomesOf,
  POLL_OUTCOMES,
  QUESTION_KINDS,
  type QuestionDraft,
} from "../../client/plan_draft.ts";
import { number } from "../../messages/index.ts";
import { t } from "../../messages/organizer.ts";
import { Field } from "../../view/field.tsx";
import { ChoiceFields, idOf, SelectField, TextField, useDescribed, WrongWith } from "./inputs.tsx";

export function QuestionsStep({
  draft: { questions },
  change,
}: {
  draft: PlanDraft;
  change: (part: Partial<PlanDraft>) => void;
}) {
  return (
    <>
      <p>{t("organize.questions.lead")}</p>
      {questions.map((question, place) => (
        <Question
          key={place}
          number={place}
          question={question}
          change={(changed) => {
            change({ questions: questions.with(place, changed) });
          }}
          remove={
            questions.length > 1
              ? () => {
                  change({ questions: questions.toSpliced(place, 1) });
                }
              : undefined
          }
        />
      ))}
      <button
        type="button"
        onClick={() => {
          change({ questions: [...questions, freshQuestion()] });
        }}
      >
        {t("organize.questions.add")}
      </button>
    </>
  );
}

function Question({
  number: place,
  question,
  change,
  remove,
}: {
  number: number;
  question: QuestionDraft;
  change: (question: QuestionDraft) => void;
  remove: (() => void) | undefined;
}) {
  const path = `questions.${place}`;
  const { kind, outcome } = question;
  const capped = kind === "approval" || kind === "knapsack";
  return (
    <fieldset class="question" id={idOf(path)} tabIndex={-1}>
      <legend>{t("organize.questions.question", { place: place + 1 })}</legend>
      <WrongWith path={path} />
      <TextField
        path={`${path}.title`}
        label={t("organize.questions.title")}
        value={question.title}
        change={(title) => {
          change({ ...question, title });
        }}
      />
      <ChoiceFields
        path={path}
        label={t("organize.questions.kind")}
        names="kinds"
        kinds={QUESTION_KINDS}
        choice={question}
        change={(chosen) => {
          const caps = chosen.kind === kind ? question.caps : [];
          const possible = competes(chosen) && outcome.kind in outcomesOf(chosen);
          const decides = possible ? outcome : freshChoice(POLL_OUTCOMES);
          change({ ...question, ...chosen, caps, outcome: decides });
        }}
      />
      {hasOptions(question) && (
        <Options path={`${path}.options`} place={place} question={question} change={change} />
      )}
      {capped && <Caps path={path} question={question} change={change} />}
      {competes(question) && (
        <ChoiceFields
          path={`outcomes.${place}`}
          label={t("organize.questions.outcome")}
          names="outcomes"
          called={(chosen) => outcomeName(question, chosen)}
          kinds={outcomesOf(question)}
          choice={outcome}
          change={(chosen) => {
            change({ ...question, outcome: chosen });
          }}
        />
      )}
      {outcome.kind === "categories" &&
        categoriesOf(question).map((name, category) => (
          <TextField
            key={name}
            path={`outcomes.${place}.budgets.${category}`}
            label={t("organize.questions.budgetOf", {
              category: name || t("organize.questions.noCategory"),
            })}
            value={question.budgets[name] ?? ""}
            change={(budget) => {
              change({ ...question, budgets: { ...question.budgets, [name]: budget } });
            }}
            more={{ inputMode: "numeric" }}
          />
        ))}
      {remove && (
        <button type="button" class="danger" onClick={remove}>
          {t("organize.questions.remove", { place: place + 1 })}
        </button>
      )}
    </fieldset>
  );
}

function Options({
  path,
  place,
  question,
  change,
}: {
  path: string;
  place: number;
  question: QuestionDraft;
  change: (question: QuestionDraft) => void;
}) {
  const [pasted, setPasted] = useState("");
  const { options, caps } = question;
  const set = (changed: readonly Option[]) => {
    change({ ...question, options: changed });
  };
  return (
    <fieldset id={idOf(path)} tabIndex={-1}>
      <legend>{t("organize.options.legend")}</legend>
      <WrongWith path={path} />
      {options.map((option, row) => (
        <OptionRow
          key={row}
          costPath={`questions.${place}.costs.${row}`}
          row={row}
          option={option}
          question={question}
          change={(changed) => {
            set(options.with(row, changed));
          }}
          remove={() => {
            change({
              ...question,
              options: options.toSpliced(row, 1),
              caps: caps.map((cap) => ({
                ...cap,
                // Options after the removed one move up by one.
                options: cap.options
                  .filter((one) => one !== row)
                  .map((one) => (one > row ? one - 1 : one)),
              })),
            });
          }}
        />
      ))}
      <p class="actions">
        <button
          type="button"
          onClick={() => {
            set([...options, EMPTY_OPTION]);
          }}
        >
          {t("organize.options.add")}
        </button>
      </p>
      <details>
        <summary>{t("organize.options.paste")}</summary>
        <Field id={`${idOf(path)}-paste`} label={t("organize.options.lines")}>
          {(attributes) => (
            <textarea
              {...attributes}
              rows={4}
              value={pasted}
              onInput={(event) => {
                setPasted(event.currentTarget.value);
              }}
            />
          )}
        </Field>
        <button
          type="button"
          onClick={() => {
            const filled = options.filter(({ name }) => name.trim());
            set([...filled, ...optionsOfLines(pasted)]);
            setPasted("");
          }}
        >
          {t("organize.options.take")}
        </button>
      </details>
    </fieldset>
  );
}

function OptionRow({
  costPath,
  row,
  option,
  question,
  change,
  remove,
}: {
  costPath: string;
  row: number;
  option: Option;
  question: QuestionDraft;
  change: (option: Option) => void;
  remove: () => void;
}) {
  const cost = useDescribed(costPath);
  const count = number(row + 1);
  return (
    <div class="tools option">
      <label class="name">
        {t("organize.options.name", { place: count })}
        <input
          autocomplete="off"
          value={option.name}
          onInput={(event) => {
            change({ ...option, name: event.currentTarget.value });
          }}
        />
      </label>
      {hasCosts(question) && (
        <label>
          {t("organize.options.cost", { place: count })}
          <input
            autocomplete="off"
            inputMode="numeric"
            {...cost}
            value={option.cost}
            onInput={(event) => {
              change({ ...option, cost: event.currentTarget.value });
            }}
          />
        </label>
      )}
      {question.outcome.kind === "categories" && (
        <label>
          {t("organize.options.category", { place: count })}
          <input
            autocomplete="off"
            value={option.category}
            onInput={(event) => {
              change({ ...option, category: event.currentTarget.value });
            }}
          />
        </label>
      )}
      {question.options.length > 1 && (
        <button
          type="button"
          aria-label={t("organize.options.remove", { name: option.name || count })}
          onClick={remove}
        >
          ×
        </button>
      )}
      <WrongWith path={costPath} />
    </div>
  );
}

function Caps({
  path,
  question,
  change,
}: {
  path: string;
  question: QuestionDraft;
  change: (question: QuestionDraft) => void;
}) {
  const { caps, options } = question;
  const set = (changed: readonly CapDraft[]) => {
    change({ ...question, caps: changed });
  };
  return (
    <details open={caps.length > 0}>
      <summary>{t("organize.caps.summary")}</summary>
      <p class="hint">{t("organize.caps.hint")}</p>
      {caps.map((cap, place) => (
        <fieldset key={place} id={idOf(`${path}.caps.${place}.options`)} tabIndex={-1}>
          <legend>{t("organize.caps.legend", { place: place + 1 })}</legend>
          {options.map(({ name }, row) => (
            <label class="choice" key={row}>
              <input
                type="checkbox"
                checked={cap.options.includes(row)}
                onChange={(event) => {
                  const others = cap.options.filter((one) => one !== row);
                  const chosen = event.currentTarget.checked ? [...others, row] : others;
                  set(caps.with(place, { ...cap, options: chosen.sort((a, b) => a - b) }));
                }}
              />
              <span class="named">{name || number(row + 1)}</span>
            </label>
          ))}
          <SelectField
            path={`${path}.caps.${place}.kind`}
            label={t("organize.caps.of")}
            value={cap.ofCosts ? "costs" : "count"}
            choices={[
              ["count", t("organize.caps.count")],
              ["costs", t("organize.caps.costs")],
            ]}
            change={(of) => {
              set(caps.with(place, { ...cap, ofCosts: of === "costs" }));
            }}
          />
          <TextField
            path={`${path}.caps.${place}`}
            label={t("organize.caps.bound")}
            value={cap.bound}
            change={(bound) => {
              set(caps.with(place, { ...cap, bound }));
            }}
            more={{ inputMode: "numeric" }}
          />
          <button
            type="button"
            onClick={() => {
              set(caps.toSpliced(place, 1));
            }}
          >
            {t("organize.caps.remove", { place: place + 1 })}
          </button>
        </fieldset>
      ))}
      <button
        type="button"
        onClick={() => {
          set([...caps, { options: [], ofCosts: false, bound: "1" }]);
        }}
      >
        {t("organize.caps.add")}
      </button>
    </details>
  );
}
