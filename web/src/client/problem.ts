/**
 * Problems that services report, known by their codes.
 *
 * Source: RFC 9457; docs/api.md lists all codes.
 */

import { flag, list, type Of, optional, record, type Shape, text, whole } from "./shape.ts";

const URN = "urn:ostraka:problem:";

/** What every problem has, of a node that fails too. */
export interface ProblemMembers {
  /** Code of the kind of problem, "" for an unknown one. */
  readonly code: string;
  /** Title of the kind of problem, in English. */
  readonly title: string;
  /** HTTP status. */
  readonly status: number;
  /** Detail of this occurrence, in English. */
  readonly detail: string;
  /** Field of the request, "" for none. */
  readonly field: string;
  /** Seconds after which a retry makes sense, 0 when it does not. */
  readonly retryAfterS: number;
}

const given = record({
  type: optional(text),
  title: optional(text),
  status: optional(whole),
  detail: optional(text),
  field: optional(text),
  retryAfterS: optional(whole),
});

const members: Shape<ProblemMembers> = (value, at) => {
  const { type = "", title, status = 500, ...others } = given(value, at);
  return {
    code: type.startsWith(URN) ? type.slice(URN.length) : "",
    title: title ?? `HTTP status ${status}`,
    status,
    detail: others.detail ?? "",
    field: others.field ?? "",
    retryAfterS: others.retryAfterS ?? 0,
  };
};

/** A node that holds up the opening of a poll, and why. */
const holdingUp = record({
  node: whole,
  waitsFor: optional(list(record({ node: whole, stage: text }))),
  problem: optional(members),
  announcesDifferentKeys: optional(flag),
});
export type HoldingUp = Of<typeof holdingUp>;

const held = record({ nodes: optional(list(holdingUp)) });

/** A problem, with what a client needs to act on it. */
export interface Problem extends ProblemMembers {
  readonly nodes: readonly HoldingUp[];
}

/** A problem document. */
export const problem: Shape<Problem> = (value, at) => {
  return { ...members(value, at), nodes: held(value, at).nodes ?? [] };
};

/** Reasons for which a node refuses a ballot (§9.1), as `BALLOT_PROBLEMS` of the services. */
const BALLOT_CODES: readonly string[] = [
  "malformed",
  "check-failed",
  "poll-not-open",
  "poll-closed",
  "cast-ahead",
  "too-many-versions",
  "queue-full",
];

/**
 * Reason why no node accepted a ballot, preferably one from more nodes than may lie.
 *
 * @param problems At most one of each node.
 * @param faults The committee's `f`.
 */
export function agreedReason(problems: readonly Problem[], faults: number): Problem | undefined {
  const reasons = problems.filter(({ code }) => BALLOT_CODES.includes(code));
  for (const reason of reasons) {
    const same = reasons.filter(({ code }) => code === reason.code);
    if (same.length <= faults) continue;
    // A liar that agrees on the reason must not choose the wording alone.
    const detail = [...new Set(same.map((one) => one.detail))].join("; ");
    return { ...reason, detail, nodes: [] };
  }
  return undefined;
}

/** A node does not answer at all. */
export function nodeUnreachable(detail: string): Problem {
  return { ...NOTHING, code: "node-unreachable", title: "Node unreachable", status: 503, detail };
}

/** A node's answer is invalid. */
export function answerInvalid(detail: string): Problem {
  return { ...NOTHING, code: "answer-invalid", title: "Invalid answer", status: 502, detail };
}

/** Problem of a ballot outside of the voting period: before the poll opens, or after it closes. */
export function outsideVoting(opened: boolean): Problem {
  const [code, title] = opened
    ? ["poll-closed", "Poll closed"]
    : ["poll-not-open", "Poll not open"];
  return { ...NOTHING, code, title, status: 409, detail: "" };
}

const NOTHING = { field: "", retryAfterS: 0, nodes: [] } as const;
