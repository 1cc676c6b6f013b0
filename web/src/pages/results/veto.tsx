/** The veto holder's objection to an outcome that nodes attested, as a transaction of a wallet. */

import { useState } from "preact/hooks";

import { vetoOutcomeCall } from "../../client/abi.ts";
import { attestedOutcome, type Config } from "../../client/views.ts";
import { Wallet } from "../../client/wallet.ts";
import { moment } from "../../messages/index.ts";
import { t } from "../../messages/results.ts";
import { sameBytes, toHex } from "../../protocol/encoding.ts";
import type { UnixSeconds } from "../../protocol/units.ts";
import { Disclosure, Disclosures } from "../../view/disclosure.tsx";
import { Await, Failure, useResource } from "../../view/resource.tsx";
import { gateway, readConfig, useSigner } from "../../view/session.ts";
import { shownSoon } from "../../view/waiting.ts";
import { SignedIn, Wallets } from "../sign_in.tsx";

type Step = "offered" | "asked" | "signing" | "mining" | "mined" | "late";

export interface VetoProps {
  readonly poll: bigint;
  readonly holder: Uint8Array;
  readonly endsAt: UnixSeconds;
  /** Read the outcome's state again. */
  readonly reload: () => void;
}

/** What a veto does, and the way to it for the account that may. */
export function VetoSection(props: VetoProps) {
  const config = useResource(readConfig, []);
  const signer = useSigner();
  const wallet = signer instanceof Wallet ? signer : undefined;
  const [open] = useState(wallet !== undefined);
  const holds = wallet && sameBytes(wallet.address, props.holder);
  return (
    <div class="not-printed">
      <Disclosures>
        <Disclosure summary={t("results.veto.summary")} open={open}>
          <p>{t("results.veto.effect")}</p>
          <p>{t("results.veto.audit")}</p>
          <Await resource={config}>
            {(value) =>
              wallet ? (
                <>
                  <SignedIn signer={wallet} config={value} />
                  {holds ? (
                    <Veto key={toHex(wallet.address)} {...props} wallet={wallet} config={value} />
                  ) : (
                    <p class="notice warn" role="status">
                      {t("results.veto.other")}
                    </p>
                  )}
                </>
              ) : (
                <>
                  <p>{t("results.veto.connect", { poll: props.poll.toString() })}</p>
                  <Wallets />
                </>
              )
            }
          </Await>
        </Disclosure>
      </Disclosures>
    </div>
  );
}

/** From the button over the question to the transaction in the blockchain. */
function Veto({
  poll,
  endsAt,
  reload,
  wallet,
  config,
}: VetoProps & { wallet: Wallet; config: Config }) {
  const [step, setStep] = useState<Step>("offered");
  const [error, setError] = useState<unknown>();
  const send = async () => {
    setStep("signing");
    setError(undefined);
    try {
      const { chainId, registry } = config;
      const block = await wallet.transact(BigInt(chainId), registry, vetoOutcomeCall(poll), () => {
        setStep("mining");
      });
      setStep(block === undefined ? "late" : "mined");
      if (block !== undefined) {
        await shownSoon(async () => {
          const { state } = await gateway.get(`/polls/${poll}/outcome`, attestedOutcome);
          return state === "vetoed";
        });
      }
    } catch (problem) {
      setError(problem);
      setStep("asked");
    }
    // Also after a failure: perhaps the time to object is over.
    reload();
  };
  if (step === "late") {
    return (
      <p class="notice warn" role="status">
        {t("results.veto.late", { time: moment(endsAt) })}
      </p>
    );
  }
  const working = step === "signing" || step === "mining" || step === "mined";
  return (
    <>
      {step === "offered" ? (
        <p class="actions">
          <button
            type="button"
            onClick={() => {
              setStep("asked");
            }}
          >
            {t("results.veto.button")}
          </button>
        </p>
      ) : (
        <div class="notice warn">
          <p>
            <strong>{t("results.veto.sure")}</strong>
          </p>
          <p class="actions">
            <button type="button" disabled={working} onClick={() => void send()}>
              {t("results.veto.yes")}
            </button>
            <button
              type="button"
              disabled={working}
              onClick={() => {
                setStep("offered");
                setError(undefined);
              }}
            >
              {t("results.veto.keep")}
            </button>
          </p>
        </div>
      )}
      {working && <p role="status">{t(`results.veto.${step}`)}</p>}
      {error !== undefined && <Failure error={error} />}
    </>
  );
}
