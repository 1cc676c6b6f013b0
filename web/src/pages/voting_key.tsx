/** A key of this browser votes for an account that cannot sign: named by the account's transaction. */

import { useState } from "preact/hooks";

import { registerCall } from "../client/abi.ts";
import { checksummed } from "../client/address.ts";
import { keptKeys, type LockedKey } from "../client/key_file.ts";
import type { Config } from "../client/views.ts";
import { Wallet } from "../client/wallet.ts";
import { short, words } from "../messages/index.ts";
import { sameBytes, toHex } from "../protocol/encoding.ts";
import type { SigningKey } from "../protocol/keys.ts";
import { Domain, VOTING_KEY } from "../protocol/typed_data.ts";
import { Page } from "../view/page.tsx";
import { Await, Failure, useResource } from "../view/resource.tsx";
import { readConfig, store, useSigner } from "../view/session.ts";
import { makeKey, NewPassphrase, SaveKey, Unlock } from "./key.tsx";
import { SignedIn, Wallets } from "./sign_in.tsx";

export function VotingKeyPage() {
  const text = words.wallet.votingKey;
  const config = useResource(readConfig, []);
  const signer = useSigner();
  return (
    <Page title={text.title}>
      <p class="lead">{text.lead}</p>
      <p>{text.effect}</p>
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
              <p>{text.first}</p>
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
  const text = words.wallet.votingKey;
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
      // Nobody may name a key that does not agree to vote for them.
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
        <legend>{text.which}</legend>
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
            {one ? <code class="digest">{toHex(one.address)}</code> : text.fresh}
          </label>
        ))}
      </fieldset>
      {chosen && !(unlocked && sameBytes(unlocked.address, chosen.address)) ? (
        <>
          <p>{text.agree}</p>
          <Unlock key={toHex(chosen.address)} locked={chosen} use={setUnlocked} />
        </>
      ) : chosen && unlocked ? (
        <>
          <p>{text.contract(checksummed(contract))}</p>
          <button
            type="button"
            class="primary"
            disabled={working}
            onClick={() => void register(unlocked)}
          >
            {text.button}
          </button>
        </>
      ) : (
        <NewPassphrase
          button={text.make}
          use={async (passphrase) => {
            const { key, locked } = await makeKey(passphrase);
            setUnlocked(key);
            setKept([...kept, locked]);
            setChosen(locked);
          }}
        />
      )}
      {working && <p role="status">{text.working}</p>}
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
  const text = words.wallet.votingKey;
  const [key, account] = [locked.address, wallet.address].map((one) => short(toHex(one)));
  return (
    <>
      <p class="notice good" role="status">
        {mined ? text.done(key!, account!) : text.sent}
      </p>
      <p class="actions">
        <SaveKey locked={locked} text={text.save} />
        <a href="/">{text.next}</a>
      </p>
    </>
  );
}
