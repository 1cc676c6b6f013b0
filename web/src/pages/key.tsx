/** Keys in this browser: make, unlock, save, import, remove. */

import { useId, useState } from "preact/hooks";

import {
  forgetKey,
  keepKey,
  keptKeys,
  lock,
  type LockedKey,
  longEnough,
  MIN_PASSPHRASE,
  readLocked,
  readPlainKey,
} from "../client/key_file.ts";
import { short, t } from "../messages/index.ts";
import { sameBytes, toHex } from "../protocol/encoding.ts";
import { Malformed } from "../protocol/errors.ts";
import { SigningKey } from "../protocol/keys.ts";
import { systemRandomness } from "../protocol/randomness.ts";
import { FieldError } from "../view/field.tsx";
import { Page, saveFile } from "../view/page.tsx";
import { Failure } from "../view/resource.tsx";
import { setSigner, store, useKey } from "../view/session.ts";
import { Unlock } from "./unlock.tsx";
import "./key.css";

export function KeyPage() {
  const [kept, setKept] = useState(() => keptKeys(store()));
  const refresh = () => {
    setKept(keptKeys(store()));
  };
  return (
    <Page title={t("key.title")}>
      <p class="lead">{t("key.lead")}</p>
      <h2>{t("key.kept")}</h2>
      {!kept.length && <p>{t("key.none")}</p>}
      <ul class="cards">
        {kept.map((key) => (
          <KeptKey key={toHex(key.address)} locked={key} changed={refresh} />
        ))}
      </ul>
      <h2>{t("key.make")}</h2>
      <p>{t("key.makeText")}</p>
      <NewPassphrase
        button={t("key.makeButton")}
        use={async (passphrase) => {
          setSigner((await makeKey(passphrase)).key);
          refresh();
        }}
      />
      <h2>{t("key.import")}</h2>
      <p>{t("key.importText")}</p>
      <Import done={refresh} />
    </Page>
  );
}

/** Create a key, and store it under a passphrase. */
export async function makeKey(passphrase: string): Promise<{ key: SigningKey; locked: LockedKey }> {
  const key = SigningKey.generate(systemRandomness);
  const locked = await lock(key, passphrase, systemRandomness);
  keepKey(store(), locked);
  return { key, locked };
}

/** A button that saves a locked key as a file. */
export function SaveKey({
  locked,
  text,
  main = false,
}: {
  locked: LockedKey;
  text: string;
  /** Whether it is the main button of the page. */
  main?: boolean;
}) {
  const { address, content } = locked;
  return (
    <button
      type="button"
      class={main ? "primary" : undefined}
      onClick={() => {
        saveFile(`ostraka-key-${toHex(address).slice(0, 12)}.json`, content);
      }}
    >
      {text}
    </button>
  );
}

function KeptKey({ locked, changed }: { locked: LockedKey; changed: () => void }) {
  const current = useKey();
  const [leaving, setLeaving] = useState(false);
  const open = current !== undefined && sameBytes(current.address, locked.address);
  return (
    <li>
      <p>
        <code class="digest">{toHex(locked.address)}</code>{" "}
        <span class="tag">{open ? t("key.unlocked") : t("key.locked")}</span>
      </p>
      {!open && <Unlock locked={locked} />}
      {open && <OnPaper key={toHex(current.address)} own={current} />}
      <p class="actions">
        {open && (
          <button
            type="button"
            onClick={() => {
              setSigner(undefined);
            }}
          >
            {t("key.lock")}
          </button>
        )}
        <SaveKey locked={locked} text={t("key.save")} />
        {leaving ? (
          <>
            <button
              type="button"
              class="danger"
              onClick={() => {
                if (open) setSigner(undefined);
                forgetKey(store(), locked.address);
                changed();
              }}
            >
              {t("key.forgetSure")}
            </button>
            <button
              type="button"
              onClick={() => {
                setLeaving(false);
              }}
            >
              {t("key.cancel")}
            </button>
          </>
        ) : (
          <button
            type="button"
            onClick={() => {
              setLeaving(true);
            }}
          >
            {t("key.forget")}
          </button>
        )}
      </p>
    </li>
  );
}

/** The key as words, shown on request. */
function OnPaper({ own }: { own: SigningKey }) {
  const [shown, setShown] = useState<readonly string[]>();
  const [error, setError] = useState<unknown>();
  const show = async () => {
    const { wordsOfKey } = await import("../client/key_words.ts");
    setShown(wordsOfKey(own));
  };
  if (error !== undefined) return <Failure error={error} />;
  if (!shown) {
    return (
      <button type="button" onClick={() => void show().catch(setError)}>
        {t("key.show")}
      </button>
    );
  }
  return (
    <>
      <p class="notice warn">{t("key.paper")}</p>
      <ol class="paper">
        {shown.map((word, place) => (
          <li key={place}>
            <code>{word}</code>
          </li>
        ))}
      </ol>
      <button
        type="button"
        onClick={() => {
          setShown(undefined);
        }}
      >
        {t("key.hide")}
      </button>
    </>
  );
}

