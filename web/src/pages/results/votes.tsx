/** Votes of every question: as a table whose rows are bars, and numbers that were answered. */

import { useState } from "preact/hooks";

import { budgetWalk, fundingOf, lastSteps, spendsBudget } from "../../client/budget_walk.ts";
import { countsBallots, isWeighted } from "../../client/support.ts";
import { number, percent, rounded } from "../../messages/index.ts";
import { t } from "../../messages/results.ts";
import { type Fraction, fraction } from "../../protocol/fraction.ts";
import { Majority } from "../../protocol/outcome/majority.ts";
import { Proportional } from "../../protocol/outcome/proportional.ts";
import type { Statistics } from "../../protocol/statistics.ts";
import { Badge } from "../../view/badge.tsx";
import { widthOf } from "../../view/bar.tsx";
import { useAmount, useExactAmount } from "../../view/currency.ts";
import { type Column, Table } from "../../view/table.tsx";
import type { Outcome } from "./outcome.tsx";
import { reasonText } from "./rule.tsx";
import { unfundedText } from "./unfunded.ts";

/** Options of a budget up to which a screen shows all of them at once; paper always does. */
const MANY = 30;

interface Row {
  readonly slot: number;
  readonly label: string;
  readonly votes: bigint;
  readonly award: bigint | undefined;
}

interface Listed {
  readonly title: string;
  /** Whether a ballot counts for an option once at most; undefined if the question is unknown. */
  readonly once: boolean | undefined;
  readonly rows: readonly Row[];
}

export function VoteTables({ outcome }: { outcome: Outcome }) {
  const tables = tablesOf(outcome);
  return (
    <>
      {tables.map((listed, place) => (
        <Votes
          key={place}
          listed={listed}
          outcome={outcome}
          alone={tables.length === 1 && listed.title === outcome.shown.title}
        />
      ))}
      {isWeighted(outcome.shown) && <p class="hint">{t("results.byWeight")}</p>}
      {outcome.base.of === "voters" && <p class="hint">{t("results.ofVoters")}</p>}
    </>
  );
}

/** A table for each question, except numbers: their slots are sums and belong to the statistics. */
function tablesOf({ statistics, results: { title, options } }: Outcome): Listed[] {
  const rowOf = (slot: number, label: string): Row => {
    const { votes, award } = options[slot]!;
    return { slot, label, votes, award };
  };
  if (!statistics.length) {
    const rows = options.map(({ option }, slot) => rowOf(slot, option));
    return [{ title, once: undefined, rows }];
  }
  let start = 0;
  return statistics.flatMap(({ question, shares }) => {
    const first = start;
    start += question.rule.slots.length;
    const rows = shares.map(({ label }, slot) => rowOf(first + slot, label));
    return rows.length ? [{ title: question.title, once: countsBallots(question), rows }] : [];
  });
}

