/**
 * Titles and names: allowed characters, and when two look alike.
 *
 * Source: backend/ostraka/wire/titles.py, which decides where browsers fold case differently.
 */

const DIRECTION = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;
const INVISIBLE =
  /\u034f|\u17b4|\u17b5|[\u115f\u1160\u2800\u3164\uffa0\p{Cc}\p{Cs}\p{Zl}\p{Zp}]|(?!\u200c|\u200d)\p{Cf}|\u2065|[\ufff0-\ufff8\u{e0000}-\u{e00ff}\u{e01f0}-\u{e0fff}]/u;
/** Joiners and variation selectors: some scripts need them, but they do not distinguish names. */
const IGNORED = /\u200c|\u200d|\p{Variation_Selector}/gu;

/** Why a text is not a valid title or name. */
export type TitleProblem = "missing" | "direction" | "invisible";

/** Why a text is not a valid title or name, undefined when it is. */
export function titleProblem(text: string): TitleProblem | undefined {
  if (DIRECTION.test(text)) return "direction";
  if (INVISIBLE.test(text)) return "invisible";
  return folded(text) ? undefined : "missing";
}

/**
 * The form of a text that people distinguish: without case, width, surrounding blanks or joiners.
 */
export function folded(text: string): string {
  const kept = text.replace(IGNORED, "").normalize("NFKC");
  // Upper case first: some letters have two lower-case forms.
  return kept.toUpperCase().toLowerCase().normalize("NFKC").trim().replace(/\s+/gu, " ");
}

/** Whether two of the names look alike. */
export function alike(names: readonly string[]): boolean {
  return new Set(names.map(folded)).size < names.length;
}
