/** Performs an audit in this browser: what is read, how far it is, and the command that repeats it. */

import { useState } from "preact/hooks";

import { checksummed } from "../client/address.ts";
import { fetchBoard } from "../client/board.ts";
import { ChainReader } from "../client/chain.ts";
import { JsonRpc } from "../client/rpc.ts";
import type { Config, Poll } from "../client/views.ts";
import { t } from "../messages/results.ts";
import { type Sections, splitSections } from "../protocol/board.ts";
import type { Finding } from "../protocol/checks/audit.ts";
import { noBoard } from "../protocol/checks/checks.ts";
import { toHex } from "../protocol/encoding.ts";
import { Malformed } from "../protocol/errors.ts";
import { CopyHash } from "../view/copy.tsx";
import { Facts } from "../view/page.tsx";
import { Failure } from "../view/resource.tsx";
import { deploymentOf, gateway, worker } from "../view/session.ts";

/** Findings, and the block at which the chain was read. */
export interface AuditOutcome {
  readonly findings: readonly Finding[];
  /** Provider and block of the reading; undefined if an invalid board made it useless. */
  readonly block: bigint | undefined;
}

type Step =
  | { readonly at: "board"; readonly bytes: number }
  | { readonly at: "chain" }
  | { readonly at: "checking"; readonly done: number; readonly total: number };

/** A button that audits a poll, its progress and its failure; `done` gets the outcome. */
export function AuditButton({
  url,
  config,
  shown,
  outcome,
  done,
}: {
  /** Provider of chain data. */
  url: string;
  config: Config;
  shown: Poll;
  outcome: AuditOutcome | undefined;
  done: (outcome: AuditOutcome | undefined) => void;
}) {
  const [step, setStep] = useState<Step>();
  const [error, setError] = useState<unknown>();
  const run = async () => {
    setError(undefined);
    done(undefined);
    try {
      done(await audit(url, config, shown, setStep));
    } catch (problem) {
      setError(problem);
    }
    setStep(undefined);
  };
  return (
    <>
      <button
        type="button"
        class="primary"
        disabled={step !== undefined}
        onClick={() => void run()}
      >
        {outcome ? t("audit.again") : t("audit.start")}
      </button>
      {step && <Going step={step} />}
      {step?.at === "board" && <p>{t("audit.bytes", { count: step.bytes })}</p>}
      {error !== undefined && <Failure error={error} />}
    </>
  );
}

/** The command that makes the same audit outside of the browser. */
export function auditCommand(config: Config, shown: Poll, url: string | undefined): string {
  return [
    `ostraka-verify audit --rpc ${url ?? "https://…"}`,
    `--registry ${toHex(config.registry)} --poll ${shown.poll}`,
    ...(config.deploymentBlock ? [`--from-block ${config.deploymentBlock}`] : []),
    `--board ${location.origin}/api/v1/polls/${shown.poll}/board`,
  ].join(" \\\n  ");
}

async function audit(
  rpcUrl: string,
  config: Config,
  shown: Poll,
  onStep: (step: Step) => void,
): Promise<AuditOutcome> {
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

/** What identifies a poll on its chain; `whole` shows hashes at full length, as on paper. */
export function References({
  config,
  shown,
  whole = false,
}: {
  config: Config;
  shown: Poll;
  whole?: boolean;
}) {
  return (
    <Facts
      facts={[
        [t("audit.chainNumber"), config.chainId],
        [t("audit.pollNumber"), shown.poll.toString()],
        [
          t("audit.registry"),
          <CopyHash
            value={checksummed(config.registry)}
            name={t("audit.registry")}
            whole={whole}
          />,
        ],
        [
          t("audit.context"),
          <CopyHash value={toHex(shown.pollContext)} name={t("audit.context")} whole={whole} />,
        ],
      ]}
    />
  );
}
