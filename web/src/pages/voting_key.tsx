/** Appoint a key of this browser, by a transaction, to vote for an account that cannot sign. */

import { useState } from "preact/hooks";

import { registerCall } from "../client/abi.ts";
import { checksummed } from "../client/address.ts";
import { keptKeys, type LockedKey } from "../client/key_file.ts";
import type { Config } from "../client/views.ts";
import { Wallet } from "../client/wallet.ts";
import { short, t } from "../messages/index.ts";
import { sameBytes, toHex } from "../protocol/encoding.ts";
import type { SigningKey } from "../protocol/keys.ts";
import { Domain, VOTING_KEY } from "../protocol/typed_data.ts";
import { Page } from "../view/page.tsx";
import { Await, Failure, useResource } from "../view/resource.tsx";
import { readConfig, store, useSigner } from "../view/session.ts";
import { makeKey, NewPassphrase, SaveKey, Unlock } from "./key.tsx";
import { SignedIn, Wallets } from "./sign_in.tsx";

export function VotingKeyPage() {
  const config = useResource(readConfig, []);
  const signer = useSigner();
  return (
    <Page title={t("wallet.votingKey.title")}>
      <p class="lead">{t("wallet.votingKey.lead")}</p>
      <p>{t("wallet.votingKey.effect")}</p>
      <Await resource={config}>
        {(value) =>
          signer instanceof Wallet ? (
            <>
              <SignedIn signer={signer} config={value} />
              <Register
                key={toHex(signer.address)}
                wallet={signer}
                config={value}
                contract={value.votingKeys}
              />
            </>
          ) : (
            <>
              <p>{t("wallet.votingKey.first")}</p>
              <Wallets />
            </>
          )
        }
      </Await>
    </Page>
  );
}

function Register({
  wallet,
  config,
  contract,
}: {
  wallet: Wallet;
  config: Config;
  contract: Uint8Array;
}) {
  const [kept, setKept] = useState(() => keptKeys(store()));
  const [chosen, setChosen] = useState<LockedKey | undefined>(kept[0]);
  const [unlocked, setUnlocked] = useState<SigningKey>();
  const [working, setWorking] = useState(false);
  const [mined, setMined] = useState<boolean>();
  const [error, setError] = useState<unknown>();
  const register = async (key: SigningKey) => {
    setWorking(true);
    setError(undefined);
    try {
      const chainId = BigInt(config.chainId);
      const domain = new Domain(chainId, contract);
      // An account may appoint only a key that consents.
      const consent = key.sign(domain.digest(VOTING_KEY, wallet.address, key.address));
      const call = registerCall(key.address, consent);
      setMined((await wallet.transact(chainId, contract, call)) !== undefined);
    } catch (problem) {
      setError(problem);
    }
    setWorking(false);
  };
  if (chosen && mined !== undefined) {
    return <Registered wallet={wallet} locked={chosen} mined={mined} />;
  }
  return (
    <>
      <fieldset>
        <legend>{t("wallet.votingKey.which")}</legend>
        {[...kept, undefined].map((one) => (
          <label class="choice" key={one ? toHex(one.address) : ""}>
            <input
              type="radio"
              name="key"
              checked={chosen === one}
              onChange={() => {
                setChosen(one);
              }}
            />
            {one ? <code class="digest">{toHex(one.address)}</code> : t("wallet.votingKey.fresh")}
          </label>
        ))}
      </fieldset>
      {chosen && !(unlocked && sameBytes(unlocked.address, chosen.address)) ? (
        <>
          <p>{t("wallet.votingKey.agree")}</p>
          <Unlock key={toHex(chosen.address)} locked={chosen} use={setUnlocked} />
        </>
      ) : chosen && unlocked ? (
        <>
          <p>{t("wallet.votingKey.contract", { address: checksummed(contract) })}</p>
          <button
            type="button"
            class="primary"
            disabled={working}
            onClick={() => void register(unlocked)}
          >
            {t("wallet.votingKey.button")}
          </button>
        </>
      ) : (
        <NewPassphrase
          button={t("wallet.votingKey.make")}
          use={async (passphrase) => {
            const { key, locked } = await makeKey(passphrase);
            setUnlocked(key);
            setKept([...kept, locked]);
            setChosen(locked);
          }}
        />
      )}
      {working && <p role="status">{t("wallet.votingKey.working")}</p>}
      {error !== undefined && <Failure error={error} />}
    </>
  );
}

function Registered({
  wallet,
  locked,
  mined,
}: {
  wallet: Wallet;
  locked: LockedKey;
  mined: boolean;
}) {
  const [key, account] = [locked.address, wallet.address].map((one) => short(toHex(one)));
  return (
    <>
      <p class="notice good" role="status">
        {mined
          ? t("wallet.votingKey.done", { key: key!, account: account! })
          : t("wallet.votingKey.sent")}
      </p>
      <p class="actions">
        <SaveKey locked={locked} text={t("wallet.votingKey.save")} />
        <a href="/">{t("wallet.votingKey.next")}</a>
      </p>
    </>
  );
}
