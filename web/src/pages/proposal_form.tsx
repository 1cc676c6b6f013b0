/** The form of a proposal. */

import type { ComponentChildren } from "preact";
import { useId, useRef, useState } from "preact/hooks";

import { checksummed } from "../client/address.ts";
import {
  asksAmount,
  categoriesOf,
  type Filled,
  type Item,
  itemOf,
  MAX_TEXT_BYTES,
  MAX_TITLE_BYTES,
} from "../client/proposing.ts";
import { uploaded } from "../client/details.ts";
import type { Proposal, Round } from "../client/views.ts";
import { amount, messageIfAny, readAmount, short } from "../messages/index.ts";
import { t } from "../messages/proposals.ts";
import { fromHex, toHex, utf8 } from "../protocol/encoding.ts";
import { categoryLabel } from "../view/categories.ts";
import { CheckedPicture } from "../view/picture.tsx";
import { explain } from "../view/resource.tsx";
import { gateway } from "../view/session.ts";
import "./round.css";

export function Form({
  shown,
  treasury,
  standing,
  filled,
  change,
  preview,
}: {
  shown: Round;
  treasury: Uint8Array;
  standing: Proposal | undefined;
  filled: Filled;
  change: (filled: Filled) => void;
  preview: (item: Item) => void;
}) {
  const [tried, setTried] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const found = itemOf(filled, shown, treasury, (typed) => readAmount(typed, shown));
  const problemOf = (name: keyof Filled) => {
    // An empty field is not marked as wrong before the first attempt to continue.
    if ("title" in found || (!tried && filled[name] === "")) return undefined;
    const first = found.find((one) => one.field === name);
    return first && messageIfAny(`propose.problems.${name}.${first.problem}`);
  };
  const used = (written: string, most: number) => {
    return t("propose.field.bytes", { used: utf8(written.trim()).length, most });
  };
  const categories = categoriesOf(shown);
  const recipient =
    standing && t("propose.field.recipientAgain", { address: checksummed(standing.recipient) });
  return (
    <form
      ref={form}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        setTried(true);
        if ("title" in found) preview(found);
        else form.current?.querySelector<HTMLElement>(`[name=${found[0]!.field}]`)?.focus();
      }}
    >
      <p>{t("propose.draft")}</p>
      <Field
        label={t("propose.field.title")}
        hint={used(filled.title, MAX_TITLE_BYTES)}
        problem={problemOf("title")}
      >
        {(given) => (
          <input
            {...given}
            name="title"
            autocomplete="off"
            value={filled.title}
            onInput={(event) => {
              change({ ...filled, title: event.currentTarget.value });
            }}
          />
        )}
      </Field>
      <Field
        label={t("propose.field.text")}
        hint={`${t("propose.field.textHint")} ${used(filled.text, MAX_TEXT_BYTES)}`}
        problem={problemOf("text")}
      >
        {(given) => (
          <textarea
            {...given}
            name="text"
            rows={6}
            value={filled.text}
            onInput={(event) => {
              change({ ...filled, text: event.currentTarget.value });
            }}
          />
        )}
      </Field>
      {categories > 0 && (
        <Field label={t("propose.field.category")} hint="" problem={undefined}>
          {(given) => (
            <select
              {...given}
              value={filled.category}
              onChange={(event) => {
                change({ ...filled, category: Number(event.currentTarget.value) });
              }}
            >
              {Array.from({ length: categories }, (_, category) => (
                <option key={category} value={category}>
                  {categoryLabel(category, shown.outcome.names)}
                </option>
              ))}
            </select>
          )}
        </Field>
      )}
      {asksAmount(shown) && (
        <Field
          label={t("propose.field.amount")}
          hint={`${t("propose.field.amountHint", { least: amount(shown.minimumAmount, shown), most: amount(shown.maximumAmount, shown) })} ${moneyOf(shown)}`}
          problem={problemOf("amount")}
        >
          {(given) => (
            <input
              {...given}
              name="amount"
              inputMode="decimal"
              autocomplete="off"
              value={filled.amount}
              onInput={(event) => {
                change({ ...filled, amount: event.currentTarget.value });
              }}
            />
          )}
        </Field>
      )}
      <Field
        label={t("propose.field.recipient")}
        hint={[recipient, t("propose.field.recipientHint")].filter(Boolean).join(" ")}
        problem={problemOf("recipient")}
      >
        {(given) => (
          <input
            {...given}
            name="recipient"
            autocomplete="off"
            spellcheck={false}
            value={filled.recipient}
            onInput={(event) => {
              change({ ...filled, recipient: event.currentTarget.value });
            }}
          />
        )}
      </Field>
      <Field
        label={t("propose.field.place")}
        hint={t("propose.field.placeHint")}
        problem={problemOf("place")}
      >
        {(given) => (
          <input
            {...given}
            name="place"
            autocomplete="off"
            inputMode="text"
            placeholder="52.229700, 21.012200"
            value={filled.place}
            onInput={(event) => {
              change({ ...filled, place: event.currentTarget.value });
            }}
          />
        )}
      </Field>
      {filled.place.trim() && (
        <Field label={t("propose.field.label")} hint="" problem={problemOf("label")}>
          {(given) => (
            <input
              {...given}
              name="label"
              autocomplete="off"
              value={filled.label}
              onInput={(event) => {
                change({ ...filled, label: event.currentTarget.value });
              }}
            />
          )}
        </Field>
      )}
      <PictureField filled={filled} change={change} problem={problemOf("alt")} />
      <button type="submit" class="primary">
        {t("propose.preview")}
      </button>
    </form>
  );
}

