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
import { draftOf } from "../../client/plan_file.ts";
import { pathOf, type Step, stepOf, STEPS } from "../../client/plan_paths.ts";
import { specificationOf } from "../../client/plan_specification.ts";
import { t } from "../../messages/organizer.ts";
import { problemText } from "../../messages/server_texts.ts";
import { Malformed } from "../../protocol/errors.ts";
import { readJson } from "../../protocol/json.ts";
import type { UnixSeconds } from "../../protocol/units.ts";
import { PLAIN_UNITS } from "../../view/currency.ts";
import { Page } from "../../view/page.tsx";
import { Await, useResource } from "../../view/resource.tsx";
import { gateway, readConfig, store } from "../../view/session.ts";
import { CheckStep } from "./check.tsx";
import { Created } from "./created.tsx";
import { VotersStep } from "./electorate.tsx";
import { idOf, Wrong } from "./inputs.tsx";
import type { Batch } from "./invitations.tsx";
import { Asking, MoneyContext, faultText, useMoney } from "./money.tsx";
import { Preview } from "./preview.tsx";
import { QuestionsStep } from "./questions.tsx";
import { MomentsStep, MoneyStep, NodesStep, SubjectStep } from "./steps.tsx";
import { AsOrganizer } from "./token.tsx";
import "./organize.css";

export function NewPlanPage() {
  const [made, setMade] = useState<string>();
  return (
    <Page key={made} title={made ? t("organize.wizard.created") : t("organize.wizard.title")}>
      <AsOrganizer needs="organize">
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

/** A refusal by the gateway, for the field that it names. */
interface Refused {
  readonly path: string;
  readonly text: string;
}

function Steps({
  organizer,
  now,
  known,
  done,
}: {
  organizer: Organizer;
  now: UnixSeconds;
  known: readonly Committee[];
  done: (plan: string) => void;
}) {
  const [draft, setDraft] = useState(() => readPlanDraft(store()));
  const [step, setStep] = useState<Step>("subject");
  // Steps whose problems are shown: those that the organizer has tried to complete.
  const [tried, setTried] = useState<ReadonlySet<Step>>(new Set());
  // Ids of fields that the organizer has left.
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set());
  const leaving = useRef("");
  const moved = useRef(false);
  const [refused, setRefused] = useState<Refused>();
  const [target, setTarget] = useState("");
  const [batch, keep] = useState<Batch>();
  const kept = useKept(draft);
  const heading = useRef<HTMLHeadingElement>(null);
  const { specification, problems } = useMemo(() => specificationOf(draft, now), [draft, now]);
  const wrong = new Map(problems.map((one) => [one.path, faultText(one)]));
  if (refused) wrong.set(refused.path, t("organize.refused", { detail: refused.text }));

  const change = (part: Partial<PlanDraft>) => {
    setRefused(undefined);
    setDraft((before) => ({ ...before, ...part }));
  };
  /** Who is invited needs time to register, so that registration may not close at once. */
  const changeVoters = (part: Partial<PlanDraft>) => {
    const name = "registration_closes_at";
    const when = draft.moments[name]!;
    const invites = part.voters?.kind === "invitations" && when.mode === "none";
    const later = { moments: { ...draft.moments, [name]: { ...when, mode: "after" as const } } };
    change(invites ? { ...part, ...later } : part);
  };
  const money = useMoney(draft, change);
  const go = (to: Step, path = "") => {
    moved.current = true;
    if (to === "check") setTried(new Set(STEPS));
    setStep(to);
    setTarget(path);
  };
  useEffect(() => {
    if (target) lead(target);
    else if (moved.current) heading.current?.focus();
  }, [step, target]);

  const place = STEPS.indexOf(step);
  const name = (one: Step) => t(`organize.steps.${one === "ask" ? draft.kind : one}`);
  const faulty = (one: Step) => [...wrong.keys()].filter((path) => stepOf(path) === one);
  // What nobody has left or tried is empty rather than wrong.
  const shownProblems = new Map(
    [...wrong].filter(([path]) => tried.has(step) || left.has(idOf(path))),
  );
  /** Go on unless something here is wrong; lead to the first problem otherwise. */
  const next = () => {
    setTried(new Set([...tried, step]));
    const [first] = faulty(step);
    if (first === undefined) {
      go(STEPS[place + 1]!);
    } else {
      setTarget(first);
      lead(first);
    }
  };
  /** Not at the blur itself: an error that moves a button under the pointer loses the press. */
  const leave = () => {
    const id = leaving.current;
    if (id && document.activeElement?.id !== id) {
      leaving.current = "";
      // After this event: rendering in the middle of a click resets a radio button.
      setTimeout(() => {
        setLeft((before) => new Set([...before, id]));
      });
    }
  };
  return (
    <Wrong.Provider value={shownProblems}>
      <nav aria-label={t("organize.wizard.progress")}>
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
                {tried.has(one) && faulty(one).length > 0 && (
                  <span class="faulty">
                    {" "}
                    {t("organize.wizard.faulty", { count: faulty(one).length })}
                  </span>
                )}
              </button>
            </li>
          ))}
        </ol>
      </nav>
      <h2 tabIndex={-1} ref={heading}>
        {t("organize.wizard.step", { place: place + 1, all: STEPS.length, name: name(step) })}
      </h2>
      {!kept && <p class="notice warn">{t("organize.wizard.large")}</p>}
      <div
        onFocusOut={(event) => {
          if (event.target instanceof Element) leaving.current = event.target.id;
        }}
        onClick={leave}
        onKeyUp={leave}
      >
        {step === "subject" && (
          <>
            <SubjectStep draft={draft} change={change} />
            <FromFile
              now={now}
              use={(loaded) => {
                setTried(new Set());
                setLeft(new Set());
                money.forget();
                keep(undefined);
                change(loaded);
              }}
            />
          </>
        )}
        {step === "voters" && (
          <VotersStep draft={draft} change={changeVoters} making={{ batch, keep }} />
        )}
        {step === "ask" &&
          (draft.kind === "poll" ? (
            <QuestionsStep draft={draft} change={change} />
          ) : (
            <MoneyContext.Provider value={money}>
              <MoneyStep draft={draft} change={change} />
            </MoneyContext.Provider>
          ))}
        {(step === "ask" || step === "check") && (
          <Preview
            draft={draft}
            specification={specification}
            currency={draft.kind === "round" ? (money.currency ?? PLAIN_UNITS) : PLAIN_UNITS}
          />
        )}
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
            onRefused={(problem) => {
              setRefused({ path: pathOf(problem.field, draft), text: problemText(problem) });
            }}
            go={go}
            done={(plan) => {
              dropPlanDraft(store());
              done(plan);
            }}
          />
        )}
      </div>
      <p class="actions">
        {place > 0 && (
          <button
            type="button"
            onClick={() => {
              go(STEPS[place - 1]!);
            }}
          >
            {t("organize.wizard.back")}
          </button>
        )}
        {step !== "check" && (
          <button type="button" class="primary" onClick={next}>
            {t("organize.wizard.next")}
          </button>
        )}
      </p>
      <p class="hint">{t("organize.wizard.kept")}</p>
    </Wrong.Provider>
  );
}

