/** Appoint a key of this browser, by a transaction, to vote for an account that cannot sign. */

import { useId, useState } from "preact/hooks";

import { registerCall } from "../client/abi.ts";
import { checksummed, readAddress } from "../client/address.ts";
import { keptKeys, type LockedKey } from "../client/key_file.ts";
import type { Config } from "../client/views.ts";
import { Wallet } from "../client/wallet.ts";
import { short, t } from "../messages/index.ts";
import { sameBytes, toHex } from "../protocol/encoding.ts";
import type { SigningKey } from "../protocol/keys.ts";
import { Domain, VOTING_KEY } from "../protocol/typed_data.ts";
import { CopyHash } from "../view/copy.tsx";
import { Field } from "../view/field.tsx";
import { Facts, Page } from "../view/page.tsx";
import { Await, Failure, useResource } from "../view/resource.tsx";
import { readConfig, store, useSigner } from "../view/session.ts";
import { makeKey, NewPassphrase, SaveKey } from "./key.tsx";
import { SignedIn, Wallets } from "./sign_in.tsx";
import { Unlock } from "./unlock.tsx";

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
                account={signer.address}
                wallet={signer}
                config={value}
              />
            </>
          ) : (
            <>
              <h2>{t("wallet.votingKey.withWallet")}</h2>
              <p>{t("wallet.votingKey.first")}</p>
              <Wallets />
              <h2>{t("wallet.votingKey.without")}</h2>
              <p>{t("wallet.votingKey.elsewhere")}</p>
              <Elsewhere config={value} />
            </>
          )
        }
      </Await>
    </Page>
  );
}

/** The transaction for an account whose wallet is in no extension of this browser. */
function Elsewhere({ config }: { config: Config }) {
  const id = useId();
  const [written, setWritten] = useState("");
  const account = readAddress(written.trim());
  const wrong = typeof account === "string" && written.trim() !== "";
  return (
    <>
      <Field
        id={id}
        label={t("wallet.votingKey.account")}
        error={wrong && t("wallet.votingKey.wrong")}
      >
        {(attributes) => (
          <input
            {...attributes}
            class="wide"
            value={written}
            autocomplete="off"
            spellcheck={false}
            onInput={(event) => {
              setWritten(event.currentTarget.value);
            }}
          />
        )}
      </Field>
      {typeof account !== "string" && (
        <Register key={toHex(account)} account={account} config={config} />
      )}
    </>
  );
}

function Register({
  account,
  wallet,
  config,
}: {
  account: Uint8Array;
  /** Undefined: the page shows the transaction, for a wallet elsewhere. */
  wallet?: Wallet;
  config: Config;
}) {
  const contract = config.votingKeys;
  const [kept, setKept] = useState(() => keptKeys(store()));
  const [chosen, setChosen] = useState<LockedKey | undefined>(kept[0]);
  const [unlocked, setUnlocked] = useState<SigningKey>();
  const [working, setWorking] = useState(false);
  const [mined, setMined] = useState<boolean>();
  const [shown, setShown] = useState<Uint8Array>();
  const [error, setError] = useState<unknown>();
  const register = async (key: SigningKey) => {
    setWorking(true);
    setError(undefined);
    try {
      const chainId = BigInt(config.chainId);
      const domain = new Domain(chainId, contract);
      // An account may appoint only a key that consents.
      const consent = key.sign(domain.digest(VOTING_KEY, account, key.address));
      const call = registerCall(key.address, consent);
      if (wallet) setMined((await wallet.transact(chainId, contract, call)) !== undefined);
      else setShown(call);
    } catch (problem) {
      setError(problem);
    }
    setWorking(false);
  };
  if (chosen && mined !== undefined) {
    return <Registered account={account} locked={chosen} mined={mined} />;
  }
  if (chosen && shown) {
    return <Transaction config={config} locked={chosen} call={shown} />;
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
            {t(wallet ? "wallet.votingKey.button" : "wallet.votingKey.show")}
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

/** What the owners of a contract account enter in their wallet. */
function Transaction({
  config,
  locked,
  call,
}: {
  config: Config;
  locked: LockedKey;
  call: Uint8Array;
}) {
  const [to, data] = [t("wallet.votingKey.to"), t("wallet.votingKey.data")];
  return (
    <>
      <p class="notice" role="status">
        {t("wallet.votingKey.enter", { chain: config.chainId.toString() })}
      </p>
      <Facts
        facts={[
          [to, <CopyHash value={checksummed(config.votingKeys)} name={to} whole />],
          [t("wallet.votingKey.value"), "0"],
          [data, <CopyHash value={toHex(call)} name={data} />],
        ]}
      />
      <p>{t("wallet.votingKey.safe")}</p>
      <p class="actions">
        <SaveKey locked={locked} text={t("wallet.votingKey.save")} />
        <a href="/">{t("wallet.votingKey.next")}</a>
      </p>
    </>
  );
}

function Registered({
  account: named,
  locked,
  mined,
}: {
  account: Uint8Array;
  locked: LockedKey;
  mined: boolean;
}) {
  const [key, account] = [locked.address, named].map((one) => short(toHex(one)));
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
