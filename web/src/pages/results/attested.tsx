/** Whose word an outcome on opened ballots is: the contract cannot compute it, this browser can. */

import { checksummed } from "../../client/address.ts";
import type { Results } from "../../client/views.ts";
import { span } from "../../messages/index.ts";
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
  results,
}: {
  rule: BallotOutcome;
  decided: Decided;
  results: Results;
}) {
  const { timeS, vetoHolder } = rule.objection;
  const time = span(timeS);
  const holder = vetoHolder.some(Boolean);
  const differs = results.options.some(({ award }, slot) => {
    return award !== undefined && Boolean(award) !== decided.winners.includes(slot);
  });
  if (differs) {
    return (
      <Notice tone="bad" title={t("results.attested.differs")}>
        <p>{t("results.attested.differsMore")}</p>
      </Notice>
    );
  }
  return (
    <Notice tone="info" title={t("results.attested.title")} still>
      <p>{t("results.attested.word")}</p>
      <p>{t(holder ? "results.attested.veto" : "results.attested.noVeto", { time })}</p>
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
    </Notice>
  );
}
