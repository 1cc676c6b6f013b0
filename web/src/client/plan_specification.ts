/**
 * From an organizer's draft to a specification for the gateway; `plan_file` is the inverse.
 *
 * A specification has the form of the command line's JSON files. A problem names the invalid member
 * of the specification, as the gateway does.
 *
 * Source: backend/ostraka/planning/specification.py.
 */

import { written } from "../protocol/question/fields.ts";
import { later, ofMilliseconds, type UnixSeconds } from "../protocol/units.ts";
import { type Account, addressOf, totalWeight } from "./account_file.ts";
import { durationS } from "./durations.ts";
import {
  type Asked,
  categoriesOf,
  type Choice,
  competes,
  ELECTORATE_KINDS,
  type ElectorateDraft,
  type Entry,
  hasOptions,
  needsBallots,
  type Kinds,
  MOMENTS,
  MONEY,
  type PlanDraft,
  POLL_OUTCOMES,
  QUESTION_KINDS,
  type QuestionDraft,
  ROUND_BALLOTS,
  ROUND_OUTCOMES,
  spends,
  timesOf,
  UNITS_S,
  type Values,
  type When,
} from "./plan_draft.ts";
import { alike, titleProblem } from "./titles.ts";

/** Why an input is invalid. */
export type Fault =
  | "missing"
  | "nobody"
  | "early"
  | "uninvited"
  | "past"
  | "alike"
  | "direction"
  | "invisible"
  | "too_many_ballots"
  | "too_much"
  | "one_key"
  | "different_weights"
  | "needs_ballots"
  | "nobody_registers"
  | "time"
  | Exclude<
      Entry,
      | "text"
      | "lines"
      | "flag"
      | "statistics"
      | "order"
      | "misfit"
      | "method"
      | "strength"
      | "utility"
      | "completion"
    >;

export interface PlanFault {
  /** The member's path in the specification: `questions.0.at_most`. */
  readonly path: string;
  readonly fault: Fault;
}

/** For `JSON.stringify`. */
export type Specification = Readonly<Record<string, unknown>>;

/** The specification of a draft, and all problems that make it invalid. */
export function specificationOf(
  draft: PlanDraft,
  now: UnixSeconds,
): { specification: Specification; problems: readonly PlanFault[] } {
  const { kind, title, text, committee, secret, sharedKeys } = draft;
  const opened = kind === "poll" && draft.counting === "shuffled";
  const reading = new Reading(opened);
  reading.title("title", title);
  const specification = {
    title: title.trim(),
    ...(text.trim() && { text: text.trim() }),
    ...(kind === "poll" ? reading.poll(draft) : reading.round(draft)),
    ...reading.moments(draft, now),
    ...(committee && { committee }),
    secret,
    ...(sharedKeys && { shared_keys: true }),
    minimum_ballots: reading.value("minimum_ballots", MINIMUM, draft.minimumBallots),
    ...(opened && reading.shuffled(draft)),
    times: reading.values("times", timesOf(draft), draft.times),
  };
  reading.reach(draft);
  return { specification, problems: reading.problems };
}

const OPENED: Asked = { name: "open_minimum", entry: "integer", initial: "", optional: true };

const MINIMUM: Asked = { name: "minimum_ballots", entry: "integer", initial: "5" };

/** Moments of a draft, without those that are left out or invalid. */
export function momentsOf(
  draft: PlanDraft,
  now: UnixSeconds,
): Readonly<Record<string, UnixSeconds>> {
  const moments: Record<string, UnixSeconds> = {};
  let before = now;
  for (const { name } of MOMENTS[draft.kind]) {
    const when = draft.moments[name]!;
    const at = when.mode === "none" ? undefined : timeOf(when, before);
    if (at === undefined) continue;
    moments[name] = at;
    before = at;
  }
  return moments;
}

function timeOf({ mode, count, unit, at }: When, before: UnixSeconds): UnixSeconds | undefined {
  if (mode === "at") {
    const time = new Date(at).getTime();
    return Number.isNaN(time) ? undefined : ofMilliseconds(time);
  }
  return /^[0-9]{1,6}$/.test(count) ? later(before, Number(count) * UNITS_S[unit]) : undefined;
}

/** Reads typed texts and collects problems. */
class Reading {
  readonly problems: PlanFault[] = [];
  /** Whether every ballot is opened. */
  readonly #opened: boolean;

  constructor(opened: boolean) {
    this.#opened = opened;
  }

  problem(path: string, fault: Fault): void {
    this.problems.push({ path, fault });
  }

  title(path: string, text: string): void {
    const problem = titleProblem(text);
    if (problem) this.problem(path, problem);
  }

  /** Check names that people choose from: each is a title, no two look alike. */
  names(path: string, names: readonly string[]): void {
    if (!names.length) this.problem(path, "missing");
    const problem = names.map(titleProblem).find((one) => one !== undefined);
    if (problem) this.problem(path, problem);
    else if (alike(names)) this.problem(path, "alike");
  }

