/** Register with an invitation link `/register#CODE`; no server ever sees the code. */

import { useState } from "preact/hooks";

import { Refusal } from "../client/gateway.ts";
import { type InvitationCode, invitationOf } from "../client/invitations.ts";
import { keptKeys, type LockedKey } from "../client/key_file.ts";
import { keepRegistration, placesOf, redeem, type Registration } from "../client/registration.ts";
import type { Config, Invited } from "../client/views.ts";
import { Wallet } from "../client/wallet.ts";
import { short, t } from "../messages/index.ts";
import { sameBytes, toHex } from "../protocol/encoding.ts";
import type { Signer, SigningKey } from "../protocol/keys.ts";
import { Page } from "../view/page.tsx";
import { Await, explain, useResource } from "../view/resource.tsx";
import { gateway, readConfig, setSigner, store, useSigner } from "../view/session.ts";
import { SaveConfirmation } from "./confirmation.tsx";
import { makeKey, NewPassphrase, SaveKey } from "./key.tsx";
import { SignedIn, Wallets } from "./sign_in.tsx";
import { Unlock } from "./unlock.tsx";

/** Result of redeeming an invitation. */
interface Done {
  readonly registration: Registration;
  /** Key of this browser that the invitation is bound to; undefined if a wallet holds the key. */
  readonly locked: LockedKey | undefined;
  /** Whether this device stores the gateway's confirmation. */
  readonly kept: boolean;
}

export function RegisterPage() {
  const [code, setCode] = useState(codeIn(location.hash));
  const [done, setDone] = useState<Done>();
  const invitee = invitationOf(code);
  return (
    // A new page, so that screen readers read its title next.
    <Page key={done ? "done" : "asked"} title={done ? t("register.done") : t("register.title")}>
      {done ? (
        <Registered {...done} />
      ) : invitee ? (
        <WhichPlan invitee={invitee} done={setDone} />
      ) : (
        <>
          {code && (
            <p class="notice bad" role="alert">
              {t("register.noneSuch")}
            </p>
          )}
          <AskCode use={setCode} />
        </>
      )}
      <p>{t("register.organizer")}</p>
    </Page>
  );
}

/** The code after `#`; "" if the link is broken. */
function codeIn(fragment: string): string {
  try {
    return decodeURIComponent(fragment.slice(1));
  } catch (error) {
    if (error instanceof URIError) return "";
    throw error;
  }
}

function AskCode({ use }: { use: (code: string) => void }) {
  const [typed, setTyped] = useState("");
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        use(typed.trim());
      }}
    >
      <p>{t("register.noCode")}</p>
      <label for="code">{t("register.code")}</label>
      <input
        id="code"
        autocomplete="off"
        required
        value={typed}
        onInput={(event) => {
          setTyped(event.currentTarget.value);
        }}
      />
      <button type="submit" class="primary">
        {t("register.useCode")}
      </button>
    </form>
  );
}

/** Rounds and polls of an invitation: the gateway knows its address, never its code. */
function WhichPlan({ invitee, done }: { invitee: InvitationCode; done: (done: Done) => void }) {
  const { invitation, replacement } = invitee;
  const [chosen, setChosen] = useState("");
  const found = useResource(async () => {
    const [config, places] = await Promise.all([readConfig(), placesOf(gateway, invitation)]);
    return { config, places };
  }, [toHex(invitation.address)]);
  return (
    <Await resource={found}>
      {({ config, places }) => {
        const open = places.filter((place) => place.open);
        const place = open.find(({ plan }) => plan === chosen) ?? open[0];
        if (!place) {
          return (
            <p class="notice bad" role="alert">
              {places.length ? t("register.late") : t("register.unknown")}
            </p>
          );
        }
        if (place.code && !(replacement && sameBytes(replacement.address, place.code))) {
          return (
            <p class="notice bad" role="alert">
              {t("register.replaced")}
            </p>
          );
        }
        return (
          <>
            {open.length > 1 ? (
              <fieldset>
                <legend>{t("register.several")}</legend>
                {open.map(({ plan, title }) => (
                  <label class="choice" key={plan}>
                    <input
                      type="radio"
                      name="plan"
                      checked={plan === place.plan}
                      onChange={() => {
                        setChosen(plan);
                      }}
                    />
                    {title}
                  </label>
                ))}
              </fieldset>
            ) : (
              <p>{t("register.invitedTo", { title: place.title })}</p>
            )}
            {place.signingKey && (
              <p class="notice warn" role="status">
                {t("register.boundAlready", { key: toHex(place.signingKey) })}
              </p>
            )}
            <Redeem
              key={place.plan}
              invitation={invitation}
              replacement={place.code && replacement}
              place={place}
              config={config}
              done={done}
            />
          </>
        );
      }}
    </Await>
  );
}

