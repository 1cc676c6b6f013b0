/** A rehearsal in one click: a short poll with the same questions, by throw-away invitations. */

import { useState } from "preact/hooks";

import { codeOf, invitationsFile, makeInvitations } from "../../client/invitations.ts";
import type { Organizer, Rehearsal } from "../../client/organizing.ts";
import { t } from "../../messages/organizer.ts";
import type { SigningKey } from "../../protocol/keys.ts";
import { systemRandomness } from "../../protocol/randomness.ts";
import { saveFile } from "../../view/page.tsx";
import { Failure } from "../../view/resource.tsx";

const VOTERS = 5;

export function Rehearse({ organizer, of }: { organizer: Organizer; of: Rehearsal["of"] }) {
  const [made, setMade] = useState<{ plan: string; codes: readonly SigningKey[] }>();
  const [working, setWorking] = useState(false);
  const [error, setError] = useState<unknown>();
  const rehearse = async () => {
    setWorking(true);
    setError(undefined);
    try {
      const codes = await makeInvitations(VOTERS, systemRandomness);
      const invited = codes.map(({ address }) => address);
      const label = t("organize.rehearsal.label");
      const notice = t("poll.rehearsal");
      setMade({ plan: await organizer.rehearse({ of, invited, label, notice }), codes });
    } catch (problem) {
      setError(problem);
    }
    setWorking(false);
  };
  return (
    <section class="panel" aria-labelledby="rehearsal">
      <h3 id="rehearsal">{t("organize.rehearsal.title")}</h3>
      {made ? (
        <>
          <p role="status">{t("organize.rehearsal.made", { count: VOTERS })}</p>
          <ul>
            {made.codes.map((code, place) => (
              <li key={codeOf(code)}>
                <a href={`/register#${codeOf(code)}`} target="_blank" rel="noreferrer">
                  {t("organize.rehearsal.voter", { place: place + 1 })}
                </a>
              </li>
            ))}
          </ul>
          <p class="actions">
            <button
              type="button"
              onClick={() => {
                const file = invitationsFile(location.origin, made.codes, 1n);
                saveFile("rehearsal-invitations.csv", file, "text/csv");
              }}
            >
              {t("organize.invitations.save")}
            </button>
            <a class="button" href={`/organize/${made.plan}`}>
              {t("organize.rehearsal.follow")}
            </a>
          </p>
        </>
      ) : (
        <>
          <p>{t("organize.rehearsal.lead", { count: VOTERS })}</p>
          <button type="button" disabled={working} onClick={() => void rehearse()}>
            {working ? t("organize.check.creating") : t("organize.rehearsal.button")}
          </button>
        </>
      )}
      {error !== undefined && <Failure error={error} />}
    </section>
  );
}
