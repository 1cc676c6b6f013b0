/** Last step of the wizard: problems, what the result may reveal, and a summary in words. */

import { useEffect, useState } from "preact/hooks";

import { totalWeight } from "../../client/account_file.ts";
import { Refusal } from "../../client/gateway.ts";
import type { Committee, Organizer, Rehearsal, Warning } from "../../client/organizing.ts";
import {
  type ElectorateDraft,
  hasOptions,
  MOMENTS,
  outcomeName,
  type PlanDraft,
  type QuestionDraft,
} from "../../client/plan_draft.ts";
import { pathOfWarning, type Step, stepOf } from "../../client/plan_paths.ts";
import {
  type PlanFault,
  type Specification,
  specificationOf,
} from "../../client/plan_specification.ts";
import type { Problem } from "../../client/problem.ts";
import {
  amount,
  type Currency,
  moment,
  percent,
  short,
  zone,
  messageIfAny,
} from "../../messages/index.ts";
import { t } from "../../messages/organizer.ts";
import { toHex } from "../../protocol/encoding.ts";
import { unixSeconds } from "../../protocol/units.ts";
import { Facts, saveFile } from "../../view/page.tsx";
import { Failure } from "../../view/resource.tsx";
import { readConfig } from "../../view/session.ts";
import { faultText } from "./money.tsx";
import { Rehearse } from "./rehearsal.tsx";

/** A specification that the gateway would accept, with its warnings. */
interface Tried {
  readonly wanted: Specification;
  readonly warnings: readonly Warning[];
}

export function CheckStep({
  organizer,
  draft,
  currency,
  known,
  problems,
  refused,
  onRefused,
  go,
  done,
}: {
  organizer: Organizer;
  draft: PlanDraft;
  currency: Currency;
  known: readonly Committee[];
  problems: readonly PlanFault[];
  refused: { readonly path: string; readonly text: string } | undefined;
  onRefused: (refused: Problem) => void;
  go: (step: Step, path: string) => void;
  done: (plan: string) => void;
}) {
  const [tried, setTried] = useState<Tried>();
  const [error, setError] = useState<unknown>();
  const failed = (problem: unknown) => {
    setTried(undefined);
    if (problem instanceof Refusal && problem.problem.status < 500) onRefused(problem.problem);
    else setError(problem);
  };
  const tryOut = async () => {
    setError(undefined);
    try {
      // Durations start now, in chain time.
      const { head } = await readConfig();
      const { specification } = specificationOf(draft, head.timestamp);
      setTried({ wanted: specification, warnings: await organizer.tryOut(specification) });
    } catch (problem) {
      failed(problem);
    }
  };
  useEffect(() => {
    if (!problems.length) void tryOut();
  }, []);
  if (problems.length) {
    return (
      <div class="notice bad">
        <p>{t("organize.check.problems", { count: problems.length })}</p>
        <ul>
          {problems.map(({ path, fault }) => (
            <li key={`${path} ${fault}`}>
              <Place path={path} draft={draft} go={go} /> {faultText({ path, fault })}
            </li>
          ))}
        </ul>
      </div>
    );
  }
  if (refused) {
    return (
      <div class="notice bad" role="alert">
        <p>{t("organize.check.refused")}</p>
        <p>
          <Place path={refused.path} draft={draft} go={go} /> {refused.text}
        </p>
      </div>
    );
  }
  if (error !== undefined) return <Failure error={error} retry={() => void tryOut()} />;
  if (!tried) return <p role="status">{t("organize.check.checking")}</p>;
  return (
    <>
      <Warnings warnings={tried.warnings} draft={draft} go={go} />
      <Summary draft={draft} currency={currency} wanted={tried.wanted} known={known} />
      <Rehearse organizer={organizer} of={rehearsalOf(draft, tried.wanted)} />
      <Create organizer={organizer} draft={draft} tried={tried} failed={failed} done={done} />
    </>
  );
}

function rehearsalOf({ kind }: PlanDraft, wanted: Specification): Rehearsal["of"] {
  return kind === "poll" ? { poll: wanted } : { round: wanted };
}

