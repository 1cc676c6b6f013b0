/** Files with a specification. */

import { describe, expect, test } from "vitest";

import { durationS } from "../../web/src/client/durations.ts";
import { ROUND_BALLOTS } from "../../web/src/client/plan_draft.ts";
import { draftOf } from "../../web/src/client/plan_file.ts";
import { specificationOf } from "../../web/src/client/plan_specification.ts";
import { Malformed } from "../../web/src/protocol/errors.ts";
import { KINDS } from "../../web/src/protocol/question/poll.ts";
import { CHAIN_TIME, good, KEY, NOW, ONE, TWO } from "./support/plans.ts";

const EVERY_QUESTION = [
  { kind: "single_choice", title: "T", options: ["A", "B"], abstain: true },
  {
    kind: "approval",
    title: "T",
    options: ["A", "B"],
    costs: [3, 4],
    at_least: 0,
    at_most: 1,
    caps: [{ options: [0, 1], budget: 5 }],
  },
  { kind: "knapsack", title: "T", options: ["A", "B"], costs: [1, "9007199254740993"], budget: 3 },
  { kind: "score", title: "T", options: ["A"], max_score: 5 },
  { kind: "points", title: "T", options: ["A", "B"], credits: 9, at_least: 1, max_per_option: 5 },
  { kind: "quadratic", title: "T", options: ["A", "B"], credits: 9 },
  { kind: "split", title: "T", options: ["A", "B"], total: 1000 },
  { kind: "ranking", title: "T", options: ["A", "B"], scores: [2, 1], at_least: 0 },
  { kind: "pairwise", title: "T", options: ["A", "B", "C"], at_least: 1 },
  { kind: "histogram", title: "T", options: ["A", "B"], bounds: [-5, 0, 5] },
  { kind: "cross_tabulation", title: "T", rows: ["A", "B"], columns: ["C", "D"] },
  {
    kind: "number",
    title: "T",
    low: -1,
    high: 1,
    unit: "m",
    groups: ["A", "B"],
    statistics: ["mean", "variance"],
  },
];

const RANKED = { order: "votes_per_cost", misfit: "stop", minimum_support: 3 };

const SHARED = { utility: "points", completion: "add_one", increment: 100 };

const EVERY_OUTCOME = [
  { kind: "majority", threshold: [2, 3], strict: false, quorum: 7 },
  { kind: "greedy", budget: 4, ...RANKED },
  { kind: "categories", categories: [0, 1], budgets: [1, 2], budget: 3, leftover: true, ...RANKED },
  { kind: "plurality", seats: 2, minimum_support: 0 },
  { kind: "proportional", amount: 10 },
  { kind: "greedy", costs: [1, 2], budget: 4, ...RANKED },
  { kind: "none" },
  { kind: "none" },
  { kind: "condorcet", method: "minimax", strength: "margin" },
  ...Array.from({ length: 3 }, () => ({ kind: "none" })),
];

const TIMES = {
  freeze_delay: 61,
  round_duration: 8,
  max_rounds: 100,
  dispute_window: 600,
  tally_period: 86_400,
};

const COMMON = { title: "T", secret: false, minimum_ballots: 7, times: TIMES };

test("a question of every kind is tried", () => {
  const kinds = EVERY_QUESTION.map(({ kind }) => kind);
  expect(kinds.sort(), "add the new kind to EVERY_QUESTION").toEqual([...KINDS.keys()].sort());
});

