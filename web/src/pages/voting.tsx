/** Page of a poll: the chain check, the voter's key, the ballot, casting, the receipts. */

import { CircleCheck } from "lucide";
import { useEffect, useState } from "preact/hooks";

import { termsOf } from "../client/casting.ts";
import { type Registration, registrationsFor } from "../client/registration.ts";
import { readStanding, type Standing } from "../client/standing.ts";
import type { Config } from "../client/views.ts";
import { t } from "../messages/index.ts";
import { isShuffled } from "../protocol/counting.ts";
import { toHex } from "../protocol/encoding.ts";
import type { Signer } from "../protocol/keys.ts";
import type { OpenPoll } from "../protocol/published.ts";
import { Icon } from "../view/icon.tsx";
import { Await, useResource } from "../view/resource.tsx";
import { gateway, store, useSigner, worker } from "../view/session.ts";
import type { Detail } from "./ballot/field.ts";
import { Ballot, NotCast, Todo, useDraft } from "./ballot_draft.tsx";
import { Casting } from "./casting.tsx";
import { ChainNotice, useChainCheck } from "./chain_notice.tsx";
import { SaveConfirmation } from "./confirmation.tsx";
import { OpenedNotice } from "./opened_notice.tsx";
import { ContractNotice, isContract, SignedIn, SignIn } from "./sign_in.tsx";

interface Props {
  readonly config: Config;
  /** The poll as the gateway shows it. */
  readonly shown: OpenPoll;
  readonly voters: number;
  readonly details: readonly Detail[];
}

export function Voting({ config, shown, voters, details: shownDetails }: Props) {
  const checked = useChainCheck(config, shown);
  const [accepted, setAccepted] = useState(false);
  const signer = useSigner();
  const [atFirst] = useState(signer);
  // The chain's data take precedence over the gateway's.
  const poll = checked.state === "checked" ? checked.poll : shown;
  const details = (checked.state === "checked" ? checked.details : undefined) ?? shownDetails;
  const trusted = checked.state === "checked" || (checked.state === "unchecked" && accepted);
  const checking = checked.state === "checking";
  useEffect(() => {
    // Compute the tables while the voter is choosing; what is shown and checked comes first.
    if (!checking) worker.run("warm", termsOf(poll)).catch(() => undefined);
  }, [checking, toHex(poll.context)]);
  return (
    <>
      <ChainNotice checked={checked} accepted={accepted} accept={setAccepted} />
      <OpenedNotice poll={poll} voters={voters} />
      {signer && <SignedIn signer={signer} config={config} />}
      {signer && isContract(signer) && <ContractNotice />}
      {checked.state !== "lies" &&
        (signer && !isContract(signer) ? (
          <Eligible
            key={toHex(signer.address)}
            voter={signer}
            poll={poll}
            voters={voters}
            details={details}
            trusted={trusted}
            root={checked.state === "checked" ? checked.poll.parameters.censusRoot : undefined}
            arrived={signer !== atFirst}
          />
        ) : (
          <NoKey poll={poll} details={details} />
        ))}
    </>
  );
}

/** Without a signer, the voter can fill in and review the ballot but not seal it. */
function NoKey({ poll, details }: { poll: OpenPoll; details: readonly Detail[] }) {
  const draft = useDraft(poll);
  return (
    <>
      <section class="panel" aria-labelledby="who">
        <h2 id="who">{t("cast.who")}</h2>
        <p>{t("cast.needKey")}</p>
        <SignIn />
      </section>
      <section aria-labelledby="cast">
        <h2 id="cast">{t("cast.title")}</h2>
        <NotCast />
        <Ballot poll={poll} details={details} draft={draft} before={false} reviewed={false}>
          {() => (
            <>
              <Todo items={[t("cast.chooseKey")]} />
              <p class="actions">
                <a class="button" href="#who">
                  {t("cast.who")}
                </a>
              </p>
            </>
          )}
        </Ballot>
      </section>
    </>
  );
}

