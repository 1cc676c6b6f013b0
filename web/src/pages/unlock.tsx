/** The form that unlocks a key of this browser. */

import { useId, useState } from "preact/hooks";

import { type LockedKey, unlock, WrongPassphrase } from "../client/key_file.ts";
import { short, t } from "../messages/index.ts";
import { toHex } from "../protocol/encoding.ts";
import type { SigningKey } from "../protocol/keys.ts";
import { Failure } from "../view/resource.tsx";
import { setSigner } from "../view/session.ts";

/** A form that unlocks a key. */
export function Unlock({
  locked,
  use = setSigner,
}: {
  locked: LockedKey;
  /** Receives the key; by default it becomes the signer. */
  use?: (key: SigningKey) => void;
}) {
  const [passphrase, setPassphrase] = useState("");
  const [working, setWorking] = useState(false);
  const [error, setError] = useState<unknown>();
  const id = useId();
  const open = async () => {
    setWorking(true);
    setError(undefined);
    try {
      use(await unlock(locked, passphrase));
    } catch (problem) {
      setError(problem);
    }
    setWorking(false);
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (!working) void open();
      }}
    >
      <label for={id}>{t("key.passphraseOf", { address: short(toHex(locked.address)) })}</label>
      <input
        id={id}
        type="password"
        autocomplete="current-password"
        required
        value={passphrase}
        onInput={(event) => {
          setPassphrase(event.currentTarget.value);
        }}
      />
      <button type="submit" disabled={working}>
        {working ? t("key.unlocking") : t("key.unlock")}
      </button>
      {error instanceof WrongPassphrase ? (
        <p class="notice bad" role="alert">
          {t("key.wrong")}
        </p>
      ) : (
        error !== undefined && <Failure error={error} />
      )}
    </form>
  );
}
