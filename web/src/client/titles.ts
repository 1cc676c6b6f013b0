/**
 * Titles and names that people read: which characters they may hold, and when two look alike.
 *
 * Source: backend/ostraka/wire/titles.py, whose word counts where browsers fold case otherwise.
 */

const DIRECTION = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;
const INVISIBLE =
  /\u034f|\u17b4|\u17b5|[\u115f\u1160\u2800\u3164\uffa0\p{Cc}\p{Cs}\p{Zl}\p{Zp}]|(?!\u200c|\u200d)\p{Cf}|\u2065|[\ufff0-\ufff8\u{e0000}-\u{e00ff}\u{e01f0}-\u{e0fff}]/u;
/** Joiners and variation selectors: some scripts need them, and they tell no two names apart. */
const IGNORED = /\u200c|\u200d|\p{Variation_Selector}/gu;

/** Why a text can be no title or name. */
export type TitleProblem = "missing" | "direction" | "invisible";

/** What keeps a text from being a title or name, undefined when nothing does. */
export function titleProblem(text: string): TitleProblem | undefined {
  if (DIRECTION.test(text)) return "direction";
  if (INVISIBLE.test(text)) return "invisible";
  return folded(text) ? undefined : "missing";
}

/** What of a text a person tells apart: without case, width, blanks at its ends, or joiners. */
export function folded(text: string): string {
  const kept = text.replace(IGNORED, "").normalize("NFKC");
  // Capitals first: some letters have two small forms.
  return kept.toUpperCase().toLowerCase().normalize("NFKC").trim().replace(/\s+/gu, " ");
}

/** Whether there are two names that a person cannot tell apart. */
export function alike(names: readonly string[]): boolean {
  return new Set(names.map(folded)).size < names.length;
}
