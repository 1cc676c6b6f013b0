/** Steps of a rule on opened ballots: purchases, or counts. */

import { Check, X } from "lucide";

import { fundingOf } from "../../client/budget_walk.ts";
import type { Decision } from "../../client/decisions.ts";
import { rounded } from "../../messages/index.ts";
import { t } from "../../messages/results.ts";
import type { Fraction } from "../../protocol/fraction.ts";
import { Phragmen } from "../../protocol/outcome/ballots.ts";
import type { Count, Decided, Shares, Step } from "../../protocol/outcome/methods/steps.ts";
import { Bar } from "../../view/bar.tsx";
import { useAmount, useExactAmount } from "../../view/currency.ts";
import { Disclosure, Disclosures } from "../../view/disclosure.tsx";
import { Icon } from "../../view/icon.tsx";
import { isDear } from "./unfunded.ts";
import "./results.css";

/** Counts up to which all are open from the start. */
const FEW = 3;
/** Options up to which the steps of purchases are open from the start. */
const FEW_OPTIONS = 12;
/** Parts of a vote that bars show. */
const FINE = 100_000n;

type Spending = Exclude<Step, Shares | Count>;

/** What the rule did, in the order in which it did. */
export function BallotSteps({ decision, decided }: { decision: Decision; decided: Decided }) {
  const { options, rule } = decision;
  const seats = rule instanceof Phragmen && !fundingOf(rule);
  const counts = decided.steps.filter((step) => step.kind === "count");
  if (counts.length) return <Counts counts={counts} options={options} />;
  const spending = decided.steps.filter((step) => step.kind !== "shares" && step.kind !== "count");
  if (!spending.length) return null;
  const few = options.length <= FEW_OPTIONS;
  const shares = decided.steps.find((step) => step.kind === "shares");
  const part = (title: string, kinds: readonly Step["kind"][]) => {
    const steps = spending.filter(({ kind }) => kinds.includes(kind));
    return steps.length ? (
      <Disclosure summary={title} open={few}>
        <ol class="assigned">
          {steps.map((step) => (
            <SpendingStep key={step.option} step={step} options={options} seats={seats} />
          ))}
        </ol>
      </Disclosure>
    ) : undefined;
  };
  const unpaid = spending.filter(({ kind }) => kind === "unaffordable").length;
  return (
    <>
      {shares && <ShareText shares={shares} />}
      <Disclosures>
        {part(t(seats ? "results.phragmen.title" : "results.steps"), [
          "bought",
          "funded",
          "stopped",
        ])}
        {part(t("results.equalShares.unpaid", { count: unpaid }), ["unaffordable"])}
        {part(t("results.completion.title"), ["completed", "skipped"])}
      </Disclosures>
    </>
  );
}

function ShareText({ shares: { voters, first, increments, share } }: { shares: Shares }) {
  const exact = useExactAmount();
  return (
    <p>
      {t("results.equalShares.each", { voters, share: exact(first) })}{" "}
      {increments > 0n && t("results.equalShares.raised", { increments, share: exact(share) })}{" "}
      {t("results.equalShares.reckoned")}
    </p>
  );
}

const TAKEN: readonly Step["kind"][] = ["bought", "funded", "completed"];

function SpendingStep({
  step,
  options,
  seats,
}: {
  step: Spending;
  options: readonly string[];
  /** Whether options get seats, which have no costs that people know. */
  seats: boolean;
}) {
  const taken = TAKEN.includes(step.kind);
  return (
    <li>
      <Icon of={taken ? Check : X} />
      <div>
        <strong>{options[step.option]}</strong>
        <StepText step={step} seats={seats} />
      </div>
    </li>
  );
}

