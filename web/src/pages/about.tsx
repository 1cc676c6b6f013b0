/** Page about privacy and about this client. */

import { committees } from "../client/organizing.ts";
import { number, t } from "../messages/index.ts";
import { Page } from "../view/page.tsx";
import { Await, useResource } from "../view/resource.tsx";
import { gateway, readConfig } from "../view/session.ts";

export function AboutPage() {
  const config = useResource(readConfig, []);
  const known = useResource(() => gateway.get("/committees", committees), []);
  // The committee that this gateway uses, unless a poll names another.
  const [first] = known.value ?? [];
  return (
    <Page title={t("about.title")}>
      <Privacy
        threshold={first ? number(first.threshold) : "t"}
        nodes={first ? number(first.nodes.length) : "n"}
      />
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
