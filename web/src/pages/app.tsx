/** Frame of all pages. */

import type { ComponentType } from "preact";
import { useState } from "preact/hooks";

import { keepLanguage, type Language, LANGUAGES } from "../messages/index.ts";
import { short, speak, words } from "../messages/index.ts";
import { type Route, useRoute } from "../view/router.ts";
import { Page } from "../view/page.tsx";
import { Failure, Guarded, useResource } from "../view/resource.tsx";
import { keptIfAllowed, readConfig } from "../view/session.ts";

type Numbered = ComponentType<{ id: bigint; proposal: string }>;

/** Pages by name; each is loaded when it is first opened. */
const PAGES: Readonly<Record<Route["page"], () => Promise<Numbered | ComponentType>>> = {
  home: async () => (await import("./home.tsx")).Home,
  round: async () => (await import("./round.tsx")).RoundPage,
  propose: async () => (await import("./propose.tsx")).ProposePage,
  revise: async () => (await import("./propose.tsx")).RevisePage,
  poll: async () => (await import("./poll.tsx")).PollPage,
  check: async () => (await import("./check.tsx")).CheckPage,
  results: async () => (await import("./results.tsx")).ResultsPage,
  audit: async () => (await import("./audit.tsx")).AuditPage,
  register: async () => (await import("./register.tsx")).RegisterPage,
  key: async () => (await import("./key.tsx")).KeyPage,
  "voting-key": async () => (await import("./voting_key.tsx")).VotingKeyPage,
  about: async () => (await import("./about.tsx")).AboutPage,
  organize: async () => (await import("./organize/plans.tsx")).OrganizePage,
  newPlan: async () => (await import("./organize/wizard.tsx")).NewPlanPage,
  plan: async () => (await import("./organize/plan.tsx")).PlanPage,
  missing: () => Promise.resolve(Missing),
};

export function App() {
  const route = useRoute();
  const config = useResource(readConfig, []);
  const [, setLanguage] = useState(words.language);
  const id = "id" in route ? route.id : 0n;
  const proposal = "proposal" in route ? route.proposal : "";
  return (
    <>
      <a class="skip" href="#main">
        {words.skip}
      </a>
      <header>
        <a href="/" class="brand">
          {words.site}
        </a>
        <nav aria-label={words.nav.label}>
          {(["home", "key", "about"] as const).map((page) => (
            <a
              key={page}
              href={page === "home" ? "/" : `/${page}`}
              aria-current={route.page === page ? "page" : undefined}
            >
              {words.nav[page]}
            </a>
          ))}
        </nav>
      </header>
      <main id="main" tabIndex={-1}>
        <Guarded key={`${route.page} ${id} ${proposal}`}>
          <Loaded page={route.page} id={id} proposal={proposal} />
        </Guarded>
      </main>
      <footer>
        <p>
          <a href="/organize">{words.organize.title}</a>
        </p>
        <LanguageChoice
          chosen={(language) => {
            void speak(language).then(() => {
              // Everything is drawn again, in the other words.
              setLanguage(language);
              const kept = keptIfAllowed();
              if (kept) keepLanguage(kept, language);
            });
          }}
        />
        {config.value && (
          <p>{words.footer(config.value.version, short(config.value.webBundle ?? ""))}</p>
        )}
      </footer>
    </>
  );
}

function LanguageChoice({ chosen }: { chosen: (language: Language) => void }) {
  const { language, languageChoice } = words;
  return (
    <label class="language">
      {languageChoice}{" "}
      <select
        value={language}
        onChange={(event) => {
          chosen(event.currentTarget.value as Language);
        }}
      >
        {Object.entries(LANGUAGES).map(([code, { name }]) => (
          <option key={code} value={code} lang={code}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

function Loaded({ page, id, proposal }: { page: Route["page"]; id: bigint; proposal: string }) {
  const loaded = useResource(async () => ({ Shown: await PAGES[page]() }), []);
  const { value, error, again } = loaded;
  if (value) return <value.Shown id={id} proposal={proposal} />;
  return (
    <>
      <h1>{words.site}</h1>
      {error === undefined ? (
        <p role="status">{words.loading}</p>
      ) : (
        <Failure error={error} again={again} />
      )}
    </>
  );
}

function Missing() {
  return (
    <Page title={words.missing.title}>
      <p>{words.missing.text}</p>
    </Page>
  );
}
