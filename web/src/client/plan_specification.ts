/**
 * From what an organizer filled in to what the gateway takes, and back again.
 *
 * A specification is as the command line reads it from a JSON file. Where something filled in is
 * none, the problem names the specification's member, as the gateway does.
 *
 * Source: backend/ostraka/planning/specification.py, backend/ostraka/planning/specification_file.py.
 */

import { Malformed } from "../protocol/errors.ts";
import { written } from "../protocol/question/fields.ts";
import { type Account, addressOf, totalWeight } from "./account_file.ts";
import {
  type Asked,
  categoriesOf,
  type Choice,
  ELECTORATE_KINDS,
  type ElectorateDraft,
  type Entry,
  freshDraft,
  freshQuestion,
  hasOptions,
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
  TIMES,
  UNITS_S,
  type Values,
  type When,
} from "./plan_draft.ts";
import { alike, titleProblem } from "./titles.ts";

/** Why something filled in is none. */
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
  | "nobody_registers"
  | "time"
  | Exclude<Entry, "text" | "lines" | "flag" | "statistics" | "order" | "misfit">;

export interface PlanFault {
  /** The member of the specification, with points: `questions.0.at_most`. */
  readonly path: string;
  readonly fault: Fault;
}

/** For `JSON.stringify`. */
export type Specification = Readonly<Record<string, unknown>>;

/** What a draft comes to, and all that keeps it from being one. */
export function specificationOf(
  draft: PlanDraft,
  nowUnixS: number,
): { specification: Specification; problems: readonly PlanFault[] } {
  const reading = new Reading();
  const { kind, title, text, committee, secret, sharedKeys } = draft;
  reading.title("title", title);
  const specification = {
    title: title.trim(),
    ...(text.trim() && { text: text.trim() }),
    ...(kind === "poll" ? reading.poll(draft) : reading.round(draft)),
    ...reading.moments(draft, nowUnixS),
    ...(committee && { committee }),
    secret,
    ...(sharedKeys && { shared_keys: true }),
    minimum_ballots: reading.value("minimum_ballots", MINIMUM, draft.minimumBallots),
    times: reading.values("times", TIMES, draft.times),
  };
  reading.reach(draft);
  return { specification, problems: reading.problems };
}

const MINIMUM: Asked = { name: "minimum_ballots", entry: "integer", initial: "5" };

/** When each moment of a draft is; those that are left out, or none, are not among them. */
export function momentsOf(draft: PlanDraft, nowUnixS: number): Readonly<Record<string, number>> {
  const moments: Record<string, number> = {};
  let before = nowUnixS;
  for (const { name } of MOMENTS[draft.kind]) {
    const when = draft.moments[name]!;
    const at = when.mode === "none" ? undefined : timeOf(when, before);
    if (at === undefined) continue;
    moments[name] = at;
    before = at;
  }
  return moments;
}

function timeOf({ mode, count, unit, at }: When, before: number): number | undefined {
  if (mode === "at") {
    const time = new Date(at).getTime();
    return Number.isNaN(time) ? undefined : Math.floor(time / 1000);
  }
  return /^[0-9]{1,6}$/.test(count) ? before + Number(count) * UNITS_S[unit] : undefined;
}

/** Reads what was typed, and notes what is none. */
class Reading {
  readonly problems: PlanFault[] = [];

  problem(path: string, fault: Fault): void {
    this.problems.push({ path, fault });
  }

  title(path: string, text: string): void {
    const problem = titleProblem(text);
    if (problem) this.problem(path, problem);
  }

  /** Names that people choose from: each a title, no two alike. */
  names(path: string, names: readonly string[]): void {
    if (!names.length) this.problem(path, "missing");
    const problem = names.map(titleProblem).find((one) => one !== undefined);
    if (problem) this.problem(path, problem);
    else if (alike(names)) this.problem(path, "alike");
  }

  /** What the voters of a list can never reach, and keys of which one signs for several. */
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
    // Who is read on chain, or how many, is not known yet.
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
    // What is left out, and a flag that is not set, stays at its default.
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
    // Its cost or category must not fall away with a row that only lacks its name.
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
    const { outcome, kind, budgets } = question;
    if (kind === "number") return { kind: "none" };
    const path = `outcomes.${number}`;
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

  moments(draft: PlanDraft, nowUnixS: number): Specification {
    const moments = momentsOf(draft, nowUnixS);
    let before = nowUnixS;
    for (const { name } of MOMENTS[draft.kind]) {
      if (draft.moments[name]!.mode === "none") {
        const invited = draft.voters.kind === "invitations";
        if (name === "registration_closes_at" && invited) this.problem(name, "nobody_registers");
        continue;
      }
      const at = moments[name];
      if (at === undefined) this.problem(name, "time");
      else if (at < before) this.problem(name, before === nowUnixS ? "past" : "early");
      else before = at;
    }
    return moments;
  }
}

