/** A poll without a result: why, in numbers. */

import type { Poll } from "../../client/views.ts";
import { messageIfAny, t } from "../../messages/index.ts";
import { Notice } from "../../view/notice.tsx";

export function VoidNotice({
  shown: { voidReason = "", counted, minimumBallots, voters },
}: {
  shown: Poll;
}) {
  const reason = messageIfAny(`results.voids.${voidReason}`);
  return (
    <Notice tone="warn" title={t("results.void")} still>
      {voidReason === "few-ballots" ? (
        <p>{t("results.voidBallots", { counted: counted ?? 0, least: minimumBallots, voters })}</p>
      ) : (
        reason && <p>{reason}</p>
      )}
    </Notice>
  );
}
