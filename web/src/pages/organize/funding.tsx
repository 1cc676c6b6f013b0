/** The money of a round: deposits from the gateway's account or any other, and refunds. */

import { useState } from "preact/hooks";

import type { Funder, Organizer } from "../../client/organizing.ts";
import type { Round } from "../../client/views.ts";
import { amount, readAmount, short } from "../../messages/index.ts";
import { t } from "../../messages/organizer.ts";
import { toHex } from "../../protocol/encoding.ts";
import { Meter } from "../../view/meter.tsx";
import { Failure } from "../../view/resource.tsx";
import { TextField } from "./inputs.tsx";

export function Funding({
  organizer,
  round,
  treasury,
  funders,
  reload,
}: {
  organizer: Organizer;
  round: Round;
  treasury: Uint8Array;
  funders: readonly Funder[];
  reload: () => void;
}) {
  const { budget, deposited, token, status, symbol, decimals } = round;
  const shown = (units: bigint) => amount(units, { symbol, decimals });
  const missing = budget > deposited ? budget - deposited : 0n;
  const [typed, setTyped] = useState<string>();
  const entered = typed ?? amount(missing, { symbol: undefined, decimals });
  const units = readAmount(entered, { symbol, decimals });
  const [working, setWorking] = useState(false);
  const [announcement, setAnnouncement] = useState("");
  const [error, setError] = useState<unknown>();
  const run = async (action: () => Promise<void>, done: string) => {
    setWorking(true);
    setAnnouncement("");
    setError(undefined);
    try {
      await action();
      setAnnouncement(done);
      setTyped(undefined);
      reload();
    } catch (problem) {
      setError(problem);
    }
    setWorking(false);
  };
  const open = ["announced", "proposing", "ready"].includes(status);
  return (
    <section aria-labelledby="funding">
      <h2 id="funding">{t("organize.funding.title")}</h2>
      <Meter
        label={t("organize.funding.deposited")}
        value={deposited}
        most={budget > deposited ? budget : deposited}
        text={t("organize.funding.of", { deposited: shown(deposited), budget: shown(budget) })}
      />
      {open && !organizer.may("organize") && <p>{t("organize.funding.notYours")}</p>}
      {open && organizer.may("organize") && (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            if (units)
              void run(() => organizer.fund(round.round, units), t("organize.funding.funded"));
          }}
        >
          <TextField
            path="funding.amount"
            label={
              symbol ? t("organize.funding.amountOf", { symbol }) : t("organize.funding.amount")
            }
            hint={t("organize.funding.from", { account: short(toHex(organizer.account)) })}
            value={entered}
            change={setTyped}
            more={{ inputMode: "decimal" }}
          />
          <button type="submit" disabled={working || !units}>
            {working ? t("organize.funding.working") : t("organize.funding.fund")}
          </button>
        </form>
      )}
      {announcement && <p role="status">{announcement}</p>}
      {error !== undefined && <Failure error={error} />}
      {open && (
        <details>
          <summary>{t("organize.funding.elsewhere")}</summary>
          <p>{token ? t("organize.funding.byToken") : t("organize.funding.byCoin")}</p>
          <dl>
            <dt>{t("organize.funding.treasury")}</dt>
            <dd>
              <code>{toHex(treasury)}</code>
            </dd>
            <dt>{t("organize.funding.call")}</dt>
            <dd>
              <code>{`fund(${round.round}, ${missing || budget})`}</code>
            </dd>
            {token && (
              <>
                <dt>{t("organize.funding.token")}</dt>
                <dd>
                  <code>{toHex(token)}</code>
                </dd>
              </>
            )}
          </dl>
        </details>
      )}
      {funders.length > 0 && (
        <>
          <h3>{t("organize.funding.funders")}</h3>
          <ul>
            {funders.map(({ funder, amount: given, refundable }) => (
              <li key={toHex(funder)}>
                {t("organize.funding.funder", {
                  account: short(toHex(funder)),
                  amount: shown(given),
                })}{" "}
                {refundable > 0n && organizer.may("organize") && (
                  <button
                    type="button"
                    disabled={working}
                    onClick={() => {
                      void run(
                        () => organizer.refund(round.round, funder),
                        t("organize.funding.refunded"),
                      );
                    }}
                  >
                    {t("organize.funding.refund", {
                      amount: shown(refundable),
                      account: short(toHex(funder)),
                    })}
                  </button>
                )}
              </li>
            ))}
          </ul>
        </>
      )}
      <p class="hint">{t("organize.funding.refunds")}</p>
    </section>
  );
}
