/** A round of a shared budget with its proposals. */

import { Lightbulb } from "lucide";

import { checksummed } from "../client/address.ts";
import { nextOfRound, phaseOfRound, stageOf } from "../client/phases.ts";
import {
  type Config,
  type Poll,
  poll as pollShape,
  type Proposal,
  proposals,
  type Round,
  round,
} from "../client/views.ts";
import { messageIfAny, moment, percent, short, t } from "../messages/index.ts";
import { status } from "../messages/server_texts.ts";
import { toHex } from "../protocol/encoding.ts";
import { Bar } from "../view/bar.tsx";
import { CardGrid } from "../view/card.tsx";
import { CategoryNamesContext } from "../view/categories.ts";
import { CopyHash } from "../view/copy.tsx";
import { CurrencyContext, useAmount } from "../view/currency.ts";
import { Empty } from "../view/empty.tsx";
import { Items } from "../view/items.tsx";
import { Facts, Page } from "../view/page.tsx";
import { Countdown, PhaseBadge } from "../view/phase.tsx";
import { Await, Guarded, useResource } from "../view/resource.tsx";
import { gateway, readConfig } from "../view/session.ts";
import { CountedTurnout } from "../view/turnout.tsx";
import { Following } from "./following.tsx";
import { OwnProposals } from "./own_proposals.tsx";
import { ProposalCard } from "./proposal_card.tsx";
import { PollOutcome } from "./results/poll_outcome.tsx";
import { MapWithList, markersOf } from "./proposal_map.tsx";
import { RoundTimeline } from "./round_timeline.tsx";
import { TakingPart } from "./taking_part.tsx";
import "./round.css";

interface Loaded {
  readonly config: Config;
  readonly shown: Round;
  readonly listed: readonly Proposal[];
  /** The poll that decides the round; undefined before voting starts. */
  readonly poll: Poll | undefined;
}

async function load(id: bigint): Promise<Loaded> {
  const [config, shown, listed] = await Promise.all([
    readConfig(),
    gateway.get(`/rounds/${id}`, round),
    gateway.get(`/rounds/${id}/proposals`, proposals),
  ]);
  const poll =
    shown.poll === undefined ? undefined : await gateway.get(`/polls/${shown.poll}`, pollShape);
  return { config, shown, listed, poll };
}

