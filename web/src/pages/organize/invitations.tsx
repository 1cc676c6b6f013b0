/** Invitations of a plan: codes that are shown once, with the links that redeem them. */

import { useState } from "preact/hooks";

import {
  invitationLink,
  invitationsFile,
  type Organizer,
  type Plan,
} from "../../client/organizing.ts";
import { number, words } from "../../messages/index.ts";
import { saveFile } from "../../view/page.tsx";
import { Failure } from "../../view/resource.tsx";
import { TextField } from "./inputs.tsx";

/** Links that are shown; all of them are in the file. */
const SHOWN = 50;

export function Invitations({
  organizer,
  plan,
  again,
}: {
  organizer: Organizer;
  plan: Plan;
  again: () => void;
}) {
  const text = words.organize.invitations;
  const [count, setCount] = useState("20");
  const [weight, setWeight] = useState("1");
  const [made, setMade] = useState<{ codes: readonly string[]; weight: string }>();
  const [working, setWorking] = useState(false);
  const [error, setError] = useState<unknown>();
  const { issued, redeemed } = plan.invitations;
  const invite = async () => {
    setWorking(true);
    setError(undefined);
    try {
      setMade({ codes: await organizer.invite(plan.plan, Number(count), weight), weight });
      again();
    } catch (problem) {
      setError(problem);
    }
    setWorking(false);
  };
  return (
    <section aria-labelledby="invitations">
      <h2 id="invitations">{text.title}</h2>
      <p>{text.counts(number(redeemed), number(issued))}</p>
      {made && <Codes codes={made.codes} weight={made.weight} />}
      {plan.censusFixed ? (
        <p>{text.over}</p>
      ) : (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void invite();
          }}
        >
          <TextField
            path="invitations.count"
            label={text.count}
            value={count}
            change={setCount}
            more={{ inputMode: "numeric", required: true, pattern: "[1-9][0-9]{0,5}" }}
          />
          <TextField
            path="invitations.weight"
            label={text.weight}
            hint={text.weightHint}
            value={weight}
            change={setWeight}
            more={{ inputMode: "numeric", required: true, pattern: "[1-9][0-9]{0,18}" }}
          />
          {error !== undefined && <Failure error={error} />}
          <button type="submit" disabled={working}>
            {text.make}
          </button>
        </form>
      )}
    </section>
  );
}

/** Codes that can be seen here and now, and never again. */
export function Codes({ codes, weight }: { codes: readonly string[]; weight: string }) {
  const text = words.organize.invitations;
  return (
    <div class="notice warn">
      <p>{text.once(number(codes.length))}</p>
      <p>
        <button
          type="button"
          class="primary"
          onClick={() => {
            saveFile(
              "invitations.csv",
              invitationsFile(location.origin, codes, weight),
              "text/csv",
            );
          }}
        >
          {text.save}
        </button>
      </p>
      <p>{text.each}</p>
      <ol>
        {codes.slice(0, SHOWN).map((code) => (
          <li key={code}>
            <code>{invitationLink(location.origin, code)}</code>
          </li>
        ))}
      </ol>
      {codes.length > SHOWN && <p>{text.more(number(codes.length - SHOWN))}</p>}
    </div>
  );
}
