/** Steps of the wizard that consist only of form fields: subject, money, times, nodes. */

import { useContext } from "preact/hooks";

import type { Committee } from "../../client/organizing.ts";
import {
  type Asked,
  MOMENTS,
  MONEY,
  type PlanDraft,
  ROUND_BALLOTS,
  ROUND_OUTCOMES,
  timesOf,
  UNITS_S,
  type When,
} from "../../client/plan_draft.ts";
import { localTime } from "../../client/durations.ts";
import { momentsOf } from "../../client/plan_specification.ts";
import { moment, short, zone, messageIfAny } from "../../messages/index.ts";
import { t } from "../../messages/organizer.ts";
import { mayShuffle } from "../../protocol/shuffle/groups.ts";
import { toHex } from "../../protocol/encoding.ts";
import type { UnixSeconds } from "../../protocol/units.ts";
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
  return (
    <>
      <TextField
        path="title"
        label={t("organize.subject.title")}
        hint={t("organize.subject.titleHint")}
        value={draft.title}
        change={(title) => {
          change({ title });
        }}
        more={{ maxLength: 150 }}
      />
      <LinesField
        path="text"
        label={t("organize.subject.text")}
        hint={t("organize.subject.textHint")}
        value={draft.text}
        change={(written) => {
          change({ text: written });
        }}
      />
      <KindField
        path="kind"
        legend={t("organize.subject.kind")}
        kinds={(["poll", "round"] as const).map((kind) => [
          kind,
          t(`organize.subject.kinds.${kind}.name`),
          t(`organize.subject.kinds.${kind}.hint`),
        ])}
        value={draft.kind}
        change={(kind) => {
          change({ kind: kind as PlanDraft["kind"] });
        }}
      />
    </>
  );
}

/** Step of a round: its money, how members vote, and how winners are determined. */
export function MoneyStep({ draft, change }: StepProps) {
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
      <p>{t("organize.money.lead")}</p>
      {fields(MONEY.filter(({ name }) => name === "token"))}
      {!settled && <Asking token={token} />}
      {currency?.symbol && (
        <p class="notice" role="status">
          {t("organize.money.counted", { symbol: currency.symbol })}
        </p>
      )}
      {fields(MONEY.filter(({ name }) => name !== "token"))}
      <ChoiceFields
        path="ballot"
        label={t("organize.money.ballot")}
        names="kinds"
        kinds={ROUND_BALLOTS}
        choice={draft.ballot}
        change={(ballot) => {
          change({ ballot });
        }}
      />
      <ChoiceFields
        path="outcome"
        label={t("organize.money.outcome")}
        names="outcomes"
        kinds={ROUND_OUTCOMES}
        choice={draft.outcome}
        change={(outcome) => {
          change({ outcome });
        }}
      />
    </>
  );
}

export function MomentsStep({ draft, change, now }: StepProps & { readonly now: UnixSeconds }) {
  const found = momentsOf(draft, now);
  return (
    <>
      <p>{t("times.zone", { zone: zone() })}</p>
      <p class="hint">{t("organize.moments.fixed")}</p>
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
  is: UnixSeconds | undefined;
  now: UnixSeconds;
  change: (when: When) => void;
}) {
  const described = useDescribed(path);
  const modes = [
    ...(optional
      ? ([["none", messageIfAny(`organize.moments.each.${path}.none`) ?? ""]] as const)
      : []),
    ["after", messageIfAny(`organize.moments.each.${path}.after`) ?? ""],
    ["at", t("organize.moments.at")],
  ] as const;
  return (
    <fieldset>
      <legend>{messageIfAny(`organize.moments.each.${path}.legend`) ?? path}</legend>
      <SelectField
        path={`${path}.mode`}
        label={t("organize.moments.mode")}
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
            {t("organize.moments.count")}
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
            {t("organize.moments.unit")}
            <select
              value={when.unit}
              onChange={(event) => {
                change({ ...when, unit: event.currentTarget.value as When["unit"] });
              }}
            >
              {Object.keys(UNITS_S).map((unit) => (
                <option key={unit} value={unit}>
                  {t(`organize.moments.units.${unit as When["unit"]}`)}
                </option>
              ))}
            </select>
          </label>
        </div>
      )}
      {when.mode === "at" && (
        <label>
          {t("organize.moments.time", { zone: zone() })}
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
      {is !== undefined && (
        <p class="hint">{t("organize.moments.is", { time: moment(is), zone: zone() })}</p>
      )}
      <WrongWith path={path} />
    </fieldset>
  );
}

