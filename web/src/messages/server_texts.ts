/** Texts of a server, translated where there is a message for them. */

import { messageIfAny, t } from "./index.ts";

/** The name of a state. */
export function status(name: string): string {
  return messageIfAny(`statuses.${name}`) ?? name;
}

/** Why a plan waits; in the gateway's own words where there is no message. */
export function planProblem(problem: string): string {
  const [title = ""] = problem.split(": ");
  const known = messageIfAny(`problems.${title}`);
  if (known !== undefined) return known;
  // Which nodes a poll's opening waits for; what those say of it is theirs.
  const [about = "", ...nodes] = problem.split("; ");
  const knownOpening = messageIfAny(`problems.${about}`);
  if (knownOpening === undefined) return problem;
  const waits = nodes.map((line) => {
    return line
      .replace(/^node ([0-9]+): waits for/, (_, node: string) => t("problems.nodeWaits", { node }))
      .replace(/\bnode ([0-9]+)(?= \()/g, (_, node: string) => t("problems.nodeNamed", { node }));
  });
  return [knownOpening, ...waits].join("; ");
}

/** What an audit's verdict assumes; in the check's own words where there is no message. */
export function assumption(assumes: string): string {
  const known: readonly (readonly [RegExp, (...found: string[]) => string])[] = [
    [
      /^each of ([0-9]+) invitations \(([0-9]+) used\) went to a person of its own$/,
      (all = "", used = "") =>
        t("audit.assumptions.invitations", { all: BigInt(all), used: BigInt(used) }),
    ],
    [
      /^the organizer, who listed ([0-9]+) voters by hand, listed those who may vote$/,
      (voters = "") => t("audit.assumptions.list", { voters: BigInt(voters) }),
    ],
    [
      /^the owner of (0x[0-9a-f]{40}) listed its members$/,
      (contract = "") => t("audit.assumptions.members", { contract }),
    ],
    [
      /^the contract (0x[0-9a-f]{40}), whose code this program does not know, tells truly/,
      (contract = "") => t("audit.assumptions.contract", { contract }),
    ],
    [
      /^voters who are not the round's members are those whom its funders expected$/,
      () => t("audit.assumptions.others"),
    ],
    [
      /^the contract (0x[0-9a-f]{40}) rejects none but false roots$/,
      (contract = "") => t("audit.assumptions.disputes", { contract }),
    ],
    [
      /^the contract (0x[0-9a-f]{40}), which made the poll, pays nothing by its outcome$/,
      (contract = "") => t("audit.assumptions.maker", { contract }),
    ],
    [
      /^the treasury (0x[0-9a-f]{40}) was made with empty books$/,
      (contract = "") => t("audit.assumptions.treasury", { contract }),
    ],
  ];
  for (const [form, translated] of known) {
    const found = form.exec(assumes);
    if (found) return translated(...found.slice(1));
  }
  return assumes;
}

const REFUSALS = ["Poll closed", "Poll not open", "Too many versions"] as const;

/** Why a node or the gateway rejects a ballot; `otherwise` where there is no message for it. */
export function refusal(reason: string, otherwise = reason): string {
  // Of a node that is out of reach no more is known than what it was asked for.
  if (/^\/polls\/[0-9]+\/ballots$/.test(reason)) return t("problems.unanswered");
  const known = REFUSALS.find((title) => reason.includes(title));
  return known === undefined ? otherwise : t(`problems.${known}`);
}