/** Places of the options that have a name; a row without one is none. */
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

const DURATION = /^(?:[0-9]{1,9}[wdhms])+$/;
const SECONDS = { w: 604_800, d: 86_400, h: 3600, m: 60, s: 1 } as const;

/** Seconds of `3d` or `2h30m`, as the command line reads them; undefined where it is none. */
export function durationS(text: string): number | undefined {
  if (!DURATION.test(text)) return undefined;
  return [...text.matchAll(/([0-9]+)([wdhms])/g)].reduce((sum, [, count, unit]) => {
    return sum + Number(count) * SECONDS[unit as keyof typeof SECONDS];
  }, 0);
}

/** The same, written in days, hours, minutes and seconds. */
function durationText(seconds: number): string {
  let left = seconds;
  const parts = (["d", "h", "m", "s"] as const).map((unit) => {
    const count = Math.floor(left / SECONDS[unit]);
    left -= count * SECONDS[unit];
    return count ? `${count}${unit}` : "";
  });
  return parts.join("") || "0s";
}

function integerOf(text: string): number | string | undefined {
  return /^-?[0-9]{1,39}$/.test(text) ? written(BigInt(text)) : undefined;
}

/** What a text stands for, undefined when it is none. */
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
      return text;
  }
}

/**
 * A draft of what a specification says.
 *
 * @throws Malformed: it is none, or has members that no wizard asks for.
 */
export function draftOf(content: unknown, nowUnixS: number): PlanDraft {
  const members = new Members(content, "");
  const draft = freshDraft();
  const kind = members.has("questions") ? "poll" : "round";
  const common = {
    ...draft,
    kind,
    title: members.text("title"),
    text: members.text("text"),
    committee: members.text("committee"),
    secret: members.flag("secret", true),
    sharedKeys: members.flag("shared_keys", false),
    minimumBallots: members.text("minimum_ballots", "5"),
    times: valuesOf(new Members(members.take("times") ?? {}, "times"), TIMES),
    moments: {
      ...draft.moments,
      ...Object.fromEntries(
        MOMENTS[kind].map(({ name }) => [name, whenOf(members.take(name), name, nowUnixS)]),
      ),
    },
  } as const;
  const read = kind === "poll" ? pollOf(common, members) : roundOf(common, members);
  members.end();
  return read;
}

function pollOf(draft: PlanDraft, members: Members): PlanDraft {
  const outcomes = members.has("outcomes") ? members.list("outcomes") : [];
  const questions = members.list("questions").map((one, number) => {
    const outcome = outcomes[number] ?? { kind: "none" };
    return questionOf(
      new Members(one, `questions.${number}`),
      new Members(outcome, `outcomes.${number}`),
    );
  });
  return { ...draft, questions, voters: electorateOf(members, "voters") };
}

function roundOf(draft: PlanDraft, members: Members): PlanDraft {
  const separate = members.has("voters");
  return {
    ...draft,
    members: electorateOf(members, "members"),
    separate,
    voters: separate ? electorateOf(members, "voters") : draft.voters,
    money: valuesOf(members, MONEY, false),
    ballot: choiceOf(new Members(members.take("ballot"), "ballot"), ROUND_BALLOTS),
    outcome: choiceOf(
      new Members(members.take("outcome") ?? { kind: "greedy" }, "outcome"),
      ROUND_OUTCOMES,
    ),
  };
}

function electorateOf(of: Members, name: string): ElectorateDraft {
  const members = new Members(of.take(name), name);
  const kind = members.text("kind", "list");
  const given = kind === "invitations" ? "invitations" : "accounts";
  // A file beside this one is not here: what it lists is to be given again.
  members.take(`${given}_file`);
  const listed = members.has(given) ? members.list(given) : [];
  const accounts = listed.map((one, place) => {
    const entry = new Members(one, `${name}.${given}.${place}`);
    return given === "accounts" ? accountOf(entry) : invitedOf(entry);
  });
  const { values } = choiceOf(members, ELECTORATE_KINDS, kind);
  return { kind: kind as ElectorateDraft["kind"], values, accounts };
}

function accountOf(members: Members): Account {
  const account = addressOf(members.text("account"));
  const weight = members.text("weight", "1");
  const key = members.text("signing_key");
  const signingKey = key ? addressOf(key) : "";
  members.end();
  if (account === undefined || signingKey === undefined || !/^[0-9]{1,20}$/.test(weight)) {
    throw members.malformed("account", "no account with a weight");
  }
  return { account, weight: BigInt(weight), ...(signingKey && { signingKey }) };
}

