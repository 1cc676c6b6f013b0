/** Results: each chart is its table; winners, statistics, payouts. */

import { useState } from "preact/hooks";

import { Refusal } from "../client/gateway.ts";
import { decidedByOrder, type Reason, reasonsOf } from "../client/reasons.ts";
import { type Poll, poll, type Results, results, sent, waiting } from "../client/views.ts";
import { moment, number, percent, rounded, short, t, messageIfAny } from "../messages/index.ts";
import { toHex } from "../protocol/encoding.ts";
import { AuditError } from "../protocol/errors.ts";
import type { Fraction } from "../protocol/fraction.ts";
import { checkQuestions, decodeDescription } from "../protocol/parameters.ts";
import { BallotRule } from "../protocol/rule.ts";
import { pollStatistics, type Statistics } from "../protocol/statistics.ts";
import { ShareBar } from "../view/bar.tsx";
import { CurrencyContext, PLAIN_UNITS, useAmount } from "../view/currency.ts";
import { Page } from "../view/page.tsx";
import { Await, Failure, useResource } from "../view/resource.tsx";
import { gateway } from "../view/session.ts";
import { RehearsalNotice } from "./rehearsal_notice.tsx";

/** Outcome rules in which the list's order can decide between options. */
const BY_RANK = ["plurality", "greedy", "categories"];

interface Found {
  readonly shown: Poll;
  readonly results: Results | "early" | "void";
}

async function load(id: bigint): Promise<Found> {
  const shown = await gateway.get(`/polls/${id}`, poll);
  try {
    return { shown, results: await gateway.get(`/polls/${id}/results`, results) };
  } catch (error) {
    if (error instanceof Refusal && error.problem.code === "not-tallied")
      return { shown, results: "early" };
    if (error instanceof Refusal && error.problem.code === "poll-void")
      return { shown, results: "void" };
    throw error;
  }
}

export function ResultsPage({ id }: { id: bigint }) {
  const found = useResource(() => load(id), [id]);
  return (
    <Page
      title={
        found.value ? `${t("results.title")}: ${found.value.shown.title}` : t("results.document")
      }
    >
      <Await resource={found}>
        {({ shown, results }) =>
          typeof results === "string" ? (
            <p class="notice">{t(`results.${results}`)}</p>
          ) : (
            <CurrencyContext.Provider value={results.round ?? PLAIN_UNITS}>
              <Shown shown={shown} results={results} reload={found.reload} />
            </CurrencyContext.Provider>
          )
        }
      </Await>
    </Page>
  );
}

function Shown({ shown, results, reload }: { shown: Poll; results: Results; reload: () => void }) {
  const statistics = statisticsOf(shown, results);
  return (
    <>
      <p class="lead">
        {t("results.turnout", { counted: results.counted, voters: results.voters })}
      </p>
      <p>
        {t("results.word")} <a href={`/polls/${shown.poll}/audit`}>{t("results.audit")}</a>
      </p>
      <RehearsalNotice description={shown.description} />
      <Assumed shown={shown} />
      <h2>{t("results.table")}</h2>
      {tablesOf(statistics, results).map((table, place) => (
        <Votes key={place} {...table} results={results} />
      ))}
      <h2>{t("results.outcome")}</h2>
      <p>{messageIfAny(`results.rules.${results.outcome.kind}`) ?? results.outcome.kind}</p>
      {BY_RANK.includes(results.outcome.kind) && (
        <p>
          {t("results.tie")} {decidedByOrder(results) && t("results.tied")}
        </p>
      )}
      {statistics.some(({ moments, quartiles }) => moments.length + quartiles.length > 0) && (
        <>
          <h2>{t("results.statistics")}</h2>
          {statistics.map((one, place) => (
            <Numbers key={place} statistics={one} />
          ))}
        </>
      )}
      {results.round && <Payouts round={results.round} reload={reload} />}
      <Files results={results} />
    </>
  );
}

