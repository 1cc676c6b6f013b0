/** The rounds and polls of this gateway, for whoever organizes them. */

import { problemText } from "../../client/gateway.ts";
import { type Plan, plans } from "../../client/organizing.ts";
import { number, planProblem, words } from "../../messages/index.ts";
import { Page } from "../../view/page.tsx";
import { Await, useResource } from "../../view/resource.tsx";
import { gateway } from "../../view/session.ts";
import { AsOrganizer } from "./token.tsx";

export function OrganizePage() {
  const text = words.organize;
  return (
    <Page title={text.title}>
      <p class="lead">{text.lead}</p>
      <AsOrganizer>{() => <Plans />}</AsOrganizer>
    </Page>
  );
}

function Plans() {
  const text = words.organize.plans;
  const found = useResource(() => gateway.get("/plans?brief=true", plans), []);
  return (
    <>
      <p>
        <a class="button primary" href="/organize/new">
          {text.create}
        </a>
      </p>
      <Await resource={found}>
        {(listed) => (
          <>
            {!listed.length && <p>{text.none}</p>}
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

function stateOf({ round, poll, problem, finished, censusFixed, specification }: Plan): string {
  const text = words.organize.plans;
  const { questions } = specification;
  const what =
    round === undefined ? text.poll(number(questions?.length ?? 0)) : text.round(number(round));
  const state = problem
    ? text.waits(planProblem(problemText(problem)))
    : finished
      ? text.finished
      : poll !== undefined
        ? text.voting
        : censusFixed
          ? text.starting
          : round !== undefined
            ? text.proposing
            : text.registering;
  return text.state(what, state);
}
