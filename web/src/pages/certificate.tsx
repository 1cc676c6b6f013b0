/** One page for paper: what a poll decided, what an audit in this browser found, and how to repeat it. */

import { Printer } from "lucide";
import { useState } from "preact/hooks";

import { type Config, poll, type Poll, type Results, results } from "../client/views.ts";
import { moment, number, percent } from "../messages/index.ts";
import { t } from "../messages/results.ts";
import { toHex } from "../protocol/encoding.ts";
import { unixSeconds } from "../protocol/units.ts";
import { CategoryNamesContext } from "../view/categories.ts";
import { Command, CopyHash } from "../view/copy.tsx";
import { CurrencyContext, PLAIN_UNITS } from "../view/currency.ts";
import { Icon } from "../view/icon.tsx";
import { Facts, Page } from "../view/page.tsx";
import { Await, useResource } from "../view/resource.tsx";
import { gateway, readConfig, rpcUrlOf } from "../view/session.ts";
import { Sentences, VerdictNotice } from "./audit_findings.tsx";
import { AuditButton, auditCommand, type AuditOutcome, References } from "./audit_run.tsx";
import { hostOf } from "./chain_notice.tsx";
import { Decisions, outcomeOf } from "./results/outcome.tsx";
import "./certificate.css";

interface Loaded {
  readonly config: Config;
  readonly shown: Poll;
  readonly counted: Results;
}

export function CertificatePage({ id }: { id: bigint }) {
  const found = useResource(async (): Promise<Loaded> => {
    const [config, shown, counted] = await Promise.all([
      readConfig(),
      gateway.get(`/polls/${id}`, poll),
      gateway.get(`/polls/${id}/results`, results),
    ]);
    return { config, shown, counted };
  }, [id]);
  const title = t("certificate.title");
  return (
    <Page title={found.value ? `${title}: ${found.value.shown.title}` : title}>
      <Await resource={found}>
        {(value) => (
          <CurrencyContext.Provider value={value.counted.round ?? PLAIN_UNITS}>
            <CategoryNamesContext.Provider value={value.counted.round?.categories ?? []}>
              <Certificate {...value} />
            </CategoryNamesContext.Provider>
          </CurrencyContext.Provider>
        )}
      </Await>
    </Page>
  );
}

function Certificate({ config, shown, counted }: Loaded) {
  const url = rpcUrlOf(config);
  const [outcome, setOutcome] = useState<AuditOutcome>();
  const [finishedAt, setFinishedAt] = useState(0);
  return (
    <>
      <div class="not-printed">
        <p>{t("certificate.lead")}</p>
        {url === undefined ? (
          <p class="notice">
            {t("audit.noRpc")} <a href={`/polls/${shown.poll}/audit`}>{t("audit.title")}</a>
          </p>
        ) : (
          <AuditButton
            url={url}
            config={config}
            shown={shown}
            outcome={outcome}
            done={(found) => {
              setOutcome(found);
              setFinishedAt(Math.floor(Date.now() / 1000));
            }}
          />
        )}
      </div>
      {outcome && url !== undefined && (
        <div class="certificate">
          <p class="actions">
            <button
              type="button"
              onClick={() => {
                print();
              }}
            >
              <Icon of={Printer} /> {t("results.print")}
            </button>
          </p>
          <VerdictNotice findings={outcome.findings} />
          <Sentences findings={outcome.findings} />
          <p>
            {t("certificate.made", { time: moment(unixSeconds(finishedAt)) })}{" "}
            {outcome.block !== undefined &&
              t("audit.through", { host: hostOf(url), block: outcome.block })}
          </p>
          <Decisions outcome={outcomeOf(shown, counted)} />
          <Facts
            facts={[
              [t("certificate.closed"), moment(shown.closesAt)],
              [
                t("results.turnoutLabel"),
                `${percent(BigInt(counted.counted), BigInt(counted.voters))} (${number(counted.counted)} / ${number(counted.voters)})`,
              ],
              [
                t("certificate.root"),
                <CopyHash value={toHex(counted.root)} name={t("certificate.root")} whole />,
              ],
            ]}
          />
          <h2>{t("audit.references")}</h2>
          <References config={config} shown={shown} whole />
          <h2>{t("certificate.repeat")}</h2>
          <Command text={auditCommand(config, shown, url)} name={t("certificate.repeat")} />
        </div>
      )}
    </>
  );
}
