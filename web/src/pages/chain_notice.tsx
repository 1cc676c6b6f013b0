/** Notice whether the gateway's poll matches the chain's. */

import { useEffect, useState } from "preact/hooks";

import { compare } from "../client/poll.ts";
import type { OpenPoll } from "../protocol/published.ts";
import type { JsonRpc } from "../client/rpc.ts";
import type { Config } from "../client/views.ts";
import { t } from "../messages/index.ts";
import { toHex } from "../protocol/encoding.ts";
import { Rejected } from "../protocol/errors.ts";
import { deploymentOf, rpcUrlOf } from "../view/session.ts";
import type { Detail } from "./ballot/field.ts";

/** Result of the comparison with the chain. */
export type Checked =
  | { readonly state: "checking"; readonly host: string }
  | {
      readonly state: "checked";
      readonly host: string;
      readonly poll: OpenPoll;
      /** Content of the treasury's proposals, for a round's poll. */
      readonly details: readonly Detail[] | undefined;
    }
  | { readonly state: "unchecked"; readonly reason: string }
  | { readonly state: "lies"; readonly reason: string };

/** Host of a URL, for showing. */
export function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url;
}

/** Read the poll from the chain and compare. */
export function useChainCheck(config: Config, shown: OpenPoll): Checked {
  const url = rpcUrlOf(config);
  const [checked, setChecked] = useState<Checked>(
    url === undefined
      ? { state: "unchecked", reason: t("chain.noRpc") }
      : { state: "checking", host: hostOf(url) },
  );
  useEffect(() => {
    if (url === undefined) return;
    check(url, config, shown).then(setChecked, (error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      setChecked({ state: error instanceof Rejected ? "lies" : "unchecked", reason });
    });
  }, [toHex(shown.context)]);
  return checked;
}

async function check(url: string, config: Config, shown: OpenPoll): Promise<Checked> {
  // Start loading while the voter reads.
  const [{ pollOfChain }, { JsonRpc }] = await Promise.all([
    import("../client/chain_poll.ts"),
    import("../client/rpc.ts"),
  ]);
  const rpc = new JsonRpc(url, deploymentOf(config));
  const { pollId, pollKeys } = shown;
  // The comparison finds whether the round is the chain's.
  const proposed = detailsOf(rpc, shown);
  proposed.catch(() => undefined);
  const poll = await pollOfChain(rpc, config.registry, pollId, pollKeys);
  compare(shown, poll);
  const details = await proposed;
  return { state: "checked", host: hostOf(url), poll, details };
}

/** Costs and texts beside the options, which a gateway could falsify. */
async function detailsOf(rpc: JsonRpc, poll: OpenPoll): Promise<Detail[] | undefined> {
  const { round } = poll.description;
  if (!round) return undefined;
  const { readProposals } = await import("../client/proposals.ts");
  const proposals = await readProposals(rpc, round, await rpc.newestBlock());
  return proposals
    .filter(({ withdrawn }) => !withdrawn)
    .map(({ text, amount, category }) => ({ text, cost: amount, category }));
}

/** Result of the comparison; with `accept`, the reader may continue without it. */
export function ChainNotice({
  checked,
  accepted = false,
  accept,
}: {
  checked: Checked;
  accepted?: boolean;
  accept?: (accepted: boolean) => void;
}) {
  return (
    <section class="chain" aria-labelledby="real">
      <h2 id="real">{t("chain.title")}</h2>
      {(checked.state === "checking" || checked.state === "checked") && (
        // Both texts are about as long, so that nothing moves when the result arrives.
        <p class={checked.state === "checked" ? "notice good" : "notice"} role="status">
          {t(`chain.${checked.state}`, { host: checked.host })}
        </p>
      )}
      {checked.state === "lies" && (
        <p class="notice bad" role="alert">
          {t("chain.lies", { reason: checked.reason })}
        </p>
      )}
      {checked.state === "unchecked" && (
        <div class="notice warn" role="status">
          <p>{t("chain.unchecked")}</p>
          <p>{t("chain.why", { reason: checked.reason })}</p>
          {accept && (
            <label class="choice">
              <input
                type="checkbox"
                checked={accepted}
                onChange={(event) => {
                  accept(event.currentTarget.checked);
                }}
              />
              {t("chain.accept")}
            </label>
          )}
        </div>
      )}
      <OwnProvider />
    </section>
  );
}

/** A form that reloads the page with a policy that also allows the reader's own provider. */
export function OwnProvider() {
  return (
    <details>
      <summary>{t("chain.own")}</summary>
      <form method="get">
        <label for="rpc">{t("chain.url")}</label>
        <input id="rpc" name="rpc" type="url" required placeholder="https://" />
        <p class="hint">{t("chain.note")}</p>
        <button type="submit">{t("chain.use")}</button>
      </form>
    </details>
  );
}