/** Upload of a picture, and what it shows. */
function PictureField({
  filled,
  change,
  problem,
}: {
  filled: Filled;
  change: (filled: Filled) => void;
  problem: string | undefined;
}) {
  const [working, setWorking] = useState(false);
  const [error, setError] = useState<unknown>();
  const send = async (file: File) => {
    setWorking(true);
    setError(undefined);
    try {
      const { sha256 } = await gateway.upload("/images", file, uploaded);
      change({ ...filled, image: toHex(sha256) });
    } catch (failure) {
      setError(failure);
    }
    setWorking(false);
  };
  const picture = filled.image && {
    sha256: fromHex(filled.image, "image"),
    alt: filled.alt.trim() || t("proposal.picture"),
  };
  return (
    <>
      <Field
        label={t("propose.field.image")}
        hint={t("propose.field.imageHint")}
        problem={error === undefined ? undefined : explain(error)}
      >
        {(given) => (
          <input
            {...given}
            type="file"
            accept="image/jpeg,image/png,image/webp"
            disabled={working}
            onChange={(event) => {
              const file = event.currentTarget.files?.[0];
              if (file) void send(file);
            }}
          />
        )}
      </Field>
      {working && <p role="status">{t("propose.field.imageSending")}</p>}
      {picture && (
        <>
          <CheckedPicture key={filled.image} picture={picture} class="thumbnail" />
          <p class="actions">
            <button
              type="button"
              onClick={() => {
                change({ ...filled, image: "", alt: "" });
              }}
            >
              {t("propose.field.imageRemove")}
            </button>
          </p>
          <Field label={t("propose.field.alt")} hint={t("propose.field.altHint")} problem={problem}>
            {(given) => (
              <input
                {...given}
                name="alt"
                autocomplete="off"
                value={filled.alt}
                onInput={(event) => {
                  change({ ...filled, alt: event.currentTarget.value });
                }}
              />
            )}
          </Field>
        </>
      )}
    </>
  );
}

/** The currency of the payment. A token is shown by its address, since it can choose any name. */
export function moneyOf({ token }: Round): string {
  return token
    ? t("propose.field.token", { address: short(toHex(token)) })
    : t("propose.field.coin");
}

/** A labelled field with its hint and its problem. */
function Field({
  label,
  hint,
  problem,
  children,
}: {
  label: string;
  hint: string;
  problem: string | undefined;
  children: (given: {
    id: string;
    "aria-describedby": string;
    "aria-invalid": boolean;
  }) => ComponentChildren;
}) {
  const id = useId();
  const given = {
    id,
    "aria-describedby": `${id}-hint ${id}-problem`,
    "aria-invalid": problem !== undefined,
  };
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children(given)}
      <p id={`${id}-hint`} class="hint">
        {hint}
      </p>
      <p id={`${id}-problem`} class="wrong" aria-live="polite">
        {problem}
      </p>
    </div>
  );
}
