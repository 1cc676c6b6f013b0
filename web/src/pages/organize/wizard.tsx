/** A new round or poll, step by step: a draft on this device until it is created. */

import { useEffect, useMemo, useRef, useState } from "preact/hooks";

import { type Committee, committees, type Organizer } from "../../client/organizing.ts";
import {
  dropPlanDraft,
  freshDraft,
  type PlanDraft,
  readPlanDraft,
  writeDraftAccounts,
  writePlanDraft,
} from "../../client/plan_draft.ts";
import {
  draftOf,
  pathOf,
  specificationOf,
  type Step,
  stepOf,
  STEPS,
} from "../../client/plan_specification.ts";
import { number, words } from "../../messages/index.ts";
import { Malformed } from "../../protocol/errors.ts";
import { readJson } from "../../protocol/json.ts";
import { PLAIN_UNITS } from "../../view/currency.ts";
import { Page } from "../../view/page.tsx";
import { Await, useResource } from "../../view/resource.tsx";
import { gateway, readConfig, store } from "../../view/session.ts";
import { CheckStep } from "./check.tsx";
import { Created } from "./created.tsx";
import { VotersStep } from "./electorate.tsx";
import { idOf, Wrong } from "./inputs.tsx";
import type { Batch } from "./invitations.tsx";
import { Asking, MoneyContext, sayFault, useMoney } from "./money.tsx";
import { QuestionsStep } from "./questions.tsx";
import { MomentsStep, MoneyStep, NodesStep, SubjectStep } from "./steps.tsx";
import { AsOrganizer } from "./token.tsx";

export function NewPlanPage() {
  const text = words.organize.wizard;
  const [made, setMade] = useState<string>();
  return (
    <Page key={made} title={made ? text.created : text.title}>
      <AsOrganizer>
        {(organizer) =>
          made ? <Created plan={made} /> : <Wizard organizer={organizer} done={setMade} />
        }
      </AsOrganizer>
    </Page>
  );
}

function Wizard({ organizer, done }: { organizer: Organizer; done: (plan: string) => void }) {
  const found = useResource(async () => {
    const [config, known] = await Promise.all([
      readConfig(),
      gateway.get("/committees", committees),
    ]);
    return { now: config.head.timestamp, known };
  }, []);
  return (
    <Await resource={found}>
      {({ now, known }) => <Steps organizer={organizer} now={now} known={known} done={done} />}
    </Await>
  );
}

/** A refusal of the gateway, at the field that it names. */
interface Refused {
  readonly path: string;
  readonly detail: string;
}