/** A link to the field that a problem or a warning concerns. */
function Place({
  path,
  draft,
  go,
}: {
  path: string;
  draft: PlanDraft;
  go: (step: Step, path: string) => void;
}) {
  const step = stepOf(path);
  if (!step) return <>{path && `${path}:`}</>;
  const parts = path.split(".");
  const numbered = parts.findIndex((part) => /^[0-9]+$/.test(part));
  const asked =
    numbered > 0 ? t("organize.questions.question", { place: Number(parts[numbered]) + 1 }) : "";
  const names = parts.map((part) => {
    const time = messageIfAny(`organize.moments.each.${part}.legend`);
    return time ?? messageIfAny(`organize.members.${part}`);
  });
  const name = names.findLast((found) => found !== undefined) ?? "";
  const where = [t(`organize.steps.${step === "ask" ? draft.kind : step}`), asked, name].filter(
    Boolean,
  );
  return (
    <button
      type="button"
      class="link"
      onClick={() => {
        go(step, path);
      }}
    >
      {where.join(": ")}
    </button>
  );
}

function Warnings({
  warnings,
  draft,
  go,
}: {
  warnings: readonly Warning[];
  draft: PlanDraft;
  go: (step: Step, path: string) => void;
}) {
  if (!warnings.length) return <p class="notice good">{t("organize.check.quiet")}</p>;
  return (
    <section class="notice warn" aria-labelledby="warnings">
      <h3 id="warnings">{t("organize.check.warnings")}</h3>
      <ul>
        {warnings.map((one) => {
          const { question } = one.numbers;
          const about = typeof question === "string" ? question : undefined;
          return (
            <li key={one.sentence}>
              <Place
                path={pathOfWarning({ code: one.code, question: about }, draft)}
                {...{ draft, go }}
              />{" "}
              {warningText(one)} {one.refused && <strong>{t("organize.check.nodesRefuse")}</strong>}
            </li>
          );
        })}
      </ul>
    </section>
  );
}

/** A warning in the language in use; in the gateway's English if there is no message for it. */
export function warningText({ code, numbers, sentence }: Warning): string {
  const values: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(numbers)) values[name] = written(name, value);
  return messageIfAny(`organize.warnings.${code}`, values) ?? sentence;
}

/** A number of a warning in the form that its message takes. */
function written(name: string, value: unknown): unknown {
  if (typeof value !== "string" || NAMES.includes(name)) return value;
  const [, part = "", whole = "1"] = /^([0-9]+)(?:[/]([0-9]+))?$/.exec(value) ?? [];
  if (!part) return value;
  return SHARES.includes(name) ? percent(BigInt(part), BigInt(whole)) : BigInt(part);
}

/** Values of warnings that are fractions, and those that are titles even if they look like numbers. */
const SHARES = ["share", "turnout"];
const NAMES = ["question", "poll"];

