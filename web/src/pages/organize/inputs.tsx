/** Labelled fields of the wizard, each with its problem. */

import { createContext } from "preact";
import type { ComponentChildren, InputHTMLAttributes } from "preact";
import { useContext } from "preact/hooks";

import type { Asked, Kinds, Choice, Values } from "../../client/plan_draft.ts";
import { freshChoice } from "../../client/plan_draft.ts";
import { messageIfAny } from "../../messages/index.ts";
import { t } from "../../messages/organizer.ts";
import { COMPLETIONS, UTILITIES } from "../../protocol/outcome/ballots.ts";
import { METHODS, STRENGTHS } from "../../protocol/outcome/condorcet.ts";
import { useAmountOf } from "./money.tsx";

/** Problems, by the path of the field in the specification. */
export const Wrong = createContext<ReadonlyMap<string, string>>(new Map());

/** Id of the element that shows a field, as the target of links. */
export function idOf(path: string): string {
  return `field-${path.replaceAll(".", "-")}`;
}

/** Problem of a field. */
export function WrongWith({ path }: { path: string }) {
  const problem = useContext(Wrong).get(path);
  if (problem === undefined) return null;
  return (
    <p id={`${idOf(path)}-wrong`} class="wrong">
      {problem}
    </p>
  );
}

/** Attributes that link an input to its hint and its problem. */
export function useDescribed(path: string, hint?: string) {
  const wrong = useContext(Wrong).has(path);
  const id = idOf(path);
  const by = [wrong && `${id}-wrong`, hint && `${id}-hint`].filter(Boolean).join(" ");
  return { id, "aria-invalid": wrong, ...(by && { "aria-describedby": by }) };
}

interface Field {
  readonly path: string;
  readonly label: string;
  readonly hint?: string | undefined;
}

function Labelled({
  path,
  label,
  hint,
  children,
}: Field & { readonly children: ComponentChildren }) {
  return (
    <div class="field">
      <label for={idOf(path)}>{label}</label>
      {children}
      {hint && (
        <p id={`${idOf(path)}-hint`} class="hint">
          {hint}
        </p>
      )}
      <WrongWith path={path} />
    </div>
  );
}

/** A line of text. */
export function TextField({
  value,
  change,
  more = {},
  ...field
}: Field & {
  readonly value: string;
  readonly change: (value: string) => void;
  readonly more?: InputHTMLAttributes;
}) {
  const described = useDescribed(field.path, field.hint);
  return (
    <Labelled {...field}>
      <input
        autocomplete="off"
        {...more}
        {...described}
        value={value}
        onInput={(event) => {
          change(event.currentTarget.value);
        }}
      />
    </Labelled>
  );
}

/** Several lines of text. */
export function LinesField({
  value,
  change,
  ...field
}: Field & { readonly value: string; readonly change: (value: string) => void }) {
  const described = useDescribed(field.path, field.hint);
  return (
    <Labelled {...field}>
      <textarea
        rows={4}
        {...described}
        value={value}
        onInput={(event) => {
          change(event.currentTarget.value);
        }}
      />
    </Labelled>
  );
}

/** One of several things. */
export function SelectField({
  value,
  change,
  choices,
  ...field
}: Field & {
  readonly value: string;
  readonly change: (value: string) => void;
  readonly choices: readonly (readonly [value: string, label: string])[];
}) {
  const described = useDescribed(field.path, field.hint);
  return (
    <Labelled {...field}>
      <select
        {...described}
        value={value}
        onChange={(event) => {
          change(event.currentTarget.value);
        }}
      >
        {choices.map(([one, name]) => (
          <option key={one} value={one}>
            {name}
          </option>
        ))}
      </select>
    </Labelled>
  );
}

/** A check box. */
export function CheckField({
  path,
  label,
  hint,
  value,
  change,
}: Field & { readonly value: boolean; readonly change: (value: boolean) => void }) {
  const described = useDescribed(path, hint);
  return (
    <div class="field">
      <label class="choice">
        <input
          type="checkbox"
          {...described}
          checked={value}
          onChange={(event) => {
            change(event.currentTarget.checked);
          }}
        />
        <span class="named">{label}</span>
      </label>
      {hint && (
        <p id={`${idOf(path)}-hint`} class="hint">
          {hint}
        </p>
      )}
      <WrongWith path={path} />
    </div>
  );
}

/** A choice of a few kinds, all visible. */
export function KindField({
  path,
  legend,
  kinds,
  value,
  change,
}: {
  path: string;
  legend: string;
  kinds: readonly (readonly [kind: string, label: string, hint: string])[];
  value: string;
  change: (kind: string) => void;
}) {
  return (
    <fieldset id={idOf(path)} tabIndex={-1}>
      <legend>{legend}</legend>
      <WrongWith path={path} />
      {kinds.map(([kind, label, hint]) => (
        <label class="choice" key={kind}>
          <input
            type="radio"
            name={idOf(path)}
            checked={value === kind}
            onChange={() => {
              change(kind);
            }}
          />
          <span class="named">
            <span>{label}</span>
            {hint && <small>{hint}</small>}
          </span>
        </label>
      ))}
    </fieldset>
  );
}

