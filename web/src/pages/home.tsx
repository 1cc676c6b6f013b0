/** All rounds and polls. */

import { plans, pollSummaries, roundSummaries } from "../client/views.ts";
import { moment, t } from "../messages/index.ts";
import { toHex } from "../protocol/encoding.ts";
import type { UnixSeconds } from "../protocol/units.ts";
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
    // A round's own poll is listed with its round.
    polls: polls.filter(({ round }) => !round || toHex(round.treasury) !== treasury).toReversed(),
    registering: planned.filter((plan) => !plan.round && !plan.poll && !plan.censusFixed),
  };
}

export function Home() {
  const listed = useResource(load, []);
  return (
    <Page title={t("home.title")}>
      <p class="lead">{t("home.lead")}</p>
      <Await resource={listed}>
        {({ now, rounds, polls, registering }) => (
          <>
            <section aria-labelledby="rounds">
              <h2 id="rounds">{t("home.rounds")}</h2>
              {!rounds.length && <p>{t("home.noRounds")}</p>}
              <ul class="cards">
                {rounds.map((one) => (
                  <li key={one.round}>
                    <a href={`/rounds/${one.round}`}>{one.title}</a>
                    <p>
                      {now < one.proposalsOpenAt
                        ? t("home.announced", { time: moment(one.proposalsOpenAt) })
                        : now < one.proposalsCloseAt
                          ? t("home.proposing", { time: moment(one.proposalsCloseAt) })
                          : phase(now, one.votingOpensAt, one.votingClosesAt)}
                    </p>
                  </li>
                ))}
              </ul>
            </section>
            <section aria-labelledby="polls">
              <h2 id="polls">{t("home.polls")}</h2>
              {!polls.length && <p>{t("home.noPolls")}</p>}
              <ul class="cards">
                {polls.map((one) => (
                  <li key={one.poll}>
                    <a href={`/polls/${one.poll}`}>
                      {one.title ?? t("home.untitled", { poll: one.poll })}
                    </a>
                    <p>{phase(now, one.opensAt, one.closesAt)}</p>
                  </li>
                ))}
              </ul>
            </section>
            {registering.length > 0 && (
              <section aria-labelledby="registering">
                <h2 id="registering">{t("home.registering")}</h2>
                <p>{t("home.invited")}</p>
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

function phase(now: UnixSeconds, opensAt: UnixSeconds, closesAt: UnixSeconds): string {
  if (now < opensAt) return t("home.later", { time: moment(opensAt) });
  return now < closesAt
    ? t("home.now", { time: moment(closesAt) })
    : t("home.over", { time: moment(closesAt) });
}