export function NodesStep({
  draft,
  change,
  committees,
}: StepProps & { readonly committees: readonly Committee[] }) {
  return (
    <>
      <p>{t("organize.nodes.lead")}</p>
      <fieldset id={idOf("committee")} tabIndex={-1}>
        <legend>{t("organize.nodes.committee")}</legend>
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
        {!committees.length && <p class="notice bad">{t("organize.nodes.none")}</p>}
      </fieldset>
      <TextField
        path="minimum_ballots"
        label={t("organize.nodes.minimum")}
        hint={t("organize.nodes.minimumHint")}
        value={draft.minimumBallots}
        change={(minimumBallots) => {
          change({ minimumBallots });
        }}
        more={{ inputMode: "numeric" }}
      />
      {draft.kind === "poll" && <CountingFields {...{ draft, change, committees }} />}
      <CheckField
        path="secret"
        label={t("organize.nodes.secret")}
        hint={t("organize.nodes.secretHint")}
        value={draft.secret}
        change={(secret) => {
          change({ secret });
        }}
      />
      <details>
        <summary>{t("organize.nodes.protocol")}</summary>
        <ValueFields
          path="times"
          members={timesOf(draft)}
          values={draft.times}
          change={(times) => {
            change({ times });
          }}
        />
      </details>
    </>
  );
}

/** Whether every ballot is opened, and from how many ballots on. */
function CountingFields({
  draft,
  change,
  committees,
}: StepProps & { readonly committees: readonly Committee[] }) {
  const shuffled = draft.counting === "shuffled";
  const able = committees.filter(({ nodes, threshold, faults }) => {
    return mayShuffle(nodes.length, threshold, faults);
  });
  const chosen = committees.find(({ digest }) => toHex(digest) === draft.committee);
  const unfit = shuffled && (chosen ? !able.includes(chosen) : !able.length);
  return (
    <>
      <KindField
        path="counting"
        legend={t("organize.nodes.counting")}
        kinds={(["summed", "shuffled"] as const).map((counting) => [
          counting,
          t(`organize.nodes.countings.${counting}.name`),
          t(`organize.nodes.countings.${counting}.hint`),
        ])}
        value={draft.counting}
        change={(counting) => {
          change({ counting: counting as PlanDraft["counting"] });
        }}
      />
      {unfit && (
        <p class="notice bad" role="status">
          {able.length ? t("organize.nodes.unfit") : t("organize.nodes.noneFit")}
        </p>
      )}
      {shuffled && (
        <TextField
          path="open_minimum"
          label={t("organize.members.open_minimum")}
          hint={t("organize.nodes.openMinimumHint")}
          value={draft.openMinimum}
          change={(openMinimum) => {
            change({ openMinimum });
          }}
          more={{ inputMode: "numeric" }}
        />
      )}
    </>
  );
}

function Nodes({ committee: { threshold, faults, quorum, nodes } }: { committee: Committee }) {
  return (
    <span class="named">
      <span>{t("organize.nodes.of", { nodes: nodes.length, threshold, faults, quorum })}</span>
      {nodes.map(({ node, address, url }) => (
        <small key={node}>
          {t("organize.nodes.node", { place: node, url, address: short(toHex(address)) })}
        </small>
      ))}
    </span>
  );
}