/** A field for each value of a specification. */
export function ValueFields({
  path,
  scope = "",
  members,
  values,
  change,
}: {
  /** Path of the object that they are members of; "" for the specification itself. */
  path: string;
  /** Kind of that object, if the names of its members depend on it. */
  scope?: string;
  members: readonly Asked[];
  values: Values;
  change: (values: Values) => void;
}) {
  return (
    <>
      {members.map((member) => (
        <ValueField
          key={member.name}
          path={path ? `${path}.${member.name}` : member.name}
          scope={scope}
          member={member}
          value={values[member.name] ?? ""}
          change={(value) => {
            change({ ...values, [member.name]: value });
          }}
        />
      ))}
    </>
  );
}

function ValueField({
  path,
  scope,
  member,
  value,
  change,
}: {
  path: string;
  scope: string;
  member: Asked;
  value: string;
  change: (value: string) => void;
}) {
  // The same member can have a different name in a different kind.
  const name =
    messageIfAny(`organize.members.${scope}.${member.name}`) ??
    messageIfAny(`organize.members.${member.name}`) ??
    member.name;
  const hint =
    messageIfAny(`organize.hints.${scope}.${member.name}`) ??
    messageIfAny(`organize.hints.${member.name}`);
  const field = {
    path,
    label: member.optional ? t("organize.optional", { label: name }) : name,
    hint,
    value,
    change,
  };
  const money = useAmountOf(path);
  if (money) {
    // Do not ask for an amount before its currency is known.
    if (!money.currency) return null;
    const { symbol, decimals } = money.currency;
    const plain = symbol === undefined && decimals === 0;
    const amounts = {
      ...field,
      hint: member.name === "budget" && !plain ? undefined : field.hint,
      value: money.typed(path, value),
      change: (typed: string) => {
        change(money.type(path, typed));
      },
    };
    return member.entry === "integers" ? (
      <LinesField {...amounts} />
    ) : (
      <TextField {...amounts} more={{ inputMode: "decimal" }} />
    );
  }
  const { entry } = member;
  switch (entry) {
    case "flag":
      return (
        <CheckField
          {...field}
          label={name}
          value={value === "yes"}
          change={(set) => {
            change(set ? "yes" : "");
          }}
        />
      );
    case "lines":
      return <LinesField {...field} />;
    case "classes": {
      const counts = CLASS_COUNTS.includes(value) ? CLASS_COUNTS : [...CLASS_COUNTS, value];
      const choices = [
        ["", t("organize.classes.none")],
        ["equal", t("organize.classes.equal")],
        ["powers_of_two", t("organize.classes.powers_of_two")],
        ...counts
          .filter((count) => /^[0-9]+$/.test(count))
          .map((count) => [count, t("organize.fewClasses", { count: BigInt(count) })] as const),
      ] as const;
      return <SelectField {...field} choices={choices} />;
    }
    case "order":
    case "misfit":
    case "method":
    case "strength":
    case "utility":
    case "completion":
    case "statistics":
      return <SelectField {...field} choices={choicesOf(entry)} />;
    case "integer":
      return <TextField {...field} more={{ inputMode: "numeric" }} />;
    default:
      return <TextField {...field} />;
  }
}

/** Numbers of weight classes that are offered; a file may contain others. */
const CLASS_COUNTS: readonly string[] = ["2", "4", "8"];

const CHOICES = {
  order: ["votes", "votes_per_cost"],
  misfit: ["skip", "stop"],
  method: METHODS,
  strength: STRENGTHS,
  utility: UTILITIES,
  completion: COMPLETIONS,
  statistics: ["mean", "mean variance", "variance"],
} as const;

function choicesOf(entry: keyof typeof CHOICES): (readonly [string, string])[] {
  return CHOICES[entry].map((name) => {
    return [name, messageIfAny(`organize.choices.${entry}.${name}`) ?? name];
  });
}

/** A choice of a kind, with the fields of that kind. */
export function ChoiceFields({
  path,
  label,
  names,
  called,
  kinds,
  choice,
  change,
}: {
  path: string;
  label: string;
  /** Prefix of the messages with the kinds' names. */
  names: "kinds" | "outcomes";
  /** Name of a kind; default: the kind itself. */
  called?: (kind: string) => string;
  kinds: Kinds;
  choice: Choice;
  change: (choice: Choice) => void;
}) {
  return (
    <>
      <SelectField
        path={`${path}.kind`}
        label={label}
        hint={messageIfAny(`organize.explained.${choice.kind}`)}
        value={choice.kind}
        choices={Object.keys(kinds).map((kind) => [
          kind,
          messageIfAny(`organize.questions.${names}.${called?.(kind) ?? kind}`) ?? kind,
        ])}
        change={(kind) => {
          change(freshChoice(kinds, kind));
        }}
      />
      <ValueFields
        path={path}
        scope={choice.kind}
        members={kinds[choice.kind]!}
        values={choice.values}
        change={(values) => {
          change({ ...choice, values });
        }}
      />
    </>
  );
}
