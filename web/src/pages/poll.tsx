/** Page of a poll: its questions, the voter's ballot, and afterwards whether it was counted. */

import { useEffect, useMemo, useState } from "preact/hooks";

import { withoutNames } from "../client/category_names.ts";
import { nextOfPoll, phaseOfPoll } from "../client/phases.ts";
import { pollOfGateway } from "../client/poll.ts";
import {
  type Config,
  type Counts,
  type Poll,
  poll,
  progress,
  type Proposal,
  proposals,
  type Round,
  round as roundShape,
  waiting,
} from "../client/views.ts";
import { addAudience, moment, number, zone, t } from "../messages/index.ts";
import { planProblem, problemText } from "../messages/server_texts.ts";
import { fromUtf8, sameBytes } from "../protocol/encoding.ts";
import { CategoryNamesContext } from "../view/categories.ts";
import { CurrencyContext, PLAIN_UNITS } from "../view/currency.ts";
import { Facts, Page } from "../view/page.tsx";
import { Countdown, PhaseBadge } from "../view/phase.tsx";
import { Await, Guarded, useResource } from "../view/resource.tsx";
import { gateway, readConfig } from "../view/session.ts";
import type { Detail } from "./ballot/field.ts";
import { Counted } from "./counted.tsx";
import { DisputesOf } from "./disputes.tsx";
import { Following } from "./following.tsx";
import { Privacy } from "./privacy.tsx";
import { RehearsalNotice } from "./rehearsal_notice.tsx";
import { VoidNotice } from "./results/void.tsx";
import { Voting } from "./voting.tsx";

const REFRESH_MS = 5000;

async function load(id: bigint) {
  const [config, shown] = await Promise.all([readConfig(), gateway.get(`/polls/${id}`, poll)]);
  const { round } = shown;
  const own = round && sameBytes(round.treasury, config.treasury);
  if (!own) return { config, shown, listed: [], round: undefined };
  const [listed, of] = await Promise.all([
    gateway.get(`/rounds/${round.id}/proposals`, proposals),
    gateway.get(`/rounds/${round.id}`, roundShape),
  ]);
  return { config, shown, listed, round: of };
}

export function PollPage({ id }: { id: bigint }) {
  const found = useResource(() => load(id), [id]);
  return (
    <Page title={found.value?.shown.title ?? t("poll.document")}>
      <Await resource={found}>
        {(value) => (
          <CurrencyContext.Provider value={value.round ?? PLAIN_UNITS}>
            <CategoryNamesContext.Provider value={value.round?.outcome.names ?? []}>
              <Shown {...value} reload={found.reload} />
            </CategoryNamesContext.Provider>
          </CurrencyContext.Provider>
        )}
      </Await>
    </Page>
  );
}

function Shown({
  config,
  shown,
  listed,
  round,
  reload,
}: {
  config: Config;
  shown: Poll;
  listed: readonly Proposal[];
  round: Round | undefined;
  reload: () => void;
}) {
  const counts = useCounts(shown, reload);
  const about = withoutNames(textOf(shown), round?.outcome.names?.length ?? 0);
  const { threshold, nodes } = shown.committee;
  const opened = shown.pollKeys !== undefined;
  // Decoding and hashing a poll takes a phone longer than showing it.
  const decoded = useMemo(() => {
    return opened ? pollOfGateway(shown, config) : undefined;
  }, [shown, config]);
  const over = ["closed", "anchored", "releasable", "tallied"].includes(shown.status);
  const counted = shown.status === "tallied";
  const now = config.head.timestamp;
  return (
    <>
      <RehearsalNotice description={shown.description} />
      <p class="state-line">
        <PhaseBadge phase={phaseOfPoll(shown, now)} />
        <span>
          <Countdown next={nextOfPoll(shown, now)} now={now} />
        </span>
      </p>
      {about && <p class="prose">{about}</p>}
      {counted && (
        <Guarded>
          <Outcome shown={shown} />
        </Guarded>
      )}
      {(over || round) && (
        <p class="actions">
          {counted && (
            <a class="button primary" href={`/polls/${shown.poll}/results`}>
              {t("round.results")}
            </a>
          )}
          {over && <a href={`/polls/${shown.poll}/audit`}>{t("poll.audit")}</a>}
          {round && <a href={`/rounds/${round.round}`}>{t("poll.round")}</a>}
        </p>
      )}
      <Facts
        across
        facts={[
          [t("poll.opens"), moment(shown.opensAt)],
          [t("poll.closes"), moment(shown.closesAt)],
          [t("poll.eligible"), number(shown.voters)],
          [t("poll.voted"), votedOf(counts)],
        ]}
      />
      <p class="hint">{t("times.zone", { zone: zone() })}</p>
      <details class="privacy">
        <summary>{t("privacy.title")}</summary>
        <Privacy threshold={number(threshold)} nodes={number(nodes.length)} />
      </details>
      {shown.status === "created" && <Opening poll={shown} />}
      {shown.status === "void" && <VoidNotice shown={shown} />}
      {shown.status === "open" && decoded && (
        <Guarded>
          <Voting
            config={config}
            shown={decoded}
            voters={shown.voters}
            details={detailsOf(listed)}
          />
        </Guarded>
      )}
      {opened && shown.status !== "open" && (
        <DisputesOf poll={shown.poll} anchored={shown.status === "anchored"} />
      )}
      {over && decoded && (
        <>
          <h2>{t("poll.closedTitle")}</h2>
          <p>{t("poll.closed")}</p>
          {shown.status === "releasable" && <ShuffleProgress counts={counts} />}
          <Guarded>
            <Counted
              config={config}
              poll={decoded}
              agreed={["anchored", "releasable", "tallied"].includes(shown.status)}
            />
          </Guarded>
        </>
      )}
      <Following
        config={config}
        subject={`poll-${shown.poll}`}
        dates={`/polls/${shown.poll}`}
        news={round ? `/rounds/${round.round}` : ""}
      />
    </>
  );
}

