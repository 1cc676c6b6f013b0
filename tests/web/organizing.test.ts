/** What organizers fill in: files of accounts, drafts, specifications. */

import { readFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, test } from "vitest";

import { addressOf, readAccountFile, totalWeight } from "../../web/src/client/account_file.ts";
import {
  codeOf,
  invitationOf,
  invitationsFile,
  invitedAccounts,
  makeInvitations,
} from "../../web/src/client/invitations.ts";
import {
  dropPlanDraft,
  ELECTORATE_KINDS,
  freshDraft,
  freshElectorate,
  freshQuestion,
  optionsOfLines,
  type PlanDraft,
  POLL_OUTCOMES,
  QUESTION_KINDS,
  type QuestionDraft,
  readPlanDraft,
  ROUND_BALLOTS,
  ROUND_OUTCOMES,
  writeDraftAccounts,
  writePlanDraft,
} from "../../web/src/client/plan_draft.ts";
import { durationS, localTime } from "../../web/src/client/durations.ts";
import { draftOf } from "../../web/src/client/plan_file.ts";
import { pathOf, pathOfWarning, stepOf } from "../../web/src/client/plan_paths.ts";
import { momentsOf, specificationOf } from "../../web/src/client/plan_specification.ts";
import { alike, titleProblem } from "../../web/src/client/titles.ts";
import { addAudience, messageIfAny, setLanguage } from "../../web/src/messages/index.ts";
import { toHex } from "../../web/src/protocol/encoding.ts";
import { Malformed } from "../../web/src/protocol/errors.ts";
import { systemRandomness } from "../../web/src/protocol/randomness.ts";
import { unixSeconds } from "../../web/src/protocol/units.ts";
import { Shelf } from "./support/shelf.ts";

const NOW = 1_800_000_000;
const CHAIN_TIME = unixSeconds(NOW);
const ONE = `0x${"ab".repeat(20)}`;
const TWO = `0x${"cd".repeat(20)}`;
const KEY = `0x${"ef".repeat(20)}`;
const MIXED = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"; // of EIP-55
const ACCOUNTS = [
  { account: ONE, weight: 1n },
  { account: TWO, weight: 1n << 60n, signingKey: KEY },
];

describe("a file of accounts", () => {
  test("is read as spreadsheets write it", () => {
    const file = `\ufeffWeight, account ,signing_key\r\n"3","${MIXED}",\r\n\r\n1,${TWO},${ONE}\r\n`;
    const { accounts, wrong } = readAccountFile(file);
    expect(wrong).toEqual([]);
    expect(accounts).toEqual([
      { account: MIXED.toLowerCase(), weight: 3n },
      { account: TWO, weight: 1n, signingKey: ONE },
    ]);
    expect(totalWeight(accounts)).toBe(4n);
  });

  test("says everything that is wrong, with its line", () => {
    const mistyped = MIXED.replace("aA", "Aa");
    const lines = [
      "account,weight,signing_key",
      `${ONE},2,`,
      "0x12,1,",
      `${TWO},1.5,`,
      `${ONE.toUpperCase().replace("X", "x")},1,`,
      `${mistyped},0,nobody`,
      `${TWO},1,,more`,
      `${TWO},${1n << 64n},`,
      `${TWO},,`,
      TWO,
      `0x${"0".repeat(40)},1,`,
    ];
    expect(readAccountFile(lines.join("\n")).wrong).toEqual([
      { line: 3, fault: "account", value: "0x12" },
      { line: 4, fault: "weight", value: "1.5" },
      { line: 5, fault: "twice", value: ONE, first: 2 },
      { line: 6, fault: "mistyped", value: mistyped },
      { line: 6, fault: "signing_key", value: "nobody" },
      { line: 6, fault: "weight", value: "0" },
      { line: 7, fault: "surplus", value: `${TWO}, 1, , more` },
      { line: 8, fault: "weight", value: (1n << 64n).toString() },
      { line: 9, fault: "no_weight", value: "" },
      { line: 10, fault: "no_weight", value: "" },
      { line: 11, fault: "zero", value: `0x${"0".repeat(40)}` },
    ]);
  });

  test.each([";", "\t", "|"])("%j parts no columns", (separator) => {
    const { wrong } = readAccountFile(`account${separator}weight\n`);
    expect(wrong).toEqual([{ line: 1, fault: "separator", value: `account${separator}weight` }]);
  });

  // Made by hand; the command line refuses the same.
  test.each([
    ["members-semicolon.csv", [[1, "separator"]]],
    ["members-unbalanced-quote.csv", [[2, "quotes"]]],
    ["members-zero-address.csv", [[2, "zero"]]],
    [
      "members-blank-weight.csv",
      [
        [2, "no_weight"],
        [4, "no_weight"],
      ],
    ],
    ["m.csv", []],
    ["keydup.csv", []],
  ] as const)("%s", (name, said) => {
    const { wrong } = readAccountFile(readFileSync(join("tests/cases", name), "utf8"));
    expect(wrong.map(({ line, fault }) => [line, fault])).toEqual(said);
  });

  test.each(["", "name\nx", "account,account\n"])("%j has no header", (text) => {
    expect(readAccountFile(text).wrong).toMatchObject([{ line: 1, fault: "header" }]);
  });

  test("counts lines through quoted values, and says where quotes do not close", () => {
    const file = `account,"weight"\n"${ONE}","\n1"\n${TWO},x\n"${TWO}`;
    expect(readAccountFile(file).wrong).toEqual([
      { line: 4, fault: "weight", value: "x" },
      { line: 5, fault: "quotes", value: "" },
    ]);
  });

  test("addresses are in lower case, or their capitals fit", () => {
    expect(addressOf(MIXED)).toBe(MIXED.toLowerCase());
    expect(addressOf(MIXED.replace("aA", "Aa"))).toBeUndefined();
    expect(addressOf("0x")).toBeUndefined();
  });
});

