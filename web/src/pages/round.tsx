/** A round of a shared budget with its proposals. */

import type { ComponentChildren } from "preact";

import { checksummed } from "../client/address.ts";
import { type Config, type Proposal, proposals, type Round, round } from "../client/views.ts";
import { moment, percent, rounded, short, zone, t } from "../messages/index.ts";
import { status } from "../messages/server_texts.ts";
import { toHex } from "../protocol/encoding.ts";
import { CurrencyContext, useAmount } from "../view/currency.ts";
import { Items } from "../view/items.tsx";
import { Facts, Page } from "../view/page.tsx";
import { Await, Guarded, useResource } from "../view/resource.tsx";
import { gateway, readConfig } from "../view/session.ts";
import { OwnProposals } from "./own_proposals.tsx";

const HOUR_S = 3600;

async function load(id: bigint) {
  const [config, shown, listed] = await Promise.all([
    readConfig(),
    gateway.get(`/rounds/${id}`, round),
    gateway.get(`/rounds/${id}/proposals`, proposals),
  ]);
  return { config, shown, listed };
}

export function RoundPage({ id }: { id: bigint }) {
  const found = useResource(() => load(id), [id]);
  const title = found.value?.shown.title ?? t("round.document");
  return (
    <Page title={title}>
      <Await resource={found}>
        {(value) => (
          <CurrencyContext.Provider value={value.shown}>
            <Shown {...value} reload={found.reload} />
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
  reload,
}: {
  config: Config;
  shown: Round;
  listed: readonly Proposal[];
  reload: () => void;
}) {
  const { token, poll } = shown;
  const amount = useAmount();
  return (
    <>
      {shown.text && <p class="prose">{shown.text}</p>}
      <Facts
        facts={[
          [
            t("round.budget"),
            <>
              {amount(shown.budget)}{" "}
              <small>
                {token ? t("round.token", { address: short(toHex(token)) }) : t("round.coin")}
              </small>
              <br />
              <small>{t("round.deposited", { amount: amount(shown.deposited) })}</small>
            </>,
          ],
          [t("round.state"), status(shown.status)],
          ...(shown.status === "announced"
            ? [[t("round.proposalsOpen"), moment(shown.proposalsOpenAt)] as const]
            : []),
          [t("round.proposalsClose"), moment(shown.proposalsCloseAt)],
          [t("round.votingOpens"), moment(shown.votingOpensAt)],
          [t("round.votingCloses"), moment(shown.votingClosesAt)],
          ...payoutFacts(shown),
        ]}
      />
      <p class="hint">{t("times.zone", { zone: zone() })}</p>
      <WhoVotes round={shown} />
      {poll !== undefined && (
        <p class="actions">
          <a class="button" href={`/polls/${poll}`}>
            {t("round.vote")}
          </a>
          {["tallied", "decided", "expired", "vetoed"].includes(shown.status) && (
            <a class="button" href={`/polls/${poll}/results`}>
              {t("round.results")}
            </a>
          )}
        </p>
      )}
      {shown.status === "proposing" && (
        <Guarded>
          <OwnProposals config={config} round={shown} listed={listed} reload={reload} />
        </Guarded>
      )}
      <h2>{t("round.proposals")}</h2>
      {!listed.length && <p>{t("round.none")}</p>}
      <Items
        items={listed.map(({ title, text, amount, category }, place) => {
          return { place, title, text, cost: amount, category };
        })}
        shown={(items) => (
          <ol class="cards">
            {items.map((item) => (
              <Entry key={item.place} proposal={listed[item.place]!} budget={shown.budget} />
            ))}
          </ol>
        )}
      />
    </>
  );
}

/** When payouts open, and who may veto them until then. */
function payoutFacts({ payoutDelay, payoutsOpenAt, vetoHolder }: Round) {
  const facts: [string, ComponentChildren][] = [];
  if (payoutsOpenAt !== undefined) facts.push([t("round.payoutsOpen"), moment(payoutsOpenAt)]);
  else if (payoutDelay > 0) {
    const hours = rounded(payoutDelay / HOUR_S, 2);
    facts.push([t("round.payoutsOpen"), t("round.payoutDelay", { hours })]);
  }
  if (vetoHolder) {
    const address = checksummed(vetoHolder);
    facts.push([t("round.vetoHolder"), <code class="digest">{address}</code>]);
  }
  return facts;
}

/** Who will vote, as fixed before anybody could deposit money. */
function WhoVotes({ round: { electorate, secret, proposalsCloseAt } }: { round: Round }) {
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
      <p class="hint">
        {t("round.electorate.fixed")} <code class="digest">{toHex(root)}</code>
      </p>
    </section>
  );
}

function Entry({ proposal, budget }: { proposal: Proposal; budget: bigint }) {
  const { title, amount: cost, recipient, withdrawn } = proposal;
  const amount = useAmount();
  return (
    <li>
      <h3>{title}</h3>
      {withdrawn && <p class="tag">{t("round.withdrawn")}</p>}
      {cost > 0n && (
        <>
          <p>
            {amount(cost)} <small>{t("round.ofBudget", { percent: percent(cost, budget) })}</small>
          </p>
          <Bar part={cost} whole={budget} />
        </>
      )}
      {proposal.text && <p class="prose">{proposal.text}</p>}
      <p>
        <small>
          {t("round.recipient")} <code>{short(toHex(recipient))}</code>
        </small>
      </p>
    </li>
  );
}

/** A part of a whole as a bar; the numbers are beside it. */
export function Bar({ part, whole }: { part: bigint; whole: bigint }) {
  const filled = whole > 0n ? Number((part * 1000n) / whole) / 10 : 0;
  return (
    <div class="bar" aria-hidden="true">
      <div style={{ width: `${Math.min(filled, 100)}%` }} />
    </div>
  );
}
