/** Messages of the pages of proposals, which also show some of the voter's. */

import type { ProposalsMessages, VoterMessages } from "./ids.ts";
import { message, type Values } from "./index.ts";

type Messages = ProposalsMessages & VoterMessages;

/** A message of proposals, or for voters. */
export function t<Id extends keyof Messages>(id: Id, ...values: Values<Messages, Id>): string {
  return message(id, values[0]);
}
