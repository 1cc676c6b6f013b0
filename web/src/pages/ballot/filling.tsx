/**
 * Filling in a ballot: the questions, one at a time on phones, and then all choices on one page.
 *
 * On wide screens the style sheet shows all questions at once.
 */

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { answerLines, isEntered, problemOf } from "../../client/answers.ts";
import { t } from "../../messages/index.ts";
import type { Question } from "../../protocol/question/asked.ts";
import type { Entries } from "../../protocol/question/entries.ts";
import { disambiguate } from "../../protocol/question/votes.ts";
import { Bar } from "../../view/bar.tsx";
import { useAmount } from "../../view/currency.ts";
import { FieldError } from "../../view/field.tsx";
import type { Detail } from "./field.ts";
import { QuestionField } from "./form.tsx";
import { entryProblemText } from "./problems.ts";

interface Props {
  readonly questions: readonly Question[];
  readonly answers: readonly Entries[];
  readonly details: readonly Detail[];
  readonly change: (place: number, answer: Entries) => void;
  /** The state of the ballot in a few words, such as that it is not cast yet. */
  readonly state: string;
  /** Below the questions, such as a warning. */
  readonly notice?: ComponentChildren;
  /** Whether the voter begins with the review of what is filled in already. */
  readonly reviewed?: boolean;
  /** What follows the review; `complete` is whether every answer can be cast. */
  readonly children: (complete: boolean) => ComponentChildren;
}

/** The questions and the review of the choices. */
export function Filling(props: Props) {
  const { questions, answers, children } = props;
  const [reviewing, setReviewing] = useState(props.reviewed ?? false);
  const [current, setCurrent] = useState(0);
  const [left, setLeft] = useState<ReadonlySet<number>>(new Set());
  // The element that gets the focus after the next rendering.
  const [target, setTarget] = useState<string>();
  const root = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (target === undefined) return;
    const element = root.current?.querySelector<HTMLElement>(target);
    element?.focus({ preventScroll: true });
    element?.scrollIntoView({ block: "start" });
    setTarget(undefined);
  }, [target]);
  const leave = (place: number) => {
    if (!left.has(place)) setLeft(new Set([...left, place]));
  };
  const open = (place: number) => {
    leave(current);
    setCurrent(place);
    setReviewing(false);
    setTarget(`[data-place="${place}"] fieldset`);
  };
  return (
    <div ref={root}>
      {reviewing ? (
        <>
          <Review questions={questions} answers={answers} open={open} />
          {children(questions.every((question, place) => !problemOf(question, answers[place]!)))}
        </>
      ) : (
        <Questions
          {...props}
          current={current}
          left={left}
          open={open}
          arrive={(place) => {
            if (place === current) return;
            leave(current);
            setCurrent(place);
          }}
          review={() => {
            setLeft(new Set(questions.keys()));
            setReviewing(true);
            setTarget(".review-title");
          }}
        />
      )}
    </div>
  );
}

/** The fields of all questions, of which phones show the current one, and the progress. */
function Questions({
  questions,
  answers,
  details,
  change,
  state,
  notice,
  current,
  left,
  open,
  arrive,
  review,
}: Props & {
  readonly current: number;
  /** Questions that the voter has left, whose problems are shown. */
  readonly left: ReadonlySet<number>;
  readonly open: (place: number) => void;
  /** The focus has come to a question. */
  readonly arrive: (place: number) => void;
  readonly review: () => void;
}) {
  const all = questions.length;
  const last = current === all - 1;
  const answered = questions.filter((question, place) => {
    return isEntered(answers[place]!) && !problemOf(question, answers[place]!);
  }).length;
  return (
    <form
      class="ballot"
      onSubmit={(event) => {
        // Pressing Enter in a field must not cast the ballot.
        event.preventDefault();
      }}
    >
      {questions.map((question, place) => (
        <div
          key={place}
          data-place={place}
          class={place === current ? "step current" : "step"}
          onFocusIn={() => {
            arrive(place);
          }}
        >
          {all > 1 && <p class="step-count">{t("form.step", { place: place + 1, all })}</p>}
          <QuestionField
            name={`q${place}`}
            question={question}
            answer={answers[place]!}
            details={details}
            left={left.has(place)}
            change={(answer) => {
              change(place, answer);
            }}
          />
        </div>
      ))}
      {notice}
      <div class="ballot-bar">
        <Bar
          label={<strong>{state}</strong>}
          text={t("form.progress", { answered, all })}
          whole={BigInt(all)}
          parts={[{ value: BigInt(answered), tone: answered === all ? "good" : "accent" }]}
        />
        <p class="actions">
          {all > 1 && (
            <>
              <button
                type="button"
                class="one-by-one"
                disabled={current === 0}
                onClick={() => {
                  open(current - 1);
                }}
              >
                {t("form.back")}
              </button>
              <button
                type="button"
                class={last ? "one-by-one" : "one-by-one primary"}
                disabled={last}
                onClick={() => {
                  open(current + 1);
                }}
              >
                {t("form.next")}
              </button>
            </>
          )}
          <button type="button" class={last ? "review primary" : "review"} onClick={review}>
            {t("form.review")}
          </button>
        </p>
      </div>
    </form>
  );
}

/** All choices on one page, each with a way back to its question. */
function Review({
  questions,
  answers,
  open,
}: {
  questions: readonly Question[];
  answers: readonly Entries[];
  open: (place: number) => void;
}) {
  const amount = useAmount();
  const titles = disambiguate(questions.map(({ title }) => title));
  return (
    <>
      <h3 class="review-title" tabIndex={-1}>
        {t("form.reviewTitle")}
      </h3>
      <ol class="review">
        {questions.map((question, place) => {
          const entries = answers[place]!;
          const problem = problemOf(question, entries);
          const lines = answerLines(question, entries) ?? [];
          return (
            <li key={place}>
              <div>
                <h4>{titles[place]}</h4>
                <FieldError
                  id={`review-${place}`}
                  error={problem && entryProblemText(problem, amount)}
                />
                {!problem && (
                  <ul class="answer">
                    {lines.map((line) => (
                      <li key={line}>{line}</li>
                    ))}
                    {!lines.length && <li>{t("sealed.nothing")}</li>}
                  </ul>
                )}
              </div>
              <button
                type="button"
                aria-label={t("form.editOf", { question: titles[place]! })}
                onClick={() => {
                  open(place);
                }}
              >
                {t("form.edit")}
              </button>
            </li>
          );
        })}
      </ol>
    </>
  );
}