export function RoundPage({ id }: { id: bigint }) {
  const found = useResource(() => load(id), [id]);
  const title = found.value?.shown.title ?? t("round.document");
  return (
    <Page title={title}>
      <Await resource={found}>
        {(value) => (
          <CurrencyContext.Provider value={value.shown}>
            <CategoryNamesContext.Provider value={value.shown.outcome.names ?? []}>
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
  poll,
  reload,
}: Loaded & {
  reload: () => void;
}) {
  const amount = useAmount();
  const now = config.head.timestamp;
  const markers = markersOf(shown.round, listed);
  const phase = phaseOfRound(shown, now);
  const { budget, committed, deposited } = shown;
  const decided = committed > 0n || phase === "decided";
  const winners = listed.filter(({ funded }) => funded);
  const paid = winners.length > 0 && winners.every((one) => one.paid);
  return (
    <>
      <p class="state-line">
        <PhaseBadge phase={phase} />
        <span>
          <Countdown next={nextOfRound(shown, now)} now={now} />
        </span>
      </p>
      {shown.text && <p class="prose">{shown.text}</p>}
      <div class="round-top">
        <Now round={shown} phase={phase} />
        {stageOf(phase) !== "over" && (
          <Guarded>
            <TakingPart config={config} round={shown} poll={poll} />
          </Guarded>
        )}
      </div>
      <RoundTimeline round={shown} phase={phase} now={now} paid={paid} />
      <Bar
        label={decided ? t("round.committed") : t("round.budget")}
        text={
          decided
            ? t("home.spent", {
                spent: amount(committed),
                budget: amount(budget),
                percent: percent(committed, budget),
              })
            : `${amount(budget)} (${t("round.deposited", { amount: amount(deposited) })})`
        }
        whole={budget}
        parts={[decided ? { value: committed, tone: "good" } : { value: deposited, tone: "light" }]}
      />
      {poll && (
        <CountedTurnout
          poll={poll.poll}
          open={phase === "voting"}
          voters={poll.voters}
          counted={poll.counted}
        />
      )}
      {poll && (
        <Guarded>
          <PollOutcome key={shown.status} poll={poll} />
        </Guarded>
      )}
      {shown.status === "proposing" && (
        <Guarded>
          <OwnProposals config={config} round={shown} listed={listed} reload={reload} />
        </Guarded>
      )}
      <section aria-labelledby="proposals">
        <h2 id="proposals">{t("round.proposals")}</h2>
        {!listed.length && <Empty title={t("round.none")} icon={Lightbulb} />}
        <Items
          items={listed.map(({ title, text, amount: cost, category }, place) => {
            return { place, title, text, cost, category };
          })}
          shown={(items) => (
            <CardGrid>
              {items.map(({ place }) => (
                <ProposalCard key={place} proposal={listed[place]!} round={shown} />
              ))}
            </CardGrid>
          )}
        />
      </section>
      {markers.length > 0 && (
        <section aria-labelledby="map">
          <h2 id="map">{t("map.title")}</h2>
          <MapWithList markers={markers} />
        </section>
      )}
      <Following
        config={config}
        subject={`round-${shown.round}`}
        dates={`/rounds/${shown.round}`}
        news={`/rounds/${shown.round}`}
      />
      <h2>{t("round.rules")}</h2>
      <Facts
        facts={[
          [t("round.state"), status(shown.status)],
          [
            t("round.currency"),
            shown.token
              ? t("round.token", { address: short(toHex(shown.token)) })
              : t("round.coin"),
          ],
          ...(shown.vetoHolder
            ? [
                [
                  t("round.vetoHolder"),
                  <CopyHash value={checksummed(shown.vetoHolder)} name={t("round.vetoHolder")} />,
                ] as const,
              ]
            : []),
        ]}
      />
      <WhoVotes round={shown} />
      <p>
        <a href={`/rounds/${shown.round}/log`}>{t("round.publicLog")}</a>
      </p>
    </>
  );
}

/** What goes on now, and the step that a reader can take next. */
function Now({ round, phase }: { round: Round; phase: string }) {
  const { poll } = round;
  const counted = ["tallied", "decided", "vetoed"].includes(phase);
  return (
    <section class="happening" aria-labelledby="now">
      <h2 id="now">{t("round.now")}</h2>
      <p>{messageIfAny(`now.${phase}`) ?? status(phase)}</p>
      <p class="actions">
        {phase === "proposing" && (
          <a class="button primary" href={`/rounds/${round.round}/propose`}>
            {t("propose.title")}
          </a>
        )}
        {poll !== undefined && counted && (
          <a class="button primary" href={`/polls/${poll}/results`}>
            {t("round.results")}
          </a>
        )}
        {poll !== undefined && (
          <a class={phase === "voting" ? "button primary" : "button"} href={`/polls/${poll}`}>
            {t(phase === "voting" ? "round.vote" : "round.poll")}
          </a>
        )}
        {poll !== undefined && counted && <a href={`/polls/${poll}/audit`}>{t("poll.audit")}</a>}
      </p>
    </section>
  );
}

/** Who will vote, as fixed before anybody could deposit money. */
function WhoVotes({ round: { electorate, outcome, secret, proposalsCloseAt } }: { round: Round }) {
  const { kind, voters, totalWeight, source, root } = electorate;
  const count = voters ?? 0;
  const weight = totalWeight ?? 0n;
  const contract = source && checksummed(source.contract);
  return (
    <section aria-labelledby="electorate">
      <h2 id="electorate">{t("round.electorate.title")}</h2>
      {kind === "members" && <p>{t("round.electorate.members", { count, weight })}</p>}
      {kind === "fixed" && <p>{t("round.electorate.list", { count, weight })}</p>}
      {kind === "source" && source && contract && (
        <p>
          {t(`round.electorate.${source.kind === "votes" ? "votes" : "registry"}`, {
            contract,
            time: moment(source.at),
          })}{" "}
          {source.keys && t("round.electorate.keys")}
        </p>
      )}
      {kind === "invitations" && (
        <>
          <p>
            {t("round.electorate.invitations", { count, weight, time: moment(proposalsCloseAt) })}
          </p>
          <p class="notice warn">{t("round.electorate.assumed", { count })}</p>
        </>
      )}
      {kind !== "members" && <p>{t("round.electorate.notMembers")}</p>}
      <p>{secret ? t("round.electorate.secret") : t("round.electorate.open")}</p>
      {["equal_shares", "phragmen"].includes(outcome.kind) && (
        <p class="notice">{t("round.electorate.opened")}</p>
      )}
      <p class="hint">
        {t("round.electorate.fixed")} <code class="digest">{toHex(root)}</code>
      </p>
    </section>
  );
}
