/** Positions of a specification's members in the wizard. */

import {
  ELECTORATE_KINDS,
  type Kinds,
  MOMENTS,
  MONEY,
  type PlanDraft,
  POLL_OUTCOMES,
  ROUND_BALLOTS,
  ROUND_OUTCOMES,
  TIMES,
} from "./plan_draft.ts";

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
  counting: "nodes",
  open_minimum: "nodes",
  times: "nodes",
};

/** The step in which a member is filled in; undefined for unknown members. */
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
  // A refusal names the kind that was read, if there are several; invitations are also a member.
  const member = second === "invitations" && third !== second;
  if (Object.hasOwn(TAGS[root] ?? {}, second) && !member) parts.splice(1, 1);
  if (root === "outcomes" && Object.hasOwn(POLL_OUTCOMES, third)) parts.splice(2, 1);
  // Accounts and source of an electorate are named without their parent.
  if (["accounts", "invitations", "contract", "classes"].includes(root)) {
    parts.unshift(kind === "poll" ? "voters" : "members");
  }
  if (TIMES.some(({ name }) => name === root)) parts.unshift("times");
  if (parts[0] === "outcomes") {
    const member = parts[2] ?? "kind";
    if (member === "costs" || member === "categories") return `questions.${parts[1]}.options`;
    return ["outcomes", parts[1], RULES[member] ?? member].join(".");
  }
  // Numbers of table rows and of specification entries differ where some rows are empty.
  const row = parts.findIndex((part) => ["options", "accounts", "invitations"].includes(part));
  return (row < 0 ? parts : parts.slice(0, row + 1)).join(".");
}

/** The path that a warning of the gateway concerns. */
export function pathOfWarning(
  { code, question }: { readonly code: string; readonly question: string | undefined },
  draft: PlanDraft,
): string {
  const voters = draft.kind === "poll" || draft.separate ? "voters" : "members";
  switch (code) {
    case "low_minimum":
    case "small_turnout":
      return "minimum_ballots";
    case "recognisable_ballots":
      return "counting";
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
