/** Types that all fields of a ballot share. */

import type { Entries } from "../../protocol/question/entries.ts";

/** Data of an option beside its name; in a round, of its proposal. */
export interface Detail {
  readonly text: string;
  readonly cost: bigint | undefined;
  readonly category: number;
}

/** Properties of every field. */
export interface FieldProps<Q> {
  readonly question: Q;
  readonly answer: Entries;
  readonly change: (answer: Entries) => void;
  readonly details: readonly Detail[];
  /** Whether the voter has left the question, so that what is missing counts as a mistake. */
  readonly left: boolean;
  /** Distinguishes the fields of one page. */
  readonly name: string;
}
