/** How the outcome follows from the votes: the poll's own rule, its steps and its ties. */

import { Check, X } from "lucide";
import type { ComponentChildren } from "preact";

import {
  type BudgetRule,
  budgetWalk,
  fundingOf,
  spendsBudget,
  type Step,
} from "../../client/budget_walk.ts";
import { type Decision, majorityResult, tiesIn } from "../../client/decisions.ts";
import { number, percent } from "../../messages/index.ts";
import { t } from "../../messages/results.ts";
import {
  EqualShares,
  InstantRunoff,
  Phragmen,
  TransferableVote,
} from "../../protocol/outcome/ballots.ts";
import { GreedyByCategory } from "../../protocol/outcome/categories.ts";
import { Condorcet } from "../../protocol/outcome/condorcet.ts";
import { Majority } from "../../protocol/outcome/majority.ts";
import { Plurality } from "../../protocol/outcome/plurality.ts";
import { Proportional } from "../../protocol/outcome/proportional.ts";
import type { OutcomeRule } from "../../protocol/outcome/rule.ts";
import { useCategoryLabel } from "../../view/categories.ts";
import { useAmount } from "../../view/currency.ts";
import { Disclosure, Disclosures } from "../../view/disclosure.tsx";
import { Icon } from "../../view/icon.tsx";
import { CondorcetSteps } from "./condorcet.tsx";
import "./results.css";

type Money = (units: bigint) => string;

/** Options up to which the steps are open from the start. */
const FEW = 12;

/** The rule with its values, the ties that it broke, and every step of a budget. */
export function RuleStory({
  decision,
  steps,
}: {
  decision: Decision;
  /** Of a rule on opened ballots. */
  steps?: ComponentChildren;
}) {
  const amount = useAmount();
  const nameOf = useCategoryLabel();
  const { rule, title, options } = decision;
  const ties = tiesIn(decision);
  return (
    <>
      {title && <h3>{title}</h3>}
      {ruleText(rule, amount, nameOf, options.length)
        .split("\n")
        .map((paragraph) => (
          <p key={paragraph}>{paragraph}</p>
        ))}
      {rule instanceof Majority && <p>{majorityText(decision)}</p>}
      {ties.map(({ first, other }) => (
        <p key={other} class="notice">
          {t("results.tied", { first: options[first]!, other: options[other]! })}
        </p>
      ))}
      {steps}
      {rule instanceof Condorcet && <CondorcetSteps rule={rule} decision={decision} />}
      {spendsBudget(rule) && (
        <Disclosures>
          <Disclosure summary={t("results.steps")} open={options.length <= FEW}>
            <ol class="assigned">
              {budgetWalk(rule, decision.tally).map((step) => (
                <li key={`${step.slot} ${step.second ? 2 : 1}`}>
                  <Icon of={step.result === "funded" ? Check : X} />
                  <div>
                    <strong>{options[step.slot]}</strong>
                    <span>{stepText(step, amount)}</span>
                    {rule instanceof GreedyByCategory && (
                      <span class="quiet">{nameOf(rule.options[step.slot]!.category)}</span>
                    )}
                  </div>
                </li>
              ))}
            </ol>
          </Disclosure>
        </Disclosures>
      )}
    </>
  );
}

