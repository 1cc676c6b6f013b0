/** Comments of a round for its moderators: hide one with a public reason, or show it again. */

import { useState } from "preact/hooks";

import type { Organizer } from "../../client/organizing.ts";
import type { Comment } from "../../client/talk.ts";
import type { Proposal } from "../../client/views.ts";
import { moment, short } from "../../messages/index.ts";
import { t } from "../../messages/organizer.ts";
import { sameBytes, toHex } from "../../protocol/encoding.ts";
import { Badge } from "../../view/badge.tsx";
import { Field } from "../../view/field.tsx";
import { Await, Failure, useResource } from "../../view/resource.tsx";

export function Moderation({
  organizer,
  round,
  proposals,
}: {
  organizer: Organizer;
  /** Number of the round. */
  round: bigint;
  proposals: readonly Proposal[];
}) {
  const [before, setBefore] = useState<number>();
  const found = useResource(() => organizer.comments(round, before), [round, before]);
  return (
    <section aria-labelledby="moderation">
      <h2 id="moderation">{t("organize.moderation.title")}</h2>
      <p class="hint">{t("organize.moderation.hint")}</p>
      <Await resource={found}>
        {({ comments, next }) => (
          <>
            {!comments.length && <p>{t("organize.moderation.none")}</p>}
            <ul class="cards">
              {comments.map((one) => (
                <li key={`${toHex(one.comment)} ${!!one.hidden}`}>
                  <Entry
                    comment={one}
                    title={
                      proposals.find(({ proposal }) => sameBytes(proposal, one.proposal))?.title ??
                      short(toHex(one.proposal))
                    }
                    decide={async (hidden, reason) => {
                      await organizer.moderate(one.comment, hidden, reason);
                      found.reload();
                    }}
                  />
                </li>
              ))}
            </ul>
            <p class="actions">
              {before !== undefined && (
                <button
                  type="button"
                  onClick={() => {
                    setBefore(undefined);
                  }}
                >
                  {t("organize.moderation.newest")}
                </button>
              )}
              {next !== undefined && (
                <button
                  type="button"
                  onClick={() => {
                    setBefore(next);
                  }}
                >
                  {t("organize.moderation.older")}
                </button>
              )}
            </p>
          </>
        )}
      </Await>
    </section>
  );
}

function Entry({
  comment,
  title,
  decide,
}: {
  comment: Comment;
  /** Of the proposal. */
  title: string;
  decide: (hidden: boolean, reason: string) => Promise<void>;
}) {
  const { author, writtenAt, text, hidden } = comment;
  const [reason, setReason] = useState("");
  const [tried, setTried] = useState(false);
  const [working, setWorking] = useState(false);
  const [error, setError] = useState<unknown>();
  const id = `reason-${toHex(comment.comment)}`;
  const submit = async () => {
    setTried(true);
    if (!reason.trim()) {
      document.getElementById(id)?.focus();
      return;
    }
    setWorking(true);
    setError(undefined);
    try {
      await decide(!hidden, reason.trim());
    } catch (failed) {
      setError(failed);
    }
    setWorking(false);
  };
  return (
    <article>
      <h3>{title}</h3>
      <p>
        <code>{short(toHex(author))}</code> <small>{moment(writtenAt)}</small>{" "}
        {hidden && <Badge tone="warn">{t("organize.moderation.hidden")}</Badge>}
      </p>
      <p class="prose">{text}</p>
      {hidden && <p class="hint">{hidden.reason}</p>}
      <details>
        <summary>{hidden ? t("organize.moderation.show") : t("organize.moderation.hide")}</summary>
        <form
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            void submit();
          }}
        >
          <Field
            id={id}
            label={t("organize.moderation.reason")}
            hint={t("organize.moderation.reasonHint")}
            error={tried && !reason.trim() ? t("organize.moderation.noReason") : undefined}
          >
            {(given) => (
              <input
                {...given}
                autocomplete="off"
                maxLength={500}
                value={reason}
                onInput={(event) => {
                  setReason(event.currentTarget.value);
                }}
              />
            )}
          </Field>
          <p class="actions">
            <button type="submit" disabled={working}>
              {hidden ? t("organize.moderation.show") : t("organize.moderation.hide")}
            </button>
          </p>
        </form>
      </details>
      {error !== undefined && <Failure error={error} />}
    </article>
  );
}