function StepText({ step, seats }: { step: Spending; seats: boolean }) {
  const [amount, exact] = [useAmount(), useExactAmount()];
  const cost = amount(step.cost);
  switch (step.kind) {
    case "bought": {
      const { supporters, most, paidAll, left } = step;
      return (
        <>
          <span>{t("results.equalShares.bought", { cost, supporters, most: exact(most) })}</span>
          <span class="quiet">
            {t("results.equalShares.after", { paidAll, left: amount(left) })}
          </span>
        </>
      );
    }
    case "unaffordable": {
      const { supporters, money } = step;
      if (!supporters) return <span>{t("results.equalShares.unsupported")}</span>;
      if (isDear(step)) return <span>{t("results.equalShares.dear", { cost })}</span>;
      return (
        <span>
          {t("results.equalShares.unaffordable", { cost, supporters, money: exact(money) })}
        </span>
      );
    }
    case "completed":
    case "skipped":
      return <span>{t(`results.completion.${step.kind}`, { cost, left: amount(step.left) })}</span>;
    case "funded":
    case "stopped": {
      const { supporters, time, left } = step;
      if (seats) {
        return <span>{t("results.phragmen.seat", { supporters, time: exact(time) })}</span>;
      }
      const values = { cost, supporters, time: exact(time), left: amount(left) };
      return <span>{t(`results.phragmen.${step.kind}`, values)}</span>;
    }
  }
}

function Counts({ counts, options }: { counts: readonly Count[]; options: readonly string[] }) {
  return (
    <Disclosures>
      {counts.map((count, place) => (
        <Disclosure
          key={place}
          summary={`${t("results.counts.title", { count: place + 1 })}: ${eventText(count, options)}`}
          open={counts.length <= FEW || place === counts.length - 1}
        >
          <CountText count={count} options={options} />
        </Disclosure>
      ))}
    </Disclosures>
  );
}

/** What follows from a count. */
function eventText(count: Count, options: readonly string[]): string {
  const { elected, eliminated, surplus } = count;
  const events = [
    elected.length > 0 &&
      t("results.counts.elected", {
        count: elected.length,
        options: elected.map((option) => options[option]!).join(", "),
      }),
    eliminated !== undefined && t("results.counts.eliminated", { option: options[eliminated]! }),
    surplus !== undefined && t("results.counts.surplus", { option: options[surplus]! }),
  ].filter(Boolean);
  return events.length ? events.join("; ") : t("results.counts.nobody");
}

function CountText({ count, options }: { count: Count; options: readonly string[] }) {
  const { votes, exhausted, quota, transfers, transferredExhausted, elected } = count;
  const present = [...votes.keys()].filter((option) => votes[option]);
  const whole = present.reduce((sum, option) => sum + fine(votes[option]!), fine(exhausted));
  const row = (label: string, now: Fraction, more: Fraction, won: boolean) => (
    <Bar
      label={label}
      text={
        more.numerator
          ? t("results.counts.gets", { votes: votesText(now), more: votesText(more) })
          : votesText(now)
      }
      whole={whole}
      parts={[
        { value: fine(now), tone: won ? "good" : "accent" },
        { value: fine(more), tone: "light" },
      ]}
    />
  );
  const sorted = [...present].sort((left, right) => {
    const [one, other] = [fine(votes[left]!), fine(votes[right]!)];
    return one === other ? left - right : one > other ? -1 : 1;
  });
  return (
    <>
      {quota && <p>{t("results.counts.quota", { quota: votesText(quota) })}</p>}
      {sorted.map((option) => (
        <div key={option}>
          {row(options[option]!, votes[option]!, transfers[option]!, elected.includes(option))}
        </div>
      ))}
      {(exhausted.numerator > 0n || transferredExhausted.numerator > 0n) &&
        row(t("results.counts.exhausted"), exhausted, transferredExhausted, false)}
      <TieText count={count} options={options} />
    </>
  );
}

/** How a tie was broken, if there was one. */
function TieText({ count, options }: { count: Count; options: readonly string[] }) {
  const { tied, lookedBack, eliminated } = count;
  if (!tied.length) return null;
  const names = tied.map((option) => options[option]!).join(", ");
  return (
    <p class="notice">
      {lookedBack !== undefined
        ? t("results.counts.tiedBefore", { options: names, count: lookedBack + 1 })
        : t(eliminated === undefined ? "results.counts.tiedFirst" : "results.counts.tiedLast", {
            options: names,
          })}
    </p>
  );
}

function fine({ numerator, denominator }: Fraction): bigint {
  return (numerator * FINE) / denominator;
}

/** Votes with the five decimal places that the rule counts. */
function votesText(votes: Fraction): string {
  return rounded(Number(fine(votes)) / Number(FINE), 5);
}