describe("a file", () => {
  test.each([
    {
      ...COMMON,
      minimum_ballots: 2,
      questions: EVERY_QUESTION,
      outcomes: EVERY_OUTCOME,
      voters: {
        kind: "list",
        accounts: [
          { account: ONE, weight: 2 },
          { account: TWO, signing_key: KEY },
        ],
        classes: 4,
      },
      registration_closes_at: NOW + 10,
      opens_at: NOW + 20,
      closes_at: NOW + 30,
      committee: `0x${"11".repeat(32)}`,
    },
    {
      ...COMMON,
      text: "Text",
      questions: [EVERY_QUESTION[0]],
      shared_keys: true,
      voters: {
        kind: "invitations",
        invitations: [
          { address: ONE, weight: 3 },
          ...["1", "2", "3", "4", "5", "6"].map((digit) => ({ address: `0x${digit.repeat(40)}` })),
        ],
      },
      registration_closes_at: NOW + 10,
      closes_at: NOW + 30,
    },
    {
      ...COMMON,
      minimum_ballots: 2,
      counting: "shuffled",
      open_minimum: 6,
      times: { ...TIMES, shuffle_period: 3600 },
      questions: [EVERY_QUESTION[0]],
      voters: { kind: "votes", contract: TWO, unit: 5, voting_keys: false, classes: "equal" },
      closes_at: NOW + 30,
    },
    ...[
      { kind: "equal_shares", budget: 9, costs: [3, 4], ...SHARED, objection_time: 60 },
      { kind: "phragmen", budget: 1, costs: [1, 1], objection_time: 3600, veto_holder: TWO },
      { kind: "instant_runoff", objection_time: 86_400 },
      { kind: "transferable_vote", seats: 2, objection_time: 86_400 },
    ].map((outcome) => ({
      ...COMMON,
      counting: "shuffled",
      questions: [
        "costs" in outcome
          ? { kind: "approval", title: "T", options: ["A", "B"], at_least: 0, at_most: 2 }
          : { kind: "ranking", title: "T", options: ["A", "B", "C"], scores: [2, 1] },
      ],
      outcomes: [outcome],
      voters: { kind: "members", contract: TWO, voting_keys: false, classes: "equal" },
      closes_at: NOW + 30,
    })),
    ...Object.keys(ROUND_BALLOTS).map((kind) => ({
      ...COMMON,
      token: TWO,
      budget: "340282366920938463463",
      minimum_amount: 2,
      maximum_amount: 9,
      proposals_per_member: 1,
      maximum_proposals: 9,
      claim_period: 90_061,
      proposals_open_at: NOW + 10,
      proposals_close_at: NOW + 20,
      voting_opens_at: NOW + 30,
      voting_closes_at: NOW + 41,
      members: {
        kind: "votes",
        contract: TWO,
        unit: 5,
        voting_keys: true,
        classes: "powers_of_two",
      },
      voters: { kind: "members", contract: ONE, voting_keys: false, classes: "equal" },
      ballot: {
        kind,
        ...{
          approval: { at_least: 0, at_most: 3 },
          score: { max_score: 3 },
          points: { credits: 3, at_least: 1 },
          quadratic: { credits: 9 },
          ranking: { scores: [3, 1] },
        }[kind],
      },
      outcome: { kind: "categories", budgets: [1, 2], leftover: true, ...RANKED },
    })),
  ])("is loaded and saved without loss: %#", (specification) => {
    const draft = draftOf(specification, CHAIN_TIME);
    expect(good(draft)).toEqual(specification);
  });

  test("of the command line may hold dates and durations", () => {
    const content = {
      title: "T",
      budget: "10",
      proposals_close_at: "+3d",
      voting_opens_at: "2027-06-01T10:00:00+02:00",
      voting_closes_at: "2027-06-01T10:00:30Z",
      claim_period: "2h30m",
      members: { accounts_file: "members.csv" },
      ballot: { kind: "knapsack" },
      times: { freeze_delay: "5s" },
    };
    const draft = draftOf(content, CHAIN_TIME);
    const { specification, problems } = specificationOf(draft, CHAIN_TIME);
    // The accounts file that it refers to must be given again.
    expect(problems).toEqual([{ path: "members.accounts", fault: "nobody" }]);
    expect(specification).toMatchObject({
      proposals_close_at: NOW + 3 * 86_400,
      voting_opens_at: Date.UTC(2027, 5, 1, 8) / 1000,
      voting_closes_at: Date.UTC(2027, 5, 1, 10, 0, 30) / 1000,
      claim_period: 9000,
      outcome: { kind: "greedy", order: "votes" },
      times: {
        ...TIMES,
        freeze_delay: 5,
        round_duration: 60,
        max_rounds: 1440,
        tally_period: 2_592_000,
        dispute_window: 86_400,
      },
    });
  });

  test("may hold null for omitted members", () => {
    const content = {
      title: "T",
      text: "",
      questions: [EVERY_QUESTION[0]],
      outcomes: null,
      opens_at: null,
      closes_at: "1800000060",
      voters: { kind: "votes", contract: ONE, voting_keys: null, classes: null },
      times: null,
    };
    expect(good(draftOf(content, CHAIN_TIME))).toMatchObject({ closes_at: NOW + 60 });
  });

  test.each([
    [[], "file: not an object"],
    [{ ...COMMON, questions: "none" }, "questions: not a list"],
    [{ ...COMMON, questions: [], voters: [] }, "voters: not an object"],
    [{ ...COMMON, questions: [], voters: { kind: "all" } }, "voters.kind: all is unknown"],
    [{ ...COMMON, questions: [], voters: {}, colour: 1 }, "colour: not known here"],
    [
      { ...COMMON, questions: [{ kind: "oracle" }], voters: {} },
      "questions.0.kind: oracle is unknown",
    ],
    [
      { ...COMMON, questions: [], voters: {}, closes_at: "2027-06-01T10:00:00" },
      "closes_at: not a time",
    ],
    [{ ...COMMON, secret: 1, questions: [], voters: {} }, "secret: not true or false"],
    [
      { ...COMMON, questions: [], voters: { accounts: [{ account: "0x" }] } },
      "voters.accounts.0.account",
    ],
    [
      { ...COMMON, questions: [], voters: { kind: "votes", contract: ONE, keys: TWO } },
      "voters.keys: not known here",
    ],
    [
      { ...COMMON, questions: [], voters: { kind: "invitations", invitations: [{ address: 1 }] } },
      "voters.invitations.0.address",
    ],
    [
      { ...COMMON, questions: [{ ...EVERY_QUESTION[0], weather: 1 }], voters: {} },
      "questions.0.weather",
    ],
  ])("that is invalid names the reason: %#", (content, reason) => {
    expect(() => draftOf(content, CHAIN_TIME)).toThrow(Malformed);
    expect(() => draftOf(content, CHAIN_TIME)).toThrow(reason);
  });

  test("accepts the durations of the command line", () => {
    expect(durationS("2h30m")).toBe(9000);
    for (const text of ["", "3", "d", "3 d", "-3d", "1.5h"])
      expect(durationS(text)).toBeUndefined();
  });
});
