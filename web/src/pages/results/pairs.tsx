/** Counts of a pairwise ranking as a matrix: who is preferred to whom, by how many votes. */

import { number } from "../../messages/index.ts";
import { t } from "../../messages/results.ts";
import { PairCounts } from "../../protocol/outcome/pairs.ts";
import { Pairwise } from "../../protocol/question/pairwise.ts";
import { disambiguate } from "../../protocol/question/votes.ts";
import { type Column, Table } from "../../view/table.tsx";
import type { Outcome } from "./outcome.tsx";

/** A matrix for each question that counts pairs. */
export function PairTables({ outcome: { statistics, results } }: { outcome: Outcome }) {
  let start = 0;
  return (
    <>
      {statistics.map(({ question }, place) => {
        const own = results.options.slice(start, (start += question.rule.slots.length));
        if (!(question instanceof Pairwise)) return null;
        const counts = new PairCounts(
          own.map(({ votes }) => votes),
          question.options.length,
        );
        return <PairTable key={place} question={question} counts={counts} />;
      })}
    </>
  );
}

function PairTable({ question, counts }: { question: Pairwise; counts: PairCounts }) {
  const names = disambiguate(question.options);
  const numbered = names.map((name, option) => `${option + 1}. ${name}`);
  const winner = counts.condorcetWinner;
  const columns: Column<number>[] = [
    { title: t("results.pairs.preferred"), value: (one) => numbered[one] },
    ...numbered.map((name, other) => ({
      title: t("results.pairs.over", { option: name }),
      short: String(other + 1),
      numbers: true,
      value: (one: number) => {
        if (one === other) return <span class="quiet">–</span>;
        const votes = number(counts.votes(one, other));
        return counts.beats(one, other) ? <strong class="beats">{votes}</strong> : votes;
      },
    })),
  ];
  return (
    <>
      <Table
        caption={question.title}
        columns={columns}
        rows={[...names.keys()]}
        keyOf={(option) => option}
        classOf={(option) => (option === winner ? "won" : undefined)}
      />
      <p>
        {winner === undefined
          ? t("results.pairs.noWinner")
          : t("results.pairs.winner", { option: names[winner]! })}
      </p>
      <p class="hint">{t("results.pairs.explained")}</p>
    </>
  );
}
