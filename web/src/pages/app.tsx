/** Frame of all pages. */

import type { ComponentType } from "preact";
import { useLayoutEffect, useState } from "preact/hooks";

import {
  addAudience,
  type Audience,
  currentLanguage,
  setLanguage,
  storeLanguage,
  t,
} from "../messages/index.ts";
import { type Route, useRoute } from "../view/router.ts";
import { Missing } from "../view/missing.tsx";
import { Failure, Guarded, useResource } from "../view/resource.tsx";
import { configAtStart, gateway, keptIfAllowed } from "../view/session.ts";
import { siteName } from "../view/site.ts";
import { readFirst } from "./ahead.ts";
import { Footer, Header } from "./frame.tsx";

type Numbered = ComponentType<{ id: bigint; proposal: string }>;

type Loader = () => Promise<Numbered | ComponentType>;

/** Pages by name; each is loaded when it is first opened. */
const PAGES: Readonly<Record<Route["page"], Loader>> = {
  home: async () => (await import("./home.tsx")).Home,
  round: async () => (await import("./round.tsx")).RoundPage,
  propose: async () => (await withTexts("proposals", import("./propose.tsx"))).ProposePage,
  proposal: async () => (await withTexts("proposals", import("./proposal.tsx"))).ProposalPage,
  revise: async () => (await withTexts("proposals", import("./propose.tsx"))).RevisePage,
  publicLog: async () => (await withTexts("proposals", import("./public_log.tsx"))).PublicLogPage,
  poll: async () => (await import("./poll.tsx")).PollPage,
  check: async () => (await import("./check.tsx")).CheckPage,
  results: async () => (await withTexts("results", import("./results/page.tsx"))).ResultsPage,
  audit: async () => (await withTexts("results", import("./audit.tsx"))).AuditPage,
  certificate: async () =>
    (await withTexts("results", import("./certificate.tsx"))).CertificatePage,
  register: async () => (await import("./register.tsx")).RegisterPage,
  key: async () => (await import("./key.tsx")).KeyPage,
  "voting-key": async () => (await import("./voting_key.tsx")).VotingKeyPage,
  imprint: async () => (await import("./statement.tsx")).ImprintPage,
  privacy: async () => (await import("./statement.tsx")).PrivacyPage,
  accessibility: async () => (await import("./statement.tsx")).AccessibilityPage,
  about: async () => (await withTexts("about", import("./about.tsx"))).AboutPage,
  organize: async () => (await withTexts("organizer", import("./organize/plans.tsx"))).OrganizePage,
  newPlan: async () => (await withTexts("organizer", import("./organize/wizard.tsx"))).NewPlanPage,
  team: async () => (await withTexts("organizer", import("./organize/team.tsx"))).TeamPage,
  log: async () => (await withTexts("organizer", import("./organize/log.tsx"))).LogPage,
  plan: async () => (await withTexts("organizer", import("./organize/plan.tsx"))).PlanPage,
  subscription: async () =>
    (await withTexts("follow", import("./subscription.tsx"))).SubscriptionPage,
  // The route exists in development only, so a build leaves the page out.
  design: async () => (import.meta.env.DEV ? (await import("./design.tsx")).DesignPage : NotFound),
  missing: () => Promise.resolve(NotFound),
};

/** A page with the messages that only its audience reads. */
async function withTexts<Page>(audience: Audience, page: Promise<Page>): Promise<Page> {
  const [loaded] = await Promise.all([page, addAudience(audience)]);
  return loaded;
}

/** Begin to load a page and what it reads first, before anything of it can be shown. */
export function loadAhead(route: Route): void {
  // The page asks again, and shows why it failed.
  PAGES[route.page]().catch(() => undefined);
  configAtStart().catch(() => undefined);
  gateway.ahead(readFirst(route));
}

export function App() {
  const route = useRoute();
  const config = useResource(configAtStart, []);
  const [language, setShown] = useState(currentLanguage);
  useLayoutEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  const id = "id" in route ? route.id : 0n;
  const proposal = "proposal" in route ? route.proposal : "";
  return (
    <>
      <a class="skip" href="#main">
        {t("skip")}
      </a>
      <Header page={route.page} />
      <main id="main" tabIndex={-1}>
        <Guarded key={`${route.page} ${id} ${proposal}`}>
          <Loaded page={route.page} id={id} proposal={proposal} />
        </Guarded>
      </main>
      <Footer
        config={config.value}
        language={language}
        changed={(chosen) => {
          void setLanguage(chosen).then(() => {
            // This renders everything again with the new messages.
            setShown(chosen);
            const store = keptIfAllowed();
            if (store) storeLanguage(store, chosen);
          });
        }}
      />
    </>
  );
}

function NotFound() {
  return <Missing />;
}

function Loaded({ page, id, proposal }: { page: Route["page"]; id: bigint; proposal: string }) {
  const loaded = useResource(async () => ({ Shown: await PAGES[page]() }), []);
  const { value, error, reload } = loaded;
  if (value) return <value.Shown id={id} proposal={proposal} />;
  return (
    <>
      <h1>{siteName()}</h1>
      {error === undefined ? (
        <p class="loading" role="status">
          {t("loading")}
        </p>
      ) : (
        <Failure error={error} retry={reload} />
      )}
    </>
  );
}
