/** Register by an invitation link: `/register#CODE`, whose code no server sees in its log. */

import { useState } from "preact/hooks";

import { Refusal } from "../client/gateway.ts";
import { keptKeys, type LockedKey } from "../client/key_file.ts";
import { redeem } from "../client/registration.ts";
import type { Config } from "../client/views.ts";
import { Wallet } from "../client/wallet.ts";
import { short, words } from "../messages/index.ts";
import { sameBytes, toHex } from "../protocol/encoding.ts";
import type { Signer } from "../protocol/keys.ts";
import { Page } from "../view/page.tsx";
import { Await, explain, useResource } from "../view/resource.tsx";
import { gateway, readConfig, setSigner, store, useSigner } from "../view/session.ts";
import { makeKey, NewPassphrase, SaveKey, Unlock } from "./key.tsx";
import { SignedIn, Wallets } from "./sign_in.tsx";

/** What is registered: an account, and the key of this browser where it is one's. */
interface Registration {
  readonly account: Uint8Array;
  readonly locked: LockedKey | undefined;
}

export function RegisterPage() {
  const text = words.register;
  const [code, setCode] = useState(codeIn(location.hash));
  const [done, setDone] = useState<Registration>();
  const config = useResource(readConfig, []);
  return (
    // A page of its own, whose title is read next.
    <Page key={done ? "done" : "asked"} title={done ? text.done : text.title}>
      {done ? (
        <Registered {...done} />
      ) : code ? (
        <Await resource={config}>
          {(value) => <Redeem code={code} config={value} done={setDone} />}
        </Await>
      ) : (
        <AskCode use={setCode} />
      )}
      <p>{text.organizer}</p>
    </Page>
  );
}

/** The code behind `#`, "" where somebody's link is broken. */
function codeIn(fragment: string): string {
  try {
    return decodeURIComponent(fragment.slice(1));
  } catch (error) {
    if (error instanceof URIError) return "";
    throw error;
  }
}

function AskCode({ use }: { use: (code: string) => void }) {
  const text = words.register;
  const [typed, setTyped] = useState("");
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        use(typed.trim());
      }}
    >
      <p>{text.noCode}</p>
      <label for="code">{text.code}</label>
      <input
        id="code"
        autocomplete="off"
        required
        value={typed}
        onInput={(event) => {
          setTyped(event.currentTarget.value);
        }}
      />
      <button type="submit">{text.useCode}</button>
    </form>
  );
}

function Redeem({
  code,
  config,
  done,
}: {
  code: string;
  config: Config;
  done: (registration: Registration) => void;
}) {
  const text = words.register;
  const [kept, setKept] = useState(() => keptKeys(store()));
  const [chosen, setChosen] = useState<LockedKey | "new" | "wallet">("new");
  const [working, setWorking] = useState(false);
  const [error, setError] = useState<unknown>();
  const signer = useSigner();
  const register = async (by: Signer, locked?: LockedKey) => {
    setWorking(true);
    setError(undefined);
    try {
      await redeem(gateway, config, code, by);
      done({ account: by.address, locked });
    } catch (problem) {
      setError(problem);
    }
    setWorking(false);
  };
  const button = (by: Signer, locked?: LockedKey) => (
    <button type="button" disabled={working} onClick={() => void register(by, locked)}>
      {text.buttonExisting}
    </button>
  );
  return (
    <>
      <p class="lead">{text.lead}</p>
      <fieldset>
        <legend>{text.whose}</legend>
        {(["new", ...kept, "wallet"] as const).map((one) => (
          <label class="choice" key={typeof one === "string" ? one : toHex(one.address)}>
            <input
              type="radio"
              name="key"
              checked={chosen === one}
              onChange={() => {
                setChosen(one);
              }}
            />
            {one === "new"
              ? text.fresh
              : one === "wallet"
                ? words.wallet.registers
                : text.existing(short(toHex(one.address)))}
          </label>
        ))}
      </fieldset>
      {chosen === "new" ? (
        <NewPassphrase
          button={text.button}
          use={async (passphrase) => {
            const { key, locked } = await makeKey(passphrase);
            setSigner(key);
            // The key stays, also where only its registration has to be tried again.
            setKept([...kept, locked]);
            setChosen(locked);
            await register(key, locked);
          }}
        />
      ) : chosen === "wallet" ? (
        signer instanceof Wallet ? (
          <>
            <SignedIn signer={signer} config={config} />
            {button(signer)}
          </>
        ) : (
          <Wallets />
        )
      ) : signer && sameBytes(signer.address, chosen.address) ? (
        button(signer, chosen)
      ) : (
        <Unlock key={toHex(chosen.address)} locked={chosen} />
      )}
      {working && <p role="status">{text.working}</p>}
      {error !== undefined && (
        <p class="notice bad" role="alert">
          {reason(error)}
        </p>
      )}
    </>
  );
}

function reason(error: unknown): string {
  const text = words.register;
  if (error instanceof Refusal) {
    if (error.status === 404) return text.unknown;
    if (error.title === "Registration closed") return text.late;
    if (error.status === 409) return text.used;
  }
  return explain(error);
}

function Registered({ account, locked }: Registration) {
  const text = words.register;
  return (
    <>
      <p class="notice good" role="status">
        {locked ? text.doneText(toHex(account)) : words.wallet.registered(toHex(account))}
      </p>
      {locked && <p>{text.saveText}</p>}
      <p class="actions">
        {locked && <SaveKey locked={locked} text={text.save} />}
        <a href="/">{text.next}</a>
      </p>
    </>
  );
}
