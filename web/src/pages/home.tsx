/** All rounds and polls, those first in which something can be done now. */

import { useState } from "preact/hooks";

import {
  nextOfPoll,
  nextOfRound,
  type Stage,
  stageOf,
  takesRegistrations,
} from "../client/phases.ts";
import {
  currency,
  plans,
  type PollSummary,
  pollSummaries,
  type RoundSummary,
  roundSummaries,
} from "../client/views.ts";
import { amount, type Currency, currentLanguage, percent, t } from "../messages/index.ts";
import { toHex } from "../protocol/encoding.ts";
import type { UnixSeconds } from "../protocol/units.ts";
import { Bar } from "../view/bar.tsx";
import { Card, CardGrid } from "../view/card.tsx";
import { PLAIN_UNITS } from "../view/currency.ts";
import { Empty } from "../view/empty.tsx";
import { LiveText } from "../view/meter.tsx";
import { Page } from "../view/page.tsx";
import { Countdown, PhaseBadge } from "../view/phase.tsx";
import { Await, useResource } from "../view/resource.tsx";
import { gateway, readConfig } from "../view/session.ts";
import { CountedTurnout } from "../view/turnout.tsx";
import "./home.css";

/** Number of entries from which filters are useful. */
const MANY = 6;
/** At most so many open polls of a list show their live turnout, and tokens their symbols. */
const MAX_ASKED = 12;

const STAGES = ["now", "later", "over"] as const satisfies readonly Stage[];

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
    rounds: byStage(rounds),
    // A round's own poll is listed with its round.
    polls: byStage(polls.filter(({ round }) => !round || toHex(round.treasury) !== treasury)),
    registering: planned.filter(takesRegistrations),
  };
}

/** Those with something to do first, then those to come; of the same stage the newest first. */
function byStage<T extends { readonly phase: string }>(listed: readonly T[]): T[] {
  const order = ({ phase }: T) => STAGES.indexOf(stageOf(phase));
  return listed.toReversed().sort((one, other) => order(one) - order(other));
}

export function Home() {
  const listed = useResource(load, []);
  return (
    <Page title={t("home.title")}>
      <p class="lead">
        {t("home.lead")} <a href="/about">{t("nav.about")}</a>
      </p>
      <Await resource={listed}>{(value) => <Lists {...value} />}</Await>
    </Page>
  );
}

function Lists({ now, rounds, polls, registering }: Awaited<ReturnType<typeof load>>) {
  const [search, setSearch] = useState("");
  const [stage, setStage] = useState<Stage | "">("");
  const language = currentLanguage();
  const wanted = search.trim().toLocaleLowerCase(language);
  const fits = (title: string, phase: string) => {
    const named = title.toLocaleLowerCase(language).includes(wanted);
    return named && (!stage || stageOf(phase) === stage);
  };
  const shownRounds = rounds.filter(({ title, phase }) => fits(title, phase));
  const shownPolls = polls.filter((one) => fits(titleOf(one), one.phase));
  const all = rounds.length + polls.length;
  const shown = t("list.shown", { shown: shownRounds.length + shownPolls.length, all });
  const currencies = useCurrencies(rounds);
  return (
    <>
      {all >= MANY && (
        <div class="tools">
          <label>
            {t("list.search")}
            <input
              type="search"
              value={search}
              onInput={(event) => {
                setSearch(event.currentTarget.value);
              }}
            />
          </label>
          <label>
            {t("home.stage")}
            <select
              value={stage}
              onChange={(event) => {
                setStage(event.currentTarget.value as Stage | "");
              }}
            >
              <option value="">{t("list.all")}</option>
              {STAGES.map((name) => (
                <option key={name} value={name}>
                  {t(`home.stages.${name}`)}
                </option>
              ))}
            </select>
          </label>
          <span>{shown}</span>
          <LiveText text={shown} />
        </div>
      )}
      <section aria-labelledby="rounds">
        <h2 id="rounds">{t("home.rounds")}</h2>
        {!rounds.length && <Empty title={t("home.noRounds")} />}
        <CardGrid>
          {shownRounds.map((round, place) => (
            <RoundCard
              key={round.round}
              round={round}
              now={now}
              live={place < MAX_ASKED}
              currency={currencies.get(tokenOf(round)) ?? PLAIN_UNITS}
            />
          ))}
        </CardGrid>
      </section>
      <section aria-labelledby="polls">
        <h2 id="polls">{t("home.polls")}</h2>
        {!polls.length && <Empty title={t("home.noPolls")} />}
        <CardGrid>
          {shownPolls.map((poll, place) => (
            <PollCard key={poll.poll} poll={poll} now={now} live={place < MAX_ASKED} />
          ))}
        </CardGrid>
      </section>
      {registering.length > 0 && (
        <section aria-labelledby="registering">
          <h2 id="registering">{t("home.registering")}</h2>
          <p>{t("home.invited")}</p>
          <CardGrid>
            {registering.map((one) => (
              <Card key={one.plan} title={one.specification.title}>
                <p class="actions">
                  <a href="/register">{t("wallet.register")}</a>
                </p>
              </Card>
            ))}
          </CardGrid>
        </section>
      )}
    </>
  );
}