/** The assumption behind the result, if the organizer alone decided who votes. */
function Assumed({ shown: { plan, voters, description } }: { shown: Poll }) {
  const { census } = decodeDescription(description);
  const invited = census?.kind === "invitations";
  const found = useResource(async () => {
    if (!invited || plan === undefined) return undefined;
    return (await gateway.get(`/plans/${plan}?brief=true`, waiting)).invitations.issued;
  }, [plan]);
  if (census && !invited) return null;
  const issued = found.value;
  return (
    <p class="notice warn">
      {!invited
        ? t("results.assumes.list")
        : issued === undefined
          ? t("results.assumes.uncounted")
          : t("results.assumes.invitations", { issued, used: voters })}
    </p>
  );
}

/** The same results as files; for polls that spend a budget, also in Pabulib's format. */
function Files({ results: { poll, outcome } }: { results: Results }) {
  const base = `/api/v1/polls/${poll}/results`;
  return (
    <>
      <h2>{t("results.files")}</h2>
      <ul>
        <li>
          <a href={`${base}.csv`} download={`ostraka-${poll}.csv`}>
            {t("results.csv")}
          </a>
        </li>
        <li>
          <a href={base} download={`ostraka-${poll}.json`}>
            {t("results.json")}
          </a>
        </li>
        {outcome.costs && (
          <li>
            <a href={`${base}.pb`} download={`ostraka-${poll}.pb`}>
              {t("results.pb")}
            </a>
          </li>
        )}
      </ul>
    </>
  );
}

interface Table {
  readonly title: string;
  readonly rows: readonly {
    readonly label: string;
    readonly votes: bigint;
    readonly award: bigint | undefined;
  }[];
}

/** A table for each question, except numbers: their slots are sums and belong to the statistics. */
function tablesOf(statistics: readonly Statistics[], { title, options }: Results): Table[] {
  if (!statistics.length) {
    const rows = options.map(({ option, votes, award }) => ({ label: option, votes, award }));
    return [{ title, rows }];
  }
  let start = 0;
  return statistics.flatMap(({ question, shares }) => {
    const first = start;
    start += question.rule.slots.length;
    const rows = shares.map(({ label, count }, slot) => {
      return { label, votes: count, award: options[first + slot]!.award };
    });
    return rows.length ? [{ title: question.title, rows }] : [];
  });
}

