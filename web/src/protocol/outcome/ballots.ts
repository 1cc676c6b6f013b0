/**
 * Rules on opened ballots: their bytes. The contract cannot compute these rules.
 *
 * Nodes attest their outcomes; audits and pages recompute them (`decide.ts`).
 *
 * Source: docs/protocol.md §14.10. Vectors: tests/vectors/ballot_outcomes.json.
 */

import { ADDRESS_BYTES, concat, type Reader, unsigned } from "../encoding.ts";
import { Malformed } from "../errors.ts";
import { AMOUNT_BYTES, invalidOutcome, type OutcomeRule, readFlag, requireRange } from "./rule.ts";

const KIND = 8;

/** What happens before an attested outcome is final. */
export interface Objection {
  /** Seconds from the attested outcome on, at least 1. */
  readonly timeS: number;
  /** 20 bytes, the account that may void the outcome meanwhile; zeros for nobody. */
  readonly vetoHolder: Uint8Array;
}

/** A rule that needs the ballots themselves; its awards are 0 or 1. */
export abstract class BallotOutcome implements OutcomeRule {
  static readonly KIND = KIND;
  readonly objection: Objection;

  /** @throws Rejected: the objection time is out of range (check P2). */
  constructor(objection: Objection) {
    requireRange("objection_time", objection.timeS, 1, 32);
    if (objection.vetoHolder.length !== ADDRESS_BYTES) throw new RangeError("vetoHolder: 20 bytes");
    this.objection = objection;
  }

  /** Second byte of the encoding. */
  abstract readonly method: number;
  /** Number of options, each with one slot. */
  abstract readonly slots: number;
  /** The bytes after those that all rules on ballots have. */
  protected abstract parameters(): readonly Uint8Array[];

  encode(): Uint8Array {
    const { timeS, vetoHolder } = this.objection;
    const head = [Uint8Array.of(KIND, this.method), unsigned(timeS, 4), vetoHolder];
    return concat([...head, ...this.parameters()]);
  }

  checkSlots(slots: number): void {
    if (this.slots !== slots) throw invalidOutcome("options", `${this.slots}, expected ${slots}`);
  }

  /** Empty: the contract ranks nothing. */
  order(): number[] {
    return [];
  }

  /** @throws TypeError: a tally does not determine the outcome. */
  awards(): never {
    throw new TypeError("a rule on ballots needs the ballots");
  }
}

/**
 * Check that a poll opens its ballots if its outcome rule needs them.
 *
 * @throws Rejected: it does not (check P2).
 */
export function checkCounting(rule: OutcomeRule, shuffled: boolean): void {
  if (rule instanceof BallotOutcome && !shuffled) {
    throw invalidOutcome("kind", "a rule on ballots needs a shuffled poll, which opens them");
  }
}

/** What an option is worth to a voter who gives it points: its cost times the points, or these. */
export const UTILITIES = ["cost", "points"] as const;
/** What is done with money that supporters cannot spend. */
export const COMPLETIONS = ["none", "utilitarian", "add_one", "add_one_utilitarian"] as const;

/** Parameters of equal shares beside costs and budget. */
export interface EqualSharesManner {
  readonly utility: (typeof UTILITIES)[number];
  readonly completion: (typeof COMPLETIONS)[number];
  /** By what add-one raises each share, in the smallest unit; 0 without add-one. */
  readonly increment: bigint;
}

/** Fund what supporters buy with equal shares of the budget. */
export class EqualShares extends BallotOutcome {
  static readonly METHOD = 0;
  readonly method = EqualShares.METHOD;
  /** Of each slot, in the smallest unit, each in [1, 2^128). */
  readonly costs: readonly bigint[];
  /** In the same unit. */
  readonly budget: bigint;
  readonly manner: EqualSharesManner;

  /** @throws Rejected: a value is out of range (check P2). */
  constructor(
    costs: readonly bigint[],
    budget: bigint,
    manner: EqualSharesManner,
    objection: Objection,
  ) {
    super(objection);
    requireCosts(costs, budget);
    requireRange("increment", manner.increment, 0, 128);
    if (manner.completion.startsWith("add_one") !== manner.increment > 0n) {
      const completion = COMPLETIONS.indexOf(manner.completion);
      throw invalidOutcome("increment", `${manner.increment} with completion ${completion}`);
    }
    this.costs = costs;
    this.budget = budget;
    this.manner = manner;
  }

  get slots(): number {
    return this.costs.length;
  }

  protected parameters(): Uint8Array[] {
    const { utility, completion, increment } = this.manner;
    return [
      Uint8Array.of(UTILITIES.indexOf(utility), COMPLETIONS.indexOf(completion)),
      unsigned(increment, AMOUNT_BYTES),
      ...written(this),
    ];
  }

