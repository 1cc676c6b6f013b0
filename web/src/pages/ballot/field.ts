/** What the fields of a ballot share. */

import type { Entries } from "../../protocol/question/entries.ts";

/** What is known of an option beside its name: of a round, its proposal. */
export interface Detail {
  readonly text: string;
  readonly cost: bigint | undefined;
  readonly category: number;
}

/** What every field is given. */
export interface FieldProps<Q> {
  readonly question: Q;
  readonly answer: Entries;
  readonly change: (answer: Entries) => void;
  readonly details: readonly Detail[];
  /** Distinguishes the fields of one page. */
  readonly name: string;
}