function Summary({
  draft,
  currency,
  wanted,
  known,
}: {
  draft: PlanDraft;
  currency: Currency;
  wanted: Specification;
  known: readonly Committee[];
}) {
  const { kind, title, money, questions, minimumBallots, secret, committee } = draft;
  const nodes = known.find(({ digest }) => toHex(digest) === committee) ?? known[0];
  return (
    <>
      <h3>{t("organize.check.summary")}</h3>
      <Facts
        facts={[
          [
            t("organize.check.what"),
            kind === "poll"
              ? t("organize.check.poll", { title, questions: questions.length })
              : t("organize.check.round", {
                  title,
                  budget: amount(BigInt(money["budget"]!.trim()), currency),
                }),
          ],
          ...(kind === "round"
            ? [[t("organize.check.propose"), electorateText(draft.members)] as const]
            : []),
          [
            t("organize.check.vote"),
            electorateText(kind === "poll" || draft.separate ? draft.voters : draft.members),
          ],
          ...(kind === "poll"
            ? questions.map((one, place) => {
                return [
                  t("organize.questions.question", { place: place + 1 }),
                  questionText(one),
                ] as const;
              })
            : [
                [
                  t("organize.money.ballot"),
                  messageIfAny(`organize.questions.kinds.${draft.ballot.kind}`) ?? "",
                ] as const,
                [
                  t("organize.money.outcome"),
                  messageIfAny(`organize.questions.outcomes.${draft.outcome.kind}`) ?? "",
                ] as const,
              ]),
          ...MOMENTS[kind].map(({ name }) => {
            const at = wanted[name];
            return [
              messageIfAny(`organize.moments.each.${name}.legend`) ?? name,
              typeof at === "number"
                ? t("organize.check.time", { time: moment(unixSeconds(at)), zone: zone() })
                : (messageIfAny(`organize.moments.each.${name}.none`) ?? ""),
            ] as const;
          }),
          ...(nodes
            ? [
                [
                  t("organize.check.nodes"),
                  t("organize.nodes.of", {
                    nodes: nodes.nodes.length,
                    threshold: nodes.threshold,
                    faults: nodes.faults,
                    quorum: nodes.quorum,
                  }),
                ] as const,
              ]
            : []),
          [t("organize.check.minimum"), minimumBallots],
          ...(kind === "poll"
            ? [
                [
                  t("organize.nodes.counting"),
                  t(`organize.nodes.countings.${draft.counting}.name`),
                ] as const,
              ]
            : []),
          [
            t("organize.check.secrecy"),
            secret ? t("organize.check.secret") : t("organize.check.open"),
          ],
        ]}
      />
      <p>
        <button
          type="button"
          onClick={() => {
            saveFile(`${kind}.json`, `${JSON.stringify(wanted, null, 2)}\n`);
          }}
        >
          {t("organize.file.save")}
        </button>
      </p>
      <p class="hint">{t("organize.file.saveHint", { kind })}</p>
    </>
  );
}

function electorateText({ kind, values, accounts }: ElectorateDraft): string {
  switch (kind) {
    case "list":
      return t("organize.check.electorates.list", {
        accounts: accounts.length,
        weight: totalWeight(accounts),
      });
    case "invitations":
      return t("organize.check.electorates.invitations", {
        count: accounts.length,
        weight: totalWeight(accounts),
      });
    case "votes":
      return t("organize.check.electorates.votes", { contract: short(values["contract"]!.trim()) });
    case "members":
      return t("organize.check.electorates.members", {
        contract: short(values["contract"]!.trim()),
      });
  }
}

function questionText(question: QuestionDraft): string {
  const { title, kind, outcome, options } = question;
  const names = options.map(({ name }) => name.trim()).filter(Boolean);
  const facts = {
    title,
    kind: messageIfAny(`organize.questions.kinds.${kind}`) ?? kind,
    outcome:
      messageIfAny(`organize.questions.outcomes.${outcomeName(question, outcome.kind)}`) ??
      outcome.kind,
  };
  if (!hasOptions(question) || !names.length) return t("organize.check.question", facts);
  return t("organize.check.questionOfOptions", { ...facts, options: names.join(", ") });
}

function Create({
  organizer,
  draft,
  tried,
  failed,
  done,
}: {
  organizer: Organizer;
  draft: PlanDraft;
  tried: Tried;
  failed: (error: unknown) => void;
  done: (plan: string) => void;
}) {
  const [accepted, setAccepted] = useState(false);
  const [working, setWorking] = useState(false);
  const create = async () => {
    setWorking(true);
    try {
      done(await organizer.create(tried.wanted));
    } catch (error) {
      setWorking(false);
      failed(error);
    }
  };
  return (
    <section aria-labelledby="create">
      <h3 id="create">{t("organize.check.create")}</h3>
      <p>{t("organize.check.final")}</p>
      {tried.warnings.length > 0 && (
        <label class="choice">
          <input
            type="checkbox"
            checked={accepted}
            onChange={(event) => {
              setAccepted(event.currentTarget.checked);
            }}
          />
          <span class="named">{t("organize.check.accept")}</span>
        </label>
      )}
      <button
        type="button"
        class="primary"
        disabled={working || (tried.warnings.length > 0 && !accepted)}
        onClick={() => void create()}
      >
        {working
          ? t("organize.check.creating")
          : t("organize.check.button", { what: t(`organize.subject.kinds.${draft.kind}.name`) })}
      </button>
    </section>
  );
}
