/** What a round decided, on its own page: the winners, or why there is no result. */

import { type Poll, results, type Round } from "../../client/views.ts";
import { addAudience } from "../../messages/index.ts";
import { Await, useResource } from "../../view/resource.tsx";
import { gateway } from "../../view/session.ts";
import { Decisions, outcomeOf } from "./outcome.tsx";
import { VoidNotice } from "./void.tsx";

/** Nothing before the round's poll is counted. */
export function RoundOutcome({ round, poll }: { round: Round; poll: Poll | undefined }) {
  if (!poll) return null;
  if (poll.status === "void") return <VoidNotice shown={poll} />;
  return poll.status === "tallied" ? <Counted key={round.status} poll={poll} /> : null;
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
