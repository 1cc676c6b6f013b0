/** Steps of a Condorcet rule: paths, locked pairs, worst defeats or points. */

import { Check, X } from "lucide";
import type { ComponentChildren } from "preact";

import type { Decision } from "../../client/decisions.ts";
import { number } from "../../messages/index.ts";
import { t } from "../../messages/results.ts";
import { type Condorcet, copelandPoints, type Path } from "../../protocol/outcome/condorcet.ts";
import type { Pair, PairCounts } from "../../protocol/outcome/pairs.ts";
import { disambiguate } from "../../protocol/question/votes.ts";
import { Disclosure, Disclosures } from "../../view/disclosure.tsx";
import { Icon } from "../../view/icon.tsx";

interface Step {
  readonly title: string;
  readonly text: string;
  /** Whether it speaks for the option or the pair; undefined for neither. */
  readonly good?: boolean;
}

/** What the rule compared, in the order in which it did. */
export function CondorcetSteps({ rule, decision }: { rule: Condorcet; decision: Decision }) {
  const { title, tally, awards } = decision;
  const winner = awards.findIndex(Boolean);
  if (winner < 0) return null;
  // The heading names the question already.
  const question = title && `${title}: `;
  const names = disambiguate(
    decision.options.slice(0, rule.options).map((name) => {
      return name.startsWith(question) ? name.slice(question.length) : name;
    }),
  );
  return (
    <Disclosures>
      <Disclosure summary={t(`results.condorcet.${rule.method}`)} open>
        <ol class="steps">
          {stepsOf(rule, rule.counts(tally), names, winner).map(({ title, text, good }) => (
            <li key={title}>
              <Mark good={good} />
              <div>
                <strong>{title}</strong>
                <span>{text}</span>
              </div>
            </li>
          ))}
        </ol>
      </Disclosure>
    </Disclosures>
  );
}

function Mark({ good }: { good: boolean | undefined }): ComponentChildren {
  return good === undefined ? null : <Icon of={good ? Check : X} />;
}

function stepsOf(
  rule: Condorcet,
  counts: PairCounts,
  names: readonly string[],
  winner: number,
): Step[] {
  const beats = ([one, other]: Pair) => {
    return t("results.condorcet.beats", { first: names[one]!, second: names[other]! });
  };
  const votes = ([one, other]: Pair) => {
    return t("results.condorcet.votes", {
      votes: number(counts.votes(one, other)),
      against: number(counts.votes(other, one)),
    });
  };
  const options = [...names.keys()];
  switch (rule.method) {
    case "schulze": {
      const paths = rule.strongestPaths(counts);
      const path = (found: Path | undefined) => {
        if (!found) return t("results.condorcet.noPath");
        const by = found.options.map((option) => names[option]!).join(" → ");
        return `${by} (${votes(found.weakest)})`;
      };
      return options
        .filter((other) => other !== winner)
        .map((other) => {
          const [out, back] = [paths[winner]![other], paths[other]![winner]];
          const better = rule.compare(counts, out?.weakest, back?.weakest) > 0;
          return {
            title: names[other]!,
            text: t("results.condorcet.paths", { out: path(out), back: path(back) }),
            ...(better && { good: true }),
          };
        });
    }
    case "ranked_pairs": {
      const locked = new Set(rule.locked(counts).map(String));
      return rule.defeats(counts).map((pair) => {
        const good = locked.has(String(pair));
        const state = t(good ? "results.condorcet.locked" : "results.condorcet.cycle");
        return { title: beats(pair), text: `${votes(pair)} · ${state}`, good };
      });
    }
    case "minimax":
      return options.map((option) => {
        const defeat = rule.worstDefeat(counts, option);
        const text = defeat
          ? `${beats(defeat)}: ${votes(defeat)}`
          : t("results.condorcet.undefeated");
        return { title: names[option]!, text, ...(option === winner && { good: true }) };
      });
    case "copeland":
      return options.map((option) => ({
        title: names[option]!,
        text: t("results.condorcet.points", { points: copelandPoints(counts, option) }),
        ...(option === winner && { good: true }),
      }));
  }
}
