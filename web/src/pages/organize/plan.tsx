/** A plan as its organizer sees it: its state, its problem, and the remaining actions. */

import { useEffect, useState } from "preact/hooks";

import { funders, plan as planShape, type Organizer, type Plan } from "../../client/organizing.ts";
import { takesRegistrations } from "../../client/phases.ts";
import {
  type Counts,
  poll,
  type Poll,
  progress,
  proposals,
  type Round,
  round,
} from "../../client/views.ts";
import { moment, number, percent, short, messageIfAny } from "../../messages/index.ts";
import { planProblem, status } from "../../messages/server_texts.ts";
import { t } from "../../messages/organizer.ts";
import { toHex } from "../../protocol/encoding.ts";
import { Facts, Page } from "../../view/page.tsx";
import { Await, useResource } from "../../view/resource.tsx";
import { gateway, readConfig } from "../../view/session.ts";
import { warningText } from "./check.tsx";
import { Funding } from "./funding.tsx";
import { Moderation } from "./moderation.tsx";
import { Redeemed } from "./invitations.tsx";
import { Replacing } from "./replacing.tsx";
import { Rehearse } from "./rehearsal.tsx";
import { AsOrganizer } from "./token.tsx";

const REFRESH_MS = 4000;

async function load(name: string) {
  const [config, plan] = await Promise.all([
    readConfig(),
    gateway.get(`/plans/${name}?brief=true`, planShape),
  ]);
  const [ofRound, given, proposed, ofPoll] = await Promise.all([
    plan.round === undefined ? undefined : gateway.get(`/rounds/${plan.round}`, round),
    plan.round === undefined ? [] : gateway.get(`/rounds/${plan.round}/funders`, funders),
    plan.round === undefined ? [] : gateway.get(`/rounds/${plan.round}/proposals`, proposals),
    plan.poll === undefined ? undefined : gateway.get(`/polls/${plan.poll}`, poll),
  ]);
  return { config, plan, round: ofRound, funders: given, proposals: proposed, poll: ofPoll };
}
type Loaded = Awaited<ReturnType<typeof load>>;

export function PlanPage({ id }: { id: bigint }) {
  const name = id.toString(16).padStart(16, "0");
  const found = useResource(() => load(name), [name]);
  useEffect(() => {
    if (found.value?.plan.finished) return undefined;
    const timer = setInterval(found.reload, REFRESH_MS);
    return () => {
      clearInterval(timer);
    };
  }, [found.value?.plan.finished]);
  const title = found.value?.plan.specification.title ?? t("organize.plan.document");
  return (
    <Page title={title}>
      <AsOrganizer>
        {(organizer) => (
          <Await resource={found}>
            {(loaded) => <Shown organizer={organizer} loaded={loaded} reload={found.reload} />}
          </Await>
        )}
      </AsOrganizer>
      <p>
        <a href="/organize">{t("organize.plan.all")}</a>
      </p>
    </Page>
  );
}

function Shown({
  organizer,
  loaded,
  reload,
}: {
  organizer: Organizer;
  loaded: Loaded;
  reload: () => void;
}) {
  const { config, plan, round, poll } = loaded;
  return (
    <>
      <Facts
        facts={[
          [
            t("organize.plan.state"),
            poll ? status(poll.status) : round ? status(round.status) : t("organize.plan.planned"),
          ],
          ...momentsOf(plan, round, poll),
        ]}
      />
      {plan.problem && (
        <p class="notice warn">
          {t("organize.plan.waits", { problem: planProblem(plan.problem) })}
        </p>
      )}
      <h2>{t("organize.plan.next")}</h2>
      <p>{next(loaded)}</p>
      <p class="hint">{t("organize.plan.fixed")}</p>
      <p class="actions">
        {plan.round !== undefined && (
          <a href={`/rounds/${plan.round}`}>{t("organize.plan.round")}</a>
        )}
        {plan.poll !== undefined && <a href={`/polls/${plan.poll}`}>{t("organize.plan.poll")}</a>}
        {poll?.status === "tallied" && (
          <a class="button" href={`/polls/${poll.poll}/results`}>
            {t("organize.plan.results")}
          </a>
        )}
      </p>
      {poll && <Participation key={poll.poll} poll={poll} />}
      {plan.invitations.issued > 0 && <Redeemed plan={plan} />}
      {round && (
        <Funding
          organizer={organizer}
          round={round}
          treasury={config.treasury}
          funders={loaded.funders}
          reload={reload}
        />
      )}
      {plan.round !== undefined && mayReplace(organizer, plan) && (
        <Replacing organizer={organizer} round={plan.round} done={reload} />
      )}
      {plan.round !== undefined && organizer.may("moderate") && (
        <Moderation organizer={organizer} round={plan.round} proposals={loaded.proposals} />
      )}
      {plan.warnings.length > 0 && (
        <details>
          <summary>{t("organize.plan.warnings", { count: plan.warnings.length })}</summary>
          <ul>
            {plan.warnings.map((one) => (
              <li key={one.sentence}>{warningText(one)}</li>
            ))}
          </ul>
        </details>
      )}
      {!plan.finished && !plan.specification.rehearsal && organizer.may("organize") && (
        <Rehearse organizer={organizer} of={{ plan: plan.plan }} />
      )}
      <Transactions plan={plan} />
    </>
  );
}

