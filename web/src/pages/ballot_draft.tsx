/** The form of a ballot, whose draft is stored on this device until the ballot is cast. */

import { useState } from "preact/hooks";

import { readEntries } from "../client/answers.ts";
import { readDraft, writeDraft } from "../client/drafts.ts";
import { t } from "../messages/index.ts";
import type { OpenPoll } from "../protocol/published.ts";
import type { Entries } from "../protocol/question/entries.ts";
import { store } from "../view/session.ts";
import type { Detail } from "./ballot/field.ts";
import { QuestionField } from "./ballot/form.tsx";
import "./casting.css";

/** Stays visible while the voter fills in the ballot, until the panel that casts it is visible. */
export function Pending({ before }: { before: boolean }) {
  return (
    <p class="pending">
      <strong>{before ? t("cast.changing") : t("cast.notCast")}.</strong>{" "}
      <a href="#cast">{t("cast.title")}</a>
    </p>
  );
}

export function NotCast() {
  return (
    <p class="state" role="status">
      <strong>{t("cast.notCast")}.</strong> {t("cast.notCastText")}
    </p>
  );
}

/** The fields of all questions. */
export function Ballot({
  poll,
  details,
  draft,
}: {
  poll: OpenPoll;
  details: readonly Detail[];
  draft: Draft;
}) {
  return (
    <form
      onSubmit={(event) => {
        // Pressing Enter in a field must not cast the ballot.
        event.preventDefault();
      }}
    >
      {poll.questions.map((question, place) => (
        <QuestionField
          key={place}
          name={`q${place}`}
          question={question}
          answer={draft.answers[place]!}
          details={details}
          change={(answer) => {
            draft.change(place, answer);
          }}
        />
      ))}
      {!draft.kept && (
        <p class="notice warn" role="alert">
          {t("cast.unkept")}
        </p>
      )}
    </form>
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