function invitedOf(members: Members): Account {
  const account = addressOf(members.text("address"));
  const weight = members.text("weight", "1");
  members.end();
  if (account === undefined || !/^[0-9]{1,20}$/.test(weight)) {
    throw members.malformed("address", "no invitation with a weight");
  }
  return { account, weight: BigInt(weight) };
}

function questionOf(members: Members, outcomes: Members): QuestionDraft {
  const title = members.text("title");
  const costs = members.texts("costs") ?? outcomes.texts("costs");
  const places = outcomes.texts("categories");
  const budgets = outcomes.texts("budgets") ?? [];
  const category = (place: string | undefined) => {
    return place === undefined ? "" : (Number(place) + 1).toString();
  };
  const options = members.texts("options")?.map((name, place) => ({
    name,
    cost: costs?.[place] ?? "",
    category: category(places?.[place]),
  }));
  const caps = members.has("caps") ? members.list("caps") : [];
  return {
    ...freshQuestion(),
    title,
    ...(options && { options }),
    caps: caps.map((one, number) => {
      const cap = new Members(one, `${members.at}.caps.${number}`);
      const ofCosts = cap.has("budget");
      const bound = cap.text(ofCosts ? "budget" : "at_most");
      const capped = (cap.texts("options") ?? []).map(Number);
      cap.end();
      return { options: capped, ofCosts, bound };
    }),
    ...choiceOf(members, QUESTION_KINDS),
    outcome: choiceOf(outcomes, POLL_OUTCOMES),
    budgets: Object.fromEntries(budgets.map((one, place) => [category(place.toString()), one])),
  };
}

/** Something of one of some kinds, and nothing else. */
function choiceOf(members: Members, kinds: Kinds, kind = members.text("kind")): Choice {
  const asked = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
  if (!asked) throw members.malformed("kind", `${kind.slice(0, 40)} is none`);
  return { kind, values: valuesOf(members, asked) };
}

function valuesOf(members: Members, asked: readonly Asked[], whole = true): Values {
  const values = Object.fromEntries(
    asked.map(({ name, entry, initial, optional }) => {
      const value = members.take(name);
      if (value === undefined || value === null) return [name, optional ? "" : initial];
      return [name, textOf(entry, value, () => members.malformed(name, "not of its kind"))];
    }),
  );
  if (whole) members.end();
  return values;
}

/** A value as it would be typed. */
function textOf(entry: Entry, value: unknown, wrong: () => Malformed): string {
  const plain = (one: unknown): string => {
    if (typeof one === "string") return one;
    if (Number.isSafeInteger(one)) return String(one);
    throw wrong();
  };
  const list = () => {
    if (!Array.isArray(value)) throw wrong();
    return value.map(plain);
  };
  switch (entry) {
    case "flag":
      if (typeof value !== "boolean") throw wrong();
      return value ? "yes" : "";
    case "duration":
      return typeof value === "number" ? durationText(value) : plain(value);
    case "integers":
      return list().join(", ");
    case "fraction":
      return list().join("/");
    case "lines":
      return list().join("\n");
    case "statistics":
      return list().join(" ");
    case "integer":
    case "text":
    case "address":
    case "classes":
    case "order":
    case "misfit":
      return plain(value);
  }
}

/** A time: seconds, a date with a zone, or a duration from now. */
function whenOf(value: unknown, name: string, nowUnixS: number): When {
  const when: When = { mode: "none", count: "7", unit: "days", at: "" };
  if (value === undefined || value === null) return when;
  const text = typeof value === "number" ? value.toString() : value;
  if (typeof text !== "string") throw new Malformed(`${name}: not a time`);
  const lasting = text.startsWith("+") ? durationS(text.slice(1)) : undefined;
  const zoned = /T.*(?:Z|[+-][0-9]{2}:?[0-9]{2})$/i.test(text);
  const time =
    lasting !== undefined
      ? nowUnixS + lasting
      : /^[0-9]{1,12}$/.test(text)
        ? Number(text)
        : zoned
          ? Date.parse(text) / 1000
          : NaN;
  if (Number.isNaN(time)) throw new Malformed(`${name}: not a time with a zone`);
  return { ...when, mode: "at", at: localTime(time) };
}

/** As a field for date and time has it: the clock of this device's zone. */
export function localTime(unixS: number): string {
  const time = new Date(1000 * unixS);
  const two = (part: number) => part.toString().padStart(2, "0");
  const date = [time.getFullYear(), two(time.getMonth() + 1), two(time.getDate())].join("-");
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()].map(two);
  return `${date}T${(clock[2] === "00" ? clock.slice(0, 2) : clock).join(":")}`;
}

/** Members of an object of a specification, each taken once. */
class Members {
  readonly at: string;
  readonly #left: Map<string, unknown>;

