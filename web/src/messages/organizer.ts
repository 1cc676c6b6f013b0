/** Messages of the organizer's pages, which also show some of the voter's. */

import type { OrganizerMessages, VoterMessages } from "./ids.ts";
import { message, type Values } from "./index.ts";

type Messages = OrganizerMessages & VoterMessages;

/** A message for the organizer or for voters. */
export function t<Id extends keyof Messages>(id: Id, ...values: Values<Messages, Id>): string {
  return message(id, values[0]);
}