interface EligibleProps {
  readonly voter: Signer;
  readonly poll: OpenPoll;
  readonly voters: number;
  readonly details: readonly Detail[];
  readonly trusted: boolean;
  /** Census root on chain; undefined if it was not read. */
  readonly root: Uint8Array | undefined;
  /** Whether the voter has just signed in, on this page. */
  readonly arrived: boolean;
}

function Eligible({ voter, poll, voters, details, trusted, root, arrived }: EligibleProps) {
  const [chosen, setChosen] = useState<Uint8Array>();
  const found = useResource(async () => {
    const registrations = registrationsOf(poll);
    const { address } = voter;
    const { parameters, pollId } = poll;
    const weight = isShuffled(parameters)
      ? parameters.totalWeight / BigInt(parameters.voters)
      : undefined;
    return await readStanding(gateway, pollId, voters, address, registrations, root, weight);
  }, [root && toHex(root)]);
  return (
    <Await resource={found}>
      {(standing) => {
        if (standing.kind !== "votes") return <NotEligible voter={voter} standing={standing} />;
        const { accounts } = standing;
        const account = chosen ?? accounts[0]!;
        return (
          <>
            {standing.listed && (
              <p class="listed">
                <Icon of={CircleCheck} /> {t("cast.listed")}
              </p>
            )}
            {accounts.length > 1 && (
              <WhichAccount accounts={accounts} chosen={account} choose={setChosen} />
            )}
            <Casting
              // Start anew for another poll, such as the chain's: receipts belong to one poll.
              key={`${toHex(poll.context)} ${toHex(account)}`}
              voter={voter}
              account={account}
              poll={poll}
              details={details}
              trusted={trusted}
              arrived={arrived}
            />
          </>
        );
      }}
    </Await>
  );
}

/** This device's data of the poll's invitations; empty if nobody was invited. */
function registrationsOf({ description: { census, round } }: OpenPoll): Registration[] {
  if (census?.kind !== "invitations") return [];
  return registrationsFor(store(), { root: census.root, nonce: census.nonce, round });
}

/** A key that votes for several accounts casts a ballot for each. */
function WhichAccount({
  accounts,
  chosen,
  choose,
}: {
  accounts: readonly Uint8Array[];
  chosen: Uint8Array;
  choose: (account: Uint8Array) => void;
}) {
  return (
    <fieldset>
      <legend>{t("cast.whichAccount")}</legend>
      {accounts.map((one) => (
        <label class="choice" key={toHex(one)}>
          <input
            type="radio"
            name="account"
            checked={toHex(one) === toHex(chosen)}
            onChange={() => {
              choose(one);
            }}
          />
          <code class="digest">{toHex(one)}</code>
        </label>
      ))}
    </fieldset>
  );
}

/** Why the key cannot vote, and what to do about it. */
function NotEligible({
  voter,
  standing,
}: {
  voter: Signer;
  standing: Exclude<Standing, { kind: "votes" }>;
}) {
  switch (standing.kind) {
    case "other key": {
      const { account, signingKey } = standing;
      const key = toHex(signingKey);
      return (
        <p class="notice bad" role="alert">
          {toHex(account) === toHex(voter.address)
            ? t("cast.otherKey", { account: toHex(account), key })
            : t("cast.boundElsewhere", { invitation: toHex(account), key })}
        </p>
      );
    }
    case "left out":
      return (
        <div class="notice bad" role="alert">
          <p>{t("cast.leftOut", { key: toHex(voter.address) })}</p>
          <SaveConfirmation registration={standing.registration} />
        </div>
      );
    case "false list":
      return (
        <p class="notice bad" role="alert">
          {t("cast.falseList")}
        </p>
      );
    case "weights":
      return (
        <p class="notice bad" role="alert">
          {t("cast.weights")}
        </p>
      );
    case "nobody":
      return <p class="notice bad">{t("cast.notEligible", { address: toHex(voter.address) })}</p>;
  }
}
