/** Last step of the wizard: what is wrong, what the result may give away, and all of it in words. */

import { useEffect, useState } from "preact/hooks";

import { totalWeight } from "../../client/account_file.ts";
import { Refusal } from "../../client/gateway.ts";
import type { Committee, Organizer, Warning } from "../../client/organizing.ts";
import {
  type ElectorateDraft,
  hasOptions,
  MOMENTS,
  type PlanDraft,
  type QuestionDraft,
} from "../../client/plan_draft.ts";
import {
  pathOfWarning,
  type Problem,
  type Specification,
  specificationOf,
  type Step,
  stepOf,
} from "../../client/plan_specification.ts";
import {
  amount,
  type Currency,
  moment,
  number,
  percent,
  short,
  words,
  zone,
} from "../../messages/index.ts";
import { toHex } from "../../protocol/encoding.ts";
import { Facts, saveFile } from "../../view/page.tsx";
import { Failure } from "../../view/resource.tsx";
import { readConfig } from "../../view/session.ts";
import { sayFault } from "./money.tsx";

/** A specification that the gateway would take, and what it may give away. */
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
  refuse,
  go,
  done,
}: {
  organizer: Organizer;
  draft: PlanDraft;
  currency: Currency;
  known: readonly Committee[];
  problems: readonly Problem[];
  refused: { readonly path: string; readonly detail: string } | undefined;
  refuse: (refusal: Refusal) => void;
  go: (step: Step, path: string) => void;
  done: (plan: string) => void;
}) {
  const text = words.organize.check;
  const [tried, setTried] = useState<Tried>();
  const [error, setError] = useState<unknown>();
  const failed = (problem: unknown) => {
    setTried(undefined);
    if (problem instanceof Refusal && problem.status < 500) refuse(problem);
    else setError(problem);
  };
  const tryOut = async () => {
    setError(undefined);
    try {
      // Durations begin now, in the chain's time.
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
        <p>{text.problems(number(problems.length))}</p>
        <ul>
          {problems.map(({ path, fault }) => (
            <li key={`${path} ${fault}`}>
              <Place path={path} draft={draft} go={go} /> {sayFault({ path, fault })}
            </li>
          ))}
        </ul>
      </div>
    );
  }
  if (refused) {
    return (
      <div class="notice bad" role="alert">
        <p>{text.refused}</p>
        <p>
          <Place path={refused.path} draft={draft} go={go} /> {refused.detail}
        </p>
      </div>
    );
  }
  if (error !== undefined) return <Failure error={error} again={() => void tryOut()} />;
  if (!tried) return <p role="status">{text.checking}</p>;
  return (
    <>
      <Warnings warnings={tried.warnings} draft={draft} go={go} />
      <Summary draft={draft} currency={currency} wanted={tried.wanted} known={known} />
      <Create organizer={organizer} draft={draft} tried={tried} failed={failed} done={done} />
    </>
  );
}

/** A link to the field that a problem or a warning is about. */
function Place({
  path,
  draft,
  go,
}: {
  path: string;
  draft: PlanDraft;
  go: (step: Step, path: string) => void;
}) {
  const text = words.organize;
  const step = stepOf(path);
  if (!step) return <>{path && `${path}:`}</>;
  const parts = path.split(".");
  const numbered = parts.findIndex((part) => /^[0-9]+$/.test(part));
  const asked = numbered > 0 ? text.questions.question(number(Number(parts[numbered]) + 1)) : "";
  const member = parts.findLast((part) => part in text.members || part in text.moments.each) ?? "";
  const name = text.moments.each[member]?.legend ?? text.members[member] ?? "";
  const where = [text.steps[step === "ask" ? draft.kind : step], asked, name].filter(Boolean);
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
  const text = words.organize.check;
  if (!warnings.length) return <p class="notice good">{text.quiet}</p>;
  return (
    <section class="notice warn" aria-labelledby="warnings">
      <h3 id="warnings">{text.warnings}</h3>
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
              {sayWarning(one)} {one.refused && <strong>{text.nodesRefuse}</strong>}
            </li>
          );
        })}
      </ul>
    </section>
  );
}

