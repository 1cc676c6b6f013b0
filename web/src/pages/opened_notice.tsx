/** What it means for a voter that every ballot will be opened, without its voter's name. */

import { number, t } from "../messages/index.ts";
import { isShuffled } from "../protocol/counting.ts";
import type { OpenPoll } from "../protocol/published.ts";
import { possibleAnswers } from "../protocol/question/possible.ts";
import { Notice } from "../view/notice.tsx";

/** Larger numbers of ballots say no more to a voter. */
const MANY = 1_000_000n;

/** Says it before the ballot; nothing in a poll that opens only the sum of all ballots. */
export function OpenedNotice({ poll, voters }: { poll: OpenPoll; voters: number }) {
  const { parameters, committee, questions } = poll;
  if (!isShuffled(parameters)) return null;
  const ways = questions.reduce((product, one) => product * possibleAnswers(one), 1n);
  const { threshold, members } = committee;
  return (
    <Notice tone="warn" still title={t("cast.opened.title")}>
      <p>{t("cast.opened.lead")}</p>
      <details>
        <summary>{t("cast.opened.more")}</summary>
        <ul>
          <li>{t("cast.opened.whole")}</li>
          <li>
            {ways > MANY
              ? t("cast.opened.manyWays", { voters })
              : t("cast.opened.ways", { ways: Number(ways), voters })}{" "}
            {t("cast.opened.recognised")}
          </li>
          <li>{t("cast.opened.bought")}</li>
          <li>
            {t("cast.opened.nodes", {
              threshold: number(threshold),
              nodes: number(members.length),
            })}
          </li>
          <li>{t("cast.opened.few", { least: parameters.openMinimum })}</li>
        </ul>
      </details>
    </Notice>
  );
}
