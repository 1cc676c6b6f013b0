/** Audit in the browser: data from the gateway and the chain, verdicts computed here. */

import { useState } from "preact/hooks";

import { checksummed } from "../client/address.ts";
import { type Config, type Poll, poll } from "../client/views.ts";
import { number } from "../messages/index.ts";
import { t } from "../messages/results.ts";
import { sameBytes } from "../protocol/encoding.ts";
import { Command, CopyHash } from "../view/copy.tsx";
import { Page } from "../view/page.tsx";
import { Await, useResource } from "../view/resource.tsx";
import { gateway, readConfig, rpcUrlOf } from "../view/session.ts";
import { Table } from "../view/table.tsx";
import { Findings } from "./audit_findings.tsx";
import { AuditButton, auditCommand, type AuditOutcome, References } from "./audit_run.tsx";
import { hostOf, OwnProvider } from "./chain_notice.tsx";

/** Number of ballots from which the command line is the better tool. */
const MANY_BALLOTS = 2_000;

export function AuditPage({ id }: { id: bigint }) {
  const found = useResource(async () => {
    const [config, shown] = await Promise.all([readConfig(), gateway.get(`/polls/${id}`, poll)]);
    return { config, shown };
  }, [id]);
  return (
    <Page
      title={found.value ? `${t("audit.title")}: ${found.value.shown.title}` : t("audit.title")}
    >
      <p class="lead">{t("audit.lead")}</p>
      <Await resource={found}>{(value) => <Shown {...value} />}</Await>
    </Page>
  );
}

function Shown({ config, shown }: { config: Config; shown: Poll }) {
  const url = rpcUrlOf(config);
  const { round } = shown;
  const [outcome, setOutcome] = useState<AuditOutcome>();
  return (
    <>
      {shown.voters > MANY_BALLOTS && <p>{t("audit.large", { count: shown.voters })}</p>}
      {url === undefined ? (
        <p class="notice">{t("audit.noRpc")}</p>
      ) : (
        <AuditButton url={url} config={config} shown={shown} outcome={outcome} done={setOutcome} />
      )}
      {outcome && url !== undefined && (
        <>
          <Findings findings={outcome.findings} />
          <p>
            <a class="button" href={`/polls/${shown.poll}/certificate`}>
              {t("certificate.link")}
            </a>
          </p>
          {outcome.block !== undefined && (
            <p>{t("audit.through", { host: hostOf(url), block: outcome.block })}</p>
          )}
        </>
      )}
      <OwnProvider />
      <h2>{t("audit.trust")}</h2>
      <ul>
        {(["provider", "client", "secrecy", "leftOut"] as const).map((point) => (
          <li key={point}>{t(`audit.trust.${point}`)}</li>
        ))}
      </ul>
      <h2>{t("audit.references")}</h2>
      <References config={config} shown={shown} />
      {round && sameBytes(round.treasury, config.treasury) && (
        <p>
          <a href={`/rounds/${round.id}/log`}>{t("round.publicLog")}</a>
        </p>
      )}
      <Nodes shown={shown} />
      <h2>{t("audit.command")}</h2>
      <Command text={auditCommand(config, shown, url)} name={t("audit.command")} />
    </>
  );
}

function Nodes({ shown }: { shown: Poll }) {
  const { nodes, threshold, faults } = shown.committee;
  return (
    <>
      <h2>{t("audit.nodes")}</h2>
      <p>{t("audit.threshold", { threshold, nodes: nodes.length, faults })}</p>
      <p>{t("audit.signed")}</p>
      <Table
        caption={<span class="heard">{t("audit.nodes")}</span>}
        columns={[
          { title: t("audit.node"), value: ({ node }) => number(node) },
          { title: t("audit.url"), value: ({ url }) => url },
          {
            title: t("audit.address"),
            value: ({ node, address }) => (
              <CopyHash
                value={checksummed(address)}
                name={`${t("audit.address")}, ${t("audit.node")} ${node}`}
              />
            ),
          },
        ]}
        rows={nodes}
        keyOf={({ node }) => node}
      />
    </>
  );
}