function titleOf({ title, poll }: PollSummary): string {
  return title ?? t("home.untitled", { poll });
}

function tokenOf({ token }: RoundSummary): string {
  return token ? toHex(token) : "";
}

/** Symbols and decimals of the rounds' tokens, by address; amounts are shown without until then. */
function useCurrencies(rounds: readonly RoundSummary[]): ReadonlyMap<string, Currency> {
  const tokens = [...new Set(rounds.map(tokenOf))].filter(Boolean).slice(0, MAX_ASKED);
  const found = useResource(async () => {
    const asked = tokens.map(async (token) => {
      return [token, await gateway.get(`/tokens/${token}`, currency)] as const;
    });
    const { coin } = await readConfig();
    return new Map([["", coin], ...(await Promise.all(asked))]);
  }, [tokens.join()]);
  return found.value ?? new Map<string, Currency>();
}

function RoundCard({
  round,
  now,
  live,
  currency: unit,
}: {
  round: RoundSummary;
  now: UnixSeconds;
  live: boolean;
  currency: Currency;
}) {
  const { phase, budget, deposited, committed, standing, voters, counted, poll } = round;
  return (
    <Card
      title={round.title}
      href={`/rounds/${round.round}`}
      head={<PhaseBadge phase={phase} />}
      foot={<span>{t("home.proposals", { count: standing })}</span>}
    >
      <p class="hint">
        <Countdown next={nextOfRound(round, now)} now={now} />
      </p>
      <Bar
        label={t("round.budget")}
        text={
          committed === undefined
            ? amount(budget, unit)
            : t("home.spent", {
                spent: amount(committed, unit),
                budget: amount(budget, unit),
                percent: percent(committed, budget),
              })
        }
        whole={budget}
        parts={[
          committed === undefined
            ? { value: deposited, tone: "light" }
            : { value: committed, tone: "good" },
        ]}
      />
      {voters !== undefined && poll !== undefined && (
        <CountedTurnout
          poll={poll}
          open={live && phase === "voting"}
          voters={voters}
          counted={counted}
        />
      )}
    </Card>
  );
}

function PollCard({ poll, now, live }: { poll: PollSummary; now: UnixSeconds; live: boolean }) {
  const { phase, voters, counted } = poll;
  return (
    <Card
      title={titleOf(poll)}
      href={`/polls/${poll.poll}`}
      head={<PhaseBadge phase={phase} />}
      foot={<span>{t("home.voters", { count: voters })}</span>}
    >
      <p class="hint">
        <Countdown next={nextOfPoll(poll, now)} now={now} />
      </p>
      <CountedTurnout
        poll={poll.poll}
        open={live && phase === "open"}
        voters={voters}
        counted={counted}
      />
    </Card>
  );
}