function question(part: Partial<QuestionDraft>): QuestionDraft {
  const options = ["A", "B", "C"].map((name) => ({ name, cost: "", category: "" }));
  return { ...freshQuestion(), title: "What?", options, ...part };
}

function pollOf(part: Partial<PlanDraft>): PlanDraft {
  const voters = { ...freshElectorate("list"), accounts: ACCOUNTS };
  return {
    ...freshDraft(),
    title: "Title",
    minimumBallots: "2",
    questions: [question({})],
    voters,
    ...part,
  };
}

function good(draft: PlanDraft) {
  const { specification, problems } = specificationOf(draft, CHAIN_TIME);
  expect(problems).toEqual([]);
  return specification;
}

describe("titles", () => {
  test.each([
    ["Where?", undefined],
    ["\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", undefined],
    ["\u{1f469}\u200d\u{1f33e}", undefined],
    [" ", "missing"],
    ["\u200d", "missing"],
    ["a\u202eb", "direction"],
    ["a\u200bb", "invisible"],
    ["a\u2028b", "invisible"],
    ["\u3164", "invisible"],
    ["a\u0000", "invisible"],
    ["a\ufff0", "invisible"],
    ["a\u{e0fff}", "invisible"],
    ["\u180b", "missing"],
  ])("%j", (text, problem) => {
    expect(titleProblem(text)).toBe(problem);
  });

  test.each([
    ["A", "a "],
    ["\uff21", "A"],
    ["Stra\u00dfe", "STRASSE"],
    ["\u00e9", "e\u0301"],
    ["a  b", "a\u00a0b"],
    ["a\u200db", "ab"],
    ["\u2764\ufe0f", "\u2764"],
    ["a\u180b", "a"],
    ["a\u180f", "a"],
  ])("%j is like %j", (one, other) => {
    expect(alike([one, "other", other])).toBe(true);
  });

  test("others are told apart", () => {
    expect(alike(["A", "B", "\u00c1"])).toBe(false);
  });
});

