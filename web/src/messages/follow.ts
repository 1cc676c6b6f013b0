/** Messages for those who follow a round, poll or proposal, which also show some of the voter's. */

import type { FollowMessages, VoterMessages } from "./ids.ts";
import { message, type Values } from "./index.ts";

type Messages = FollowMessages & VoterMessages;

/** A message about following, or for voters. */
export function t<Id extends keyof Messages>(id: Id, ...values: Values<Messages, Id>): string {
  return message(id, values[0]);
}