  constructor(value: unknown, at: string) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new Malformed(`${at || "file"}: not an object`);
    }
    this.at = at;
    this.#left = new Map(Object.entries(value));
  }

  has(name: string): boolean {
    return this.#left.has(name) && this.#left.get(name) !== null;
  }

  take(name: string): unknown {
    const value = this.#left.get(name);
    this.#left.delete(name);
    return value;
  }

  text(name: string, fallback = ""): string {
    const value = this.take(name) ?? fallback;
    return textOf("text", value, () => this.malformed(name, "not a text"));
  }

  flag(name: string, fallback: boolean): boolean {
    const value = this.take(name) ?? fallback;
    if (typeof value !== "boolean") throw this.malformed(name, "not true or false");
    return value;
  }

  list(name: string): readonly unknown[] {
    const value = this.take(name);
    if (!Array.isArray(value)) throw this.malformed(name, "not a list");
    return value;
  }

  texts(name: string): readonly string[] | undefined {
    if (!this.has(name)) return undefined;
    return this.list(name).map((one) => {
      return textOf("text", one, () => this.malformed(name, "not texts"));
    });
  }

  end(): void {
    for (const [name, value] of this.#left) {
      if (value !== null) throw this.malformed(name, "not known here");
    }
  }

  malformed(name: string, reason: string): Malformed {
    return new Malformed(`${[this.at, name].filter(Boolean).join(".")}: ${reason}`);
  }
}

export const STEPS = ["subject", "voters", "ask", "moments", "nodes", "check"] as const;
export type Step = (typeof STEPS)[number];

const MEMBERS: Readonly<Record<string, Step>> = {
  title: "subject",
  text: "subject",
  voters: "voters",
  members: "voters",
  questions: "ask",
  outcomes: "ask",
  ballot: "ask",
  outcome: "ask",
  ...Object.fromEntries(MONEY.map(({ name }) => [name, "ask" as const])),
  ...Object.fromEntries(
    [...MOMENTS.poll, ...MOMENTS.round].map(({ name }) => [name, "moments" as const]),
  ),
  shared_keys: "voters",
  committee: "nodes",
  secret: "nodes",
  minimum_ballots: "nodes",
  times: "nodes",
};

/** In which step a member is filled in; undefined where it is none. */
export function stepOf(path: string): Step | undefined {
  return MEMBERS[path.split(".")[0]!];
}

const TAGS: Readonly<Record<string, Kinds>> = {
  voters: ELECTORATE_KINDS,
  members: ELECTORATE_KINDS,
  ballot: ROUND_BALLOTS,
  outcome: ROUND_OUTCOMES,
};
const RULES: Readonly<Record<string, string>> = {
  numerator: "threshold",
  denominator: "threshold",
  contenders: "kind",
  abstention: "kind",
  category_budgets: "budgets",
};

/** The path of a field that the gateway names in a refusal. */
export function pathOf(field: string, { kind }: PlanDraft): string {
  let parts = field.replace(/\[([0-9]+)\]/g, ".$1").split(".");
  if (parts[0] === "body") parts = parts.slice(1);
  const [root = "", second = "", third = ""] = parts;
  // Where there are several kinds, a refusal says which was read; invitations are also a member.
  const member = second === "invitations" && third !== second;
  if (Object.hasOwn(TAGS[root] ?? {}, second) && !member) parts.splice(1, 1);
  if (root === "outcomes" && Object.hasOwn(POLL_OUTCOMES, third)) parts.splice(2, 1);
  // The accounts of an electorate, and what it is read from, are named alone.
  if (["accounts", "invitations", "contract", "classes"].includes(root)) {
    parts.unshift(kind === "poll" ? "voters" : "members");
  }
  if (TIMES.some(({ name }) => name === root)) parts.unshift("times");
  if (parts[0] === "outcomes") {
    const member = parts[2] ?? "kind";
    if (member === "costs" || member === "categories") return `questions.${parts[1]}.options`;
    return ["outcomes", parts[1], RULES[member] ?? member].join(".");
  }
  // Rows of a table are not numbered as those of the specification where some are empty.
  const row = parts.findIndex((part) => ["options", "accounts", "invitations"].includes(part));
  return (row < 0 ? parts : parts.slice(0, row + 1)).join(".");
}

/** The place that a warning of the gateway is about. */
export function pathOfWarning(
  { code, question }: { readonly code: string; readonly question: string | undefined },
  draft: PlanDraft,
): string {
  const voters = draft.kind === "poll" || draft.separate ? "voters" : "members";
  switch (code) {
    case "low_minimum":
    case "small_turnout":
      return "minimum_ballots";
    case "identifying_weights":
    case "small_weight_class":
      return `${voters}.classes`;
    case "unanimous_cells":
    case "small_groups":
    case "few_numbers": {
      const number = draft.questions.findIndex(({ title }) => title.trim() === question);
      return `questions.${Math.max(0, number)}`;
    }
  }
  return voters;
}
