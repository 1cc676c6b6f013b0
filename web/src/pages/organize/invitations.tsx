/** Invitations, created in this browser and saved as a file before the round or poll is created. */

import { useState } from "preact/hooks";

import { type Account, totalWeight } from "../../client/account_file.ts";
import {
  invitationsFile,
  invitedAccounts,
  makeInvitations,
  MOST_INVITATIONS,
} from "../../client/invitations.ts";
import type { Plan } from "../../client/organizing.ts";
import { t } from "../../messages/organizer.ts";
import { systemRandomness } from "../../protocol/randomness.ts";
import { saveFile } from "../../view/page.tsx";
import { idOf, TextField, WrongWith } from "./inputs.tsx";

/** Invitations that were created together, kept while this page is open. */
export interface Batch {
  /** The file with their codes. */
  readonly file: string;
  readonly accounts: readonly Account[];
  readonly saved: boolean;
}

/** The newest batch: its codes exist only here until they are saved. */
export interface Making {
  readonly batch: Batch | undefined;
  readonly keep: (batch: Batch | undefined) => void;
}

export function Invitations({
  path,
  accounts,
  making: { batch, keep },
  change,
}: {
  path: string;
  /** Addresses of the invitations whose codes are saved. */
  accounts: readonly Account[];
  making: Making;
  change: (accounts: readonly Account[]) => void;
}) {
  const [count, setCount] = useState("20");
  const [weight, setWeight] = useState("1");
  const [done, setDone] = useState<number>();
  const wanted = /^[1-9][0-9]{0,5}$/.test(count) ? Number(count) : 0;
  const possible = wanted > 0 && wanted <= MOST_INVITATIONS && /^[1-9][0-9]{0,17}$/.test(weight);
  const make = async () => {
    setDone(0);
    const made = await makeInvitations(wanted, systemRandomness, setDone);
    const each = BigInt(weight);
    const file = invitationsFile(location.origin, made, each);
    keep({ file, accounts: invitedAccounts(made, each), saved: false });
    setDone(undefined);
  };
  const save = (made: Batch) => {
    saveFile("invitations.csv", made.file, "text/csv");
    if (made.saved) return;
    keep({ ...made, saved: true });
    change([...accounts, ...made.accounts]);
  };
  return (
    <fieldset id={idOf(path)} tabIndex={-1}>
      <legend>{t("organize.invitations.title")}</legend>
      <WrongWith path={path} />
      <p>{t("organize.invitations.lead")}</p>
      {accounts.length > 0 && (
        <p class="notice good" role="status">
          {t("organize.invitations.good", {
            count: accounts.length,
            weight: totalWeight(accounts),
          })}
        </p>
      )}
      {batch && !batch.saved && (
        <div class="notice warn" role="status">
          <p>{t("organize.invitations.once", { count: batch.accounts.length })}</p>
          <p>
            <button
              type="button"
              class="primary"
              onClick={() => {
                save(batch);
              }}
            >
              {t("organize.invitations.save")}
            </button>
          </p>
        </div>
      )}
      {(!batch || batch.saved) && (
        <>
          <TextField
            path={`${path}.count`}
            label={
              accounts.length ? t("organize.invitations.more") : t("organize.invitations.count")
            }
            hint={t("organize.invitations.most", { most: MOST_INVITATIONS })}
            value={count}
            change={setCount}
            more={{ inputMode: "numeric" }}
          />
          <TextField
            path={`${path}.weight`}
            label={t("organize.invitations.weight")}
            hint={t("organize.invitations.weightHint")}
            value={weight}
            change={setWeight}
            more={{ inputMode: "numeric" }}
          />
          <p class="actions">
            <button
              type="button"
              disabled={!possible || done !== undefined}
              onClick={() => void make()}
            >
              {t("organize.invitations.make")}
            </button>
            {batch && accounts.length > 0 && (
              <button
                type="button"
                onClick={() => {
                  save(batch);
                }}
              >
                {t("organize.invitations.again")}
              </button>
            )}
          </p>
        </>
      )}
      {done !== undefined && (
        <p role="status">
          <progress aria-label={t("organize.invitations.making")} value={done} max={wanted} />
        </p>
      )}
      {(accounts.length > 0 || batch) && (
        <button
          type="button"
          class="danger"
          onClick={() => {
            keep(undefined);
            change([]);
          }}
        >
          {t("organize.invitations.drop")}
        </button>
      )}
      <p class="hint">{t("organize.invitations.each")}</p>
    </fieldset>
  );
}

/** Number of a plan's redeemed invitations. */
export function Redeemed({ plan: { invitations, censusFixed } }: { plan: Plan }) {
  const { issued, redeemed } = invitations;
  return (
    <section aria-labelledby="invitations">
      <h2 id="invitations">{t("organize.invitations.title")}</h2>
      <p>{t("organize.invitations.counts", { redeemed, issued })}</p>
      <p class="hint">
        {censusFixed ? t("organize.invitations.over") : t("organize.invitations.fixed")}
      </p>
    </section>
  );
}