/** A form that asks for a passphrase twice and passes it on. */
export function NewPassphrase({
  button,
  main = false,
  use,
}: {
  button: string;
  /** Whether its button is the main one of the page. */
  main?: boolean;
  use: (passphrase: string) => Promise<void>;
}) {
  const [passphrase, setPassphrase] = useState("");
  const [repeated, setRepeated] = useState("");
  const [problem, setProblem] = useState("");
  const [error, setError] = useState<unknown>();
  const [working, setWorking] = useState(false);
  const id = useId();
  const submit = async () => {
    const found = longEnough(passphrase) ? "" : t("key.short", { least: MIN_PASSPHRASE });
    const differs = passphrase === repeated ? "" : t("key.differ");
    setProblem(found || differs);
    setError(undefined);
    if (found || differs) return;
    setWorking(true);
    try {
      await use(passphrase);
      setPassphrase("");
      setRepeated("");
    } catch (failed) {
      setError(failed);
    }
    setWorking(false);
  };
  if (!isSecureContext) return <p class="notice bad">{t("key.insecure")}</p>;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (!working) void submit();
      }}
    >
      <label for={`${id}-one`}>{t("key.choose")}</label>
      <input
        id={`${id}-one`}
        type="password"
        autocomplete="new-password"
        required
        aria-invalid={problem !== ""}
        aria-describedby={`${id}-hint${problem && ` ${id}-wrong`}`}
        value={passphrase}
        onInput={(event) => {
          setPassphrase(event.currentTarget.value);
        }}
      />
      <p id={`${id}-hint`} class="hint">
        {t("key.short", { least: MIN_PASSPHRASE })} {t("key.warning")}
      </p>
      <label for={`${id}-two`}>{t("key.repeat")}</label>
      <input
        id={`${id}-two`}
        type="password"
        autocomplete="new-password"
        required
        aria-invalid={problem !== ""}
        aria-describedby={problem && `${id}-wrong`}
        value={repeated}
        onInput={(event) => {
          setRepeated(event.currentTarget.value);
        }}
      />
      <FieldError id={id} error={problem} alert />
      {error !== undefined && <Failure error={error} />}
      <button type="submit" class={main ? "primary" : undefined} disabled={working}>
        {working ? t("key.encrypting") : button}
      </button>
    </form>
  );
}

function Import({ done }: { done: () => void }) {
  const [plain, setPlain] = useState<SigningKey>();
  const [typed, setTyped] = useState("");
  const [announcement, setAnnouncement] = useState("");
  const [error, setError] = useState<unknown>();
  const id = useId();
  const took = (address: Uint8Array) => {
    setAnnouncement(t("key.imported", { address: short(toHex(address)) }));
    done();
  };
  const begin = () => {
    setAnnouncement("");
    setError(undefined);
    setPlain(undefined);
  };
  const readWords = async () => {
    begin();
    try {
      const { keyOfWords } = await import("../client/key_words.ts");
      setPlain(keyOfWords(typed));
    } catch (failed) {
      setError(failed);
    }
  };
  const read = async (file: File) => {
    begin();
    try {
      const content = await file.text();
      const key = readPlainKey(content);
      if (key) {
        setPlain(key);
        return;
      }
      const locked = readLocked(content);
      keepKey(store(), locked);
      took(locked.address);
    } catch (failed) {
      setError(failed);
    }
  };
  return (
    <>
      <label for={id}>{t("key.file")}</label>
      <input
        id={id}
        type="file"
        onChange={(event) => {
          const [file] = event.currentTarget.files ?? [];
          if (file) void read(file);
        }}
      />
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void readWords();
        }}
      >
        <label for={`${id}-words`}>{t("key.words")}</label>
        <textarea
          id={`${id}-words`}
          rows={3}
          required
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          value={typed}
          onInput={(event) => {
            setTyped(event.currentTarget.value);
          }}
        />
        <button type="submit">{t("key.readWords")}</button>
      </form>
      {plain && (
        <NewPassphrase
          button={t("key.importButton")}
          use={async (passphrase) => {
            keepKey(store(), await lock(plain, passphrase, systemRandomness));
            setSigner(plain);
            setPlain(undefined);
            setTyped("");
            took(plain.address);
          }}
        />
      )}
      {announcement && <p role="status">{announcement}</p>}
      {error instanceof Malformed || error instanceof RangeError ? (
        <p class="notice bad" role="alert">
          {t("key.notAKey")}
        </p>
      ) : (
        error !== undefined && <Failure error={error} />
      )}
    </>
  );
}
