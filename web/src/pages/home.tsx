/** All rounds and polls. */

import { plans, pollSummaries, roundSummaries } from "../client/views.ts";
import { moment, number, words } from "../messages/index.ts";
import { toHex } from "../protocol/encoding.ts";
import { Page } from "../view/page.tsx";
import { Await, useResource } from "../view/resource.tsx";
import { gateway, readConfig } from "../view/session.ts";

async function load() {
  const [config, rounds, polls, planned] = await Promise.all([
    readConfig(),
    gateway.get("/rounds", roundSummaries),
    gateway.get("/polls", pollSummaries),
    gateway.get("/plans?brief=true", plans),
  ]);
  const treasury = toHex(config.treasury);
  return {
    now: config.head.timestamp,
    rounds: rounds.toReversed(),
    // A round's own poll stands with its round.
    polls: polls.filter(({ round }) => !round || toHex(round.treasury) !== treasury).toReversed(),
    registering: planned.filter((plan) => !plan.round && !plan.poll && !plan.censusFixed),
  };
}

export function Home() {
  const text = words.home;
  const listed = useResource(load, []);
  return (
    <Page title={text.title}>
      <p class="lead">{text.lead}</p>
      <Await resource={listed}>
        {({ now, rounds, polls, registering }) => (
          <>
            <section aria-labelledby="rounds">
              <h2 id="rounds">{text.rounds}</h2>
              {!rounds.length && <p>{text.noRounds}</p>}
              <ul class="cards">
                {rounds.map((one) => (
                  <li key={one.round}>
                    <a href={`/rounds/${one.round}`}>{one.title}</a>
                    <p>
                      {now < one.proposalsOpenAt
                        ? words.organize.plan.nexts.announced(moment(one.proposalsOpenAt))
                        : now < one.proposalsCloseAt
                          ? text.proposing(moment(one.proposalsCloseAt))
                          : phase(now, one.votingOpensAt, one.votingClosesAt)}
                    </p>
                  </li>
                ))}
              </ul>
            </section>
            <section aria-labelledby="polls">
              <h2 id="polls">{text.polls}</h2>
              {!polls.length && <p>{text.noPolls}</p>}
              <ul class="cards">
                {polls.map((one) => (
                  <li key={one.poll}>
                    <a href={`/polls/${one.poll}`}>
                      {one.title ?? text.untitled(number(one.poll))}
                    </a>
                    <p>{phase(now, one.opensAt, one.closesAt)}</p>
                  </li>
                ))}
              </ul>
            </section>
            {registering.length > 0 && (
              <section aria-labelledby="registering">
                <h2 id="registering">{text.registering}</h2>
                <p>{text.invited}</p>
                <ul class="cards">
                  {registering.map((one) => (
                    <li key={one.plan}>{one.specification.title}</li>
                  ))}
                </ul>
              </section>
            )}
          </>
        )}
      </Await>
    </Page>
  );
}

function phase(now: number, opensAt: number, closesAt: number): string {
  const { later, now: open, over } = words.home;
  if (now < opensAt) return later(moment(opensAt));
  return now < closesAt ? open(moment(closesAt)) : over(moment(closesAt));
}
