/** A proposal in a list: what it is about, what it costs, who made it. */

import { checksummed } from "../client/address.ts";
import { detailsOf } from "../client/details.ts";
import { categoriesOf } from "../client/proposing.ts";
import type { Proposal, Round } from "../client/views.ts";
import { percent, short, t } from "../messages/index.ts";
import { toHex } from "../protocol/encoding.ts";
import { Badge } from "../view/badge.tsx";
import { Card } from "../view/card.tsx";
import { categoryLabel } from "../view/categories.ts";
import { useAmount } from "../view/currency.ts";
import { CheckedPicture } from "../view/picture.tsx";

export function ProposalCard({ proposal, round }: { proposal: Proposal; round: Round }) {
  const amount = useAmount();
  const { title, text, amount: cost, proposer } = proposal;
  const { image, place } = detailsOf(proposal) ?? {};
  return (
    <Card
      title={title}
      href={proposalPath(round.round, proposal)}
      head={<ProposalBadges proposal={proposal} round={round} />}
      foot={
        <>
          {cost > 0n && (
            <span>
              <strong>{amount(cost)}</strong>{" "}
              {t("round.ofBudget", { percent: percent(cost, round.budget) })}
            </span>
          )}
          <span>{t("proposal.by", { author: short(checksummed(proposer)) })}</span>
        </>
      }
    >
      {image && <CheckedPicture picture={image} class="card-image" />}
      {text && <p class="excerpt">{text}</p>}
      {place?.label && <p class="hint">{place.label}</p>}
    </Card>
  );
}

/** Category and state of a proposal; nothing if it has none. */
export function ProposalBadges({ proposal, round }: { proposal: Proposal; round: Round }) {
  const { category, withdrawn, funded, paid } = proposal;
  const named = categoriesOf(round) > 0;
  const decided = ["decided", "expired"].includes(round.status);
  if (!named && !withdrawn && !decided) return null;
  return (
    <>
      {named && <Badge>{categoryLabel(category, round.outcome.names)}</Badge>}
      {withdrawn && <Badge tone="warn">{t("round.withdrawn")}</Badge>}
      {funded && <Badge tone="good">{paid ? t("proposal.paid") : t("proposal.funded")}</Badge>}
      {decided && !funded && !withdrawn && <Badge>{t("proposal.unfunded")}</Badge>}
    </>
  );
}

/** Address of a proposal's page. */
export function proposalPath(round: bigint, { proposal }: Proposal): string {
  return `/rounds/${round}/proposals/${toHex(proposal)}`;
}
