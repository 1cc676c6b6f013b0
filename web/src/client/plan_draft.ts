/**
 * An organizer's draft of a round or a poll: texts as typed, valid or not.
 *
 * Stored on this device until the plan is created. Tables here list the members of each kind of
 * question, ballot and outcome; `plan_specification` makes a specification of a draft.
 *
 * Source: docs/protocol.md §5.8, §14, §17.7; backend/ostraka/planning/specification.py.
 */

import { KINDS } from "../protocol/question/poll.ts";
import type { Account } from "./account_file.ts";
import type { Store } from "./votes.ts";

/** How a value is typed and read. */
export type Entry =
  | "integer"
  | "integers"
  | "fraction"
  | "duration"
  | "text"
  | "lines"
  | "flag"
  | "address"
  | "classes"
  | "statistics"
  | "order"
  | "misfit"
  | "method"
  | "strength"
  | "utility"
  | "completion";

/** A member of a specification that is typed in. */
export interface Asked {
  readonly name: string;
  readonly entry: Entry;
  /** Initial value. */
  readonly initial: string;
  /** Whether it is optional. */
  readonly optional?: boolean;
}

/** Typed texts by the member's name. */
export type Values = Readonly<Record<string, string>>;

export interface Option {
  readonly name: string;
  readonly cost: string;
  /** Category name; options of the same category share it. */
  readonly category: string;
}

/** A bound on some options together. */
export interface CapDraft {
  /** Indices of the options. */
  readonly options: readonly number[];
  /** Whether the bound is on their cost, not on their number. */
  readonly ofCosts: boolean;
  readonly bound: string;
}

/** A kind, with the values of its members. */
export interface Choice {
  readonly kind: string;
  readonly values: Values;
}

export interface QuestionDraft extends Choice {
  readonly title: string;
  readonly options: readonly Option[];
  readonly caps: readonly CapDraft[];
  readonly outcome: Choice;
  /** Budget of each category of its outcome, by the category's name. */
  readonly budgets: Values;
}

export const ELECTORATES = ["list", "invitations", "votes", "members"] as const;

export interface ElectorateDraft extends Choice {
  readonly kind: (typeof ELECTORATES)[number];
  /** Accounts of a list; of invitations the addresses, once their codes are saved. */
  readonly accounts: readonly Account[];
}

/** When a moment is. */
export interface When {
  /** Left out, after the previous moment, or at a time. */
  readonly mode: "none" | "after" | "at";
  readonly count: string;
  readonly unit: keyof typeof UNITS_S;
  /** Value of a field for date and time, in this device's zone. */
  readonly at: string;
}

export const UNITS_S = { minutes: 60, hours: 3600, days: 86_400, weeks: 604_800 } as const;

export interface PlanDraft {
  readonly kind: "poll" | "round";
  readonly title: string;
  readonly text: string;
  /** The members who may propose in a round. */
  readonly members: ElectorateDraft;
  /** Whether the voters of a round are not its members. */
  readonly separate: boolean;
  readonly voters: ElectorateDraft;
  readonly questions: readonly QuestionDraft[];
  /** Of a round. */
  readonly money: Values;
  readonly ballot: Choice;
  readonly outcome: Choice;
  /** Texts by the member's name. */
  readonly moments: Readonly<Record<string, When>>;
  /** Digest of a committee; "" for the gateway's first one. */
  readonly committee: string;
  readonly secret: boolean;
  /** Whether one key may sign for several accounts. */
  readonly sharedKeys: boolean;
  readonly minimumBallots: string;
  /** Whether nodes open only the sum of all ballots, or every ballot without its voter's name. */
  readonly counting: "summed" | "shuffled";
  /** Ballots without which a shuffled poll opens their sum only; "" for the usual number. */
  readonly openMinimum: string;
  /** What the protocol needs. */
  readonly times: Values;
}

function asked(name: string, entry: Entry, initial = "", optional = false): Asked {
  return { name, entry, initial, optional };
}

