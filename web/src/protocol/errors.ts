/**
 * The three ways in which evidence can fail, and nothing else.
 *
 * Caller mistakes throw built-in errors and stay uncaught: bugs are not verdicts.
 *
 * Source: docs/protocol.md §13.
 */

/** Evidence does not establish what was claimed for it. */
export class AuditError extends Error {}

/** Bytes that cannot be read: wrong length, non-canonical encoding, point off the curve. */
export class Malformed extends AuditError {
  override readonly name: string = "Malformed";
  /** What cannot be read, e.g. "board.rule" or "ballots[3].points[0]". */
  readonly item: string;
  /** Why, for a person. */
  readonly reason: string;

  constructor(item: string, reason: string) {
    super(`${item}: ${reason}`);
    this.item = item;
    this.reason = reason;
  }
}

/** Evidence that reads well and fails a numbered check. */
export class Rejected extends AuditError {
  override readonly name: string = "Rejected";
  /** Number of the check in docs/protocol.md, e.g. "B6". */
  readonly check: string;
  /** What failed it, e.g. "ballot 0x12…". */
  readonly item: string;
  /** One sentence for a person. */
  readonly reason: string;

  constructor(check: string, item: string, reason: string) {
    super(`${check}: ${item}: ${reason}`);
    this.check = check;
    this.item = item;
    this.reason = reason;
  }
}

/** Evidence that cannot be had, so that neither verdict can be given. */
export class Undecided extends AuditError {
  override readonly name: string = "Undecided";
}

/** An RPC endpoint cannot be reached, refuses, or answers what no chain would. */
export class Unanswered extends Undecided {
  override readonly name: string = "Unanswered";
}
