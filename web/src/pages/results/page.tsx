/** Results: the decision and the turnout first, then votes, rule, payouts and files. */

import { Printer } from "lucide";

import { Refusal } from "../../client/gateway.ts";
import { type Poll, poll, type Results, results, waiting } from "../../client/views.ts";
import { moment } from "../../messages/index.ts";
import { t } from "../../messages/results.ts";
import { decodeDescription } from "../../protocol/parameters.ts";
import { CategoryNamesContext } from "../../view/categories.ts";
import { CurrencyContext, PLAIN_UNITS } from "../../view/currency.ts";
import { Icon } from "../../view/icon.tsx";
import { Notice } from "../../view/notice.tsx";
import { Page } from "../../view/page.tsx";
import { Await, useResource } from "../../view/resource.tsx";
import { gateway } from "../../view/session.ts";
import { RehearsalNotice } from "../rehearsal_notice.tsx";
import { OutcomeSummary, outcomeOf } from "./outcome.tsx";
import { PairTables } from "./pairs.tsx";
import { Payouts } from "./payouts.tsx";
import { RuleStory } from "./rule.tsx";
import { ShareCard } from "./share_card.tsx";
import { VoidNotice } from "./void.tsx";
import { Numbers, VoteTables } from "./votes.tsx";

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
          results === "void" ? (
            <VoidNotice shown={shown} />
          ) : results === "early" ? (
            <Notice tone="info" title={t("results.early")} still>
              <p>{t("results.earlyUntil", { time: moment(shown.closesAt) })}</p>
            </Notice>
          ) : (
            <CurrencyContext.Provider value={results.round ?? PLAIN_UNITS}>
              <CategoryNamesContext.Provider value={results.round?.categories ?? []}>
                <Shown shown={shown} results={results} reload={found.reload} />
              </CategoryNamesContext.Provider>
            </CurrencyContext.Provider>
          )
        }
      </Await>
    </Page>
  );
}

function Shown({ shown, results, reload }: { shown: Poll; results: Results; reload: () => void }) {
  const outcome = outcomeOf(shown, results);
  const { statistics, decisions } = outcome;
  return (
    <>
      <RehearsalNotice description={shown.description} />
      <p class="hint">{t("results.closed", { time: moment(shown.closesAt) })}</p>
      <OutcomeSummary outcome={outcome} />
      <p class="actions">
        <a class="button primary" href={`/polls/${shown.poll}/audit`}>
          {t("results.audit")}
        </a>
        <button
          type="button"
          onClick={() => {
            print();
          }}
        >
          <Icon of={Printer} /> {t("results.print")}
        </button>
        <ShareCard outcome={outcome} />
        <a class="button" href={`/polls/${shown.poll}/certificate`}>
          {t("certificate.title")}
        </a>
      </p>
      <p>{t("results.word")}</p>
      <Assumed shown={shown} />
      <h2>{t("results.table")}</h2>
      <VoteTables outcome={outcome} />
      <PairTables outcome={outcome} />
      <h2>{t("results.outcome")}</h2>
      {decisions.map((decision) => (
        <RuleStory key={decision.start} decision={decision} />
      ))}
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
    <section class="not-printed">
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
    </section>
  );
}
