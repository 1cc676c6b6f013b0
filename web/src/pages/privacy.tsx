/** What is private and what is not, as the voting page and the page about privacy say it. */

import { t } from "../messages/index.ts";

/** The promises and their limits. */
export function Privacy({ threshold, nodes }: { threshold: string; nodes: string }) {
  return (
    <>
      <ul>
        <li>{t("privacy.shares", { threshold, nodes })}</li>
        <li>{t("privacy.pooling", { threshold, nodes })}</li>
        <li>{t("privacy.public")}</li>
        <li>{t("privacy.proof")}</li>
        <li>{t("privacy.unanimity")}</li>
        <li>{t("privacy.device")}</li>
        <li>{t("privacy.opening", { nodes })}</li>
      </ul>
      <p>{t("privacy.organizer")}</p>
    </>
  );
}
