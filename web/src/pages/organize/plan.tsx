/** A plan as its organizer sees it: how it stands, what it waits for, what can still be done. */

import { useEffect, useState } from "preact/hooks";

import { problemText } from "../../client/gateway.ts";
import { funders, plan as planShape, type Organizer, type Plan } from "../../client/organizing.ts";
import { type Counts, poll, type Poll, progress, type Round, round } from "../../client/views.ts";
import {
  moment,
  number,
  percent,
  planProblem,
  short,
  status,
  words,
} from "../../messages/index.ts";
import { toHex } from "../../protocol/encoding.ts";
import { Facts, Page } from "../../view/page.tsx";
import { Await, useResource } from "../../view/resource.tsx";
import { gateway, readConfig } from "../../view/session.ts";
import { sayWarning } from "./check.tsx";
import { Funding } from "./funding.tsx";
import { Redeemed } from "./invitations.tsx";
import { AsOrganizer } from "./token.tsx";

const REFRESH_MS = 4000;

async function load(name: string) {
  const [config, plan] = await Promise.all([
    readConfig(),
    gateway.get(`/plans/${name}?brief=true`, planShape),
  ]);
  const [ofRound, given, ofPoll] = await Promise.all([
    plan.round === undefined ? undefined : gateway.get(`/rounds/${plan.round}`, round),
    plan.round === undefined ? [] : gateway.get(`/rounds/${plan.round}/funders`, funders),
    plan.poll === undefined ? undefined : gateway.get(`/polls/${plan.poll}`, poll),
  ]);
  return { config, plan, round: ofRound, funders: given, poll: ofPoll };
}
type Loaded = Awaited<ReturnType<typeof load>>;

export function PlanPage({ id }: { id: bigint }) {
  const name = id.toString(16).padStart(16, "0");
  const found = useResource(() => load(name), [name]);
  useEffect(() => {
    if (found.value?.plan.finished) return undefined;
    const timer = setInterval(found.again, REFRESH_MS);
    return () => {
      clearInterval(timer);
    };
  }, [found.value?.plan.finished]);
  const title = found.value?.plan.specification.title ?? words.organize.plan.document;
  return (
    <Page title={title}>
      <AsOrganizer>
        {(organizer) => (
          <Await resource={found}>
            {(loaded) => <Shown organizer={organizer} loaded={loaded} again={found.again} />}
          </Await>
        )}
      </AsOrganizer>
      <p>
        <a href="/organize">{words.organize.plan.all}</a>
      </p>
    </Page>
  );
}

function Shown({
  organizer,
  loaded,
  again,
}: {
  organizer: Organizer;
  loaded: Loaded;
  again: () => void;
}) {
  const text = words.organize.plan;
  const { config, plan, round, poll } = loaded;
  return (
    <>
      <Facts
        facts={[
          [text.state, poll ? status(poll.status) : round ? status(round.status) : text.planned],
          ...momentsOf(plan, round, poll),
        ]}
      />
      {plan.problem && (
        <p class="notice warn">{text.waits(planProblem(problemText(plan.problem)))}</p>
      )}
      <h2>{text.next}</h2>
      <p>{next(loaded)}</p>
      <p class="hint">{text.fixed}</p>
      <p class="actions">
        {plan.round !== undefined && <a href={`/rounds/${plan.round}`}>{text.round}</a>}
        {plan.poll !== undefined && <a href={`/polls/${plan.poll}`}>{text.poll}</a>}
        {poll?.status === "tallied" && (
          <a class="button" href={`/polls/${poll.poll}/results`}>
            {text.results}
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
          again={again}
        />
      )}
      {plan.warnings.length > 0 && (
        <details>
          <summary>{text.warnings(number(plan.warnings.length))}</summary>
          <ul>
            {plan.warnings.map((one) => (
              <li key={one.sentence}>{sayWarning(one)}</li>
            ))}
          </ul>
        </details>
      )}
      <Transactions plan={plan} />
    </>
  );
}

/** What is fixed of a plan's times, in order. */
function momentsOf(
  { specification }: Plan,
  round: Round | undefined,
  poll: Poll | undefined,
): (readonly [string, string])[] {
  const { each } = words.organize.moments;
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
    return at === undefined ? [] : [[each[name]!.legend, moment(at)] as const];
  });
}

/** What happens from here on, and when. */
function next({ plan, round, poll }: Loaded): string {
  const text = words.organize.plan.nexts;
  if (round && (!poll || round.status !== "voting")) {
    switch (round.status) {
      case "announced":
        return text.announced(moment(round.proposalsOpenAt));
      case "proposing":
        return text.proposing(moment(round.proposalsCloseAt));
      case "ready":
        return text.ready(moment(round.votingOpensAt));
      case "tallied":
        return text.deciding;
      case "decided":
        return text.decided;
    }
    return text.expired;
  }
  switch (poll?.status) {
    case undefined: {
      const { registrationClosesAt, minimumBallots } = plan.specification;
      if (registrationClosesAt === undefined || plan.censusFixed) return text.starting;
      return `${text.registering(moment(registrationClosesAt))} ${text.fewest(number(minimumBallots))}`;
    }
    case "created":
      return text.created(moment(poll.opensAt));
    case "open":
      return text.open(moment(poll.closesAt));
    case "closed":
      return text.closed;
    case "anchored":
      return text.anchored(moment(poll.releasableAt ?? poll.freezesAt));
    case "releasable":
      return text.releasable;
    case "tallied":
      return text.tallied;
  }
  return text.void;
}

/** How many may vote and how many did: nobody is told more before the end. */
function Participation({ poll: { poll, voters, minimumBallots } }: { poll: Poll }) {
  const text = words.organize.plan;
  const [counts, setCounts] = useState<Counts>();
  useEffect(() => {
    return gateway.events(`/polls/${poll}/events`, "progress", progress, setCounts);
  }, [poll]);
  const voted = counts?.voted;
  return (
    <section aria-labelledby="participation">
      <h2 id="participation">{text.participation}</h2>
      <Facts
        facts={[
          [text.eligible, number(voters)],
          [
            text.voted,
            voted === undefined
              ? words.poll.unknown
              : text.ofAll(number(voted), percent(BigInt(voted), BigInt(voters))),
          ],
          [text.minimum, number(minimumBallots)],
        ]}
      />
      <p class="hint">{text.countsOnly}</p>
    </section>
  );
}

function Transactions({ plan: { transactions } }: { plan: Plan }) {
  const text = words.organize.plan;
  if (!transactions.length) return null;
  return (
    <details>
      <summary>{text.transactions(number(transactions.length))}</summary>
      <div class="scroll" tabIndex={0} role="group" aria-label={text.table}>
        <table>
          <thead>
            <tr>
              <th scope="col">{text.does}</th>
              <th scope="col">{text.transaction}</th>
              <th scope="col">{text.block}</th>
              <th scope="col">{text.gas}</th>
            </tr>
          </thead>
          <tbody>
            {transactions.map(({ name, transaction, block, gasUsed }) => (
              <tr key={toHex(transaction)}>
                <th scope="row">{text.steps[name] ?? name}</th>
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
