/** Where in the wizard a problem belongs. */

import { expect, test } from "vitest";

import { freshDraft } from "../../web/src/client/plan_draft.ts";
import { pathOf, pathOfWarning, stepOf } from "../../web/src/client/plan_paths.ts";
import { pollOf, question } from "./support/plans.ts";

test.each([
  ["body.title", "title"],
  ["body.voters.votes.unit", "voters.unit"],
  ["body.members.list.accounts.3.weight", "members.accounts"],
  ["body.ballot.approval.at_most", "ballot.at_most"],
  ["outcomes[1].seats", "outcomes.1.seats"],
  ["body.outcomes.0.greedy.budget", "outcomes.0.budget"],
  ["outcomes[0].costs", "questions.0.options"],
  ["outcomes[0].numerator", "outcomes.0.threshold"],
  ["questions[2].options[1]", "questions.2.options"],
  ["questions[0].caps[1].options", "questions.0.caps.1.options"],
  ["body.voters.invitations.invitations.4.weight", "voters.invitations"],
  ["voters.invitations.4.address", "voters.invitations"],
  ["invitations", "voters.invitations"],
  ["shared_keys", "shared_keys"],
  ["contract", "voters.contract"],
  ["accounts.7", "voters.accounts"],
  ["closes_at", "closes_at"],
  ["dispute_window", "times.dispute_window"],
  ["times.shuffle_period", "times.shuffle_period"],
  ["counting", "counting"],
  ["open_minimum", "open_minimum"],
])("the gateway's field %s is at %s", (field, path) => {
  expect(pathOf(field, freshDraft())).toBe(path);
  expect(stepOf(path)).toBeDefined();
});

test("warnings lead to the member that they concern", () => {
  const draft = pollOf({ questions: [question({}), question({ title: "How old?" })] });
  const about = (code: string, asked?: string) => pathOfWarning({ code, question: asked }, draft);
  expect(about("small_groups", "How old?")).toBe("questions.1");
  expect(about("low_minimum")).toBe("minimum_ballots");
  expect(about("recognisable_ballots")).toBe("counting");
  expect(about("identifying_weights")).toBe("voters.classes");
  expect(
    pathOfWarning({ code: "tiny_electorate", question: undefined }, { ...draft, kind: "round" }),
  ).toBe("members");
});
