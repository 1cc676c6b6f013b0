/** Results: the decision and the turnout first, then votes, rule, payouts and files. */

import { Printer } from "lucide";

import { Refusal } from "../../client/gateway.ts";
import { type Poll, poll, type Results, results, waiting } from "../../client/views.ts";
import { moment } from "../../messages/index.ts";
import { t } from "../../messages/results.ts";
import { isShuffled } from "../../protocol/counting.ts";
import { decodeDescription, decodeParameters } from "../../protocol/parameters.ts";
import { CategoryNamesContext } from "../../view/categories.ts";
import { CurrencyContext, PLAIN_UNITS } from "../../view/currency.ts";
import { Icon } from "../../view/icon.tsx";
import { Notice } from "../../view/notice.tsx";
import { Page } from "../../view/page.tsx";
import { Await, useResource } from "../../view/resource.tsx";
import { gateway } from "../../view/session.ts";
import { RehearsalNotice } from "../rehearsal_notice.tsx";
import { OutcomeSummary, outcomeOf } from "./outcome.tsx";
import type { Content, SectionsContent } from "./content.ts";
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

const OVER = ["closed", "anchored", "releasable"];

/** Whether the nodes work on opening the ballots. */
function isOver({ status, parameters }: Poll): boolean {
  return OVER.includes(status) && isShuffled(decodeParameters(parameters));
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
              {isOver(shown) ? (
                <Waiting shown={shown} />
              ) : (
                <p>{t("results.earlyUntil", { time: moment(shown.closesAt) })}</p>
              )}
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

function Shown(content: Content) {
  return isShuffled(decodeParameters(content.shown.parameters)) ? (
    <Opening {...content} />
  ) : (
    <Sections {...content} outcome={outcomeOf(content.shown, content.results)} />
  );
}

/** Results of a poll that opens its ballots. Few polls do: what shows these is loaded for them only. */
function Opening(content: Content) {
  const found = useResource(() => import("./with_ballots.tsx"), []);
  return (
    <Await resource={found}>
      {({ WithBallots }) => <WithBallots {...content} Sections={Sections} />}
    </Await>
  );
}

function Sections({ shown, results, reload, outcome, ballots }: SectionsContent) {
  const { statistics, decisions } = outcome;
  return (
    <>
      <RehearsalNotice description={shown.description} />
      <p class="hint">{t("results.closed", { time: moment(shown.closesAt) })}</p>
      <OutcomeSummary outcome={outcome} />
      {ballots?.notices}
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
        <RuleStory key={decision.start} decision={decision} steps={ballots?.steps} />
      ))}
      {statistics.some(({ moments, quartiles }) => moments.length + quartiles.length > 0) && (
        <>
          <h2>{t("results.statistics")}</h2>
          {statistics.map((one, place) => (
            <Numbers key={place} statistics={one} />
          ))}
        </>
      )}
      {ballots?.list}
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

/** Outcomes that a Pabulib file without ballots can name. */
const TALLIED = ["greedy", "categories"];

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
        {outcome.costs && TALLIED.includes(outcome.kind) && (
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

/** What nodes do with the ballots before there is a result. */
function Waiting({ shown }: { shown: Poll }) {
  const found = useResource(() => import("./opened.tsx"), []);
  return <Await resource={found}>{({ Shuffling }) => <Shuffling shown={shown} />}</Await>;
}