/** A warning in words of the page; in those of the gateway where the page has none. */
export function sayWarning({ code, numbers, sentence }: Warning): string {
  const value = (name: string) => {
    const given = numbers[name];
    return typeof given === "number" ? number(given) : typeof given === "string" ? given : "";
  };
  const share = (name: string) => {
    const [part, whole = "1"] = value(name).split("/");
    return /^[0-9]+$/.test(part!) ? percent(BigInt(part!), BigInt(whole)) : "";
  };
  return words.organize.warnings[code]?.(value, share) ?? sentence;
}

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
  const text = words.organize.check;
  const { kind, title, money, questions, minimumBallots, secret, committee } = draft;
  const nodes = known.find(({ digest }) => toHex(digest) === committee) ?? known[0];
  const { questions: asks } = words.organize;
  return (
    <>
      <h3>{text.summary}</h3>
      <Facts
        facts={[
          [
            text.what,
            kind === "poll"
              ? text.poll(title, number(questions.length))
              : text.round(title, amount(BigInt(money["budget"]!.trim()), currency)),
          ],
          ...(kind === "round" ? [[text.propose, sayElectorate(draft.members)] as const] : []),
          [
            text.vote,
            sayElectorate(kind === "poll" || draft.separate ? draft.voters : draft.members),
          ],
          ...(kind === "poll"
            ? questions.map((one, place) => {
                return [asks.question(number(place + 1)), sayQuestion(one)] as const;
              })
            : [
                [words.organize.money.ballot, asks.kinds[draft.ballot.kind]] as const,
                [words.organize.money.outcome, asks.outcomes[draft.outcome.kind]] as const,
              ]),
          ...MOMENTS[kind].map(({ name }) => {
            const { legend, none } = words.organize.moments.each[name]!;
            const at = wanted[name];
            return [legend, typeof at === "number" ? text.time(moment(at), zone()) : none] as const;
          }),
          ...(nodes
            ? [
                [
                  text.nodes,
                  words.organize.nodes.of(
                    number(nodes.nodes.length),
                    number(nodes.threshold),
                    number(nodes.faults),
                    number(nodes.quorum),
                  ),
                ] as const,
              ]
            : []),
          [text.minimum, minimumBallots],
          [text.secrecy, secret ? text.secret : text.open],
        ]}
      />
      <p>
        <button
          type="button"
          onClick={() => {
            saveFile(`${kind}.json`, `${JSON.stringify(wanted, null, 2)}\n`);
          }}
        >
          {words.organize.file.save}
        </button>
      </p>
      <p class="hint">{words.organize.file.saveHint(kind)}</p>
    </>
  );
}

function sayElectorate({ kind, values, accounts }: ElectorateDraft): string {
  const text = words.organize.check.electorates;
  switch (kind) {
    case "list":
      return text.list(number(accounts.length), number(totalWeight(accounts)));
    case "invitations":
      return text.invitations(number(accounts.length), number(totalWeight(accounts)));
    case "votes":
      return text.votes(short(values["contract"]!.trim()));
    case "members":
      return text.members(short(values["contract"]!.trim()));
  }
}

function sayQuestion(question: QuestionDraft): string {
  const text = words.organize;
  const { title, kind, outcome, options } = question;
  const names = options.map(({ name }) => name.trim()).filter(Boolean);
  return text.check.question(
    title,
    text.questions.kinds[kind] ?? kind,
    hasOptions(question) ? names.join(", ") : "",
    text.questions.outcomes[outcome.kind] ?? outcome.kind,
  );
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
  const text = words.organize.check;
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
      <h3 id="create">{text.create}</h3>
      <p>{text.final}</p>
      {tried.warnings.length > 0 && (
        <label class="choice">
          <input
            type="checkbox"
            checked={accepted}
            onChange={(event) => {
              setAccepted(event.currentTarget.checked);
            }}
          />
          <span class="named">{text.accept}</span>
        </label>
      )}
      <button
        type="button"
        class="primary"
        disabled={working || (tried.warnings.length > 0 && !accepted)}
        onClick={() => void create()}
      >
        {working ? text.creating : text.button(words.organize.subject.kinds[draft.kind][0])}
      </button>
    </section>
  );
}
