/** The organizer's token: entered once, kept until this window is closed, never in an address. */

import type { ComponentChildren } from "preact";
import { useId, useState } from "preact/hooks";

import { Refusal } from "../../client/gateway.ts";
import { Organizer } from "../../client/organizing.ts";
import { t } from "../../messages/organizer.ts";
import { Failure, useResource } from "../../view/resource.tsx";
import { keptIfAllowed } from "../../view/session.ts";

const TOKEN = "ostraka/organizer-token";

/** Shows its content to the organizer only; asks others for the token. */
export function AsOrganizer({
  children,
}: {
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
  if (found.value) {
    return (
      <>
        {children(found.value)}
        <p>
          <button
            type="button"
            onClick={() => {
              sessionStorage.removeItem(TOKEN);
              setToken("");
            }}
          >
            {t("organize.token.forget")}
          </button>
        </p>
      </>
    );
  }
  if (found.error !== undefined && !wrong) {
    return <Failure error={found.error} retry={found.reload} />;
  }
  return <AskToken wrong={wrong} use={setToken} reload={found.reload} />;
}

function AskToken({
  wrong,
  use,
  reload,
}: {
  wrong: boolean;
  use: (token: string) => void;
  reload: () => void;
}) {
  const [typed, setTyped] = useState("");
  const id = useId();
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        use(typed.trim());
        reload();
      }}
    >
      <p>{t("organize.token.why")}</p>
      <label for={id}>{t("organize.token.label")}</label>
      <input
        id={id}
        type="password"
        autocomplete="off"
        required
        aria-invalid={wrong}
        aria-describedby={`${id}-hint`}
        value={typed}
        onInput={(event) => {
          setTyped(event.currentTarget.value);
        }}
      />
      <p id={`${id}-hint`} class="hint">
        {t("organize.token.kept")}
      </p>
      {wrong && (
        <p class="notice bad" role="alert">
          {t("organize.token.wrong")}
        </p>
      )}
      <button type="submit">{t("organize.token.use")}</button>
    </form>
  );
}
