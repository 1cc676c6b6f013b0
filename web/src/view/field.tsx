/** A labelled input with its hint and its error, which screen readers read with it. */

import type { ComponentChildren } from "preact";

/** Attributes that an input takes from its field. */
export interface FieldAttributes {
  readonly id: string;
  readonly "aria-invalid": boolean;
  readonly "aria-describedby"?: string;
}

/** Attributes of the input with an id, for fields that are not laid out by `Field`. */
export function describedBy(id: string, hint: boolean, error: boolean): FieldAttributes {
  const by = [hint && `${id}-hint`, error && `${id}-wrong`].filter(Boolean).join(" ");
  return { id, "aria-invalid": error, ...(by && { "aria-describedby": by }) };
}

/** A field; `children` draws the input with the attributes that it is given. */
export function Field({
  id,
  label,
  hint,
  error,
  children,
}: {
  id: string;
  label: ComponentChildren;
  hint?: ComponentChildren;
  /** What is wrong and how to correct it; undefined while nothing is. */
  error?: ComponentChildren;
  children: (attributes: FieldAttributes) => ComponentChildren;
}) {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {hint && (
        <p id={`${id}-hint`} class="hint">
          {hint}
        </p>
      )}
      <FieldError id={id} error={error} />
      {children(describedBy(id, !!hint, !!error))}
    </div>
  );
}

/** The error of a field, as a sign, in colour and in words; screen readers read an alert at once. */
export function FieldError({
  id,
  error,
  alert = false,
}: {
  id: string;
  error?: ComponentChildren;
  alert?: boolean;
}) {
  if (!error) return null;
  return (
    <p id={`${id}-wrong`} class="wrong" role={alert ? "alert" : undefined}>
      <span>{error}</span>
    </p>
  );
}