/** What the poll decided; its module is loaded with a counted poll only. */
function Outcome({ shown }: { shown: Poll }) {
  const module = useResource(async () => {
    const [{ PollOutcome }] = await Promise.all([
      import("./results/poll_outcome.tsx"),
      addAudience("results"),
    ]);
    return { PollOutcome };
  }, []);
  return <Await resource={module}>{({ PollOutcome }) => <PollOutcome poll={shown} />}</Await>;
}

/** Why a poll is not open yet: every node must sign the keys of all nodes. */
function Opening({ poll: { plan, committee } }: { poll: Poll }) {
  const found = useResource(async () => {
    return plan === undefined ? undefined : await gateway.get(`/plans/${plan}?brief=true`, waiting);
  }, [plan]);
  useEffect(() => {
    const timer = setInterval(found.reload, REFRESH_MS);
    return () => {
      clearInterval(timer);
    };
  }, []);
  const problem = found.value?.problem;
  return (
    <div class={problem ? "notice warn" : "notice"} role="status">
      <p>{t("poll.soon")}</p>
      <p>{t("poll.needsAll", { nodes: committee.nodes.length })}</p>
      {problem && <p>{t("poll.waits", { problem: planProblem(problem) })}</p>}
    </div>
  );
}

/** How far the nodes are with ballots that they shuffle and open before the tally. */
function ShuffleProgress({ counts }: { counts: Counts | undefined }) {
  const shuffle = counts?.shuffle;
  if (shuffle?.stage === "opening") return <p role="status">{t("poll.opening")}</p>;
  if (shuffle?.stage !== "shuffling") return undefined;
  const { stepsDone, steps } = shuffle;
  return (
    <p role="status">
      {t("poll.shuffling")}{" "}
      {stepsDone < steps && t("poll.shuffleStep", { step: stepsDone + 1, steps })}
    </p>
  );
}

/** Number of voters who voted, or the reason why it is not known. */
function votedOf(counts: Counts | undefined): string {
  if (counts?.voted !== undefined) return number(counts.voted);
  return counts?.problem ? problemText(counts.problem) : t("poll.unknown");
}

/** Live number of voters who voted; a change of the poll's state reloads the page. */
function useCounts({ poll, status }: Poll, reload: () => void): Counts | undefined {
  const [counts, setCounts] = useState<Counts>();
  useEffect(() => {
    return gateway.events(`/polls/${poll}/events`, "progress", progress, (latest) => {
      setCounts(latest);
      if (latest.status !== undefined && latest.status !== status) reload();
    });
  }, [poll, status]);
  return counts;
}

/** Text of the description. */
function textOf({ description }: Poll): string {
  const content: unknown = JSON.parse(fromUtf8(description, "description"));
  const text = typeof content === "object" && content && "text" in content ? content.text : "";
  return typeof text === "string" ? text : "";
}

/** Data of each option of a round's poll, from its standing proposal. */
function detailsOf(listed: readonly Proposal[]): Detail[] {
  const details: Detail[] = [];
  for (const { slot, text, amount, category } of listed) {
    if (slot !== undefined) details[slot] = { text, cost: amount, category };
  }
  return details;
}