function Redeem({
  invitation,
  replacement,
  place,
  config,
  done,
}: {
  invitation: SigningKey;
  replacement: SigningKey | undefined;
  place: Invited;
  config: Config;
  done: (done: Done) => void;
}) {
  const [kept, setKept] = useState(() => keptKeys(store()));
  const [chosen, setChosen] = useState<LockedKey | "new" | "wallet">("new");
  const [working, setWorking] = useState(false);
  const [error, setError] = useState<unknown>();
  const signer = useSigner();
  const register = async (by: Signer, locked?: LockedKey) => {
    setWorking(true);
    setError(undefined);
    try {
      const registration = await redeem(gateway, config, place, invitation, by, replacement);
      done({ registration, locked, kept: keep(registration) });
    } catch (problem) {
      setError(problem);
    }
    setWorking(false);
  };
  const button = (by: Signer, locked?: LockedKey) => (
    <button type="button" disabled={working} onClick={() => void register(by, locked)}>
      {t("register.buttonExisting")}
    </button>
  );
  return (
    <>
      <p class="lead">{t("register.lead")}</p>
      <fieldset>
        <legend>{t("register.whose")}</legend>
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
              ? t("register.fresh")
              : one === "wallet"
                ? t("wallet.registers")
                : t("register.existing", { address: short(toHex(one.address)) })}
          </label>
        ))}
      </fieldset>
      {chosen === "new" ? (
        <NewPassphrase
          button={t("register.button")}
          main
          use={async (passphrase) => {
            const { key, locked } = await makeKey(passphrase);
            setSigner(key);
            // The key is kept even if its registration fails and has to be repeated.
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
      {working && <p role="status">{t("register.working")}</p>}
      {error !== undefined && (
        <p class="notice bad" role="alert">
          {reason(error)}
        </p>
      )}
    </>
  );
}

/** Store the gateway's confirmation; false if this browser has no space for it. */
function keep(registration: Registration): boolean {
  try {
    keepRegistration(store(), registration);
    return true;
  } catch (error) {
    if (error instanceof DOMException) return false;
    throw error;
  }
}

function reason(error: unknown): string {
  if (error instanceof Refusal) {
    const { code } = error.problem;
    if (code === "no-such-invitation") return t("register.unknown");
    if (code === "registration-closed") return t("register.late");
    if (code === "key-in-use") return t("register.otherInvitation");
    if (code === "invitation-used") return t("register.used");
    if (code === "invitation-replaced") return t("register.replaced");
  }
  return explain(error);
}

function Registered({ registration, locked, kept }: Done) {
  const key = toHex(registration.signingKey);
  const { round } = registration.electorate;
  return (
    <>
      <p class="notice good" role="status">
        {locked ? t("register.doneText", { key }) : t("wallet.registered", { address: key })}
      </p>
      {locked && <p>{t("register.saveText")}</p>}
      {round !== undefined && <p>{t("register.lost")}</p>}
      <p>{kept ? t("register.confirmed") : t("register.unkept")}</p>
      <p class="actions">
        {locked && <SaveKey locked={locked} text={t("register.save")} main />}
        <SaveConfirmation registration={registration} />
        {round !== undefined && <a href={`/rounds/${round}`}>{t("register.round")}</a>}
        <a href="/">{t("register.next")}</a>
      </p>
    </>
  );
}
