/** Everything about one proposal of a round. */

import type { ComponentChildren } from "preact";

import { checksummed } from "../client/address.ts";
import { detailsOf } from "../client/details.ts";
import { phaseOfRound } from "../client/phases.ts";
import { asksAmount, categoriesOf } from "../client/proposing.ts";
import { type Config, type Proposal, proposals, type Round, round } from "../client/views.ts";
import { percent } from "../messages/index.ts";
import { t } from "../messages/proposals.ts";
import { sameBytes, toHex } from "../protocol/encoding.ts";
import { Bar } from "../view/bar.tsx";
import { categoryLabel } from "../view/categories.ts";
import { CopyHash } from "../view/copy.tsx";
import { CurrencyContext, useAmount } from "../view/currency.ts";
import { Notice } from "../view/notice.tsx";
import { Facts, Page } from "../view/page.tsx";
import { CheckedPicture } from "../view/picture.tsx";
import { PhaseBadge } from "../view/phase.tsx";
import { Await, useResource } from "../view/resource.tsx";
import { gateway, readConfig, useSigner } from "../view/session.ts";
import { Following } from "./following.tsx";
import { PlaceText } from "./place_text.tsx";
import { ProposalBadges, proposalPath } from "./proposal_card.tsx";
import { markersOf, ProposalMap } from "./proposal_map.tsx";
import { Talk } from "./talk.tsx";
import "./round.css";

async function load(id: bigint) {
  const [config, shown, listed] = await Promise.all([
    readConfig(),
    gateway.get(`/rounds/${id}`, round),
    gateway.get(`/rounds/${id}/proposals`, proposals),
  ]);
  return { config, shown, listed };
}

export function ProposalPage({ id, proposal }: { id: bigint; proposal: string }) {
  const found = useResource(() => load(id), [id]);
  const wanted = found.value?.listed.find((one) => toHex(one.proposal) === proposal);
  return (
    <Page title={wanted?.title ?? t("proposal.document")}>
      <Await resource={found}>
        {({ config, shown, listed }) => (
          <CurrencyContext.Provider value={shown}>
            {wanted ? (
              <Shown config={config} shown={shown} listed={listed} proposal={wanted} />
            ) : (
              <Notice tone="bad" title={t("propose.unknown")}>
                <a href={`/rounds/${id}`}>{t("propose.back")}</a>
              </Notice>
            )}
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
  proposal,
}: {
  config: Config;
  shown: Round;
  listed: readonly Proposal[];
  proposal: Proposal;
}) {
  const phase = phaseOfRound(shown, config.head.timestamp);
  const signer = useSigner();
  const own = signer && sameBytes(signer.address, proposal.proposer);
  const { text, proposer, recipient } = proposal;
  const { image, place } = detailsOf(proposal) ?? {};
  const facts: [string, ComponentChildren][] = [
    [t("proposal.round"), <a href={`/rounds/${shown.round}`}>{shown.title}</a>],
  ];
  if (categoriesOf(shown)) {
    facts.push([t("list.category"), categoryLabel(proposal.category, shown.outcome.names)]);
  }
  if (place) facts.push([t("proposal.place"), <PlaceText place={place} />]);
  facts.push(
    [t("proposal.author"), <CopyHash value={checksummed(proposer)} name={t("proposal.author")} />],
    [t("round.recipient"), <CopyHash value={checksummed(recipient)} name={t("round.recipient")} />],
    [
      t("proposal.number"),
      <CopyHash value={toHex(proposal.proposal)} name={t("proposal.number")} />,
    ],
  );
  return (
    <>
      <p class="state-line">
        <PhaseBadge phase={phase} />
        <ProposalBadges proposal={proposal} round={shown} />
      </p>
      {asksAmount(shown) && <Cost proposal={proposal} round={shown} />}
      {image && <CheckedPicture picture={image} class="picture" />}
      {text && <p class="prose">{text}</p>}
      {place && (
        <ProposalMap
          markers={markersOf(shown.round, listed)}
          highlighted={listed.indexOf(proposal) + 1}
        />
      )}
      <p class="actions">
        {phase === "voting" && shown.poll !== undefined && !proposal.withdrawn && (
          <a class="button primary" href={`/polls/${shown.poll}`}>
            {t("round.vote")}
          </a>
        )}
        {own && phase === "proposing" && !proposal.withdrawn && (
          <a class="button" href={`${proposalPath(shown.round, proposal)}/edit`}>
            {t("propose.reviseTitle")}
          </a>
        )}
        <a href={`/rounds/${shown.round}`}>{t("propose.back")}</a>
      </p>
      <Talk config={config} round={shown} proposal={proposal.proposal} />
      <Following
        config={config}
        subject={`proposal-${toHex(proposal.proposal)}`}
        dates={`/rounds/${shown.round}`}
        news={`/rounds/${shown.round}`}
      />
      <section aria-labelledby="about">
        <h2 id="about">{t("proposal.about")}</h2>
        <Facts facts={facts} />
      </section>
    </>
  );
}

/** The amount as a part of the round's budget. */
function Cost({
  proposal: { amount: cost },
  round: { budget },
}: {
  proposal: Proposal;
  round: Round;
}) {
  const amount = useAmount();
  return (
    <Bar
      label={t("list.cost")}
      text={`${amount(cost)} (${t("round.ofBudget", { percent: percent(cost, budget) })})`}
      whole={budget}
      parts={[{ value: cost }]}
    />
  );
}
