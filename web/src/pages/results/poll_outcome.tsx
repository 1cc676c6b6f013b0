/** What a poll decided, on its own page and on its round's: the winners, or why there is no result. */

import { type Poll, results } from "../../client/views.ts";
import { addAudience } from "../../messages/index.ts";
import { Await, useResource } from "../../view/resource.tsx";
import { gateway } from "../../view/session.ts";
import { Decisions, outcomeOf } from "./outcome.tsx";
import { VoidNotice } from "./void.tsx";

/** Nothing before the poll is counted. */
export function PollOutcome({ poll }: { poll: Poll }) {
  if (poll.status === "void") return <VoidNotice shown={poll} />;
  return poll.status === "tallied" ? <Counted poll={poll} /> : null;
}

function Counted({ poll }: { poll: Poll }) {
  const found = useResource(async () => {
    const path = `/polls/${poll.poll}/results`;
    const [counted] = await Promise.all([gateway.get(path, results), addAudience("results")]);
    return counted;
  }, [poll.poll]);
  return (
    <Await resource={found}>{(counted) => <Decisions outcome={outcomeOf(poll, counted)} />}</Await>
  );
}
