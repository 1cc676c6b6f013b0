/** Texts of a server, translated where there is a message for them. */

import type { HoldingUp, Problem } from "../client/problem.ts";
import { messageIfAny, t } from "./index.ts";

/** The name of a state. */
export function status(name: string): string {
  return messageIfAny(`statuses.${name}`) ?? name;
}

/** A problem; title and detail, as the service gives them, where there is no message for its code. */
export function problemText({ code, title, detail }: Problem): string {
  const known = messageIfAny(`problems.${code}`, { detail });
  return known ?? [title, detail].filter(Boolean).join(": ");
}

/** Why a plan waits, and for which nodes. */
export function planProblem(problem: Problem): string {
  return [problemText(problem), ...problem.nodes.map(holdsUp)].join("; ");
}

function holdsUp({ node: number, waitsFor, failure, announcesDifferentKeys }: HoldingUp): string {
  const node = number.toString();
  const nodes = (waitsFor ?? []).map((one) => {
    const name = one.node.toString();
    return messageIfAny(`opening.${one.stage}`, { node: name }) ?? `${name} (${one.stage})`;
  });
  const says =
    failure !== undefined
      ? t("opening.failed", { node, reason: failure })
      : nodes.length
        ? t("opening.waits", { node, nodes: nodes.join(", ") })
        : t("opening.idle", { node });
  return announcesDifferentKeys ? `${says}; ${t("opening.differs", { node })}` : says;
}

/** What an audit's verdict assumes; in the check's own words where there is no message. */
export function assumption(assumes: string): string {
  const known: readonly (readonly [RegExp, (...found: string[]) => string])[] = [
    [
      /^each of ([0-9]+) invitations \(([0-9]+) used\) went to a different person$/,
      (all = "", used = "") =>
        t("audit.assumptions.invitations", { all: BigInt(all), used: BigInt(used) }),
    ],
    [
      /^the organizer, who listed ([0-9]+) voters? by hand, listed those who may vote$/,
      (voters = "") => t("audit.assumptions.list", { voters: BigInt(voters) }),
    ],
    [
      /^the owner of (0x[0-9a-f]{40}) listed its members$/,
      (contract = "") => t("audit.assumptions.members", { contract }),
    ],
    [
      /^the contract (0x[0-9a-f]{40}), whose code this program does not know, reports correctly/,
      (contract = "") => t("audit.assumptions.contract", { contract }),
    ],
    [
      /^the voters, who are not the round's members, are those that its funders expected$/,
      () => t("audit.assumptions.others"),
    ],
    [
      /^the contract (0x[0-9a-f]{40}) rejects only false roots$/,
      (contract = "") => t("audit.assumptions.disputes", { contract }),
    ],
    [
      /^the contract (0x[0-9a-f]{40}), which created the poll, pays nothing by its outcome$/,
      (contract = "") => t("audit.assumptions.maker", { contract }),
    ],
    [
      /^the treasury (0x[0-9a-f]{40}) was created with empty accounts$/,
      (contract = "") => t("audit.assumptions.treasury", { contract }),
    ],
  ];
  for (const [form, translated] of known) {
    const found = form.exec(assumes);
    if (found) return translated(...found.slice(1));
  }
  return assumes;
}
