/** The form of a ballot, whose draft is stored on this device until the ballot is cast. */

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

import { isEntered, problemOf, readEntries } from "../client/answers.ts";
import { readDraft, writeDraft } from "../client/drafts.ts";
import { t } from "../messages/index.ts";
import type { OpenPoll } from "../protocol/published.ts";
import type { Entries } from "../protocol/question/entries.ts";
import { store } from "../view/session.ts";
import type { Detail } from "./ballot/field.ts";
import { Filling } from "./ballot/filling.tsx";
import "./casting.css";

export function NotCast() {
  return (
    <p class="state" role="status">
      <strong>{t("cast.notCast")}.</strong> {t("cast.notCastText")}
    </p>
  );
}

/** The form of a poll's ballot; `children` follow the review. */
export function Ballot({
  poll,
  details,
  draft,
  before,
  reviewed,
  children,
}: {
  poll: OpenPoll;
  details: readonly Detail[];
  draft: Draft;
  /** Whether another ballot was cast before. */
  before: boolean;
  /** Whether complete answers are reviewed at once. */
  reviewed: boolean;
  children: (complete: boolean) => ComponentChildren;
}) {
  const { answers, kept, change } = draft;
  return (
    <Filling
      questions={poll.questions}
      answers={answers}
      details={details}
      change={change}
      state={before ? t("cast.changing") : t("cast.notCast")}
      notice={
        !kept && (
          <p class="notice warn" role="alert">
            {t("cast.unkept")}
          </p>
        )
      }
      reviewed={reviewed && isComplete(poll, answers)}
    >
      {children}
    </Filling>
  );
}

function isComplete({ questions }: OpenPoll, answers: readonly Entries[]): boolean {
  return questions.every((question, place) => {
    return isEntered(answers[place]!) && !problemOf(question, answers[place]!);
  });
}

/** What is missing before the ballot can be sealed. */
export function Todo({ items }: { items: readonly string[] }) {
  if (!items.length) return null;
  return (
    <>
      <p id="todo">{t("cast.todo")}</p>
      <ul aria-labelledby="todo">
        {items.map((one) => (
          <li key={one}>{one}</li>
        ))}
      </ul>
    </>
  );
}

/** A voter's answers and the actions on them. */
interface Draft {
  readonly answers: readonly Entries[];
  /** Whether this device stores them. */
  readonly kept: boolean;
  readonly change: (place: number, answer: Entries) => void;
  readonly clear: () => void;
}

/** Answers to all questions, stored on this device as they change. */
export function useDraft(poll: OpenPoll): Draft {
  const read = (draft: unknown) => {
    return poll.questions.map((question, place) => {
      return readEntries(question, Array.isArray(draft) ? draft[place] : undefined);
    });
  };
  const [answers, setAnswers] = useState(() => read(readDraft(store(), poll.context)));
  const [kept, setKept] = useState(true);
  return {
    answers,
    kept,
    change: (place, answer) => {
      const changed = answers.map((one, at) => (at === place ? answer : one));
      setAnswers(changed);
      try {
        writeDraft(store(), poll.context, changed);
        setKept(true);
      } catch (error) {
        // The browser has no space for it.
        if (!(error instanceof DOMException)) throw error;
        setKept(false);
      }
    },
    clear: () => {
      setAnswers(read(undefined));
    },
  };
}
