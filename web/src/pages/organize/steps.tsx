/** Steps of the wizard that are but fields: subject, money, times, nodes. */

import { useContext } from "preact/hooks";

import type { Committee } from "../../client/organizing.ts";
import {
  type Asked,
  MOMENTS,
  MONEY,
  type PlanDraft,
  ROUND_BALLOTS,
  ROUND_OUTCOMES,
  TIMES,
  UNITS_S,
  type When,
} from "../../client/plan_draft.ts";
import { localTime, momentsOf } from "../../client/plan_specification.ts";
import { moment, number, short, words, zone } from "../../messages/index.ts";
import { toHex } from "../../protocol/encoding.ts";
import {
  CheckField,
  ChoiceFields,
  idOf,
  KindField,
  LinesField,
  SelectField,
  TextField,
  useDescribed,
  ValueFields,
  WrongWith,
} from "./inputs.tsx";
import { Asking, MoneyContext } from "./money.tsx";

interface StepProps {
  readonly draft: PlanDraft;
  readonly change: (part: Partial<PlanDraft>) => void;
}

export function SubjectStep({ draft, change }: StepProps) {
  const text = words.organize.subject;
  return (
    <>
      <TextField
        path="title"
        label={text.title}
        hint={text.titleHint}
        value={draft.title}
        change={(title) => {
          change({ title });
        }}
        more={{ maxLength: 150 }}
      />
      <LinesField
        path="text"
        label={text.text}
        hint={text.textHint}
        value={draft.text}
        change={(written) => {
          change({ text: written });
        }}
      />
      <KindField
        path="kind"
        legend={text.kind}
        kinds={(["poll", "round"] as const).map((kind) => [kind, ...text.kinds[kind]])}
        value={draft.kind}
        change={(kind) => {
          change({ kind: kind as PlanDraft["kind"] });
        }}
      />
    </>
  );
}

/** Of a round: its money, how members vote, and who is paid. */
export function MoneyStep({ draft, change }: StepProps) {
  const text = words.organize.money;
  const { currency, token, settled } = useContext(MoneyContext)!;
  const fields = (members: readonly Asked[]) => (
    <ValueFields
      path=""
      members={members}
      values={draft.money}
      change={(money) => {
        change({ money });
      }}
    />
  );
  return (
    <>
      <p>{text.lead}</p>
      {fields(MONEY.filter(({ name }) => name === "token"))}
      {!settled && <Asking token={token} />}
      {currency?.symbol && (
        <p class="notice" role="status">
          {text.counted(currency.symbol)}
        </p>
      )}
      {fields(MONEY.filter(({ name }) => name !== "token"))}
      <ChoiceFields
        path="ballot"
        label={text.ballot}
        names={words.organize.questions.kinds}
        kinds={ROUND_BALLOTS}
        choice={draft.ballot}
        change={(ballot) => {
          change({ ballot });
        }}
      />
      <ChoiceFields
        path="outcome"
        label={text.outcome}
        names={words.organize.questions.outcomes}
        kinds={ROUND_OUTCOMES}
        choice={draft.outcome}
        change={(outcome) => {
          change({ outcome });
        }}
      />
    </>
  );
}

export function MomentsStep({ draft, change, now }: StepProps & { readonly now: number }) {
  const text = words.organize.moments;
  const found = momentsOf(draft, now);
  return (
    <>
      <p>{text.lead(zone())}</p>
      <p class="hint">{text.fixed}</p>
      {MOMENTS[draft.kind].map(({ name, optional }) => (
        <Moment
          key={name}
          path={name}
          optional={optional}
          when={draft.moments[name]!}
          is={found[name]}
          now={now}
          change={(when) => {
            change({ moments: { ...draft.moments, [name]: when } });
          }}
        />
      ))}
    </>
  );
}

function Moment({
  path,
  optional,
  when,
  is,
  now,
  change,
}: {
  path: string;
  optional: boolean;
  when: When;
  is: number | undefined;
  now: number;
  change: (when: When) => void;
}) {
  const text = words.organize.moments;
  const { legend, none, after } = text.each[path]!;
  const described = useDescribed(path);
  const modes = [
    ...(optional ? ([["none", none]] as const) : []),
    ["after", after],
    ["at", text.at],
  ] as const;
  return (
    <fieldset>
      <legend>{legend}</legend>
      <SelectField
        path={`${path}.mode`}
        label={text.mode}
        value={when.mode}
        choices={modes}
        change={(mode) => {
          const start = localTime(is ?? now);
          change({ ...when, mode: mode as When["mode"], at: when.at || start });
        }}
      />
      {when.mode === "after" && (
        <div class="tools">
          <label>
            {text.count}
            <input
              class="amount"
              inputMode="numeric"
              {...described}
              value={when.count}
              onInput={(event) => {
                change({ ...when, count: event.currentTarget.value });
              }}
            />
          </label>
          <label>
            {text.unit}
            <select
              value={when.unit}
              onChange={(event) => {
                change({ ...when, unit: event.currentTarget.value as When["unit"] });
              }}
            >
              {Object.keys(UNITS_S).map((unit) => (
                <option key={unit} value={unit}>
                  {text.units[unit as When["unit"]]}
                </option>
              ))}
            </select>
          </label>
        </div>
      )}
      {when.mode === "at" && (
        <label>
          {text.time(zone())}
          <input
            type="datetime-local"
            {...described}
            value={when.at}
            onInput={(event) => {
              change({ ...when, at: event.currentTarget.value });
            }}
          />
        </label>
      )}
      {is !== undefined && <p class="hint">{text.is(moment(is), zone())}</p>}
      <WrongWith path={path} />
    </fieldset>
  );
}

export function NodesStep({
  draft,
  change,
  committees,
}: StepProps & { readonly committees: readonly Committee[] }) {
  const text = words.organize.nodes;
  return (
    <>
      <p>{text.lead}</p>
      <fieldset id={idOf("committee")} tabIndex={-1}>
        <legend>{text.committee}</legend>
        <WrongWith path="committee" />
        {committees.map((one, place) => (
          <label class="choice" key={place}>
            <input
              type="radio"
              name="committee"
              checked={draft.committee === toHex(one.digest) || (!draft.committee && !place)}
              onChange={() => {
                change({ committee: toHex(one.digest) });
              }}
            />
            <Nodes committee={one} />
          </label>
        ))}
        {!committees.length && <p class="notice bad">{text.none}</p>}
      </fieldset>
      <TextField
        path="minimum_ballots"
        label={text.minimum}
        hint={text.minimumHint}
        value={draft.minimumBallots}
        change={(minimumBallots) => {
          change({ minimumBallots });
        }}
        more={{ inputMode: "numeric" }}
      />
      <CheckField
        path="secret"
        label={text.secret}
        hint={text.secretHint}
        value={draft.secret}
        change={(secret) => {
          change({ secret });
        }}
      />
      <details>
        <summary>{text.protocol}</summary>
        <ValueFields
          path="times"
          members={TIMES}
          values={draft.times}
          change={(times) => {
            change({ times });
          }}
        />
      </details>
    </>
  );
}

function Nodes({ committee: { threshold, faults, quorum, nodes } }: { committee: Committee }) {
  const text = words.organize.nodes;
  return (
    <span class="named">
      <span>
        {text.of(number(nodes.length), number(threshold), number(faults), number(quorum))}
      </span>
      {nodes.map(({ node, address, url }) => (
        <small key={node}>{text.node(number(node), url, short(toHex(address)))}</small>
      ))}
    </span>
  );
}
