/** What the sections of a page of results show. */

import type { ComponentChildren } from "preact";

import type { Poll, Results } from "../../client/views.ts";
import type { Outcome } from "./outcome.tsx";

export interface Content {
  readonly shown: Poll;
  readonly results: Results;
  readonly reload: () => void;
}

export interface SectionsContent extends Content {
  readonly outcome: Outcome;
  /** Of a poll that opens its ballots. */
  readonly ballots?: {
    /** What follows the decision. */
    readonly notices: ComponentChildren;
    /** How the outcome follows from the ballots. */
    readonly steps: ComponentChildren;
    /** Undefined as long as there are none. */
    readonly list: ComponentChildren;
  };
}