  /** Check that the voters of a list can reach the minimum, and that no key signs for several. */
  reach(draft: PlanDraft): void {
    const ofMembers = draft.kind === "round" && !draft.separate;
    const [path, voters] = ofMembers
      ? (["members", draft.members] as const)
      : (["voters", draft.voters] as const);
    const lists = draft.kind === "round" ? ([["members", draft.members]] as const) : [];
    for (const [name, { kind, accounts }] of [
      ...lists,
      ...(ofMembers ? [] : [[path, voters] as const]),
    ]) {
      const keys = accounts.map(({ account, signingKey }) => signingKey ?? account);
      if (!draft.sharedKeys && kind === "list" && new Set(keys).size < keys.length) {
        this.problem(`${name}.accounts`, "one_key");
      }
    }
    // Voters that are read on chain are not known yet, and neither is their number.
    if (!["list", "invitations"].includes(voters.kind) || !voters.accounts.length) return;
    const whole = /^[0-9]{1,20}$/;
    const minimum = draft.minimumBallots.trim();
    if (whole.test(minimum) && Number(minimum) > voters.accounts.length) {
      this.problem("minimum_ballots", "too_many_ballots");
    }
    if (draft.kind === "round" || voters.values["classes"]) return;
    for (const [number, { outcome }] of draft.questions.entries()) {
      const quorum = (outcome.values["quorum"] ?? "").trim();
      const most = totalWeight(voters.accounts);
      if (outcome.kind === "majority" && whole.test(quorum) && BigInt(quorum) > most) {
        this.problem(`outcomes.${number}.quorum`, "too_much");
      }
    }
  }

  /** Members of a poll that opens every ballot; its voters have equal weights. */
  shuffled({ openMinimum, voters }: PlanDraft): Specification {
    const least = this.value("open_minimum", OPENED, openMinimum);
    const weights = new Set(voters.accounts.map(({ weight }) => weight));
    const listed = ["list", "invitations"].includes(voters.kind);
    if (listed && weights.size > 1 && voters.values["classes"] !== "equal") {
      this.problem("counting", "different_weights");
    }
    return { counting: "shuffled", ...(least !== undefined && { open_minimum: least }) };
  }

  value(path: string, { entry, optional }: Asked, text: string): unknown {
    if (!text.trim() && entry !== "flag") {
      if (!optional) this.problem(path, "missing");
      return undefined;
    }
    const value = read(entry, text.trim());
    if (value === undefined) this.problem(path, entry as Fault);
    if (entry === "lines" && Array.isArray(value)) this.names(path, value as string[]);
    return value;
  }

  values(path: string, members: readonly Asked[], values: Values): Specification {
    const read = members.map((one) => {
      const at = path ? `${path}.${one.name}` : one.name;
      return [one.name, this.value(at, one, values[one.name] ?? "")] as const;
    });
    // Omitted members and unset flags keep their defaults.
    return Object.fromEntries(read.filter(([, value]) => value !== undefined));
  }

  choice(path: string, kinds: Kinds, { kind, values }: Choice): Specification {
    return { kind, ...this.values(path, kinds[kind]!, values) };
  }

  electorate(path: string, electorate: ElectorateDraft): Specification {
    const { kind, accounts } = electorate;
    if (kind === "invitations") {
      if (!accounts.length) this.problem(`${path}.invitations`, "uninvited");
      return { kind, invitations: accounts.map(invitationJson) };
    }
    if (kind === "list" && !accounts.length) this.problem(`${path}.accounts`, "nobody");
    return {
      ...this.choice(path, ELECTORATE_KINDS, electorate),
      ...(kind === "list" && { accounts: accounts.map(accountJson) }),
    };
  }

  poll(draft: PlanDraft): Specification {
    const questions = draft.questions.map((one, number) => this.question(number, one));
    const outcomes = draft.questions.map((one, number) => this.outcome(number, one));
    return {
      questions,
      ...(outcomes.some(({ kind }) => kind !== "none") && { outcomes }),
      voters: this.electorate("voters", draft.voters),
    };
  }

  round(draft: PlanDraft): Specification {
    return {
      ...this.values("", MONEY, draft.money),
      members: this.electorate("members", draft.members),
      ...(draft.separate && { voters: this.electorate("voters", draft.voters) }),
      ballot: this.choice("ballot", ROUND_BALLOTS, draft.ballot),
      outcome: this.choice("outcome", ROUND_OUTCOMES, draft.outcome),
    };
  }

