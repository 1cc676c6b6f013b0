/**
 * From a specification of an untrusted source to a draft.
 *
 * Source: backend/ostraka/planning/specification_file.py.
 */

import { Malformed } from "../protocol/errors.ts";
import { later, ofMilliseconds, type UnixSeconds } from "../protocol/units.ts";
import { type Account, addressOf } from "./account_file.ts";
import { durationS, durationText, localTime } from "./durations.ts";
import {
  type Asked,
  type Choice,
  ELECTORATE_KINDS,
  type ElectorateDraft,
  type Entry,
  freshDraft,
  freshQuestion,
  type Kinds,
  MOMENTS,
  MONEY,
  type PlanDraft,
  POLL_OUTCOMES,
  QUESTION_KINDS,
  type QuestionDraft,
  ROUND_BALLOTS,
  ROUND_OUTCOMES,
  TIMES,
  type Values,
  type When,
} from "./plan_draft.ts";

/**
 * The draft of a specification.
 *
 * @throws Malformed: it is invalid, or has members that the wizard does not offer.
 */
export function draftOf(content: unknown, now: UnixSeconds): PlanDraft {
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
    counting: members.text("counting", "summed") === "shuffled" ? "shuffled" : "summed",
    openMinimum: members.text("open_minimum"),
    times: valuesOf(new Members(members.take("times") ?? {}, "times"), TIMES),
    moments: {
      ...draft.moments,
      ...Object.fromEntries(
        MOMENTS[kind].map(({ name }) => [name, whenOf(members.take(name), name, now)]),
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
  // A file that this one refers to is not available: its list must be given again.
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

/** Read a value of one of some kinds, with no other members. */
function choiceOf(members: Members, kinds: Kinds, kind = members.text("kind")): Choice {
  const asked = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
  if (!asked) throw members.malformed("kind", `${kind.slice(0, 40)} is unknown`);
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

/** The text that a user would type for a value. */
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
    case "method":
    case "strength":
    case "utility":
    case "completion":
      return plain(value);
  }
}

/** A time: seconds, a date with a zone, or a duration from now. */
function whenOf(value: unknown, name: string, now: UnixSeconds): When {
  const when: When = { mode: "none", count: "7", unit: "days", at: "" };
  if (value === undefined || value === null) return when;
  const text = typeof value === "number" ? value.toString() : value;
  if (typeof text !== "string") throw new Malformed(name, "not a time");
  const lasting = text.startsWith("+") ? durationS(text.slice(1)) : undefined;
  const zoned = /T.*(?:Z|[+-][0-9]{2}:?[0-9]{2})$/i.test(text);
  if (lasting !== undefined) return { ...when, mode: "at", at: localTime(later(now, lasting)) };
  const time = /^[0-9]{1,12}$/.test(text) ? 1000 * Number(text) : zoned ? Date.parse(text) : NaN;
  if (Number.isNaN(time)) throw new Malformed(name, "not a time with a zone");
  return { ...when, mode: "at", at: localTime(ofMilliseconds(time)) };
}

/** Members of an object of a specification, each taken once. */
class Members {
  readonly at: string;
  readonly #left: Map<string, unknown>;

  constructor(value: unknown, at: string) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new Malformed(at || "file", "not an object");
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
    return new Malformed([this.at, name].filter(Boolean).join("."), reason);
  }
}
