/** Assumptions of an audit's verdict, in the language in use. */

import type { Assumption, AssumptionValues } from "../protocol/checks/assumption.ts";
import type { ResultsMessages } from "./ids.ts";
import { message } from "./index.ts";

/** The message of each code; the compiler checks its values against the assumption's. */
const IDS: {
  readonly [C in keyof AssumptionValues]: AssumptionValues[C] extends ResultsMessages[Id<C>]
    ? Id<C>
    : ResultsMessages[Id<C>] extends undefined
      ? Id<C>
      : never;
} = {
  invitations: "audit.assumptions.invitations",
  list: "audit.assumptions.list",
  members: "audit.assumptions.members",
  contract: "audit.assumptions.contract",
  others: "audit.assumptions.others",
  disputes: "audit.assumptions.disputes",
  maker: "audit.assumptions.maker",
  treasury: "audit.assumptions.treasury",
  unopened: "audit.assumptions.unopened",
};

type Id<C extends keyof AssumptionValues> = `audit.assumptions.${C}`;

/** An assumption as an entry of the list that `audit.assuming` introduces. */
export function assumptionText({ code, values }: Assumption): string {
  return message(IDS[code], values);
}
