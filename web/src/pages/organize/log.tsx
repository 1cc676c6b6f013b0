/** The audit log: what organizers did and tried. */

import { useState } from "preact/hooks";

import type { Organizer } from "../../client/organizing.ts";
import { type LogEntry, readLog } from "../../client/team.ts";
import { messageIfAny, moment } from "../../messages/index.ts";
import { t } from "../../messages/organizer.ts";
import { Badge } from "../../view/badge.tsx";
import { Empty } from "../../view/empty.tsx";
import { Page } from "../../view/page.tsx";
import { Await, useResource } from "../../view/resource.tsx";
import { type Column, Table } from "../../view/table.tsx";
import { AsOrganizer, roleName } from "./token.tsx";

export function LogPage() {
  return (
    <Page title={t("organize.nav.log")}>
      <p class="lead">{t("organize.log.lead")}</p>
      <AsOrganizer needs="read-log">{(organizer) => <Entries organizer={organizer} />}</AsOrganizer>
    </Page>
  );
}

const COLUMNS: () => readonly Column<LogEntry>[] = () => [
  { title: t("organize.log.number"), value: ({ number }) => number },
  { title: t("organize.log.time"), value: ({ at }) => moment(at) },
  {
    title: t("organize.log.organizer"),
    value: ({ name, role }) => t("organize.log.who", { name, role: roleName(role) }),
  },
  {
    title: t("organize.log.action"),
    value: ({ action }) => actionName(action),
  },
  {
    title: t("organize.log.target"),
    value: ({ target }) => <span class="log-target">{target}</span>,
  },
  { title: t("organize.log.result"), value: ({ result }) => <Result result={result} /> },
];

/** An action in the page's language; one of a later version, by its code. */
function actionName(action: string): string {
  const name = action.replaceAll(".", "-");
  return messageIfAny(`organize.log.actions.${name}`) ?? action;
}

function Entries({ organizer }: { organizer: Organizer }) {
  const [before, setBefore] = useState<number>();
  const found = useResource(() => readLog(organizer.gateway, before), [before]);
  return (
    <Await resource={found}>
      {({ entries, before: next }) =>
        entries.length ? (
          <>
            <Table
              caption={t("organize.log.caption")}
              columns={COLUMNS()}
              rows={entries}
              keyOf={({ number }) => number}
            />
            <p class="actions">
              {before !== undefined && (
                <button
                  type="button"
                  onClick={() => {
                    setBefore(undefined);
                  }}
                >
                  {t("organize.log.newest")}
                </button>
              )}
              {next !== undefined && (
                <button
                  type="button"
                  onClick={() => {
                    setBefore(next);
                  }}
                >
                  {t("organize.log.earlier")}
                </button>
              )}
            </p>
            <p class="hint">{t("organize.log.verify")}</p>
          </>
        ) : (
          <Empty title={t("organize.log.none")} />
        )
      }
    </Await>
  );
}

function Result({ result }: { result: string }) {
  if (result === "done") return <Badge tone="good">{t("organize.log.done")}</Badge>;
  return (
    <>
      <Badge tone="bad">{t("organize.log.failed")}</Badge>{" "}
      {messageIfAny(`problems.${result}`) ?? result}
    </>
  );
}
