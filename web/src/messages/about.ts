/** Messages of the page that explains voting, which also shows some of the voter's. */

import type { AboutMessages, VoterMessages } from "./ids.ts";
import { message, type Values } from "./index.ts";

type Messages = AboutMessages & VoterMessages;

/** A message that explains voting, or for voters. */
export function t<Id extends keyof Messages>(id: Id, ...values: Values<Messages, Id>): string {
  return message(id, values[0]);
}
