/** Texts of a server, translated if there is a message for them. */

import type { HoldingUp, Problem, ProblemMembers } from "../client/problem.ts";
import { messageIfAny, t } from "./index.ts";

/** The name of a state. */
export function status(name: string): string {
  return messageIfAny(`statuses.${name}`) ?? name;
}

/** A problem; if there is no message for its code, its English title and detail. */
export function problemText({ code, title, detail }: ProblemMembers): string {
  const known = messageIfAny(`problems.${code}`, { detail });
  return known ?? [title, detail].filter(Boolean).join(": ");
}

/** The reason why a plan waits, with the nodes that it waits for. */
export function planProblem(problem: Problem): string {
  return [problemText(problem), ...problem.nodes.map(holdsUp)].join("; ");
}

function holdsUp({ node: number, waitsFor, problem, announcesDifferentKeys }: HoldingUp): string {
  const node = number.toString();
  const nodes = (waitsFor ?? []).map((one) => {
    const name = one.node.toString();
    return messageIfAny(`opening.${one.stage}`, { node: name }) ?? `${name} (${one.stage})`;
  });
  const says =
    problem !== undefined
      ? t("opening.failed", { node, reason: problemText(problem) })
      : nodes.length
        ? t("opening.waits", { node, nodes: nodes.join(", ") })
        : t("opening.idle", { node });
  return announcesDifferentKeys ? `${says}; ${t("opening.differs", { node })}` : says;
}