  /** Read the bytes after those that all rules on ballots have. */
  static read(reader: Reader, objection: Objection): EqualShares {
    const utility = UTILITIES[readFlag(reader, "utility")]!;
    const number = reader.small(1, "completion");
    const completion = COMPLETIONS[number];
    if (!completion) throw new Malformed("outcome.completion", `unknown completion ${number}`);
    const increment = reader.unsigned(AMOUNT_BYTES, "increment");
    const { budget, costs } = readCosts(reader);
    return new EqualShares(costs, budget, { utility, completion, increment }, objection);
  }
}

/** The option with the fewest votes goes until one has more than half. */
export class InstantRunoff extends BallotOutcome {
  static readonly METHOD = 1;
  readonly method = InstantRunoff.METHOD;
  readonly slots: number;

  /** @throws Rejected: `options` is out of range (check P2). */
  constructor(options: number, objection: Objection) {
    super(objection);
    requireRange("options", options, 1, 16);
    this.slots = options;
  }

  protected parameters(): Uint8Array[] {
    return [unsigned(this.slots, 2)];
  }

  /** Read the bytes after those that all rules on ballots have. */
  static read(reader: Reader, objection: Objection): InstantRunoff {
    return new InstantRunoff(reader.small(2, "options"), objection);
  }
}

/** Several winners of rankings, by the rules of Scottish local elections. */
export class TransferableVote extends BallotOutcome {
  static readonly METHOD = 2;
  readonly method = TransferableVote.METHOD;
  readonly slots: number;
  /** Number of winners. */
  readonly seats: number;

  /** @throws Rejected: a value is out of range (check P2). */
  constructor(seats: number, options: number, objection: Objection) {
    super(objection);
    requireRange("options", options, 1, 16);
    if (seats < 1 || seats > options) {
      throw invalidOutcome("seats", `${seats} for ${options} options`);
    }
    this.seats = seats;
    this.slots = options;
  }

  protected parameters(): Uint8Array[] {
    return [unsigned(this.seats, 2), unsigned(this.slots, 2)];
  }

  /** Read the bytes after those that all rules on ballots have. */
  static read(reader: Reader, objection: Objection): TransferableVote {
    const seats = reader.small(2, "seats");
    return new TransferableVote(seats, reader.small(2, "options"), objection);
  }
}

/** Fund options by approvals, in the order in which supporters can afford them. */
export class Phragmen extends BallotOutcome {
  static readonly METHOD = 3;
  readonly method = Phragmen.METHOD;
  /** Of each slot, in the smallest unit, each in [1, 2^128). */
  readonly costs: readonly bigint[];
  /** In the same unit. */
  readonly budget: bigint;

  /** @throws Rejected: a value is out of range (check P2). */
  constructor(costs: readonly bigint[], budget: bigint, objection: Objection) {
    super(objection);
    requireCosts(costs, budget);
    this.costs = costs;
    this.budget = budget;
  }

  get slots(): number {
    return this.costs.length;
  }

  protected parameters(): Uint8Array[] {
    return written(this);
  }

  /** Read the bytes after those that all rules on ballots have. */
  static read(reader: Reader, objection: Objection): Phragmen {
    const { budget, costs } = readCosts(reader);
    return new Phragmen(costs, budget, objection);
  }
}

/** Rules by their second byte. */
const RULES = [EqualShares, InstantRunoff, TransferableVote, Phragmen];

/** Read the fields after the kind. */
export function readBallotOutcome(reader: Reader): BallotOutcome {
  const method = reader.small(1, "method");
  const rule = RULES[method];
  if (!rule) throw new Malformed("outcome.method", `unknown method ${method}`);
  const timeS = reader.small(4, "objection_time");
  return rule.read(reader, { timeS, vetoHolder: reader.take(ADDRESS_BYTES, "veto_holder") });
}

interface Priced {
  readonly costs: readonly bigint[];
  readonly budget: bigint;
}

function requireCosts(costs: readonly bigint[], budget: bigint): void {
  costs.forEach((cost, slot) => {
    requireRange(`costs[${slot}]`, cost, 1, 128);
  });
  requireRange("budget", budget, 0, 128);
}

function written({ costs, budget }: Priced): Uint8Array[] {
  const each = costs.map((cost) => unsigned(cost, AMOUNT_BYTES));
  return [unsigned(budget, AMOUNT_BYTES), unsigned(costs.length, 2), ...each];
}

function readCosts(reader: Reader): Priced {
  const budget = reader.unsigned(AMOUNT_BYTES, "budget");
  const costs = Array.from({ length: reader.small(2, "slots") }, () => {
    return reader.unsigned(AMOUNT_BYTES, "costs");
  });
  return { budget, costs };
}
