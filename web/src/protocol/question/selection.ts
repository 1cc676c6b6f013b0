/**
 * Questions answered by selecting options: single choice, approval, knapsack.
 *
 * Options may share a name: they may be proposals, and a copied title must not block a poll.
 *
 * Source: docs/protocol.md §5.5. Vectors: tests/vectors/constructors.json, questions.json.
 */

import type { BallotRule, Term } from "../rule.ts";
import { Question, requireCount } from "./asked.ts";
import {
  type Cap,
  capJson,
  capProblem,
  checkCaps,
  drawCaps,
  readCap,
  requireCaps,
  selectable,
} from "./caps.ts";
import { type Draft, drawn, invalidQuestion } from "./draft.ts";
import type { Entries, EntryProblem } from "./entries.ts";
import { type Fields, type QuestionJson, written } from "./fields.ts";
import { type ChosenBits, indices, oneHot, oneOf } from "./votes.ts";

/** A question answered by exactly one of its options, each a slot. */
export abstract class OneOption extends Question {
  readonly rule: BallotRule;
  readonly options: readonly string[];

  constructor(title: string, options: readonly string[]) {
    super(title);
    this.options = options;
    this.rule = singleChoice(options.length);
  }

  labels(): readonly string[] {
    return this.options;
  }

  problem({ chosen }: Entries): EntryProblem | undefined {
    return chosen.length === 1 ? undefined : { kind: "choose" };
  }

  override vote({ chosen }: Entries): unknown {
    return chosen[0];
  }

  protected chosenBits(vote: unknown): ChosenBits {
    return oneHot(this.options.length, oneOf(this.options, vote, "option"));
  }
}

/** One option, at least one to choose from. */
export class SingleChoice extends OneOption {
  static readonly KIND = "single_choice";
  readonly kind = SingleChoice.KIND;
  /** Whether the last one is an abstention; it does not change the rule. */
  readonly abstain: boolean;

  constructor(title: string, options: readonly string[], abstain = false) {
    super(title, options);
    this.abstain = abstain;
  }

  /** From JSON. */
  static read(title: string, fields: Fields): SingleChoice {
    return new SingleChoice(title, fields.texts("options"), fields.flag("abstain"));
  }

  toJson(): QuestionJson {
    const { kind, title, options, abstain } = this;
    return { kind, title, options, ...(abstain && { abstain }) };
  }
}

/** Between `atLeast` and `atMost` options, within caps. */
export class Approval extends Question {
  static readonly KIND = "approval";
  readonly kind = Approval.KIND;
  readonly rule: BallotRule;
  /** At least one. */
  readonly options: readonly string[];
  readonly atLeast: number;
  readonly atMost: number;
  /** Each binds. */
  readonly caps: readonly Cap[];
  /** Cost of each option, where a cap counts costs. */
  readonly costs: readonly bigint[] | undefined;

  constructor(
    title: string,
    options: readonly string[],
    atLeast: number,
    atMost: number,
    caps: readonly Cap[] = [],
    costs?: readonly bigint[],
  ) {
    const count = options.length;
    requireCount("options", options, 1);
    checkBounds(count, atLeast, atMost);
    if (costs) {
      checkCosts(costs, count);
      if (!caps.some(({ ofCosts }) => ofCosts))
        throw invalidQuestion("costs", "no cap counts them");
    }
    checkCaps(caps, count, costs);
    let most = count;
    const bound = new Set<number>();
    caps.forEach((cap, number) => {
      const alone = cap.options.length - selectable(cap, costs);
      // Reductions by disjoint caps add up; for a cap that overlaps, only its own is certain.
      if (cap.options.every((option) => !bound.has(option))) {
        most -= alone;
        for (const option of cap.options) bound.add(option);
      }
      const left = Math.min(most, count - alone);
      if (left < atLeast) {
        throw invalidQuestion(
          `caps[${number}]`,
          `${left} can be approved, at least ${atLeast} asked`,
        );
      }
    });
    super(title);
    this.options = options;
    this.atLeast = atLeast;
    this.atMost = atMost;
    this.caps = caps;
    this.costs = costs;
    this.rule = drawn((draft) => {
      drawCaps(draft, caps, drawApproval(draft, count, atLeast, atMost), costs);
    });
  }

  /** From JSON. */
  static read(title: string, fields: Fields): Approval {
    const options = fields.texts("options");
    const atLeast = Number(fields.integer("at_least"));
    const atMost = Number(fields.integer("at_most"));
    const caps = fields.objects("caps").map(readCap);
    const costs = fields.has("costs") ? fields.integers("costs") : undefined;
    return new Approval(title, options, atLeast, atMost, caps, costs);
  }

  labels(): readonly string[] {
    return this.options;
  }

  toJson(): QuestionJson {
    const { kind, title, options, atLeast, atMost, caps, costs } = this;
    const members = { kind, title, options, at_least: atLeast, at_most: atMost };
    return {
      ...members,
      ...(costs && { costs: costs.map(written) }),
      ...(caps.length && { caps: caps.map(capJson) }),
    };
  }

  problem({ chosen }: Entries): EntryProblem | undefined {
    const { options, atLeast, atMost, caps, costs } = this;
    if (chosen.length < atLeast) return { kind: "few", least: atLeast };
    if (chosen.length > atMost) return { kind: "many", most: atMost };
    return capProblem(caps, options, costs, chosen);
  }

  protected chosenBits(vote: unknown): ChosenBits {
    const { options, costs, caps, atLeast, atMost } = this;
    const chosen = indices(options, vote);
    if (chosen.length < atLeast || chosen.length > atMost) {
      const allowed = `${atLeast} to ${atMost}`;
      throw new RangeError(`options chosen: ${chosen.length}, allowed are ${allowed}`);
    }
    requireCaps(caps, options, costs, chosen);
    return selectionBits(options, chosen);
  }
}

