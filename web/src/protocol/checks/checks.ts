/**
 * The numbered checks of an audit, in the order of the protocol's table.
 *
 * Pure: evidence and randomness come in as arguments. A failed check affects only the checks that
 * depend on it.
 *
 * Source: docs/protocol.md §13. Tests: tests/web/test_audit.py kills each check by a mutation.
 */

import type { Malformed } from "../errors.ts";
import type { Assumption } from "./assumption.ts";
import { type Check, failed, type Finding, notChecked, type Verdict } from "./audit.ts";
import { checkB1, checkB2, checkB3, checkB4, checkB5, checkB6 } from "./ballots.ts";
import { checkC1, checkC2, checkC3, checkC4 } from "./census.ts";
import { checkG1, checkG2 } from "./generators.ts";
import { checkA1, checkA2, checkA3, checkA4, checkA5, checkA6 } from "./opened.ts";
import { checkO1 } from "./outcome.ts";
import { checkP1, checkP2, checkP3, checkP4, checkP5, checkP6 } from "./poll.ts";
import { checkR1, checkR2, checkR3 } from "./result.ts";
import { checkD1, checkD2, checkD3, checkD4 } from "./round.ts";
import { checkS1, checkS2 } from "./shares.ts";
import { checkT1, checkT2, checkT3, checkT4 } from "./tree.ts";

/** Findings of an audit whose board cannot be split into sections. */
export function noBoard({ item, reason }: Malformed): Finding[] {
  return CHECKS.map(([check, claim]): Finding => {
    if (check !== "P1") return notChecked(check, claim, "needs P1");
    return failed(check, claim, item, reason);
  });
}

/** The verdict of an audit: it holds only when every check holds, and fails when one fails. */
export function verdictOf(findings: readonly Finding[]): Verdict {
  const verdicts = new Set(findings.map(({ verdict }) => verdict));
  if (verdicts.has("fails")) return "fails";
  return verdicts.size === 1 && verdicts.has("holds") ? "holds" : "not checked";
}

/** Findings in groups for readers: checks that were not made for one reason stay together. */
export function condensed(findings: readonly Finding[]): Finding[][] {
  const groups: Finding[][] = [];
  for (const one of findings) {
    const before = groups.at(-1)?.[0];
    const alike =
      one.verdict === "not checked" &&
      before?.verdict === one.verdict &&
      before.item === one.item &&
      before.detail === one.detail;
    if (alike) groups.at(-1)!.push(one);
    else groups.push([one]);
  }
  return groups;
}

/** What a verdict that holds assumes. */
export function assumptionsOf(findings: readonly Finding[]): Assumption[] {
  if (verdictOf(findings) !== "holds") return [];
  return findings.flatMap(({ assumes }) => assumes ?? []);
}

/** Number, claim and performance of each check, in the order of the protocol's table. */
export const CHECKS: readonly Check[] = [
  ["P1", "the board is of this poll, with its context on chain", checkP1],
  ["P2", "rules and description are those that the poll fixes", checkP2],
  ["P3", "the committee obeys its bounds", checkP3],
  ["P4", "poll keys are valid, signed by every node, and pinned on chain", checkP4],
  ["P5", "the questions make the ballot rule", checkP5],
  ["P6", "the parameters are within their bounds", checkP6],
  ["G1", "the contract's generators are derived as specified", checkG1],
  ["G2", "the registry is of a known release", checkG2],
  ["C1", "the census is sorted and has its root", checkC1],
  ["C2", "voters and weights add up", checkC2],
  ["C3", "no weight in a secret poll identifies a voter", checkC3],
  ["C4", "the census matches its source", checkC4],
  ["B1", "every ballot is canonical", checkB1],
  ["B2", "no voter is counted twice", checkB2],
  ["B3", "every voter is in the census", checkB3],
  ["B4", "every ballot is signed by its voter", checkB4],
  ["B5", "every ballot was cast in time", checkB5],
  ["B6", "every ballot obeys the rule", checkB6],
  ["T1", "the root is computed from the ballots", checkT1],
  ["T2", "the root is anchored on chain", checkT2],
  ["T3", "enough nodes signed the root", checkT3],
  ["T4", "the root was anchored in time", checkT4],
  ["S1", "every aggregate share is good", checkS1],
  ["S2", "the shares give the tally", checkS2],
  ["R1", "the tally opens the anchored sum", checkR1],
  ["R2", "no option has more votes than possible", checkR2],
  ["R3", "nothing was opened before the dispute window ended", checkR3],
  ["A1", "the run of the shuffle and the opened ballots can be read", checkA1],
  ["A2", "fewer nodes than the threshold do not know whose ballot is whose", checkA2],
  ["A3", "every step only shuffles the ballots", checkA3],
  ["A4", "enough nodes signed the shuffled ballots", checkA4],
  ["A5", "every opened ballot is one of the shuffled ones", checkA5],
  ["A6", "the opened ballots add up to the tally", checkA6],
  ["O1", "the outcome follows from the tally or the opened ballots", checkO1],
  ["D1", "the poll decides about the round's proposals", checkD1],
  ["D2", "the treasury funds the winners", checkD2],
  ["D3", "payouts went to the winners, once", checkD3],
  ["D4", "the treasury is of a known release", checkD4],
];
