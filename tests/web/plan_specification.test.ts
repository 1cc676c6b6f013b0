/** Specifications that a draft makes, and the problems that prevent one. */

import { describe, expect, test } from "vitest";

import { localTime } from "../../web/src/client/durations.ts";
import { freshDraft, freshElectorate, type PlanDraft } from "../../web/src/client/plan_draft.ts";
import { stepOf } from "../../web/src/client/plan_paths.ts";
import { momentsOf, specificationOf } from "../../web/src/client/plan_specification.ts";
import { unixSeconds } from "../../web/src/protocol/units.ts";
import {
  ACCOUNTS,
  CHAIN_TIME,
  good,
  KEY,
  MIXED,
  NOW,
  ONE,
  pollOf,
  question,
  TWO,
} from "./support/plans.ts";

describe("a specification", () => {
  test("keeps rows with a name, a cost or a category", () => {
    const named = ["A", "B"].map((name) => ({ name, cost: "", category: "" }));
    for (const row of [
      { name: " ", cost: "5", category: "" },
      { name: "", cost: "", category: "x" },
    ]) {
      const options = [...named, row];
      const { problems } = specificationOf(
        pollOf({ questions: [question({ options })] }),
        CHAIN_TIME,
      );
      expect(problems).toContainEqual({ path: "questions.0.options", fault: "missing" });
    }
    const options = [...named, { name: "", cost: "", category: "" }];
    const { problems } = specificationOf(
      pollOf({ questions: [question({ options })] }),
      CHAIN_TIME,
    );
    expect(problems).not.toContainEqual({ path: "questions.0.options", fault: "missing" });
  });

  test("reports what can never work and unreadable names", () => {
    const named = (...names: string[]) => names.map((name) => ({ name, cost: "", category: "" }));
    const shared = [...ACCOUNTS, { account: MIXED.toLowerCase(), weight: 1n, signingKey: ONE }];
    const { problems } = specificationOf(
      pollOf({
        title: "a\u202eb",
        minimumBallots: "5",
        voters: { ...freshElectorate("list"), accounts: shared },
        questions: [
          question({ options: named("A", "a ") }),
          question({
            title: "Which\u200b?",
            options: named("A", "B\u2066"),
            outcome: {
              kind: "majority",
              values: { threshold: "1/2", quorum: ((1n << 60n) + 3n).toString() },
            },
          }),
        ],
      }),
      CHAIN_TIME,
    );
    expect(problems).toEqual([
      { path: "title", fault: "direction" },
      { path: "questions.0.options", fault: "alike" },
      { path: "questions.1.title", fault: "invisible" },
      { path: "questions.1.options", fault: "direction" },
      { path: "voters.accounts", fault: "one_key" },
      { path: "minimum_ballots", fault: "too_many_ballots" },
      { path: "outcomes.1.quorum", fault: "too_much" },
    ]);
  });

  test("of a poll holds the filled-in values", () => {
    const priced = ["400", "300", "90071992547409930"].map((cost, place) => ({
      name: `Option ${place}`,
      cost,
      category: place ? "south" : "north",
    }));
    const specification = good(
      pollOf({
        text: " About it. ",
        questions: [
          question({
            kind: "approval",
            values: { at_least: "0", at_most: "2" },
            options: [{ name: " ", cost: "", category: "" }, ...priced],
            caps: [{ options: [2, 3], ofCosts: false, bound: "1" }],
            outcome: {
              kind: "categories",
              values: { budget: "1000", order: "votes", misfit: "stop", minimum_support: "2" },
            },
            budgets: { north: "400", south: "600" },
          }),
          question({ kind: "single_choice", values: { abstain: "yes" } }),
        ],
      }),
    );
    expect(specification).toEqual({
      title: "Title",
      text: "About it.",
      questions: [
        {
          kind: "approval",
          title: "What?",
          options: ["Option 0", "Option 1", "Option 2"],
          at_least: 0,
          at_most: 2,
          // Empty rows are not options.
          caps: [{ options: [1, 2], at_most: 1 }],
        },
        {
          kind: "single_choice",
          title: "What?",
          options: ["A", "B", "C"],
          abstain: true,
        },
      ],
      outcomes: [
        {
          kind: "categories",
          costs: [400, 300, "90071992547409930"],
          categories: [0, 1, 1],
          budgets: [400, 600],
          budget: 1000,
          order: "votes",
          misfit: "stop",
          minimum_support: 2,
          leftover: false,
        },
        { kind: "none" },
      ],
      voters: {
        kind: "list",
        accounts: [
          { account: ONE },
          { account: TWO, weight: "1152921504606846976", signing_key: KEY },
        ],
      },
      closes_at: NOW + 7 * 86_400,
      secret: true,
      minimum_ballots: 2,
      times: {
        freeze_delay: 60,
        round_duration: 60,
        max_rounds: 1440,
        dispute_window: 86_400,
        tally_period: 30 * 86_400,
      },
    });
  });

  test("moments follow each other", () => {
    const at = (unixS: number) => ({
      ...freshDraft().moments["closes_at"]!,
      mode: "at" as const,
      at: localTime(unixSeconds(unixS)),
    });
    const round: PlanDraft = {
      ...freshDraft(),
      kind: "round",
      moments: { ...freshDraft().moments, proposals_close_at: at(NOW + 61) },
    };
    expect(momentsOf(round, CHAIN_TIME)).toEqual({
      proposals_close_at: BigInt(NOW + 61),
      voting_opens_at: BigInt(NOW + 61 + 86_400),
      voting_closes_at: BigInt(NOW + 61 + 8 * 86_400),
    });
    const moments = {
      ...round.moments,
      proposals_close_at: at(NOW - 1),
      voting_opens_at: { ...at(NOW), mode: "after" as const, count: "soon" },
    };
    const { problems } = specificationOf({ ...round, moments }, CHAIN_TIME);
    expect(problems).toContainEqual({ path: "proposals_close_at", fault: "past" });
    expect(problems).toContainEqual({ path: "voting_opens_at", fault: "time" });
  });

  test("lets the members of a round come by invitation", () => {
    const invited = { ...freshElectorate("invitations"), accounts: ACCOUNTS };
    const round: PlanDraft = { ...freshDraft(), kind: "round", members: invited };
    const { specification, problems } = specificationOf(round, CHAIN_TIME);
    expect(problems.filter(({ path }) => path.startsWith("members"))).toEqual([]);
    expect(specification["members"]).toMatchObject({
      kind: "invitations",
      invitations: ACCOUNTS.map(({ account }) => ({ address: account })),
    });
  });

  test("opens every ballot if the organizer wants it, with voters of equal weight", () => {
    const equal = ACCOUNTS.map((one) => ({ ...one, weight: 3n }));
    const voters = { ...freshElectorate("list"), accounts: equal };
    const times = { ...freshDraft().times, shuffle_period: "2h" };
    const shuffled = pollOf({ counting: "shuffled", voters, times });
    expect(good(shuffled)).toMatchObject({ counting: "shuffled", times: { shuffle_period: 7200 } });
    expect(good(shuffled)).not.toHaveProperty("open_minimum");
    expect(good({ ...shuffled, openMinimum: "7" })).toMatchObject({ open_minimum: 7 });
    // What belongs to shuffled polls is left out of others.
    const summed = good({ ...shuffled, openMinimum: "7", counting: "summed" });
    expect(summed).not.toHaveProperty("counting");
    expect(summed).not.toHaveProperty("open_minimum");
    expect(summed["times"]).not.toHaveProperty("shuffle_period");
    const problemsOf = (draft: PlanDraft) => specificationOf(draft, CHAIN_TIME).problems;
    const different = pollOf({ counting: "shuffled" });
    expect(problemsOf(different)).toEqual([{ path: "counting", fault: "different_weights" }]);
    const runoff = { kind: "instant_runoff", values: { objection_time: "1d" } };
    const ranking = question({ kind: "ranking", values: { scores: "2, 1" }, outcome: runoff });
    expect(problemsOf({ ...shuffled, questions: [ranking] })).toEqual([]);
    expect(problemsOf(pollOf({ questions: [ranking] }))).toEqual([
      { path: "counting", fault: "needs_ballots" },
    ]);
    const classes = { ...different.voters, values: { classes: "equal" } };
    expect(problemsOf({ ...different, voters: classes })).toEqual([]);
  });

  test("names the problem of each invalid field", () => {
    const { problems } = specificationOf(
      pollOf({
        title: " ",
        minimumBallots: "five",
        times: { ...freshDraft().times, freeze_delay: "1 minute" },
        voters: { ...freshElectorate("votes"), values: { contract: "0x12", unit: "" } },
        questions: [
          question({ options: [] }),
          question({ title: "", kind: "ranking", values: { scores: "3, two", at_least: "" } }),
          question({
            kind: "knapsack",
            values: { budget: "5" },
            outcome: { kind: "majority", values: { threshold: "two thirds", quorum: "0" } },
          }),
        ],
      }),
      CHAIN_TIME,
    );
    expect(problems).toEqual([
      { path: "title", fault: "missing" },
      { path: "questions.0.options", fault: "missing" },
      { path: "questions.1.title", fault: "missing" },
      { path: "questions.1.scores", fault: "integers" },
      { path: "questions.2.costs.0", fault: "missing" },
      { path: "questions.2.costs.1", fault: "missing" },
      { path: "questions.2.costs.2", fault: "missing" },
      { path: "outcomes.2.threshold", fault: "fraction" },
      { path: "voters.contract", fault: "address" },
      { path: "voters.unit", fault: "missing" },
      { path: "minimum_ballots", fault: "integer" },
      { path: "times.freeze_delay", fault: "duration" },
    ]);
    for (const { path } of problems) expect(stepOf(path), path).toBeDefined();
    expect(
      specificationOf(pollOf({ voters: freshElectorate("invitations") }), CHAIN_TIME).problems,
    ).toEqual([
      { path: "voters.invitations", fault: "uninvited" },
      { path: "registration_closes_at", fault: "nobody_registers" },
    ]);
    expect(
      specificationOf(pollOf({ voters: freshElectorate("list") }), CHAIN_TIME).problems,
    ).toEqual([{ path: "voters.accounts", fault: "nobody" }]);
  });
});
