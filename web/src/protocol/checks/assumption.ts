/**
 * Assumptions: what a check that holds does not prove.
 *
 * Source: docs/protocol.md §13.
 */

/** Values of each kind of assumption; `contract` is an address in 0x-hex. */
export interface AssumptionValues {
  /** Each invitation went to a different person. */
  readonly invitations: { readonly all: number; readonly used: number };
  /** The organizer's own list of voters is correct. */
  readonly list: { readonly voters: number };
  /** The owner of a member registry listed its members correctly. */
  readonly members: { readonly contract: string };
  /** A contract of unknown code reports truthfully who may vote. */
  readonly contract: { readonly contract: string };
  /** The funders expected voters who are not the round's members. */
  readonly others: Readonly<Record<string, never>>;
  /** A contract that may reject roots rejects only false ones. */
  readonly disputes: { readonly contract: string };
  /** The contract that created the poll pays nothing according to its outcome. */
  readonly maker: { readonly contract: string };
  /** A treasury was created with empty accounts. */
  readonly treasury: { readonly contract: string };
  /** No shuffle ended in time, so that no ballot was to be opened. */
  readonly unopened: Readonly<Record<string, never>>;
}

/** An assumption: its code and the values that its text takes. */
export type Assumption = {
  readonly [C in keyof AssumptionValues]: {
    readonly code: C;
    readonly values: AssumptionValues[C];
  };
}[keyof AssumptionValues];
