/** The audit log: what organizers did and tried. */

import { useState } from "preact/hooks";

import { flawIn, logFile } from "../../client/audit_chain.ts";
import type { Organizer } from "../../client/organizing.ts";
import { type LogEntry, readLog, readWholeLog } from "../../client/team.ts";
import { messageIfAny, moment } from "../../messages/index.ts";
import { t } from "../../messages/organizer.ts";
import { Badge } from "../../view/badge.tsx";
import { CopyHash } from "../../view/copy.tsx";
import { Empty } from "../../view/empty.tsx";
import { Notice } from "../../view/notice.tsx";
import { Page, saveFile } from "../../view/page.tsx";
import { Await, Failure, useResource } from "../../view/resource.tsx";
import { type Column, Table } from "../../view/table.tsx";
import { AsOrganizer, roleName } from "./token.tsx";

export function LogPage() {
  return (
    <Page title={t("organize.nav.log")}>
      <p class="lead">{t("organize.log.lead")}</p>
      <AsOrganizer needs="read-log">
        {(organizer) => (
          <>
            <Chain organizer={organizer} />
            <Entries organizer={organizer} />
          </>
        )}
      </AsOrganizer>
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

/** Whether the chain of hashes is intact, as this page computes it from all entries. */
function Chain({ organizer }: { organizer: Organizer }) {
  const [done, setDone] = useState(0);
  const found = useResource(async () => {
    const entries = await readWholeLog(organizer.gateway, setDone);
    return { entries, flaw: flawIn(entries) };
  }, []);
  const { value, error, reload } = found;
  if (error !== undefined) return <Failure error={error} retry={reload} />;
  if (!value) return <p role="status">{t("organize.log.checking", { count: done })}</p>;
  const { entries, flaw } = value;
  const newest = entries.at(-1);
  if (!newest) return null;
  return (
    <Notice
      tone={flaw ? "bad" : "good"}
      title={
        flaw
          ? t(`organize.log.flaws.${flaw.kind}`, { number: flaw.number })
          : t("organize.log.intact", { count: entries.length })
      }
    >
      <p>{flaw ? t("organize.log.flawText") : t("organize.log.intactText")}</p>
      {!flaw && (
        <p>
          <CopyHash value={`${newest.number}:${newest.hash}`} name={t("organize.log.head")} whole />
        </p>
      )}
      <p class="actions">
        <button
          type="button"
          onClick={() => {
            saveFile("audit-log.json", logFile(entries));
          }}
        >
          {t("organize.log.save")}
        </button>
      </p>
    </Notice>
  );
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
