/** Invitations: made in this browser, and saved as a file before anything can be created. */

import { useState } from "preact/hooks";

import { type Account, totalWeight } from "../../client/account_file.ts";
import {
  invitationsFile,
  invitedAccounts,
  makeInvitations,
  MOST_INVITATIONS,
} from "../../client/invitations.ts";
import type { Plan } from "../../client/organizing.ts";
import { number, words } from "../../messages/index.ts";
import { systemRandomness } from "../../protocol/randomness.ts";
import { saveFile } from "../../view/page.tsx";
import { idOf, TextField, WrongWith } from "./inputs.tsx";

/** Invitations that were made together, for as long as this page is open. */
export interface Batch {
  /** The file with their codes. */
  readonly file: string;
  readonly accounts: readonly Account[];
  readonly saved: boolean;
}

/** The newest batch: nothing else has its codes until they are saved. */
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
  /** Addresses of those whose codes are saved. */
  accounts: readonly Account[];
  making: Making;
  change: (accounts: readonly Account[]) => void;
}) {
  const text = words.organize.invitations;
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
      <legend>{text.title}</legend>
      <WrongWith path={path} />
      <p>{text.lead}</p>
      {accounts.length > 0 && (
        <p class="notice good" role="status">
          {text.good(number(accounts.length), number(totalWeight(accounts)))}
        </p>
      )}
      {batch && !batch.saved && (
        <div class="notice warn" role="status">
          <p>{text.once(number(batch.accounts.length))}</p>
          <p>
            <button
              type="button"
              class="primary"
              onClick={() => {
                save(batch);
              }}
            >
              {text.save}
            </button>
          </p>
        </div>
      )}
      {(!batch || batch.saved) && (
        <>
          <TextField
            path={`${path}.count`}
            label={accounts.length ? text.more : text.count}
            hint={text.most(number(MOST_INVITATIONS))}
            value={count}
            change={setCount}
            more={{ inputMode: "numeric" }}
          />
          <TextField
            path={`${path}.weight`}
            label={text.weight}
            hint={text.weightHint}
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
              {text.make}
            </button>
            {batch && accounts.length > 0 && (
              <button
                type="button"
                onClick={() => {
                  save(batch);
                }}
              >
                {text.again}
              </button>
            )}
          </p>
        </>
      )}
      {done !== undefined && (
        <p role="status">
          <progress aria-label={text.making} value={done} max={wanted} />
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
          {text.drop}
        </button>
      )}
      <p class="hint">{text.each}</p>
    </fieldset>
  );
}

/** How many of a plan's invitations are redeemed. */
export function Redeemed({ plan: { invitations, censusFixed } }: { plan: Plan }) {
  const text = words.organize.invitations;
  const { issued, redeemed } = invitations;
  return (
    <section aria-labelledby="invitations">
      <h2 id="invitations">{text.title}</h2>
      <p>{text.counts(number(redeemed), number(issued))}</p>
      <p class="hint">{censusFixed ? text.over : text.fixed}</p>
    </section>
  );
}
