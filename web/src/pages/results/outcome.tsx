/** What a poll decided, for people: the decision in a line, then the winners. */

import { Check } from "lucide";

import {
  awardedSlots,
  type Decision,
  decisionsOf,
  majorityResult,
  statisticsOf,
} from "../../client/decisions.ts";
import { fundingOf } from "../../client/budget_walk.ts";
import { type Base, countsBallots, isWeighted, supportBase } from "../../client/support.ts";
import type { Poll, Results } from "../../client/views.ts";
import { number, percent } from "../../messages/index.ts";
import { t } from "../../messages/results.ts";
import { BallotOutcome } from "../../protocol/outcome/ballots.ts";
import { Condorcet } from "../../protocol/outcome/condorcet.ts";
import type { Decided } from "../../protocol/outcome/methods/steps.ts";
import { Majority } from "../../protocol/outcome/majority.ts";
import { Plurality } from "../../protocol/outcome/plurality.ts";
import { Proportional } from "../../protocol/outcome/proportional.ts";
import type { Statistics } from "../../protocol/statistics.ts";
import { Bar } from "../../view/bar.tsx";
import { useAmount } from "../../view/currency.ts";
import { type Figure, Figures } from "../../view/figures.tsx";
import { Icon } from "../../view/icon.tsx";
import "./results.css";

/** A result with what follows from it. */
export interface Outcome {
  readonly shown: Poll;
  readonly results: Results;
  readonly statistics: readonly Statistics[];
  readonly decisions: readonly Decision[];
  readonly base: Base;
}

/**
 * Everything that pages show of a result, recomputed from the tally.
 *
 * @param decided What the rule made of the opened ballots, where it needs them.
 */
export function outcomeOf(shown: Poll, given: Results, decided?: Decided): Outcome {
  const results = decided ? withWinners(given, decided) : given;
  const statistics = statisticsOf(shown, results);
  const decisions = decisionsOf(shown, results, statistics, decided);
  const base = supportBase({ ...shown, counted: results.counted }, statistics);
  return { shown, results, statistics, decisions, base };
}

function withWinners(results: Results, { winners }: Decided): Results {
  const options = results.options.map((option, slot) => {
    return { ...option, award: winners.includes(slot) ? 1n : 0n };
  });
  return { ...results, options };
}

/** Decisions with winners, then turnout and money as figures. */
export function OutcomeSummary({ outcome, level = 2 }: { outcome: Outcome; level?: 2 | 3 }) {
  const amount = useAmount();
  const money = outcome.decisions.flatMap(spentOf);
  const moneyFigures = ({ title, spent, budget }: Spent): Figure[] => [
    {
      label: named(title, t("results.spent")),
      value: amount(spent),
      note: t("results.ofBudget", { percent: percent(spent, budget), budget: amount(budget) }),
    },
    { label: named(title, t("results.left")), value: amount(budget - spent) },
  ];
  return (
    <>
      <Decisions outcome={outcome} level={level} />
      <Figures figures={[...turnoutFigures(outcome), ...money.flatMap(moneyFigures)]} />
      {money.map(({ start, title, spent, budget }) => (
        <Bar
          key={start}
          label={named(title, t("results.spent"))}
          text={percent(spent, budget)}
          whole={budget}
          parts={[{ value: spent }]}
        />
      ))}
    </>
  );
}

/** Every decision in a line, with its winners. */
export function Decisions({ outcome, level = 2 }: { outcome: Outcome; level?: 2 | 3 }) {
  return (
    <>
      {outcome.decisions.map((decision) => (
        <Decided key={decision.start} decision={decision} outcome={outcome} level={level} />
      ))}
    </>
  );
}

function Decided({
  decision,
  outcome,
  level,
}: {
  decision: Decision;
  outcome: Outcome;
  level: 2 | 3;
}) {
  const Heading = `h${level}` as const;
  const { rule, title } = decision;
  const chosen = rule instanceof Majority ? [] : awardedSlots(decision);
  const line = decisionLine(decision);
  if (line === undefined) return null;
  return (
    <section class="decision">
      {title && <p class="hint">{title}</p>}
      <Heading class="decision-line">{line}</Heading>
      {rule instanceof Majority && <MajorityBar decision={decision} />}
      {chosen.length > 0 && (
        <ul class="winners">
          {chosen.map((slot) => (
            <Winner key={slot} decision={decision} slot={slot} outcome={outcome} />
          ))}
        </ul>
      )}
    </section>
  );
}

