/** The public log of a round: replaced codes of members, and comments that were hidden. */

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

import { checksummed } from "../client/address.ts";
import {
  type Decision,
  readDecisions,
  readReplacements,
  type Replacement,
} from "../client/public_log.ts";
import { type Proposal, proposals, round } from "../client/views.ts";
import { messageIfAny, moment, short } from "../messages/index.ts";
import { t } from "../messages/proposals.ts";
import { sameBytes, toHex } from "../protocol/encoding.ts";
import { CopyHash } from "../view/copy.tsx";
import { Empty } from "../view/empty.tsx";
import { Page } from "../view/page.tsx";
import { Await, Failure, useResource } from "../view/resource.tsx";
import { gateway } from "../view/session.ts";
import { type Column, Table } from "../view/table.tsx";

export function PublicLogPage({ id }: { id: bigint }) {
  const found = useResource(async () => {
    const [shown, listed, replaced, decided] = await Promise.all([
      gateway.get(`/rounds/${id}`, round),
      gateway.get(`/rounds/${id}/proposals`, proposals),
      readReplacements(gateway, id),
      readDecisions(gateway, id),
    ]);
    return { shown, listed, replaced, decided };
  }, [id]);
  const title = found.value?.shown.title;
  return (
    <Page title={title === undefined ? t("publicLog.title") : `${t("publicLog.title")}: ${title}`}>
      <p class="lead">{t("publicLog.lead")}</p>
      <Await resource={found}>
        {({ listed, replaced, decided }) => (
          <>
            <section aria-labelledby="replacements">
              <h2 id="replacements">{t("publicLog.replacements")}</h2>
              <p>{t("publicLog.replacementsText")}</p>
              <Parts
                first={{ rows: replaced.replacements, next: replaced.next }}
                more={async (before) => {
                  const part = await readReplacements(gateway, id, before);
                  return { rows: part.replacements, next: part.next };
                }}
                none={t("publicLog.noReplacements")}
                shown={(rows) => (
                  <Table
                    caption={t("publicLog.replacementsCaption")}
                    columns={replacementColumns()}
                    rows={rows}
                    keyOf={({ number }) => number}
                  />
                )}
              />
              <p class="hint">{t("publicLog.source")}</p>
            </section>
            <section aria-labelledby="decisions">
              <h2 id="decisions">{t("publicLog.decisions")}</h2>
              <p>{t("publicLog.decisionsText")}</p>
              <Parts
                first={{ rows: decided.entries, next: decided.next }}
                more={async (after) => {
                  const part = await readDecisions(gateway, id, after);
                  return { rows: part.entries, next: part.next };
                }}
                none={t("publicLog.noDecisions")}
                shown={(rows) => (
                  <Table
                    caption={t("publicLog.decisionsCaption")}
                    columns={decisionColumns(id, listed)}
                    rows={rows}
                    keyOf={({ comment, decidedAt }) => `${toHex(comment)} ${decidedAt}`}
                  />
                )}
              />
            </section>
          </>
        )}
      </Await>
      <p>
        <a href={`/rounds/${id}`}>{t("propose.back")}</a>
      </p>
    </Page>
  );
}

interface Part<Row> {
  readonly rows: readonly Row[];
  /** Asks for the next part; undefined after the last one. */
  readonly next: number | undefined;
}

/** A list that is loaded in parts. */
function Parts<Row>({
  first,
  more,
  none,
  shown,
}: {
  first: Part<Row>;
  more: (next: number) => Promise<Part<Row>>;
  /** Shown in place of an empty list. */
  none: string;
  shown: (rows: readonly Row[]) => ComponentChildren;
}) {
  const [parts, setParts] = useState<readonly Part<Row>[]>([first]);
  const [error, setError] = useState<unknown>();
  const next = parts.at(-1)!.next;
  const rows = parts.flatMap((part) => part.rows);
  if (!rows.length) return <Empty title={none} />;
  return (
    <>
      {shown(rows)}
      {next !== undefined && (
        <button
          type="button"
          onClick={() => {
            setError(undefined);
            more(next).then((part) => {
              setParts((before) => [...before, part]);
            }, setError);
          }}
        >
          {t("publicLog.more")}
        </button>
      )}
      {error !== undefined && <Failure error={error} />}
    </>
  );
}

function replacementColumns(): readonly Column<Replacement>[] {
  const address = (bytes: Uint8Array, name: string) => (
    <CopyHash value={checksummed(bytes)} name={name} />
  );
  return [
    {
      title: t("publicLog.time"),
      // A column of its own would make the table wider than a tablet.
      value: ({ at, transaction }) => (
        <>
          {moment(at)} <CopyHash value={toHex(transaction)} name={t("publicLog.transaction")} />
        </>
      ),
    },
    {
      title: t("publicLog.member"),
      value: ({ invitation }) => address(invitation, t("publicLog.member")),
    },
    {
      title: t("publicLog.formerKey"),
      value: ({ formerKey }) =>
        formerKey ? address(formerKey, t("publicLog.formerKey")) : t("publicLog.noKey"),
    },
    { title: t("publicLog.code"), value: ({ code }) => address(code, t("publicLog.code")) },
    {
      title: t("publicLog.reason"),
      value: ({ reason }) =>
        reason === undefined
          ? t("publicLog.reasons.none")
          : (messageIfAny(`publicLog.reasons.${reason}`) ?? reason),
    },
  ];
}

function decisionColumns(id: bigint, listed: readonly Proposal[]): readonly Column<Decision>[] {
  return [
    { title: t("publicLog.time"), value: ({ decidedAt }) => moment(decidedAt) },
    {
      title: t("publicLog.proposal"),
      value: ({ proposal }) => (
        <a href={`/rounds/${id}/proposals/${toHex(proposal)}`}>
          {listed.find((one) => sameBytes(one.proposal, proposal))?.title ?? short(toHex(proposal))}
        </a>
      ),
    },
    {
      title: t("publicLog.decision"),
      value: ({ hidden }) => (hidden ? t("publicLog.hidden") : t("publicLog.shown")),
    },
    { title: t("publicLog.moderator"), value: ({ moderator }) => moderator },
    { title: t("publicLog.reason"), value: ({ reason }) => reason },
    {
      title: t("publicLog.comment"),
      value: ({ comment }) => <CopyHash value={toHex(comment)} name={t("publicLog.comment")} />,
    },
  ];
}