/** Whether members came by invitation, whose lost keys can still be replaced. */
function mayReplace(organizer: Organizer, { specification, censusFixed }: Plan): boolean {
  const invited = specification.members?.kind === "invitations";
  return invited && !censusFixed && organizer.may("organize");
}

/** Times that a plan fixes, in order. */
function momentsOf(
  { specification }: Plan,
  round: Round | undefined,
  poll: Poll | undefined,
): (readonly [string, string])[] {
  const times = round
    ? {
        proposals_open_at: round.proposalsOpenAt,
        proposals_close_at: round.proposalsCloseAt,
        voting_opens_at: round.votingOpensAt,
        voting_closes_at: round.votingClosesAt,
      }
    : {
        registration_closes_at: specification.registrationClosesAt,
        opens_at: poll?.opensAt ?? specification.opensAt,
        closes_at: specification.closesAt,
      };
  return Object.entries(times).flatMap(([name, at]) => {
    return at === undefined
      ? []
      : [[messageIfAny(`organize.moments.each.${name}.legend`) ?? name, moment(at)] as const];
  });
}

/** The next event of a plan and its time. */
function next({ plan, round, poll }: Loaded): string {
  if (round && (!poll || round.status !== "voting")) {
    switch (round.status) {
      case "announced":
        return t("organize.plan.nexts.announced", { time: moment(round.proposalsOpenAt) });
      case "proposing":
        return t("organize.plan.nexts.proposing", { time: moment(round.proposalsCloseAt) });
      case "ready":
        return t("organize.plan.nexts.ready", { time: moment(round.votingOpensAt) });
      case "tallied":
        return t("organize.plan.nexts.deciding");
      case "decided":
        return t("organize.plan.nexts.decided");
      case "vetoed":
        return t("organize.plan.nexts.vetoed");
    }
    return t("organize.plan.nexts.expired");
  }
  switch (poll?.status) {
    case undefined: {
      const { registrationClosesAt, minimumBallots } = plan.specification;
      if (registrationClosesAt === undefined || plan.censusFixed)
        return t("organize.plan.nexts.starting");
      if (!takesRegistrations(plan)) {
        return t("organize.plan.nexts.fixing", { time: moment(registrationClosesAt) });
      }
      return `${t("organize.plan.nexts.registering", { time: moment(registrationClosesAt) })} ${t("organize.plan.nexts.fewest", { count: minimumBallots })}`;
    }
    case "created":
      return t("organize.plan.nexts.created", { time: moment(poll.opensAt) });
    case "open":
      return t("organize.plan.nexts.open", { time: moment(poll.closesAt) });
    case "closed":
      return t("organize.plan.nexts.closed");
    case "anchored":
      return t("organize.plan.nexts.anchored", {
        time: moment(poll.releasableAt ?? poll.freezesAt),
      });
    case "releasable":
      return t("organize.plan.nexts.releasable");
    case "tallied":
      return t("organize.plan.nexts.tallied");
  }
  return t("organize.plan.nexts.void");
}

/** Number of eligible voters and of those who voted: nobody can know more before the end. */
function Participation({ poll: { poll, voters, minimumBallots } }: { poll: Poll }) {
  const [counts, setCounts] = useState<Counts>();
  useEffect(() => {
    return gateway.events(`/polls/${poll}/events`, "progress", progress, setCounts);
  }, [poll]);
  const voted = counts?.voted;
  return (
    <section aria-labelledby="participation">
      <h2 id="participation">{t("organize.plan.participation")}</h2>
      <Facts
        facts={[
          [t("organize.plan.eligible"), number(voters)],
          [
            t("organize.plan.voted"),
            voted === undefined
              ? t("poll.unknown")
              : t("organize.plan.ofAll", {
                  voted,
                  percent: percent(BigInt(voted), BigInt(voters)),
                }),
          ],
          [t("organize.plan.minimum"), number(minimumBallots)],
        ]}
      />
      <p class="hint">{t("organize.plan.countsOnly")}</p>
    </section>
  );
}

function Transactions({ plan: { transactions } }: { plan: Plan }) {
  if (!transactions.length) return null;
  return (
    <details>
      <summary>{t("organize.plan.transactions", { count: transactions.length })}</summary>
      <div class="scroll" tabIndex={0} role="group" aria-label={t("organize.plan.table")}>
        <table>
          <thead>
            <tr>
              <th scope="col">{t("organize.plan.does")}</th>
              <th scope="col">{t("organize.plan.transaction")}</th>
              <th scope="col">{t("organize.plan.block")}</th>
              <th scope="col">{t("organize.plan.gas")}</th>
            </tr>
          </thead>
          <tbody>
            {transactions.map(({ name, transaction, block, gasUsed }) => (
              <tr key={toHex(transaction)}>
                <th scope="row">{messageIfAny(`organize.plan.steps.${name}`) ?? name}</th>
                <td>
                  <code title={toHex(transaction)}>{short(toHex(transaction))}</code>
                </td>
                <td class="numbers">{number(block)}</td>
                <td class="numbers">{number(gasUsed)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