/** A rule without parts in whole sentences, in lines, with its own values, for that many slots. */
function ruleText(
  rule: OutcomeRule,
  money: Money,
  nameOf: (category: number) => string,
  slots: number,
): string {
  if (spendsBudget(rule)) return budgetText(rule, money, nameOf);
  if (rule instanceof Majority) {
    const { numerator, denominator, strict } = rule.share;
    const whole = (1000n * numerator) % denominator === 0n;
    const share = whole ? percent(numerator, denominator) : `${numerator}/${denominator}`;
    return [
      t(strict ? "results.rule.moreThan" : "results.rule.atLeast", { share }),
      rule.quorum > 0n && t("results.rule.quorum", { quorum: rule.quorum }),
    ]
      .filter(Boolean)
      .join(" ");
  }
  if (rule instanceof Plurality) {
    // Only a pairwise ranking has a slot for each pair of contenders.
    const pairwise = slots > 1 && slots === rule.contenders ** 2;
    const wins = t(pairwise ? "results.rule.borda" : "results.rule.plurality", {
      seats: rule.seats,
    });
    return [wins, supportText(rule), t("results.tie")].filter(Boolean).join(" ");
  }
  if (rule instanceof Condorcet) {
    return [
      t(`results.rule.${rule.method}`),
      rule.method !== "copeland" && t(`results.rule.${rule.strength}`),
      t("results.rule.listedFirst"),
    ]
      .filter(Boolean)
      .join(" ");
  }
  if (rule instanceof EqualShares) return sharesText(rule, money);
  if (rule instanceof InstantRunoff) return t("results.rule.instant_runoff");
  if (rule instanceof TransferableVote) {
    return t("results.rule.transferable_vote", { seats: rule.seats });
  }
  if (rule instanceof Phragmen) {
    const { budget } = rule;
    return fundingOf(rule)
      ? t("results.rule.phragmen", { budget: money(budget) })
      : t("results.rule.phragmenSeats", { seats: budget });
  }
  if (rule instanceof Proportional) {
    return t("results.rule.proportional", { amount: money(rule.amount) });
  }
  return t("results.rule.none");
}

function budgetText(rule: BudgetRule, money: Money, nameOf: (category: number) => string): string {
  const { perCost, stop } = rule.manner;
  const budget = money(rule.budget);
  const categorized = rule instanceof GreedyByCategory;
  const budgets = categorized
    ? rule.categoryBudgets.map((own, place) => {
        return `${nameOf(place)}: ${money(own)}`;
      })
    : [];
  return [
    t(perCost ? "results.rule.byCost" : "results.rule.byVotes", { budget }),
    categorized && t("results.rule.categories", { budgets: budgets.join("; ") }),
    t(
      stop
        ? categorized
          ? "results.rule.stopCategory"
          : "results.rule.stop"
        : "results.rule.skip",
    ),
    categorized && rule.manner.leftover && t("results.rule.leftover"),
    supportText(rule.manner),
    t("results.tie"),
  ]
    .filter(Boolean)
    .join(" ");
}

function sharesText({ budget, manner }: EqualShares, money: Money): string {
  const { utility, completion, increment } = manner;
  const details = [
    t(`results.rule.utility.${utility}`),
    completion.startsWith("add_one") && t("results.rule.addOne", { increment: money(increment) }),
    completion.endsWith("utilitarian") && t(`results.rule.utilitarian.${utility}`),
    t("results.rule.equalPrices"),
  ];
  const idea = t("results.rule.equal_shares", { budget: money(budget) });
  return `${idea}\n${details.filter(Boolean).join(" ")}`;
}

function supportText({ minimumSupport }: { minimumSupport: bigint }): string {
  return minimumSupport > 1n ? t("results.rule.support", { least: minimumSupport }) : "";
}

function majorityText(decision: Decision): string {
  const { yes, no, turnout } = majorityResult(decision);
  return t("results.majorityCounts", { yes, no, turnout });
}

function stepText({ result, votes, cost, available, left, second }: Step, money: Money): string {
  const facts = t("results.step.facts", { votes: number(votes), cost: money(cost) });
  switch (result) {
    case "funded":
      return `${facts} ${t(second ? "results.step.fundedSecond" : "results.step.funded", { left: money(left) })}`;
    case "support":
      return `${facts} ${t("results.step.support")}`;
    case "ended":
      return `${facts} ${t("results.step.ended")}`;
    default:
      return `${facts} ${t(`results.step.${result}`, { left: money(available) })}`;
  }
}

/** Why an option was not funded, for a table; "" for one that was. */
export function reasonText(step: Step | undefined, rule: BudgetRule, money: Money): string {
  if (!step || step.result === "funded") return "";
  switch (step.result) {
    case "support":
      return t("results.reasons.support", { least: rule.manner.minimumSupport });
    case "ended":
      return t("results.reasons.ended");
    default:
      return t(`results.reasons.${step.result}`, { left: money(step.available) });
  }
}