/** Store a draft as it changes; false while the browser has no space for its accounts. */
function useKept(draft: PlanDraft): boolean {
  const [kept, setKept] = useState(true);
  useEffect(() => {
    writePlanDraft(store(), draft);
  }, [draft]);
  // Do not store a long list again at every keystroke.
  useEffect(() => {
    setKept(writeDraftAccounts(store(), draft));
  }, [draft.members.accounts, draft.voters.accounts]);
  return kept;
}

/** Focus the field of a path, or the nearest element that contains it. */
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

function FromFile({ now, use }: { now: UnixSeconds; use: (draft: PlanDraft) => void }) {
  const [announcement, setAnnouncement] = useState("");
  const [problem, setProblem] = useState("");
  const read = async (file: File) => {
    setAnnouncement("");
    setProblem("");
    try {
      use(draftOf(readJson(await file.text(), "file"), now));
      setAnnouncement(t("organize.file.loaded"));
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      setProblem(t("organize.file.notOne", { detail: error.message }));
    }
  };
  return (
    <details>
      <summary>{t("organize.file.summary")}</summary>
      <label for="specification">{t("organize.file.load")}</label>
      <input
        id="specification"
        type="file"
        accept=".json,application/json"
        onChange={(event) => {
          const [file] = event.currentTarget.files ?? [];
          if (file) void read(file);
        }}
      />
      <p class="hint">{t("organize.file.hint")}</p>
      {announcement && <p role="status">{announcement}</p>}
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
          setAnnouncement(t("organize.file.emptied"));
        }}
      >
        {t("organize.file.empty")}
      </button>
    </details>
  );
}
