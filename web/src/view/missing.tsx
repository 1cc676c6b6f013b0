/** Nothing is at this address. */

import { FileQuestionMark } from "lucide";

import { t } from "../messages/index.ts";
import { Empty } from "./empty.tsx";
import { Page } from "./page.tsx";

const SUBJECTS = {
  "no-such-round": "missing.round",
  "no-such-poll": "missing.poll",
  "no-such-proposal": "missing.proposal",
} as const;

/** Problems that mean that a page's subject does not exist. */
export type MissingCode = keyof typeof SUBJECTS;

/** Whether a problem means that a page's subject does not exist. */
export function isMissing(code: string): code is MissingCode {
  return code in SUBJECTS;
}

export function Missing({ code }: { code?: MissingCode }) {
  return (
    <Page title={t("missing.title")}>
      <Empty title={t(code ? SUBJECTS[code] : "missing.address")} icon={FileQuestionMark}>
        <p>{t("missing.text")}</p>
        <p>
          <a class="button" href="/">
            {t("missing.home")}
          </a>
        </p>
      </Empty>
    </Page>
  );
}