function Votes({
  listed,
  outcome,
  alone,
}: {
  listed: Listed;
  outcome: Outcome;
  /** Whether the page's own title names it. */
  alone: boolean;
}) {
  const { title, once, rows } = listed;
  const { decisions, base } = outcome;
  const [amount, exact] = [useAmount(), useExactAmount()];
  const [all, setAll] = useState(false);
  const first = rows[0]!.slot;
  const decision = decisions.findLast(({ start }) => start <= first)!;
  const { rule } = decision;
  const most = rows.reduce((top, { votes }) => (votes > top ? votes : top), 0n);
  const columns: Column<Row>[] = [
    {
      title: t("results.option"),
      value: ({ label, votes, award }) => (
        <>
          {label}
          <div class="bar" aria-hidden="true">
            <div
              class={decided(decision.awards) && !award ? "light" : ""}
              style={{ width: `${widthOf(votes, most)}%` }}
            />
          </div>
        </>
      ),
    },
    { title: t("results.votes"), numbers: true, value: ({ votes }) => number(votes) },
  ];
  if (once !== undefined) {
    const title = !once
      ? t("results.perBallot")
      : t(base.of === "ballots" ? "results.support" : "results.supportVoters");
    columns.push({
      title,
      numbers: true,
      value: ({ votes }) =>
        once
          ? percent(votes, base.weight)
          : decimals(base.weight ? fraction(votes, base.weight) : undefined),
    });
  }
  if (decided(decision.awards)) {
    const last = spendsBudget(rule) ? lastSteps(budgetWalk(rule, decision.tally)) : undefined;
    columns.push({
      title: t("results.award"),
      value: ({ slot, award }) => {
        if (rule instanceof Proportional) return amount(award ?? 0n);
        if (!fundingOf(rule)) {
          const word = t(rule instanceof Majority ? "results.majority.word" : "results.won");
          return award ? <Badge tone="good">{word}</Badge> : undefined;
        }
        if (award) return <Badge tone="good">{t("results.funded")}</Badge>;
        const option = slot - decision.start;
        const reason = spendsBudget(rule)
          ? reasonText(last?.get(option), rule, amount)
          : decision.decided
            ? unfundedText(decision.decided, option, { whole: amount, exact })
            : "";
        return reason || t("results.notFunded");
      },
    });
  }
  const funding = fundingOf(rule) !== undefined;
  const cut = funding && rows.length > MANY && !all;
  return (
    <div class={cut ? "first-rows" : undefined}>
      <Table
        caption={alone ? <span class="heard">{title}</span> : title}
        columns={columns}
        rows={sorted(rows, funding)}
        keyOf={({ slot }) => slot}
        classOf={({ award }) => (award ? "won" : undefined)}
      />
      {cut && (
        <p>
          <button
            type="button"
            onClick={() => {
              setAll(true);
            }}
          >
            {t("results.allOptions", { count: rows.length })}
          </button>
        </p>
      )}
    </div>
  );
}

/** Options of a budget by votes; other options in the order of the ballot. */
function sorted(rows: readonly Row[], byVotes: boolean): readonly Row[] {
  if (!byVotes) return rows;
  return [...rows].sort((left, right) => {
    if (left.votes === right.votes) return left.slot - right.slot;
    return left.votes > right.votes ? -1 : 1;
  });
}

function decided(awards: readonly (bigint | undefined)[]): boolean {
  return awards.some((award) => award !== undefined);
}

/** Quartiles of histograms, means and variances of numbers. */
export function Numbers({ statistics }: { statistics: Statistics }) {
  const { question, quartiles, moments, overall } = statistics;
  const rows = overall && moments.length > 1 ? [...moments, overall] : moments;
  const variance = moments.some((one) => one.variance);
  return (
    <>
      {quartiles.length > 0 && (
        <>
          <h3>{question.title}</h3>
          <ul>
            {quartiles.map(({ quantile, low, high }) => (
              <li key={quantile.numerator}>
                {t("results.quartile", {
                  percent: percent(quantile.numerator, quantile.denominator),
                  low,
                  high,
                })}
              </li>
            ))}
          </ul>
        </>
      )}
      {rows.length > 0 && (
        <Table
          caption={question.title}
          columns={[
            { title: t("form.group"), value: ({ group }) => group || t("results.everybody") },
            { title: t("results.answers"), numbers: true, value: ({ count }) => number(count) },
            { title: t("results.mean"), numbers: true, value: ({ mean }) => decimals(mean) },
            ...(variance
              ? [
                  {
                    title: t("results.variance"),
                    numbers: true,
                    value: (one: (typeof rows)[number]) => decimals(one.variance),
                  },
                ]
              : []),
          ]}
          rows={rows}
          keyOf={({ group }) => group}
        />
      )}
    </>
  );
}

/** A fraction to two places, for reading. */
function decimals(value: Fraction | undefined): string {
  if (!value) return t("results.noNumber");
  const thousandths = Number((value.numerator * 1000n) / value.denominator);
  return rounded(thousandths / 1000, 2);
}
