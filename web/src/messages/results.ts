/** Messages of the pages of results and audits, which also show some of the voter's. */

import type { ResultsMessages, VoterMessages } from "./ids.ts";
import { message, type Values } from "./index.ts";

type Messages = ResultsMessages & VoterMessages;

/** A message of results or audits, or for voters. */
export function t<Id extends keyof Messages>(id: Id, ...values: Values<Messages, Id>): string {
  return message(id, values[0]);
}