function Steps({
  organizer,
  now,
  known,
  done,
}: {
  organizer: Organizer;
  now: number;
  known: readonly Committee[];
  done: (plan: string) => void;
}) {
  const text = words.organize;
  const [draft, setDraft] = useState(() => readPlanDraft(store()));
  const [step, setStep] = useState<Step>("subject");
  const [visited, setVisited] = useState<ReadonlySet<Step>>(new Set());
  const [refused, setRefused] = useState<Refused>();
  const [target, setTarget] = useState("");
  const [batch, keep] = useState<Batch>();
  const kept = useKept(draft);
  const heading = useRef<HTMLHeadingElement>(null);
  const { problems } = useMemo(() => specificationOf(draft, now), [draft, now]);
  const wrong = new Map(problems.map((one) => [one.path, sayFault(one)]));
  if (refused) wrong.set(refused.path, text.refused(refused.detail));

  const change = (part: Partial<PlanDraft>) => {
    setRefused(undefined);
    setDraft((before) => ({ ...before, ...part }));
  };
  const money = useMoney(draft, change);
  const go = (to: Step, path = "") => {
    setVisited((before) => new Set([...before, step]));
    setStep(to);
    setTarget(path);
  };
  useEffect(() => {
    if (target) lead(target);
    else if (visited.size) heading.current?.focus();
  }, [step, target]);

  const place = STEPS.indexOf(step);
  const name = (one: Step) => text.steps[one === "ask" ? draft.kind : one];
  const faulty = (one: Step) => [...wrong.keys()].filter((path) => stepOf(path) === one).length;
  // What nobody has come to yet is not wrong, only empty.
  const told = visited.has(step) || visited.has("check") ? wrong : new Map<string, string>();
  return (
    <Wrong.Provider value={told}>
      <nav aria-label={text.wizard.progress}>
        <ol class="steps">
          {STEPS.map((one) => (
            <li key={one}>
              <button
                type="button"
                aria-current={one === step ? "step" : undefined}
                onClick={() => {
                  go(one);
                }}
              >
                {name(one)}
                {visited.has(one) && faulty(one) > 0 && (
                  <span class="wrong"> {text.wizard.faulty(number(faulty(one)))}</span>
                )}
              </button>
            </li>
          ))}
        </ol>
      </nav>
      <h2 tabIndex={-1} ref={heading}>
        {text.wizard.step(number(place + 1), number(STEPS.length), name(step))}
      </h2>
      {!kept && <p class="notice warn">{text.wizard.large}</p>}
      {step === "subject" && (
        <>
          <SubjectStep draft={draft} change={change} />
          <FromFile
            now={now}
            use={(loaded) => {
              money.forget();
              keep(undefined);
              change(loaded);
            }}
          />
        </>
      )}
      {step === "voters" && <VotersStep draft={draft} change={change} making={{ batch, keep }} />}
      {step === "ask" &&
        (draft.kind === "poll" ? (
          <QuestionsStep draft={draft} change={change} />
        ) : (
          <MoneyContext.Provider value={money}>
            <MoneyStep draft={draft} change={change} />
          </MoneyContext.Provider>
        ))}
      {step === "moments" && <MomentsStep draft={draft} change={change} now={now} />}
      {step === "nodes" && <NodesStep draft={draft} change={change} committees={known} />}
      {step === "check" && draft.kind === "round" && !money.settled && (
        <Asking token={money.token} />
      )}
      {step === "check" && (draft.kind === "poll" || money.settled) && (
        <CheckStep
          organizer={organizer}
          draft={draft}
          currency={money.currency ?? PLAIN_UNITS}
          known={known}
          problems={problems}
          refused={refused}
          refuse={(refusal) => {
            setRefused({ path: pathOf(refusal.field, draft), detail: refusal.detail });
          }}
          go={go}
          done={(plan) => {
            dropPlanDraft(store());
            done(plan);
          }}
        />
      )}
      <p class="actions">
        {place > 0 && (
          <button
            type="button"
            onClick={() => {
              go(STEPS[place - 1]!);
            }}
          >
            {text.wizard.back}
          </button>
        )}
        {step !== "check" && (
          <button
            type="button"
            class="primary"
            onClick={() => {
              go(STEPS[place + 1]!);
            }}
          >
            {text.wizard.next}
          </button>
        )}
      </p>
      <p class="hint">{text.wizard.kept}</p>
    </Wrong.Provider>
  );
}

/** Keep a draft as it changes; false while there is no room for its accounts. */
function useKept(draft: PlanDraft): boolean {
  const [kept, setKept] = useState(true);
  useEffect(() => {
    writePlanDraft(store(), draft);
  }, [draft]);
  // Long lists are not written again with every letter that is typed.
  useEffect(() => {
    setKept(writeDraftAccounts(store(), draft));
  }, [draft.members.accounts, draft.voters.accounts]);
  return kept;
}

/** To the field of a path, or to the nearest thing that holds it. */
function lead(path: string): void {
  const parts = path.split(".");
  while (parts.length) {
    const found = document.getElementById(idOf(parts.join(".")));
    if (found) {
      for (let at = found.closest("details"); at; at = at.parentElement?.closest("details") ?? null)
        at.open = true;
      found.focus();
      found.scrollIntoView({ block: "center" });
      return;
    }
    parts.pop();
  }
}

function FromFile({ now, use }: { now: number; use: (draft: PlanDraft) => void }) {
  const text = words.organize.file;
  const [said, setSaid] = useState("");
  const [problem, setProblem] = useState("");
  const read = async (file: File) => {
    setSaid("");
    setProblem("");
    try {
      use(draftOf(readJson(await file.text(), "file"), now));
      setSaid(text.loaded);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      setProblem(text.notOne(error.message));
    }
  };
  return (
    <details>
      <summary>{text.summary}</summary>
      <label for="specification">{text.load}</label>
      <input
        id="specification"
        type="file"
        accept=".json,application/json"
        onChange={(event) => {
          const [file] = event.currentTarget.files ?? [];
          if (file) void read(file);
        }}
      />
      <p class="hint">{text.hint}</p>
      {said && <p role="status">{said}</p>}
      {problem && (
        <p class="notice bad" role="alert">
          {problem}
        </p>
      )}
      <button
        type="button"
        class="danger"
        onClick={() => {
          use(freshDraft());
          setSaid(text.emptied);
        }}
      >
        {text.empty}
      </button>
    </details>
  );
}
