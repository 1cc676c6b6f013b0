/** Register by an invitation link: `/register#CODE`, whose code no server sees in its log. */

import { useState } from "preact/hooks";

import { Refusal } from "../client/gateway.ts";
import { keptKeys, type LockedKey } from "../client/key_file.ts";
import { redeem } from "../client/registration.ts";
import { short, words } from "../messages/index.ts";
import { toHex } from "../protocol/encoding.ts";
import type { SigningKey } from "../protocol/keys.ts";
import { Page } from "../view/page.tsx";
import { explain } from "../view/resource.tsx";
import { gateway, setSigner, store, useKey } from "../view/session.ts";
import { makeKey, NewPassphrase, saveKey, Unlock } from "./key.tsx";

export function RegisterPage() {
  const text = words.register;
  const [code, setCode] = useState(decodeURIComponent(location.hash.slice(1)));
  const [done, setDone] = useState<LockedKey>();
  return (
    <Page title={done ? text.done : text.title}>
      {done ? (
        <Registered locked={done} />
      ) : code ? (
        <Redeem code={code} done={setDone} />
      ) : (
        <AskCode use={setCode} />
      )}
      <p>{text.organizer}</p>
    </Page>
  );
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

function Redeem({ code, done }: { code: string; done: (locked: LockedKey) => void }) {
  const text = words.register;
  const [kept] = useState(() => keptKeys(store()));
  const [chosen, setChosen] = useState<LockedKey>();
  const [made, setMade] = useState<{ key: SigningKey; locked: LockedKey }>();
  const [working, setWorking] = useState(false);
  const [error, setError] = useState<unknown>();
  const current = useKey();
  const register = async (key: SigningKey, locked: LockedKey) => {
    setWorking(true);
    setError(undefined);
    try {
      await redeem(gateway, code, key);
      done(locked);
    } catch (problem) {
      setError(problem);
    }
    setWorking(false);
  };
  const opened = chosen && current && toHex(current.address) === toHex(chosen.address);
  return (
    <>
      <p class="lead">{text.lead}</p>
      {kept.length > 0 && !made && (
        <fieldset>
          <legend>{text.whose}</legend>
          {[undefined, ...kept].map((one) => (
            <label class="choice" key={one ? toHex(one.address) : ""}>
              <input
                type="radio"
                name="key"
                checked={chosen === one}
                onChange={() => {
                  setChosen(one);
                }}
              />
              {one ? text.existing(short(toHex(one.address))) : text.fresh}
            </label>
          ))}
        </fieldset>
      )}
      {made ? (
        // The key is there already; only the registration is tried again.
        <button
          type="button"
          disabled={working}
          onClick={() => {
            void register(made.key, made.locked);
          }}
        >
          {text.buttonExisting}
        </button>
      ) : chosen ? (
        opened ? (
          <button
            type="button"
            disabled={working}
            onClick={() => {
              void register(current, chosen);
            }}
          >
            {text.buttonExisting}
          </button>
        ) : (
          <Unlock key={toHex(chosen.address)} locked={chosen} />
        )
      ) : (
        <NewPassphrase
          button={text.button}
          use={async (passphrase) => {
            const fresh = await makeKey(passphrase);
            setSigner(fresh.key);
            setMade(fresh);
            await register(fresh.key, fresh.locked);
          }}
        />
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

function Registered({ locked }: { locked: LockedKey }) {
  const text = words.register;
  return (
    <>
      <p class="notice good" role="status">
        {text.doneText(toHex(locked.address))}
      </p>
      <p>{text.saveText}</p>
      <p class="actions">
        <button
          type="button"
          onClick={() => {
            saveKey(locked);
          }}
        >
          {text.save}
        </button>
        <a href="/">{text.next}</a>
      </p>
    </>
  );
}
