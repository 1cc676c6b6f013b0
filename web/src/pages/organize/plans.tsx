/** The rounds and polls of this gateway, for their organizer. */

import { type Organizer, type Plan, plans } from "../../client/organizing.ts";
import { takesRegistrations } from "../../client/phases.ts";
import { planProblem } from "../../messages/server_texts.ts";
import { t } from "../../messages/organizer.ts";
import { Page } from "../../view/page.tsx";
import { Await, useResource } from "../../view/resource.tsx";
import { gateway } from "../../view/session.ts";
import { AsOrganizer } from "./token.tsx";

export function OrganizePage() {
  return (
    <Page title={t("organize.title")}>
      <p class="lead">{t("organize.lead")}</p>
      <AsOrganizer>{(organizer) => <Plans organizer={organizer} />}</AsOrganizer>
    </Page>
  );
}

function Plans({ organizer }: { organizer: Organizer }) {
  const found = useResource(() => gateway.get("/plans?brief=true", plans), []);
  return (
    <>
      {organizer.may("organize") && (
        <p>
          <a class="button primary" href="/organize/new">
            {t("organize.plans.create")}
          </a>
        </p>
      )}
      <Await resource={found}>
        {(listed) => (
          <>
            {!listed.length && <p>{t("organize.plans.none")}</p>}
            <ul class="cards">
              {listed.toReversed().map((plan) => (
                <li key={plan.plan}>
                  <a href={`/organize/${plan.plan}`}>{plan.specification.title}</a>
                  <p>{stateOf(plan)}</p>
                </li>
              ))}
            </ul>
          </>
        )}
      </Await>
    </>
  );
}

function stateOf(plan: Plan): string {
  const { round, poll, problem, finished, specification } = plan;
  const { questions } = specification;
  const what =
    round === undefined
      ? t("organize.plans.poll", { questions: questions?.length ?? 0 })
      : t("organize.plans.round", { round });
  const state = problem
    ? t("organize.plans.waits", { problem: planProblem(problem) })
    : finished
      ? t("organize.plans.finished")
      : poll !== undefined
        ? t("organize.plans.voting")
        : takesRegistrations(plan)
          ? t("organize.plans.registering")
          : round !== undefined && !plan.censusFixed
            ? t("organize.plans.proposing")
            : t("organize.plans.starting");
  return t("organize.plans.state", { what, state });
}