const BOUNDS = [asked("at_least", "integer", "0"), asked("at_most", "integer", "1")];
const CREDITS = [asked("credits", "integer", "10"), asked("at_least", "integer", "", true)];
const RANKED = [
  asked("order", "order", "votes"),
  asked("misfit", "misfit", "skip"),
  asked("minimum_support", "integer", "1"),
];
/** Of a rule on opened ballots, whose outcome nodes attest. */
const OBJECTION = [
  asked("objection_time", "duration", "1d"),
  asked("veto_holder", "address", "", true),
];
const SHARED_EQUALLY = [
  asked("utility", "utility", "cost"),
  asked("completion", "completion", "add_one"),
  asked("increment", "integer", "", true),
  ...OBJECTION,
];
const LEFTOVER = asked("leftover", "flag");
const CHAIN = [
  asked("contract", "address"),
  asked("voting_keys", "flag"),
  asked("classes", "classes", "", true),
];

export type Kinds = Readonly<Record<string, readonly Asked[]>>;

export const ELECTORATE_KINDS: Kinds = {
  list: [asked("classes", "classes", "", true)],
  invitations: [],
  votes: [CHAIN[0]!, asked("unit", "integer", "1"), ...CHAIN.slice(1)],
  members: CHAIN,
};

/** Kinds of questions of a poll; options with a table of their own are not listed. */
export const QUESTION_KINDS: Kinds = {
  single_choice: [asked("abstain", "flag")],
  approval: BOUNDS,
  knapsack: [asked("budget", "integer")],
  score: [asked("max_score", "integer", "5")],
  points: [...CREDITS, asked("max_per_option", "integer", "", true)],
  quadratic: [asked("credits", "integer", "100")],
  split: [asked("total", "integer", "100")],
  ranking: [asked("scores", "integers", "3, 2, 1"), asked("at_least", "integer", "", true)],
  pairwise: [asked("at_least", "integer", "", true)],
  histogram: [asked("bounds", "integers", "", true)],
  cross_tabulation: [asked("rows", "lines"), asked("columns", "lines")],
  number: [
    asked("low", "integer", "0"),
    asked("high", "integer", "100"),
    asked("unit", "text"),
    asked("groups", "lines", "", true),
    asked("statistics", "statistics", "mean"),
  ],
};

export const POLL_OUTCOMES: Kinds = {
  none: [],
  plurality: [asked("seats", "integer", "1"), asked("minimum_support", "integer", "1")],
  majority: [
    asked("threshold", "fraction", "1/2"),
    asked("strict", "flag", "yes"),
    asked("quorum", "integer", "0"),
  ],
  greedy: [asked("budget", "integer"), ...RANKED],
  categories: [asked("budget", "integer"), ...RANKED, LEFTOVER],
  proportional: [asked("amount", "integer")],
  condorcet: [asked("method", "method", "schulze"), asked("strength", "strength", "winning_votes")],
  equal_shares: [asked("budget", "integer"), ...SHARED_EQUALLY],
  phragmen: [asked("budget", "integer"), ...OBJECTION],
  instant_runoff: OBJECTION,
  transferable_vote: [asked("seats", "integer", "1"), ...OBJECTION],
};

/** Kinds of outcomes that need every ballot. */
const ON_BALLOTS = ["equal_shares", "phragmen", "instant_runoff", "transferable_vote"];

/** Whether an outcome needs every ballot, not only the counts. */
export function needsBallots({ kind }: Choice): boolean {
  return ON_BALLOTS.includes(kind);
}

/** Kinds of questions whose options are chosen or not. */
const APPROVING = ["single_choice", "approval", "knapsack"];

/** Outcomes that a kind of question can have. */
export function outcomesOf({ kind }: Choice): Kinds {
  const fits = (outcome: string) => {
    if (kind === "pairwise") return ["none", "plurality", "condorcet"].includes(outcome);
    if (outcome === "phragmen") return APPROVING.includes(kind);
    if (["instant_runoff", "transferable_vote"].includes(outcome)) return kind === "ranking";
    return outcome !== "condorcet";
  };
  return Object.fromEntries(Object.entries(POLL_OUTCOMES).filter(([outcome]) => fits(outcome)));
}

