/** The assumptions of an audit in the words of the verifier's report. */

import type { Assumption, AssumptionValues } from "../../../web/src/protocol/checks/assumption.ts";
import { counted } from "../../../web/src/protocol/wording.ts";

const WORDS: { [C in keyof AssumptionValues]: (values: AssumptionValues[C]) => string } = {
  invitations: ({ all, used }) =>
    `each of ${all} invitations (${used} used) went to a different person`,
  list: ({ voters }) =>
    `the organizer, who listed ${counted(voters, "voter", "voters")} by hand, listed those who may vote`,
  members: ({ contract }) => `the owner of ${contract} listed its members`,
  contract: ({ contract }) =>
    `the contract ${contract}, whose code this program does not know, reports correctly who may vote`,
  others: () => "the voters, who are not the round's members, are those that its funders expected",
  disputes: ({ contract }) => `the contract ${contract} rejects only false roots`,
  maker: ({ contract }) =>
    `the contract ${contract}, which created the poll, pays nothing by its outcome`,
  treasury: ({ contract }) => `the treasury ${contract} was created with empty accounts`,
  unopened: () => "no shuffle ended in time",
};

/** "" where nothing is assumed, as in the report. */
export function assumptionInReport(assumption: Assumption | undefined): string {
  if (!assumption) return "";
  return (WORDS[assumption.code] as (values: object) => string)(assumption.values);
}
