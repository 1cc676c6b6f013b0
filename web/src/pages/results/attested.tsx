/** Whose word an outcome on opened ballots is: the contract cannot compute it, this browser can. */

import { checksummed } from "../../client/address.ts";
import type { AttestedOutcome } from "../../client/views.ts";
import { moment } from "../../messages/index.ts";
import { t } from "../../messages/results.ts";
import type { BallotOutcome } from "../../protocol/outcome/ballots.ts";
import type { Decided } from "../../protocol/outcome/methods/steps.ts";
import { CopyHash } from "../../view/copy.tsx";
import { Notice } from "../../view/notice.tsx";
import { Facts } from "../../view/page.tsx";

/** What the contract knows of the outcome, and whether this browser found the same. */
export function Attested({
  rule,
  decided,
  attested,
}: {
  rule: BallotOutcome;
  decided: Decided;
  attested: AttestedOutcome;
}) {
  const { vetoHolder } = rule.objection;
  const holder = vetoHolder.some(Boolean);
  const differs = attested.awards?.some((award, slot) => {
    return Boolean(award) !== decided.winners.includes(slot);
  });
  const whose = (
    <>
      <State attested={attested} holder={holder} />
      {holder && (
        <Facts
          facts={[
            [
              t("results.attested.holder"),
              <CopyHash value={checksummed(vetoHolder)} name={t("results.attested.holder")} />,
            ],
          ]}
        />
      )}
    </>
  );
  if (differs) {
    return (
      <Notice tone="bad" title={t("results.attested.differs")}>
        <p>{t("results.attested.differsMore")}</p>
        {whose}
      </Notice>
    );
  }
  const title =
    attested.state === "vetoed"
      ? t("results.attested.vetoed")
      : attested.state === "missed"
        ? t("results.attested.missed")
        : undefined;
  return (
    <Notice tone={title ? "warn" : "info"} title={title ?? t("results.attested.title")} still>
      <p>{t("results.attested.word")}</p>
      {whose}
    </Notice>
  );
}

/** Until when what can happen. */
function State({ attested, holder }: { attested: AttestedOutcome; holder: boolean }) {
  const { state, attestBy, objectionEndsAt } = attested;
  if (state === "awaited" && attestBy !== undefined) {
    return <p>{t("results.attested.awaited", { time: moment(attestBy) })}</p>;
  }
  if (objectionEndsAt === undefined) return null;
  const time = moment(objectionEndsAt);
  if (state === "objectable") {
    return <p>{t(`results.attested.${holder ? "objectable" : "unopposed"}`, { time })}</p>;
  }
  return state === "final" ? <p>{t("results.attested.final", { time })}</p> : null;
}
