/** A text of whoever runs this site: legal notice, privacy, accessibility. */

import { statement } from "../client/views.ts";
import { t } from "../messages/index.ts";
import { Page } from "../view/page.tsx";
import { Await, useResource } from "../view/resource.tsx";
import { gateway } from "../view/session.ts";

function StatementPage({ name }: { name: "imprint" | "privacy" | "accessibility" }) {
  const found = useResource(() => gateway.get(`/statements/${name}`, statement), [name]);
  return (
    <Page title={t(`footer.${name}`)}>
      <Await resource={found}>
        {/* The gateway makes it from Markdown, without any HTML of the file's own. */}
        {({ html }) => <div dangerouslySetInnerHTML={{ __html: html }} />}
      </Await>
    </Page>
  );
}

export function ImprintPage() {
  return <StatementPage name="imprint" />;
}

export function PrivacyPage() {
  return <StatementPage name="privacy" />;
}

export function AccessibilityPage() {
  return <StatementPage name="accessibility" />;
}
