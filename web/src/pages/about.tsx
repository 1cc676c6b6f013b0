/** Page about privacy and about this client. */

import { committees } from "../client/organizing.ts";
import { number, t } from "../messages/index.ts";
import { Page } from "../view/page.tsx";
import { Await, useResource } from "../view/resource.tsx";
import { gateway, readConfig } from "../view/session.ts";
import { Privacy } from "./privacy.tsx";

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