/** Name of an outcome rule for a question: plurality counts the wins of a pairwise ranking. */
export function outcomeName({ kind }: Choice, outcome: string): string {
  return kind === "pairwise" && outcome === "plurality" ? "borda" : outcome;
}

/** How members of a round vote on its proposals. */
export const ROUND_BALLOTS: Kinds = {
  knapsack: [],
  approval: BOUNDS,
  single_choice: [],
  score: [asked("max_score", "integer", "5")],
  points: CREDITS,
  quadratic: [asked("credits", "integer", "100")],
  ranking: [asked("scores", "integers", "3, 2, 1")],
};

export const ROUND_OUTCOMES: Kinds = {
  greedy: RANKED,
  categories: [
    asked("budgets", "integers"),
    asked("names", "lines", "", true),
    ...RANKED,
    LEFTOVER,
  ],
  proportional: [],
  equal_shares: SHARED_EQUALLY,
  phragmen: OBJECTION,
};

export const MONEY: readonly Asked[] = [
  asked("token", "address", "", true),
  asked("budget", "integer"),
  asked("minimum_amount", "integer", "", true),
  asked("maximum_amount", "integer", "", true),
  asked("proposals_per_member", "integer", "3"),
  asked("maximum_proposals", "integer", "50"),
  asked("claim_period", "duration", "90d"),
  asked("veto_holder", "address", "", true),
  asked("payout_delay", "duration", "", true),
];

export const TIMES: readonly Asked[] = [
  asked("freeze_delay", "duration", "1m"),
  asked("round_duration", "duration", "1m"),
  asked("max_rounds", "integer", "1440"),
  asked("dispute_window", "duration", "1d"),
  asked("tally_period", "duration", "30d"),
  asked("response_time", "duration", "", true),
  asked("max_dispute_delay", "duration", "", true),
  asked("shuffle_period", "duration", "", true),
];

/** Periods of a draft: those of the shuffle belong to shuffled polls only. */
export function timesOf({ counting }: PlanDraft): readonly Asked[] {
  return TIMES.filter(({ name }) => name !== "shuffle_period" || counting === "shuffled");
}

interface Moment {
  readonly name: string;
  readonly optional: boolean;
}

/** Moments in chronological order. */
export const MOMENTS: Readonly<Record<PlanDraft["kind"], readonly Moment[]>> = {
  poll: [
    { name: "registration_closes_at", optional: true },
    { name: "opens_at", optional: true },
    { name: "closes_at", optional: false },
  ],
  round: [
    { name: "proposals_open_at", optional: true },
    { name: "proposals_close_at", optional: false },
    { name: "voting_opens_at", optional: false },
    { name: "voting_closes_at", optional: false },
  ],
};

/** Initial values. */
export function initial(members: readonly Asked[]): Values {
  return Object.fromEntries(members.map((one) => [one.name, one.initial]));
}

/** A kind, by default the first, with its initial values. */
export function freshChoice(kinds: Kinds, kind = Object.keys(kinds)[0]!): Choice {
  return { kind, values: initial(kinds[kind]!) };
}

export const EMPTY_OPTION: Option = { name: "", cost: "", category: "" };

/** An empty question. */
export function freshQuestion(): QuestionDraft {
  return {
    ...freshChoice(QUESTION_KINDS),
    title: "",
    options: [EMPTY_OPTION, EMPTY_OPTION],
    caps: [],
    outcome: freshChoice(POLL_OUTCOMES),
    budgets: {},
  };
}

/** An empty electorate. */
export function freshElectorate(kind: ElectorateDraft["kind"]): ElectorateDraft {
  return { kind, values: initial(ELECTORATE_KINDS[kind]!), accounts: [] };
}

