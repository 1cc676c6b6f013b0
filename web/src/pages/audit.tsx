/** Audit in the browser: data from the gateway and the chain, verdicts computed here. */

import { useState } from "preact/hooks";

import { checksummed } from "../client/address.ts";
import { fetchBoard } from "../client/board.ts";
import { ChainReader } from "../client/chain.ts";
import { JsonRpc } from "../client/rpc.ts";
import { type Config, type Poll, poll } from "../client/views.ts";
import { number, t } from "../messages/index.ts";
import { type Sections, splitSections } from "../protocol/board.ts";
import type { Finding } from "../protocol/checks/audit.ts";
import { noBoard } from "../protocol/checks/checks.ts";
import { toHex } from "../protocol/encoding.ts";
import { Malformed } from "../protocol/errors.ts";
import { CopyHash } from "../view/copy.tsx";
import { Facts, Page } from "../view/page.tsx";
import { Await, Failure, useResource } from "../view/resource.tsx";
import { deploymentOf, gateway, readConfig, rpcUrlOf, worker } from "../view/session.ts";
import { Table } from "../view/table.tsx";
import { Findings } from "./audit_findings.tsx";
import { hostOf, OwnProvider } from "./chain_notice.tsx";

/** Number of ballots from which the command line is the better tool. */
const MANY_BALLOTS = 2_000;

interface Outcome {
  readonly findings: readonly Finding[];
  /** Provider and block of the reading; undefined if an invalid board made it useless. */
  readonly block: bigint | undefined;
}

type Step =
  | { readonly at: "board"; readonly bytes: number }
  | { readonly at: "chain" }
  | { readonly at: "checking"; readonly done: number; readonly total: number };

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
  const [step, setStep] = useState<Step>();
  const [outcome, setOutcome] = useState<Outcome>();
  const [error, setError] = useState<unknown>();
  const run = async (rpcUrl: string) => {
    setError(undefined);
    setOutcome(undefined);
    try {
      setOutcome(await audit(rpcUrl, config, shown, setStep));
    } catch (problem) {
      setError(problem);
    }
    setStep(undefined);
  };
  return (
    <>
      {shown.voters > MANY_BALLOTS && <p>{t("audit.large", { count: shown.voters })}</p>}
      {url === undefined ? (
        <p class="notice">{t("audit.noRpc")}</p>
      ) : (
        <button
          type="button"
          class="primary"
          disabled={step !== undefined}
          onClick={() => void run(url)}
        >
          {outcome ? t("audit.again") : t("audit.start")}
        </button>
      )}
      {step && <Going step={step} />}
      {step?.at === "board" && <p>{t("audit.bytes", { count: step.bytes })}</p>}
      {error !== undefined && <Failure error={error} />}
      {outcome && url !== undefined && (
        <>
          <Findings findings={outcome.findings} />
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
      <Facts
        facts={[
          [t("audit.chainNumber"), config.chainId],
          [t("audit.pollNumber"), shown.poll.toString()],
          [
            t("audit.registry"),
            <CopyHash value={checksummed(config.registry)} name={t("audit.registry")} />,
          ],
          [
            t("audit.context"),
            <CopyHash value={toHex(shown.pollContext)} name={t("audit.context")} />,
          ],
        ]}
      />
      <Nodes shown={shown} />
      <h2>{t("audit.command")}</h2>
      <pre tabIndex={0}>
        <code>
          {[
            `ostraka-verify audit --rpc ${url ?? "https://…"}`,
            `--registry ${toHex(config.registry)} --poll ${shown.poll}`,
            ...(config.deploymentBlock ? [`--from-block ${config.deploymentBlock}`] : []),
            `--board ${location.origin}/api/v1/polls/${shown.poll}/board`,
          ].join(" \\\n  ")}
        </code>
      </pre>
    </>
  );
}

async function audit(
  rpcUrl: string,
  config: Config,
  shown: Poll,
  onStep: (step: Step) => void,
): Promise<Outcome> {
  const pollId = shown.poll;
  onStep({ at: "board", bytes: 0 });
  const board = await fetchBoard(gateway, pollId, { members: shown.committee.nodes }, (bytes) => {
    onStep({ at: "board", bytes });
  });
  onStep({ at: "chain" });
  let sections: Sections;
  try {
    sections = splitSections(board);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    return { findings: noBoard(error), block: undefined };
  }
  const rpc = new JsonRpc(rpcUrl, deploymentOf(config));
  const { chainId, registry } = config;
  const reader = await ChainReader.open(rpc, registry, BigInt(chainId));
  const chain = await reader.read(pollId, sections);
  onStep({ at: "checking", done: 0, total: 0 });
  const claimed = { registry, pollId };
  const findings = await worker.run(
    "audit",
    { claimed, chain, board },
    {
      progress: (done, total) => {
        onStep({ at: "checking", done, total });
      },
    },
  );
  return { findings, block: reader.block };
}

function Going({ step }: { step: Step }) {
  const known = step.at === "checking" && step.total > 0;
  return (
    <div role="status">
      <label for="going">{t(`audit.${step.at}`)}</label>
      <progress id="going" {...(known && { value: step.done, max: step.total })} />
    </div>
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
