/** Results of a poll that opens its ballots; a rule on ballots is computed here, in the worker. */

import type { ComponentType } from "preact";

import { readOpened } from "../../client/opened.ts";
import {
  type AttestedOutcome,
  attestedOutcome,
  type OpenedBallots,
  type Results,
} from "../../client/views.ts";
import { BallotOutcome } from "../../protocol/outcome/ballots.ts";
import type { Decided } from "../../protocol/outcome/methods/steps.ts";
import { decodeOutcomeRule } from "../../protocol/outcome/parts.ts";
import { Await, useResource } from "../../view/resource.tsx";
import { gateway, worker } from "../../view/session.ts";
import { Attested } from "./attested.tsx";
import { BallotSteps } from "./ballot_steps.tsx";
import type { Content, SectionsContent } from "./content.ts";
import { OnlySum, OpenedList } from "./opened.tsx";
import { outcomeOf } from "./outcome.tsx";

interface Opened {
  /** Undefined if only their sum was opened. */
  readonly ballots: OpenedBallots | undefined;
  /** What a rule on ballots makes of them. */
  readonly decided: Decided | undefined;
  /** What the contract knows of it. */
  readonly attested: AttestedOutcome | undefined;
}

/** Sections of the page, as soon as there are any; the ballots follow. */
export function WithBallots({
  Sections,
  ...content
}: Content & { Sections: ComponentType<SectionsContent> }) {
  const { shown, results } = content;
  const rule = decodeOutcomeRule(shown.outcomeRule);
  const onBallots = rule instanceof BallotOutcome ? rule : undefined;
  const found = useResource<Opened>(
    async (signal) => {
      const ballots = await readOpened(gateway, shown.poll, signal);
      const input = ballots && onBallots && { rule: shown.outcomeRule, ...ballots };
      const [decided, attested] = await Promise.all([
        input && worker.run("decide", input, { signal }),
        onBallots && gateway.get(`/polls/${shown.poll}/outcome`, attestedOutcome, signal),
      ]);
      return { ballots, decided, attested };
    },
    [shown.poll],
  );
  const { ballots, decided, attested } = found.value ?? {};
  // A void outcome has no winners; its steps are shown all the same.
  const lost = attested?.state === "vetoed" || attested?.state === "missed";
  const outcome = lost
    ? outcomeOf(shown, withoutAwards(results))
    : outcomeOf(shown, results, decided);
  const [decision] = outcome.decisions;
  return (
    <Sections
      {...content}
      outcome={outcome}
      ballots={{
        notices: (
          <Await resource={found}>
            {() => (
              <>
                {!ballots && <OnlySum outcome={outcome} onBallots={onBallots !== undefined} />}
                {onBallots && decided && attested && (
                  <Attested
                    poll={shown.poll}
                    rule={onBallots}
                    decided={decided}
                    attested={attested}
                    reload={() => {
                      found.reload();
                      content.reload();
                    }}
                  />
                )}
              </>
            )}
          </Await>
        ),
        steps: decision && decided && <BallotSteps decision={decision} decided={decided} />,
        list: ballots && <OpenedList outcome={outcome} opened={ballots} />,
      }}
    />
  );
}

/** The gateway may have answered with awards before they were void. */
function withoutAwards(results: Results): Results {
  return {
    ...results,
    options: results.options.map((option) => ({ ...option, award: undefined })),
  };
}
