/** A plan that was just created, with the invitations that it wanted. */

import type { Organizer } from "../../client/organizing.ts";
import { number, words } from "../../messages/index.ts";
import { Failure, useResource } from "../../view/resource.tsx";
import { Codes } from "./invitations.tsx";
import type { Made } from "./wizard.tsx";

export function Created({
  organizer,
  made: { plan, invitations },
}: {
  organizer: Organizer;
  made: Made;
}) {
  const text = words.organize.wizard;
  const { value, error } = useResource(
    () => (invitations ? organizer.invite(plan, invitations, 1) : Promise.resolve([])),
    [],
  );
  return (
    <>
      <p class="notice good">{text.createdText}</p>
      {invitations > 0 && !value && error === undefined && (
        <p role="status">{text.inviting(number(invitations))}</p>
      )}
      {error !== undefined && <Failure error={error} />}
      {value && value.length > 0 && <Codes codes={value} weight="1" />}
      <p>
        <a class="button" href={`/organize/${plan}`}>
          {text.toPlan}
        </a>
      </p>
    </>
  );
}
