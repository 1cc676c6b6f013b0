/** Payouts of a round: what is paid, and a button for what is not. */

import { useState } from "preact/hooks";

import { checksummed } from "../../client/address.ts";
import { type Results, sent } from "../../client/views.ts";
import { moment } from "../../messages/index.ts";
import { t } from "../../messages/results.ts";
import { toHex } from "../../protocol/encoding.ts";
import { Badge } from "../../view/badge.tsx";
import { CopyHash } from "../../view/copy.tsx";
import { useAmount } from "../../view/currency.ts";
import { Failure } from "../../view/resource.tsx";
import { gateway } from "../../view/session.ts";
import { Table } from "../../view/table.tsx";

type RoundResults = NonNullable<Results["round"]>;

export function Payouts({ round, reload }: { round: RoundResults; reload: () => void }) {
  const amount = useAmount();
  const [claiming, setClaiming] = useState("");
  const [error, setError] = useState<unknown>();
  const claim = async (proposal: Uint8Array) => {
    setClaiming(toHex(proposal));
    setError(undefined);
    try {
      await gateway.post(`/proposals/${toHex(proposal)}/payout`, undefined, sent);
      reload();
    } catch (problem) {
      setError(problem);
    }
    setClaiming("");
  };
  const funded = round.payouts.filter((one) => one.funded);
  const paid = funded.filter((one) => one.paid);
  const total = (some: typeof funded) => some.reduce((sum, one) => sum + one.amount, 0n);
  // By chain time: test chains are ahead of the clocks of browsers.
  const waits = round.status === "decided" && !round.claimable;
  return (
    <>
      <h2 id="payouts">{t("results.payouts")}</h2>
      {!round.decided && <p>{t("results.undecided")}</p>}
      {round.status === "vetoed" && <p class="notice warn">{t("results.vetoed")}</p>}
      {waits && round.payoutsOpenAt !== undefined && (
        <p>{t("results.delayed", { time: moment(round.payoutsOpenAt) })}</p>
      )}
      {funded.length > 0 && (
        <>
          <p>
            {t("results.paidOf", {
              paid: amount(total(paid)),
              all: amount(total(funded)),
            })}
          </p>
          <Table
            caption={<span class="heard">{t("results.payouts")}</span>}
            columns={[
              { title: t("results.proposal"), value: ({ title }) => title },
              {
                title: t("results.amount"),
                numbers: true,
                value: (one) => amount(one.amount),
              },
              {
                title: t("results.recipient"),
                value: ({ recipient, title }) => (
                  <CopyHash
                    value={checksummed(recipient)}
                    name={`${t("results.recipient")}, ${title}`}
                  />
                ),
              },
              {
                title: t("results.state"),
                value: (one) =>
                  one.paid ? (
                    <Badge tone="good">{t("results.paid")}</Badge>
                  ) : (
                    <span class="actions">
                      <Badge>{t("results.unpaid")}</Badge>
                      {round.claimable && (
                        <button
                          type="button"
                          disabled={claiming !== ""}
                          onClick={() => void claim(one.proposal)}
                        >
                          {claiming === toHex(one.proposal)
                            ? t("results.claiming")
                            : t("results.claim", { title: one.title })}
                        </button>
                      )}
                    </span>
                  ),
              },
            ]}
            rows={funded}
            keyOf={({ proposal }) => toHex(proposal)}
          />
        </>
      )}
      {error !== undefined && <Failure error={error} />}
    </>
  );
}