  question(number: number, question: QuestionDraft): Specification {
    const path = `questions.${number}`;
    const { kind, title, caps } = question;
    this.title(`${path}.title`, title);
    const places = named(question);
    // A row without a name must not lose its cost or category silently.
    const nameless = question.options.some(
      ({ name, cost, category }) => !name.trim() && (cost.trim() || category.trim()),
    );
    if (hasOptions(question) && nameless) this.problem(`${path}.options`, "missing");
    else if (hasOptions(question))
      this.names(
        `${path}.options`,
        places.map((one) => optionName(question, one)),
      );
    const bounds = caps.map(({ options, ofCosts, bound }, cap) => ({
      options: options.map((one) => places.indexOf(one)).filter((place) => place >= 0),
      [ofCosts ? "budget" : "at_most"]: this.value(`${path}.caps.${cap}`, MINIMUM, bound),
    }));
    return {
      kind,
      title: title.trim(),
      ...(hasOptions(question) && { options: places.map((one) => optionName(question, one)) }),
      ...(ownCosts(question) && { costs: this.costs(number, question) }),
      ...this.values(path, QUESTION_KINDS[kind]!, question.values),
      ...(bounds.length && { caps: bounds }),
    };
  }

  outcome(number: number, question: QuestionDraft): Specification {
    const { outcome, budgets } = question;
    if (!competes(question)) return { kind: "none" };
    const path = `outcomes.${number}`;
    if (needsBallots(outcome) && !this.#opened) this.problem("counting", "needs_ballots");
    const chosen = this.choice(path, POLL_OUTCOMES, outcome);
    const costs = spends(outcome) && !ownCosts(question) && { costs: this.costs(number, question) };
    if (outcome.kind !== "categories") return { ...chosen, ...costs };
    const categories = categoriesOf(question);
    return {
      ...chosen,
      ...costs,
      categories: named(question).map((one) => {
        return categories.indexOf(question.options[one]!.category.trim());
      }),
      budgets: categories.map((name, place) => {
        return this.value(`${path}.budgets.${place}`, MINIMUM, budgets[name] ?? "");
      }),
    };
  }

  costs(number: number, question: QuestionDraft): unknown[] {
    return named(question).map((one) => {
      return this.value(`questions.${number}.costs.${one}`, MINIMUM, question.options[one]!.cost);
    });
  }

  moments(draft: PlanDraft, now: UnixSeconds): Specification {
    const moments = momentsOf(draft, now);
    let before = now;
    for (const { name } of MOMENTS[draft.kind]) {
      if (draft.moments[name]!.mode === "none") {
        const invited = draft.voters.kind === "invitations";
        if (name === "registration_closes_at" && invited) this.problem(name, "nobody_registers");
        continue;
      }
      const at = moments[name];
      if (at === undefined) this.problem(name, "time");
      else if (at < before) this.problem(name, before === now ? "past" : "early");
      else before = at;
    }
    return Object.fromEntries(Object.entries(moments).map(([name, at]) => [name, Number(at)]));
  }
}

/** Indices of the options that have a name; rows without one are not options. */
function named({ options }: QuestionDraft): number[] {
  return [...options.keys()].filter((place) => options[place]!.name.trim());
}

function optionName({ options }: QuestionDraft, place: number): string {
  return options[place]!.name.trim();
}

/** Whether costs bind the ballots, and so belong to the question itself. */
function ownCosts({ kind, caps }: QuestionDraft): boolean {
  return kind === "knapsack" || caps.some(({ ofCosts }) => ofCosts);
}

function accountJson({ account, weight, signingKey }: Account): Specification {
  return {
    account,
    ...(weight !== 1n && { weight: written(weight) }),
    ...(signingKey && { signing_key: signingKey }),
  };
}

function invitationJson({ account, weight }: Account): Specification {
  return { address: account, ...(weight !== 1n && { weight: written(weight) }) };
}

function integerOf(text: string): number | string | undefined {
  return /^-?[0-9]{1,39}$/.test(text) ? written(BigInt(text)) : undefined;
}

/** The number of a text, undefined when it is invalid. */
function read(entry: Entry, text: string): unknown {
  switch (entry) {
    case "integer":
      return integerOf(text);
    case "integers": {
      const all = text.split(/[\s,;]+/).map(integerOf);
      return all.includes(undefined) ? undefined : all;
    }
    case "fraction": {
      const found = /^([0-9]{1,6}) *\/ *([0-9]{1,6})$/.exec(text);
      return found ? [Number(found[1]), Number(found[2])] : undefined;
    }
    case "duration":
      return durationS(text);
    case "lines":
      return text
        .split(/\r\n|\r|\n/)
        .map((line) => line.trim())
        .filter(Boolean);
    case "flag":
      return text === "yes";
    case "address":
      return addressOf(text);
    case "classes":
      return /^[0-9]+$/.test(text) ? Number(text) : text;
    case "statistics":
      return text.split(" ");
    case "text":
    case "order":
    case "misfit":
    case "method":
    case "strength":
    case "utility":
    case "completion":
      return text;
  }
}
