/** Page about how voting works: who may vote and how, what is private, who could cheat; and this client. */

import { committees } from "../client/organizing.ts";
import { t } from "../messages/about.ts";
import { number } from "../messages/index.ts";
import { Page } from "../view/page.tsx";
import { Await, useResource } from "../view/resource.tsx";
import { gateway, readConfig } from "../view/session.ts";
import { Privacy } from "./privacy.tsx";

const STEPS = ["key", "answer", "cast", "receipts"] as const;
const DANGERS = ["organizer", "nodes", "site", "device"] as const;

export function AboutPage() {
  const config = useResource(readConfig, []);
  const known = useResource(() => gateway.get("/committees", committees), []);
  // The committee that this gateway uses, unless a poll names another.
  const [first] = known.value ?? [];
  return (
    <Page title={t("about.title")}>
      <p class="lead">{t("about.lead")}</p>
      <h2>{t("about.may")}</h2>
      <p>{t("about.mayText")}</p>
      <h2>{t("about.how")}</h2>
      <ol>
        {STEPS.map((step) => (
          <li key={step}>{t(`about.how.${step}`)}</li>
        ))}
      </ol>
      <p>{t("about.how.again")}</p>
      <h2>{t("privacy.title")}</h2>
      <Privacy
        threshold={first ? number(first.threshold) : "t"}
        nodes={first ? number(first.nodes.length) : "n"}
      />
      <h2>{t("about.opened")}</h2>
      <p>{t("about.openedText")}</p>
      <p>{t("about.openedRisk")}</p>
      <h2>{t("about.counted")}</h2>
      <p>{t("about.countedText")}</p>
      <h2>{t("about.money")}</h2>
      <p>{t("about.moneyText")}</p>
      <h2>{t("about.cheat")}</h2>
      <ul>
        {DANGERS.map((danger) => (
          <li key={danger}>{t(`about.cheat.${danger}`)}</li>
        ))}
      </ul>
      <h2>{t("about.verify")}</h2>
      <p>{t("about.verifyText")}</p>
      <h2>{t("about.bundle")}</h2>
      <p>{t("about.bundleText")}</p>
      <Await resource={config}>
        {({ webBundle }) => (
          <p>
            {t("about.number")}: <code class="digest">{webBundle ?? t("about.none")}</code>
          </p>
        )}
      </Await>
    </Page>
  );
}
