/** The opened ballots of a poll: a list without voters, files, and why there may be none. */

import { useState } from "preact/hooks";

import { ballotTexts } from "../../client/opened.ts";
import { type OpenedBallots, type Poll, progress } from "../../client/views.ts";
import { moment, number } from "../../messages/index.ts";
import { t } from "../../messages/results.ts";
import { decodeParameters } from "../../protocol/parameters.ts";
import { CopyHash } from "../../view/copy.tsx";
import { LiveText } from "../../view/meter.tsx";
import { Notice } from "../../view/notice.tsx";
import { Facts } from "../../view/page.tsx";
import { useResource } from "../../view/resource.tsx";
import { gateway } from "../../view/session.ts";
import { Table } from "../../view/table.tsx";
import { toHex } from "../../protocol/encoding.ts";
import type { Outcome } from "./outcome.tsx";

/** Different ballots that are shown at first, and with each further step. */
const AT_ONCE = 25;
const ORDERS = ["frequent", "sorted"] as const;
type Order = (typeof ORDERS)[number];

/** The list of opened ballots, from the most frequent on. */
export function OpenedList({ outcome, opened }: { outcome: Outcome; opened: OpenedBallots }) {
  const [order, setOrder] = useState<Order>("frequent");
  const [most, setMost] = useState(AT_ONCE);
  const questions = outcome.statistics.map(({ question }) => question);
  const { threshold } = outcome.shown.committee;
  const sorted =
    order === "sorted"
      ? opened.ballots
      : [...opened.ballots].sort((left, right) => right.count - left.count);
  const rows = sorted.slice(0, most);
  const shownOf = t("results.opened.shown", { shown: rows.length, all: sorted.length });
  return (
    <>
      <h2>{t("results.opened.title")}</h2>
      <p>{t("results.opened.lead", { count: opened.counted, threshold })}</p>
      <div class="tools">
        <label>
          {t("results.opened.order")}
          <select
            value={order}
            onChange={(event) => {
              setOrder(event.currentTarget.value as Order);
            }}
          >
            {ORDERS.map((one) => (
              <option key={one} value={one}>
                {t(`results.opened.orders.${one}`)}
              </option>
            ))}
          </select>
        </label>
        <span>{shownOf}</span>
        <LiveText text={shownOf} />
      </div>
      <Table
        caption={<span class="heard">{t("results.opened.title")}</span>}
        columns={[
          {
            title: t("results.opened.ballot"),
            value: ({ slots }) => {
              const texts = ballotTexts(questions, opened.options, slots);
              return texts.map((text, place) => (
                <div key={place}>
                  {text || <span class="quiet">{t("results.opened.blank")}</span>}
                </div>
              ));
            },
          },
          {
            title: t("results.opened.count"),
            numbers: true,
            value: ({ count }) => number(count),
          },
        ]}
        rows={rows}
        keyOf={({ slots }) => slots.join()}
      />
      {most < sorted.length && (
        <p>
          <button
            type="button"
            onClick={() => {
              setMost(most + 4 * AT_ONCE);
            }}
          >
            {t("results.opened.more")}
          </button>
        </p>
      )}
      <p class="hint">{t("results.opened.word")}</p>
      <Facts
        facts={[
          [
            t("results.opened.hash"),
            <CopyHash value={toHex(opened.ballotsHash)} name={t("results.opened.hash")} />,
          ],
        ]}
      />
      <Files outcome={outcome} />
    </>
  );
}

/** Kinds of questions whose ballots PrefLib has a format for. */
const PREFLIB = ["ranking", "pairwise", "approval", "knapsack", "single_choice"];

/** The ballots as files. */
function Files({ outcome: { results, statistics } }: { outcome: Outcome }) {
  const base = `/api/v1/polls/${results.poll}/opened`;
  const name = `ostraka-${results.poll}-ballots`;
  const [first, ...more] = statistics;
  const kind = more.length ? undefined : first?.question.kind;
  const files: readonly (readonly [href: string, name: string | true, text: string])[] = [
    [`${base}.csv`, `${name}.csv`, t("results.opened.csv")],
    [base, `${name}.json`, t("results.opened.json")],
    ...(results.outcome.costs && kind
      ? [[`${base}.pb`, `${name}.pb`, t("results.opened.pb")] as const]
      : []),
    // The gateway names it: its ending tells the format.
    ...(kind && PREFLIB.includes(kind)
      ? [[`${base}.preflib`, true, t("results.opened.preflib")] as const]
      : []),
  ];
  return (
    <ul class="not-printed">
      {files.map(([href, named, text]) => (
        <li key={href}>
          <a href={href} download={named}>
            {text}
          </a>
        </li>
      ))}
    </ul>
  );
}

/** How far the nodes are with shuffling and opening the ballots. */
export function Shuffling({ shown }: { shown: Poll }) {
  const found = useResource(() => gateway.get(`/polls/${shown.poll}/progress`, progress), []);
  const shuffle = found.value?.shuffle;
  return (
    <>
      <p>{t("results.opened.shuffling", { time: moment(shown.closesAt) })}</p>
      {shuffle?.stage === "shuffling" && (
        <p>{t("results.opened.step", { done: shuffle.stepsDone, steps: shuffle.steps })}</p>
      )}
      {shuffle?.stage === "opening" && <p>{t("results.opened.opening")}</p>}
    </>
  );
}

/** Why only the sum of the ballots was opened. */
export function OnlySum({
  outcome: { shown, results },
  onBallots,
}: {
  outcome: Outcome;
  /** Whether the outcome would need the ballots. */
  onBallots: boolean;
}) {
  const { openMinimum: least } = decodeParameters(shown.parameters);
  const { counted } = results;
  return (
    <Notice tone="info" title={t("results.opened.sum")} still>
      <p>
        {counted < least ? t("results.opened.few", { counted, least }) : t("results.opened.late")}
      </p>
      {onBallots && <p>{t("results.opened.noOutcome")}</p>}
    </Notice>
  );
}
