/** What is above and below every page: name, navigation, language, who is responsible. */

import { useEffect, useState } from "preact/hooks";

import type { Config } from "../client/views.ts";
import { type Language, LANGUAGES, moment, short, t, zone } from "../messages/index.ts";
import { unixSeconds } from "../protocol/units.ts";
import { Mark } from "../view/mark.tsx";
import type { Route } from "../view/router.ts";
import { siteLogo, siteName } from "../view/site.ts";

const RESPONSIBLE = ["contact", "imprint", "privacy", "accessibility"] as const;
const MAIN_PAGES = ["home", "key", "about"] as const;

export function Header({ page }: { page: Route["page"] }) {
  const logo = siteLogo();
  return (
    <header class="site-header">
      <div>
        <a href="/" class="brand">
          {logo ? <img src={logo} alt="" /> : <Mark />}
          <span>{siteName()}</span>
        </a>
        <nav class="site-nav" aria-label={t("nav.label")}>
          {MAIN_PAGES.map((name) => (
            <a
              key={name}
              href={name === "home" ? "/" : `/${name}`}
              aria-current={page === name ? "page" : undefined}
            >
              {t(`nav.${name}`)}
            </a>
          ))}
        </nav>
        <Printed />
      </div>
    </header>
  );
}

/** Address of the page, and when it was printed. */
function Printed() {
  const [at, setAt] = useState(Date.now);
  useEffect(() => {
    const listener = () => {
      setAt(Date.now());
    };
    addEventListener("beforeprint", listener);
    return () => {
      removeEventListener("beforeprint", listener);
    };
  }, []);
  const time = moment(unixSeconds(Math.floor(at / 1000)));
  return (
    <p class="printed">
      {/* Without what follows the path, which may hold a secret. */}
      {location.origin}
      {location.pathname}
      <br />
      {t("printed", { time, zone: zone() })}
    </p>
  );
}

export function Footer({
  config,
  language,
  changed,
}: {
  /** Undefined until the gateway has answered. */
  config: Config | undefined;
  language: Language;
  changed: (chosen: Language) => void;
}) {
  return (
    <footer class="site-footer">
      <div>
        {config && <Responsible brand={config.brand} />}
        <section aria-label={t("languageChoice")}>
          <LanguageChoice language={language} changed={changed} />
          {config && (
            <p>
              {t("footer", {
                version: config.version,
                bundle: short(config.webBundle ?? ""),
              })}
            </p>
          )}
          <p>
            <a href="/organize">{t("footer.organizers")}</a>
          </p>
        </section>
      </div>
    </footer>
  );
}

/** Who runs this site, if the gateway says so. */
function Responsible({ brand }: { brand: Config["brand"] }) {
  const links = RESPONSIBLE.flatMap((name) => {
    const href = brand[name];
    return href === undefined ? [] : [{ name, href }];
  });
  if (!links.length) return null;
  return (
    <section aria-labelledby="footer-site">
      <h2 id="footer-site">{siteName()}</h2>
      <ul>
        {links.map(({ name, href }) => (
          <li key={name}>
            <a href={href}>{t(`footer.${name}`)}</a>
          </li>
        ))}
      </ul>
    </section>
  );
}

function LanguageChoice({
  language,
  changed,
}: {
  language: Language;
  changed: (chosen: Language) => void;
}) {
  return (
    <p>
      <label class="language">
        {t("languageChoice")}{" "}
        <select
          value={language}
          onChange={(event) => {
            changed(event.currentTarget.value as Language);
          }}
        >
          {Object.entries(LANGUAGES).map(([code, name]) => (
            <option key={code} value={code} lang={code}>
              {name}
            </option>
          ))}
        </select>
      </label>
    </p>
  );
}