/** An empty draft. */
export function freshDraft(): PlanDraft {
  const after = (count: string): When => ({ mode: "after", count, unit: "days", at: "" });
  const none: When = { ...after("7"), mode: "none" };
  return {
    kind: "poll",
    title: "",
    text: "",
    members: freshElectorate("list"),
    separate: false,
    voters: freshElectorate("list"),
    questions: [freshQuestion()],
    money: initial(MONEY),
    ballot: freshChoice(ROUND_BALLOTS),
    outcome: freshChoice(ROUND_OUTCOMES),
    moments: {
      registration_closes_at: none,
      opens_at: none,
      closes_at: after("7"),
      proposals_open_at: none,
      proposals_close_at: after("14"),
      voting_opens_at: after("1"),
      voting_closes_at: after("7"),
    },
    committee: "",
    secret: true,
    sharedKeys: false,
    minimumBallots: "5",
    counting: "summed",
    openMinimum: "",
    times: initial(TIMES),
  };
}

/** Whether a question's options have a table. */
export function hasOptions({ kind }: Choice): boolean {
  return KINDS.get(kind)!.HAS_OPTIONS;
}

/** Whether an outcome rule can choose among the counted options. */
export function competes({ kind }: Choice): boolean {
  return KINDS.get(kind)!.COMPETES;
}

/** Whether its options have costs, for the ballot or for the outcome. */
export function hasCosts({ kind, outcome, caps }: QuestionDraft): boolean {
  return kind === "knapsack" || spends(outcome) || caps.some(({ ofCosts }) => ofCosts);
}

/** Whether an outcome spends a budget on options. */
export function spends({ kind }: Choice): boolean {
  return ["greedy", "categories", "equal_shares", "phragmen"].includes(kind);
}

/** Names of its options' categories, in the order of their first occurrence. */
export function categoriesOf({ options }: QuestionDraft): readonly string[] {
  const named = options.filter(({ name }) => name.trim());
  return [...new Set(named.map(({ category }) => category.trim()))];
}

/**
 * Options from pasted lines: a name, and optionally cost and category, separated by tabs or
 * semicolons.
 */
export function optionsOfLines(text: string): Option[] {
  return text
    .split(/\r\n|\r|\n/)
    .map((line) => line.split(line.includes("\t") ? "\t" : ";").map((part) => part.trim()))
    .filter(([name]) => name)
    .map(([name, cost = "", category = ""]) => ({ name: name!, cost, category }));
}

const DRAFT = "ostraka/plan-draft/v2";
const ACCOUNTS = `${DRAFT}/accounts`;

type Kept = Omit<Account, "weight"> & { readonly weight: string };

/** The stored draft; a new one where there is no readable one. */
export function readPlanDraft(store: Store): PlanDraft {
  try {
    const kept = JSON.parse(store.getItem(DRAFT) ?? "null") as PlanDraft | null;
    if (!kept) return freshDraft();
    const lists = JSON.parse(store.getItem(ACCOUNTS) ?? "[[], []]") as Kept[][];
    const [members, voters] = lists.map((list) => {
      return list.map((one) => ({ ...one, weight: BigInt(one.weight) }));
    });
    return {
      ...freshDraft(),
      ...kept,
      members: { ...kept.members, accounts: members! },
      voters: { ...kept.voters, accounts: voters! },
    };
  } catch {
    return freshDraft();
  }
}

/** Store a draft without its accounts. */
export function writePlanDraft(store: Store, draft: PlanDraft): void {
  const without = (electorate: ElectorateDraft) => ({ ...electorate, accounts: [] });
  const { members, voters } = draft;
  const kept = { ...draft, members: without(members), voters: without(voters) };
  store.setItem(DRAFT, JSON.stringify(kept));
}

/** Store a draft's accounts; false where the storage is full. */
export function writeDraftAccounts(store: Store, { members, voters }: PlanDraft): boolean {
  const lists = [members, voters].map(({ accounts }) => {
    return accounts.map((one): Kept => ({ ...one, weight: one.weight.toString() }));
  });
  store.removeItem(ACCOUNTS);
  try {
    store.setItem(ACCOUNTS, JSON.stringify(lists));
  } catch {
    return false;
  }
  return true;
}

/** Delete the stored draft. */
export function dropPlanDraft(store: Store): void {
  store.removeItem(DRAFT);
  store.removeItem(ACCOUNTS);
}