describe("a specification", () => {
  test("loses no row that has a cost or a category, and no name", () => {
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

  test("says what can never work, and what nobody could read", () => {
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

  test("of a poll holds what was filled in", () => {
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
          // Empty rows are no options.
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

  test("times follow one another", () => {
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

  test("says of each field why it is none", () => {
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
const EVERY_OUTCOME = [
  { kind: "majority", threshold: [2, 3], strict: false, quorum: 7 },
  { kind: "greedy", budget: 4, ...RANKED },
  { kind: "categories", categories: [0, 1], budgets: [1, 2], budget: 3, leftover: true, ...RANKED },
  { kind: "plurality", seats: 2, minimum_support: 0 },
  { kind: "proportional", amount: 10 },
  { kind: "greedy", costs: [1, 2], budget: 4, ...RANKED },
  ...Array.from({ length: 5 }, () => ({ kind: "none" })),
];
const TIMES = {
  freeze_delay: 61,
  round_duration: 8,
  max_rounds: 100,
  dispute_window: 600,
  tally_period: 86_400,
};
const COMMON = { title: "T", secret: false, minimum_ballots: 7, times: TIMES };

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

  test("of the command line may have dates and durations", () => {
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
    // The file beside it has to be given again.
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

  test("may say of what is left out that it is nothing", () => {
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
    [{ ...COMMON, questions: [], voters: { kind: "all" } }, "voters.kind: all is none"],
    [{ ...COMMON, questions: [], voters: {}, colour: 1 }, "colour: not known here"],
    [
      { ...COMMON, questions: [{ kind: "oracle" }], voters: {} },
      "questions.0.kind: oracle is none",
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
  ])("that is none says why: %#", (content, reason) => {
    expect(() => draftOf(content, CHAIN_TIME)).toThrow(Malformed);
    expect(() => draftOf(content, CHAIN_TIME)).toThrow(reason);
  });

  test("durations are those of the command line", () => {
    expect(durationS("2h30m")).toBe(9000);
    for (const text of ["", "3", "d", "3 d", "-3d", "1.5h"])
      expect(durationS(text)).toBeUndefined();
  });
});

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
])("the gateway's field %s is at %s", (field, path) => {
  expect(pathOf(field, freshDraft())).toBe(path);
  expect(stepOf(path)).toBeDefined();
});

test("warnings lead to what they are about", () => {
  const draft = pollOf({ questions: [question({}), question({ title: "How old?" })] });
  const about = (code: string, asked?: string) => pathOfWarning({ code, question: asked }, draft);
  expect(about("small_groups", "How old?")).toBe("questions.1");
  expect(about("low_minimum")).toBe("minimum_ballots");
  expect(about("identifying_weights")).toBe("voters.classes");
  expect(
    pathOfWarning({ code: "tiny_electorate", question: undefined }, { ...draft, kind: "round" }),
  ).toBe("members");
});

test("pasted lines are options", () => {
  expect(optionsOfLines("Bench; 400; north\r\n\n  Tree\nPond\t30\n")).toEqual([
    { name: "Bench", cost: "400", category: "north" },
    { name: "Tree", cost: "", category: "" },
    { name: "Pond", cost: "30", category: "" },
  ]);
});

test("a draft is kept, with its accounts where there is room", () => {
  const shelf = new Shelf();
  expect(readPlanDraft(shelf)).toEqual(freshDraft());
  const draft = pollOf({});
  writePlanDraft(shelf, draft);
  expect(writeDraftAccounts(shelf, draft)).toBe(true);
  expect(readPlanDraft(shelf)).toEqual(draft);
  shelf.room = 10;
  expect(writeDraftAccounts(shelf, draft)).toBe(false);
  expect(readPlanDraft(shelf).voters.accounts).toEqual([]);
  dropPlanDraft(shelf);
  expect(shelf.length).toBe(0);
});

describe("invitations", () => {
  test("are keys whose codes stand in a file, and whose addresses in the specification", async () => {
    const heard: number[] = [];
    const made = await makeInvitations(51, systemRandomness, (done) => heard.push(done));
    expect(heard).toEqual([50, 51]);
    const codes = made.map(codeOf);
    expect(new Set(codes).size).toBe(51);
    const [head, first] = invitationsFile("https://gateway.example", made, 2n).split("\n");
    expect(head).toBe("code,link,address,weight");
    const address = toHex(made[0]!.address);
    const link = `https://gateway.example/register#${codes[0]}`;
    expect(first).toBe([codes[0], link, address, "2"].join(","));

    const voters = { ...freshElectorate("invitations"), accounts: invitedAccounts(made, 2n) };
    const moments = { ...freshDraft().moments };
    moments["registration_closes_at"] = { ...moments["closes_at"]!, mode: "after" };
    const draft = pollOf({ voters, moments });
    const specification = good(draft);
    expect(specification["voters"]).toEqual({
      kind: "invitations",
      invitations: made.map((one) => ({ address: toHex(one.address), weight: 2 })),
    });
    // Neither what is sent nor what is kept has a code.
    const shelf = new Shelf();
    writePlanDraft(shelf, draft);
    writeDraftAccounts(shelf, draft);
    const kept = Array.from({ length: shelf.length }, (_, place) => shelf.key(place)!);
    const all = kept.map((name) => shelf.getItem(name)).join() + JSON.stringify(specification);
    for (const code of codes) expect(all).not.toContain(code);
    expect(readPlanDraft(shelf)).toEqual(draft);
  });

  test("are found by code and by link", async () => {
    const [one] = await makeInvitations(1, systemRandomness);
    const code = codeOf(one!);
    for (const text of [code, ` ${code.toUpperCase()}\n`, `https://g.example/register#${code}`]) {
      expect(invitationOf(text)?.address).toEqual(one!.address);
    }
    for (const text of ["", "c0de", `${code}0`, `0${code}`, "00".repeat(32), "ff".repeat(32)]) {
      expect(invitationOf(text)).toBeUndefined();
    }
  });
});

test("everything that is asked for has a name", async () => {
  await addAudience("organizer");
  await setLanguage("en");
  const kinds = [QUESTION_KINDS, POLL_OUTCOMES, ROUND_BALLOTS, ROUND_OUTCOMES, ELECTORATE_KINDS];
  const asked = kinds.flatMap((one) => Object.values(one).flat());
  for (const { name } of asked) expect(messageIfAny(`organize.members.${name}`)).toBeDefined();
  for (const kind of kinds.flatMap(Object.keys)) {
    const paths = [`questions.kinds.${kind}`, `questions.outcomes.${kind}`];
    const names = [...paths, `voters.kinds.${kind}.name`].map((path) => `organize.${path}`);
    expect(names.map((id) => messageIfAny(id)).filter(Boolean)).not.toEqual([]);
  }
});
