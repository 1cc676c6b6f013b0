/** Sign-in of organizers by token or wallet, kept until this window is closed, never in an address. */

import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";

import { Refusal } from "../../client/gateway.ts";
import { Organizer } from "../../client/organizing.ts";
import { type Permission, signInBy, signOut } from "../../client/team.ts";
import { type Announced, discover, Wallet } from "../../client/wallet.ts";
import { messageIfAny } from "../../messages/index.ts";
import { t } from "../../messages/organizer.ts";
import { Notice } from "../../view/notice.tsx";
import { Failure, useResource } from "../../view/resource.tsx";
import { keptIfAllowed } from "../../view/session.ts";
import "./organize.css";

const TOKEN = "ostraka/organizer-token";

/** Pages of organizers, with the permission that each needs. */
const PAGES = [
  ["/organize", "plans", undefined],
  ["/organize/team", "team", "administer"],
  ["/organize/log", "log", "read-log"],
] as const;

/** The name of a role in the page's language; of a later version's role, its code. */
export function roleName(role: string): string {
  return messageIfAny(`organize.roles.${role}.name`) ?? role;
}

/** Shows its content to organizers whose role allows it; asks others to sign in. */
export function AsOrganizer({
  needs,
  children,
}: {
  /** What the role must allow; undefined admits every organizer. */
  needs?: Permission;
  children: (organizer: Organizer) => ComponentChildren;
}) {
  const [token, setToken] = useState(() => sessionStorage.getItem(TOKEN) ?? "");
  const found = useResource(async () => {
    if (!token) return undefined;
    const organizer = await Organizer.of(token, keptIfAllowed());
    sessionStorage.setItem(TOKEN, token);
    return organizer;
  }, [token]);
  const wrong = found.error instanceof Refusal && found.error.problem.code === "not-organizer";
  const organizer = found.value;
  if (organizer) {
    const leave = () => {
      sessionStorage.removeItem(TOKEN);
      setToken("");
      // A session that cannot be ended now ends by itself.
      signOut(organizer.gateway).catch(() => undefined);
    };
    return (
      <>
        <Access organizer={organizer} leave={leave} />
        {needs === undefined || organizer.may(needs) ? (
          children(organizer)
        ) : (
          <Notice tone="warn" title={t("organize.session.notAllowed")} still>
            <p>{t("organize.session.askAdministrator")}</p>
          </Notice>
        )}
      </>
    );
  }
  if (found.error !== undefined && !wrong) {
    return <Failure error={found.error} retry={found.reload} />;
  }
  return <SignIn wrong={wrong} use={setToken} reload={found.reload} />;
}

/** Who is signed in, and the pages that the role allows. */
function Access({ organizer, leave }: { organizer: Organizer; leave: () => void }) {
  const pages = PAGES.filter(([, , needed]) => needed === undefined || organizer.may(needed));
  return (
    <div class="organizer-bar">
      <nav aria-label={t("organize.nav.label")}>
        {pages.map(([path, name]) => (
          <a key={path} href={path} aria-current={location.pathname === path ? "page" : undefined}>
            {t(`organize.nav.${name}`)}
          </a>
        ))}
      </nav>
      <p>
        <span>
          {t("organize.session.as", { name: organizer.name, role: roleName(organizer.role) })}
        </span>
        <button type="button" onClick={leave}>
          {t("organize.session.leave")}
        </button>
      </p>
    </div>
  );
}

function SignIn({
  wrong,
  use,
  reload,
}: {
  wrong: boolean;
  use: (token: string) => void;
  reload: () => void;
}) {
  const [typed, setTyped] = useState("");
  return (
    <>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          use(typed.trim());
          reload();
        }}
      >
        <p>{t("organize.token.why")}</p>
        <label for="organizer-token">{t("organize.token.label")}</label>
        <input
          id="organizer-token"
          type="password"
          autocomplete="off"
          required
          aria-invalid={wrong}
          aria-describedby="organizer-token-hint"
          value={typed}
          onInput={(event) => {
            setTyped(event.currentTarget.value);
          }}
        />
        <p id="organizer-token-hint" class="hint">
          {t("organize.token.kept")}
        </p>
        {wrong && <Notice tone="bad" title={t("organize.token.wrong")} />}
        <button type="submit" class="primary">
          {t("organize.token.use")}
        </button>
      </form>
      <ByWallet use={use} />
    </>
  );
}

/** Sign-in with a wallet of this browser; nothing in a browser without one. */
function ByWallet({ use }: { use: (token: string) => void }) {
  const [found, setFound] = useState<readonly Announced[]>([]);
  const [asking, setAsking] = useState(false);
  const [error, setError] = useState<unknown>();
  useEffect(() => discover(setFound), []);
  if (!found.length) return null;
  const signIn = async (announced: Announced) => {
    setAsking(true);
    setError(undefined);
    try {
      use(await signInBy(await Wallet.connect(announced)));
    } catch (problem) {
      setError(problem);
    }
    setAsking(false);
  };
  return (
    <section aria-labelledby="by-wallet">
      <h2 id="by-wallet">{t("organize.session.wallets")}</h2>
      <p>{t("organize.session.walletsText")}</p>
      <p class="actions">
        {found.map((one) => (
          <button key={one.uuid} type="button" disabled={asking} onClick={() => void signIn(one)}>
            {one.icon && <img class="icon" src={one.icon} alt="" width={24} height={24} />}
            {t("organize.session.wallet", { name: one.name })}
          </button>
        ))}
      </p>
      {asking && <p role="status">{t("organize.session.asking")}</p>}
      {error !== undefined && <Failure error={error} />}
    </section>
  );
}
