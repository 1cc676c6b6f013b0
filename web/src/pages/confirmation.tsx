/** The gateway's signed confirmation that an invitation was redeemed, for its voter to keep. */

import { type Registration, registrationJson } from "../client/registration.ts";
import { t } from "../messages/index.ts";
import { toHex } from "../protocol/encoding.ts";
import { saveFile } from "../view/page.tsx";

/** A button that saves the gateway's signed confirmation. */
export function SaveConfirmation({ registration }: { registration: Registration }) {
  const { signingKey } = registration;
  return (
    <button
      type="button"
      onClick={() => {
        const name = `ostraka-registration-${toHex(signingKey).slice(0, 12)}.json`;
        saveFile(name, registrationJson(registration));
      }}
    >
      {t("register.confirmation")}
    </button>
  );
}