/** Any options that together cost at most `budget`, within caps. */
export class Knapsack extends Question {
  static readonly KIND = "knapsack";
  readonly kind = Knapsack.KIND;
  readonly rule: BallotRule;
  /** At least one. */
  readonly options: readonly string[];
  /** Of each, at least 1. */
  readonly costs: readonly bigint[];
  /** At least 1. */
  readonly budget: bigint;
  /** Each binds. */
  readonly caps: readonly Cap[];

  constructor(
    title: string,
    options: readonly string[],
    costs: readonly bigint[],
    budget: bigint,
    caps: readonly Cap[] = [],
  ) {
    requireCount("options", options, 1);
    checkCosts(costs, options.length);
    checkBudget(budget);
    checkCaps(caps, options.length, costs);
    super(title);
    this.options = options;
    this.costs = costs;
    this.budget = budget;
    this.caps = caps;
    this.rule = drawn((draft) => {
      drawCaps(draft, caps, drawKnapsack(draft, costs, budget), costs);
    });
  }

  /** From JSON. */
  static read(title: string, fields: Fields): Knapsack {
    const options = fields.texts("options");
    const costs = fields.integers("costs");
    const budget = fields.integer("budget");
    return new Knapsack(title, options, costs, budget, fields.objects("caps").map(readCap));
  }

  labels(): readonly string[] {
    return this.options;
  }

  toJson(): QuestionJson {
    const { kind, title, options, costs, budget, caps } = this;
    const members = { costs: costs.map(written), budget: written(budget) };
    return { kind, title, options, ...members, ...(caps.length && { caps: caps.map(capJson) }) };
  }

  /** Total cost of the chosen options. */
  spent(chosen: readonly number[]): bigint {
    return chosen.reduce((sum, option) => sum + this.costs[option]!, 0n);
  }

  problem({ chosen }: Entries): EntryProblem | undefined {
    const over = this.spent(chosen) - this.budget;
    if (over > 0n) return { kind: "budget", amount: over };
    return capProblem(this.caps, this.options, this.costs, chosen);
  }

  protected chosenBits(vote: unknown): ChosenBits {
    const { options, costs, caps, budget } = this;
    const chosen = indices(options, vote);
    const spent = this.spent(chosen);
    if (spent > budget) {
      throw new RangeError(`the choice costs ${spent}, the budget is ${budget}`);
    }
    requireCaps(caps, options, costs, chosen);
    return selectionBits(options, chosen);
  }
}

/** Exactly one of `options`; a vote is the bit vector of the chosen option. */
export function singleChoice(options: number): BallotRule {
  if (options < 1) throw invalidQuestion("options", `${options}, at least 1`);
  return drawn((draft) => {
    drawSingleChoice(draft, options);
  });
}

/** Between `atLeast` and `atMost` of `options`. */
export function approval(options: number, atLeast: number, atMost: number): BallotRule {
  if (options < 1) throw invalidQuestion("options", `${options}, at least 1`);
  checkBounds(options, atLeast, atMost);
  return drawn((draft) => {
    drawApproval(draft, options, atLeast, atMost);
  });
}

/** Any options that together cost at most `budget`; costs and budget at least 1. */
export function knapsack(costs: readonly bigint[], budget: bigint): BallotRule {
  if (!costs.length) throw invalidQuestion("options", "0, at least 1");
  checkCosts(costs, costs.length);
  checkBudget(budget);
  return drawn((draft) => {
    drawKnapsack(draft, costs, budget);
  });
}

/** One bit and slot for each option; one row. */
export function drawSingleChoice(draft: Draft, options: number): void {
  draft.row(draft.options(options), 1n);
}

/** One bit and slot for each option, then slack; one row, none where everything is allowed. */
function drawApproval(draft: Draft, options: number, atLeast: number, atMost: number): Term[] {
  const chosen = draft.options(options);
  if (atLeast !== 0 || atMost !== options) {
    draft.row([...chosen, ...draft.span(BigInt(atMost - atLeast))], BigInt(atMost));
  }
  return chosen;
}

/** One bit and slot for each option, then slack; one row. */
function drawKnapsack(draft: Draft, costs: readonly bigint[], budget: bigint): Term[] {
  const chosen = draft.options(costs.length);
  const priced = chosen.map(({ bit }, option) => ({ bit, coefficient: costs[option]! }));
  draft.row([...priced, ...draft.span(budget)], budget);
  return chosen;
}

function selectionBits(options: readonly string[], chosen: readonly number[]): ChosenBits {
  return new Map([...options.keys()].map((option) => [option, BigInt(chosen.includes(option))]));
}

function checkBounds(options: number, atLeast: number, atMost: number): void {
  if (atMost < 1 || atMost > options) throw invalidQuestion("at_most", `${atMost} of ${options}`);
  if (atLeast < 0 || atLeast > atMost) {
    throw invalidQuestion("at_least", `${atLeast} outside 0 … ${atMost}`);
  }
}

function checkCosts(costs: readonly bigint[], options: number): void {
  if (costs.length !== options)
    throw invalidQuestion("costs", `${costs.length}, expected ${options}`);
  costs.forEach((cost, option) => {
    if (cost < 1n) throw invalidQuestion(`costs[${option}]`, `${cost}, at least 1`);
  });
}

function checkBudget(budget: bigint): void {
  if (budget < 1n) throw invalidQuestion("budget", `${budget}, at least 1`);
}
