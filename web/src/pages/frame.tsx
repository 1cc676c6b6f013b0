/** What is above and below every page: name, navigation, language, who is responsible. */

import type { Config } from "../client/views.ts";
import { type Language, LANGUAGES, short, t } from "../messages/index.ts";
import { Mark } from "../view/mark.tsx";
import type { Route } from "../view/router.ts";

const MAIN_PAGES = ["home", "key", "about"] as const;

export function Header({ page }: { page: Route["page"] }) {
  return (
    <header class="site-header">
      <div>
        <a href="/" class="brand">
          <Mark />
          <span>{t("site")}</span>
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
      </div>
    </header>
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
        <section aria-labelledby="footer-organizers">
          <h2 id="footer-organizers">{t("footer.organizers")}</h2>
          <ul>
            <li>
              <a href="/organize">{t("nav.organize")}</a>
            </li>
          </ul>
        </section>
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
        </section>
      </div>
    </footer>
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
