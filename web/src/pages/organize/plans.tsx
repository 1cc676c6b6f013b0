/** The rounds and polls of this gateway, for their organizer. */

import { type Organizer, type Plan, plans } from "../../client/organizing.ts";
import {
  type NextMoment,
  nextOfPoll,
  nextOfRound,
  takesRegistrations,
} from "../../client/phases.ts";
import { pollSummaries, roundSummaries } from "../../client/views.ts";
import { planProblem } from "../../messages/server_texts.ts";
import { t } from "../../messages/organizer.ts";
import type { UnixSeconds } from "../../protocol/units.ts";
import { Page } from "../../view/page.tsx";
import { Countdown, PhaseBadge } from "../../view/phase.tsx";
import { Await, useResource } from "../../view/resource.tsx";
import { gateway, readConfig } from "../../view/session.ts";
import { AsOrganizer } from "./token.tsx";

export function OrganizePage() {
  return (
    <Page title={t("organize.title")}>
      <p class="lead">{t("organize.lead")}</p>
      <AsOrganizer>{(organizer) => <Plans organizer={organizer} />}</AsOrganizer>
    </Page>
  );
}

/** What everybody sees of a round or poll: its phase, and the moment that follows. */
interface Shown {
  readonly phase: string;
  readonly next: NextMoment;
}

interface Loaded {
  readonly now: UnixSeconds;
  readonly listed: readonly Plan[];
  readonly rounds: ReadonlyMap<bigint, Shown>;
  readonly polls: ReadonlyMap<bigint, Shown>;
}

async function load(): Promise<Loaded> {
  const [config, listed, rounds, polls] = await Promise.all([
    readConfig(),
    gateway.get("/plans?brief=true", plans),
    gateway.get("/rounds", roundSummaries),
    gateway.get("/polls", pollSummaries),
  ]);
  const now = config.head.timestamp;
  return {
    now,
    listed,
    rounds: new Map(
      rounds.map((one) => [one.round, { phase: one.phase, next: nextOfRound(one, now) }]),
    ),
    polls: new Map(
      polls.map((one) => [one.poll, { phase: one.phase, next: nextOfPoll(one, now) }]),
    ),
  };
}

function Plans({ organizer }: { organizer: Organizer }) {
  const found = useResource(load, []);
  return (
    <>
      {organizer.may("organize") && (
        <p>
          <a class="button primary" href="/organize/new">
            {t("organize.plans.create")}
          </a>
        </p>
      )}
      <Await resource={found}>
        {({ now, listed, rounds, polls }) => (
          <>
            {!listed.length && <p>{t("organize.plans.none")}</p>}
            <ul class="cards">
              {listed.toReversed().map((plan) => (
                <li key={plan.plan}>
                  <a href={`/organize/${plan.plan}`}>{plan.specification.title}</a>
                  <State plan={plan} shown={shownOf(plan, rounds, polls)} now={now} />
                </li>
              ))}
            </ul>
          </>
        )}
      </Await>
    </>
  );
}

function shownOf(
  { round, poll }: Plan,
  rounds: Loaded["rounds"],
  polls: Loaded["polls"],
): Shown | undefined {
  if (round !== undefined) return rounds.get(round);
  return poll === undefined ? undefined : polls.get(poll);
}

/** Phase and next moment once the round or poll is on the chain; what it waits for in any case. */
function State({ plan, shown, now }: { plan: Plan; shown: Shown | undefined; now: UnixSeconds }) {
  const { round, specification, problem } = plan;
  const what =
    round === undefined
      ? t("organize.plans.poll", { questions: specification.questions?.length ?? 0 })
      : t("organize.plans.round", { round });
  if (!shown || problem) return <p>{t("organize.plans.state", { what, state: stateOf(plan) })}</p>;
  return (
    <p class="state-line">
      <PhaseBadge phase={shown.phase} />
      <span>{what}</span>
      <span class="hint">
        <Countdown next={shown.next} now={now} />
      </span>
    </p>
  );
}

function stateOf(plan: Plan): string {
  const { round, poll, problem, finished, censusFixed } = plan;
  if (problem) return t("organize.plans.waits", { problem: planProblem(problem) });
  if (finished) return t("organize.plans.finished");
  if (poll !== undefined) return t("organize.plans.voting");
  if (takesRegistrations(plan)) return t("organize.plans.registering");
  const proposing = round !== undefined && !censusFixed;
  return t(proposing ? "organize.plans.proposing" : "organize.plans.starting");
}
