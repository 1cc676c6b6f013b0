/** A plan that was just created. */

import { t } from "../../messages/organizer.ts";

export function Created({ plan }: { plan: string }) {
  return (
    <>
      <p class="notice good">{t("organize.wizard.createdText")}</p>
      <p>
        <a class="button" href={`/organize/${plan}`}>
          {t("organize.wizard.toPlan")}
        </a>
      </p>
    </>
  );
}
