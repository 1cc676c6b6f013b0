/** What a poll decided: each outcome rule of its own with the options that it decides about. */

import { AuditError } from "../protocol/errors.ts";
import { Condorcet } from "../protocol/outcome/condorcet.ts";
import type { Decided } from "../protocol/outcome/methods/steps.ts";
import { Majority } from "../protocol/outcome/majority.ts";
import { decodeOutcomeRule, Parts } from "../protocol/outcome/parts.ts";
import { Plurality } from "../protocol/outcome/plurality.ts";
import type { OutcomeRule } from "../protocol/outcome/rule.ts";
import { checkQuestions, decodeDescription } from "../protocol/parameters.ts";
import { BallotRule } from "../protocol/rule.ts";
import { pollStatistics, type Statistics } from "../protocol/statistics.ts";
import { fundingOf, spendsBudget, type Tie, tiesOf } from "./budget_walk.ts";
import type { Poll, Results } from "./views.ts";

/** A rule without parts, and its consecutive slots. */
export interface Decision {
  /** Title of the question that it decides; "" if it decides the whole poll. */
  readonly title: string;
  readonly rule: OutcomeRule;
  /** Slot of the poll at which its own slots begin. */
  readonly start: number;
  readonly options: readonly string[];
  readonly tally: readonly bigint[];
  readonly awards: readonly (bigint | undefined)[];
  /** What its rule made of the opened ballots; undefined without these, and for other rules. */
  readonly decided: Decided | undefined;
}

/** Decisions of a poll in the order of its questions. */
export function decisionsOf(
  { outcomeRule }: Pick<Poll, "outcomeRule">,
  { options }: Pick<Results, "options">,
  statistics: readonly Statistics[],
  decided?: Decided,
): Decision[] {
  const rule = decodeOutcomeRule(outcomeRule);
  const parts = rule instanceof Parts ? rule.parts : [{ rule, slots: options.length }];
  let start = 0;
  return parts.map((part, number) => {
    const of = options.slice(start, start + part.slots);
    start += part.slots;
    return {
      title: parts.length > 1 ? (statistics[number]?.question.title ?? "") : "",
      rule: part.rule,
      start: start - part.slots,
      options: of.map(({ option }) => option),
      tally: of.map(({ votes }) => votes),
      awards: of.map(({ award }) => award),
      decided,
    };
  });
}

/** Slots of a decision with an award, the best first. */
export function awardedSlots({ awards, tally, rule, decided }: Decision): readonly number[] {
  if (decided) return decided.winners;
  const funded = !spendsBudget(rule) && fundingOf(rule) !== undefined;
  const ranked = spendsBudget(rule) || rule instanceof Plurality ? rule.order(tally) : [];
  return [...awards.keys()]
    .filter((slot) => awards[slot])
    .sort((left, right) => {
      const [one, two] = [awards[left]!, awards[right]!];
      if (one !== two) return one > two ? -1 : 1;
      // Without the ballots, their order is that of the votes.
      if (funded && tally[left] !== tally[right]) return tally[left]! > tally[right]! ? -1 : 1;
      return ranked.indexOf(left) - ranked.indexOf(right);
    });
}

/** Ties that the order on the ballot broke; none for rules without a rank. */
export function tiesIn(decision: Decision): Tie[] {
  const { rule, tally, awards } = decision;
  if (rule instanceof Condorcet) {
    const [first, ...others] = leftBy(decision);
    return others.map((other) => ({ first: first!, other }));
  }
  if (rule instanceof Plurality) {
    const contenders = tally.slice(0, rule.contenders);
    return tiesOf(
      contenders.map((votes) => [votes, 1n] as const),
      awards,
    );
  }
  if (!spendsBudget(rule)) return [];
  const { perCost } = rule.manner;
  return tiesOf(
    tally.map((votes, slot) => [votes, perCost ? rule.costs[slot]! : 1n] as const),
    awards,
  );
}

/** Options that a Condorcet rule leaves: the first one wins, and those after it are tied with it. */
export function leftBy({ rule, tally, awards }: Decision): readonly number[] {
  if (!(rule instanceof Condorcet) || !awards.some(Boolean)) return [];
  return rule.tied(rule.counts(tally));
}

/** Result of a vote for or against; `quorum` and `empty` are no decision. */
export function majorityResult({ rule, tally, awards }: Decision): {
  readonly result: "passes" | "fails" | "quorum" | "empty";
  readonly yes: bigint;
  readonly no: bigint;
  readonly turnout: bigint;
} {
  const [yes = 0n, no = 0n] = tally;
  const turnout = tally.reduce((sum, votes) => sum + votes, 0n);
  const short = rule instanceof Majority && turnout < rule.quorum;
  const undecided = short ? "quorum" : "empty";
  return { result: awards[0] ? "passes" : awards[1] ? "fails" : undecided, yes, no, turnout };
}

/** Recomputed here; empty if the questions do not make the poll's rule, which the audit reports. */
export function statisticsOf(
  shown: Pick<Poll, "rule" | "description">,
  { options }: Pick<Results, "options">,
): Statistics[] {
  try {
    const rule = BallotRule.decode(shown.rule);
    const questions = checkQuestions(decodeDescription(shown.description), rule);
    if (!questions.length) return [];
    return pollStatistics(
      questions,
      options.map(({ votes }) => votes),
    );
  } catch (error) {
    if (error instanceof AuditError) return [];
    throw error;
  }
}
