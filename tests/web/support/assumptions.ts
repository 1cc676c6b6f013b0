/** The assumptions of an audit in the words of the verifier's report. */

import type { Assumption, AssumptionValues } from "../../../web/src/protocol/checks/assumption.ts";

const WORDS: { [C in keyof AssumptionValues]: (values: AssumptionValues[C]) => string } = {
  invitations: ({ all, used }) =>
    `each of ${all} invitations (${used} used) went to a person of its own`,
  list: ({ voters }) =>
    `the organizer, who listed ${voters} voters by hand, listed those who may vote`,
  members: ({ contract }) => `the owner of ${contract} listed its members`,
  contract: ({ contract }) =>
    `the contract ${contract}, whose code this program does not know, tells truly who may vote`,
  others: () => "voters who are not the round's members are those whom its funders expected",
  disputes: ({ contract }) => `the contract ${contract} rejects none but false roots`,
  maker: ({ contract }) =>
    `the contract ${contract}, which made the poll, pays nothing by its outcome`,
  treasury: ({ contract }) => `the treasury ${contract} was made with empty books`,
};

/** "" where nothing is assumed, as in the report. */
export function assumptionInReport(assumption: Assumption | undefined): string {
  if (!assumption) return "";
  return (WORDS[assumption.code] as (values: object) => string)(assumption.values);
}