/** Votes as numbers and as bars. */
function Votes({ title, rows, results }: Table & { results: Results }) {
  const { outcome, round } = results;
  const all = rows.reduce((sum, { votes }) => sum + votes, 0n);
  const most = rows.reduce((top, { votes }) => (votes > top ? votes : top), 0n);
  const decides = outcome.kind !== "none";
  const amount = useAmount();
  const reasons = reasonsOf(results);
  const award = (given: bigint | undefined) => {
    if (outcome.kind === "proportional") return amount(given ?? 0n);
    if (round) return given ? t("results.funded") : t("results.notFunded");
    return given ? t("results.won") : t("results.lost");
  };
  return (
    <div class="scroll" role="region" aria-label={title} tabIndex={0}>
      <table>
        <caption>{title}</caption>
        <thead>
          <tr>
            <th scope="col">{t("results.option")}</th>
            <th scope="col" class="numbers">
              {t("results.votes")}
            </th>
            <th scope="col" class="numbers">
              {t("results.share")}
            </th>
            {decides && <th scope="col">{t("results.award")}</th>}
            {reasons.size > 0 && <th scope="col">{t("results.why")}</th>}
          </tr>
        </thead>
        <tbody>
          {rows.map((one, slot) => (
            <tr key={slot} class={one.award ? "won" : ""}>
              <th scope="row">
                {one.label}
                <ShareBar part={one.votes} whole={most} />
              </th>
              <td class="numbers">{number(one.votes)}</td>
              <td class="numbers">{percent(one.votes, all)}</td>
              {decides && <td>{award(one.award)}</td>}
              {reasons.size > 0 && <td>{reasonText(reasons.get(slot), amount)}</td>}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function reasonText(reason: Reason | undefined, amount: (units: bigint) => string): string {
  if (!reason) return "";
  switch (reason.kind) {
    case "support":
      return t("results.reasons.support", { least: reason.least });
    case "left":
      return t("results.reasons.left", { left: amount(reason.left) });
    default:
      return t(`results.reasons.${reason.kind}`);
  }
}

/** Recomputed here; missing if the questions do not make the poll's rule, which the audit reports. */
function statisticsOf(shown: Poll, { options }: Results): Statistics[] {
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

function Numbers({ statistics }: { statistics: Statistics }) {
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
        <div class="scroll" role="region" aria-label={question.title} tabIndex={0}>
          <table>
            <caption>{question.title}</caption>
            <thead>
              <tr>
                <th scope="col">{t("form.group")}</th>
                <th scope="col" class="numbers">
                  {t("results.answers")}
                </th>
                <th scope="col" class="numbers">
                  {t("results.mean")}
                </th>
                {variance && (
                  <th scope="col" class="numbers">
                    {t("results.variance")}
                  </th>
                )}
              </tr>
            </thead>
            <tbody>
              {rows.map((one, place) => (
                <tr key={place}>
                  <th scope="row">{one.group || t("results.everybody")}</th>
                  <td class="numbers">{number(one.count)}</td>
                  <td class="numbers">{decimals(one.mean)}</td>
                  {variance && <td class="numbers">{decimals(one.variance)}</td>}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}

/** A fraction to two places, for reading. */
function decimals(value: Fraction | undefined): string {
  if (!value) return t("results.lost");
  const thousandths = Number((value.numerator * 1000n) / value.denominator);
  return rounded(thousandths / 1000, 2);
}

type RoundResults = NonNullable<Results["round"]>;

function Payouts({ round, reload }: { round: RoundResults; reload: () => void }) {
  const amount = useAmount();
  const [claiming, setClaiming] = useState("");
  const [error, setError] = useState<unknown>();
  const claim = async (proposal: Uint8Array) => {
    setClaiming(toHex(proposal));
    setError(undefined);
    try {
      await gateway.post(`/proposals/${toHex(proposal)}/payout`, undefined, sent);
      reload();
    } catch (problem) {
      setError(problem);
    }
    setClaiming("");
  };
  const funded = round.payouts.filter((one) => one.funded);
  const vetoed = round.status === "vetoed";
  // By chain time: test chains are ahead of the clocks of browsers.
  const waits = round.status === "decided" && !round.claimable;
  return (
    <>
      <h2>{t("results.payouts")}</h2>
      {!round.decided && <p>{t("results.undecided")}</p>}
      {vetoed && <p class="notice warn">{t("results.vetoed")}</p>}
      {waits && round.payoutsOpenAt !== undefined && (
        <p>{t("results.delayed", { time: moment(round.payoutsOpenAt) })}</p>
      )}
      {funded.length > 0 && (
        <div class="scroll" role="region" aria-label={t("results.payouts")} tabIndex={0}>
          <table>
            <caption>{t("results.payouts")}</caption>
            <thead>
              <tr>
                <th scope="col">{t("results.proposal")}</th>
                <th scope="col" class="numbers">
                  {t("results.amount")}
                </th>
                <th scope="col">{t("results.recipient")}</th>
                <th scope="col">{t("results.state")}</th>
              </tr>
            </thead>
            <tbody>
              {funded.map((one) => (
                <tr key={toHex(one.proposal)}>
                  <th scope="row">{one.title}</th>
                  <td class="numbers">{amount(one.amount)}</td>
                  <td>
                    <code>{short(toHex(one.recipient))}</code>
                  </td>
                  <td>
                    {one.paid ? (
                      t("results.paid")
                    ) : (
                      <>
                        {t("results.unpaid")}{" "}
                        {round.claimable && (
                          <button
                            type="button"
                            disabled={claiming !== ""}
                            onClick={() => void claim(one.proposal)}
                          >
                            {claiming === toHex(one.proposal)
                              ? t("results.claiming")
                              : t("results.claim", { title: one.title })}
                          </button>
                        )}
                      </>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {error !== undefined && <Failure error={error} />}
    </>
  );
}