function Winner({
  decision: { rule, awards, options, start },
  slot,
  outcome,
}: {
  decision: Decision;
  slot: number;
  outcome: Outcome;
}) {
  const amount = useAmount();
  const funding = fundingOf(rule);
  const gets = funding
    ? amount(funding.costs[slot]!)
    : rule instanceof Proportional
      ? amount(awards[slot]!)
      : undefined;
  const support = supportText(outcome, start + slot);
  return (
    <li>
      <Icon of={Check} />
      <div>
        <strong>{options[slot]}</strong>
        <span class="hint">{[gets, support].filter(Boolean).join(" · ")}</span>
      </div>
    </li>
  );
}

/** The decision as a sentence; undefined if the numbers are the result. */
export function decisionLine(decision: Decision): string | undefined {
  const { rule, awards } = decision;
  const count = awards.filter(Boolean).length;
  if (rule instanceof Majority) return t(`results.majority.${majorityResult(decision).result}`);
  if (rule instanceof Proportional) return t(count ? "results.shares" : "results.noShares");
  // Without opened ballots nothing is known.
  if (rule instanceof BallotOutcome && awards.includes(undefined)) return undefined;
  if (fundingOf(rule)) {
    return count ? t("results.fundedCount", { count }) : t("results.nothingFunded");
  }
  const chooses = [Plurality, Condorcet, BallotOutcome].some((kind) => rule instanceof kind);
  return chooses ? t(count ? "results.chosen" : "results.nobody", { count }) : undefined;
}

function MajorityBar({ decision }: { decision: Decision }) {
  const { yes, no } = majorityResult(decision);
  const [first = "", second = ""] = decision.options;
  const all = yes + no;
  return (
    <Bar
      label={`${first}: ${percent(yes, all)}`}
      text={`${second}: ${percent(no, all)}`}
      whole={all}
      parts={[
        { value: yes, tone: "good" },
        { value: no, tone: "bad" },
      ]}
    />
  );
}

function turnoutFigures({ shown, results, base }: Outcome): Figure[] {
  const { counted, voters } = results;
  const turnout: Figure = {
    label: t("results.turnoutLabel"),
    value: percent(BigInt(counted), BigInt(voters)),
    note: t("results.turnout", { counted, voters }),
  };
  if (!isWeighted(shown)) return [turnout];
  const { weight, of } = base;
  const total = shown.totalWeight;
  return [
    turnout,
    of === "ballots"
      ? {
          label: t("results.weightLabel"),
          value: percent(weight, total),
          note: t("results.weightOf", { weight, total }),
        }
      : { label: t("results.totalWeight"), value: number(total) },
  ];
}

/** A label with the question that it belongs to, if there are several. */
function named(question: string, label: string): string {
  return question ? `${question}: ${label}` : label;
}

interface Spent {
  readonly start: number;
  readonly title: string;
  readonly spent: bigint;
  readonly budget: bigint;
}

/** What a decision spends of its budget; empty without a budget. */
function spentOf({ rule, awards, start, title }: Decision): Spent[] {
  const funding = fundingOf(rule);
  if (!funding || awards.includes(undefined)) return [];
  const spent = funding.costs.reduce((sum, cost, slot) => (awards[slot] ? sum + cost : sum), 0n);
  return [{ start, title, spent, budget: funding.budget }];
}

/** Support of a slot of the poll: a part of the ballots, or votes for each; "" if unknown. */
export function supportText({ statistics, base, results }: Outcome, slot: number): string {
  const votes = results.options[slot]!.votes;
  let start = 0;
  for (const { question } of statistics) {
    const end = start + question.rule.slots.length;
    if (slot < end) {
      if (!countsBallots(question) || !base.weight) return "";
      const part = percent(votes, base.weight);
      return base.of === "ballots"
        ? t("results.supportOf", { percent: part })
        : t("results.supportOfVoters", { percent: part });
    }
    start = end;
  }
  return "";
}
