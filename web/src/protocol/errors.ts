/**
 * The three ways in which evidence can fail.
 *
 * Mistakes of callers throw built-in errors, which nobody catches: bugs are not verdicts.
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
  /** Why, for people. */
  readonly reason: string;

  constructor(item: string, reason: string) {
    super(`${item}: ${reason}`);
    this.item = item;
    this.reason = reason;
  }
}

/** Evidence that can be read and fails a numbered check. */
export class Rejected extends AuditError {
  override readonly name: string = "Rejected";
  /** Number of the check in docs/protocol.md, e.g. "B6". */
  readonly check: string;
  /** What failed it, e.g. "ballot 0x12…". */
  readonly item: string;
  /** One sentence for people. */
  readonly reason: string;

  constructor(check: string, item: string, reason: string) {
    super(`${check}: ${item}: ${reason}`);
    this.check = check;
    this.item = item;
    this.reason = reason;
  }
}

/** Evidence that is unavailable, so that no verdict is possible. */
export class Undecided extends AuditError {
  override readonly name: string = "Undecided";
}

/** An RPC endpoint is unreachable, refuses, or gives an answer that no chain would give. */
export class Unanswered extends Undecided {
  override readonly name: string = "Unanswered";
}
