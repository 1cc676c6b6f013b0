/**
 * Checks D1 to D4: the round of a treasury whose money the poll decides about.
 *
 * Source: docs/protocol.md §13.
 */

import { keccak256, sameBytes, toHex, word } from "../encoding.ts";
import { AuditError, Rejected, Undecided } from "../errors.ts";
import {
  type CoinReceipt,
  OUTCOME_LOST,
  type Payout,
  type ProposalEvidence,
  ROUND_DECIDED,
  ROUND_VETOED,
  ROUND_VOID,
  type RoundEvidence,
  type Transfer,
} from "../evidence.ts";
import { EqualShares, Phragmen } from "../outcome/ballots.ts";
import { GreedyByCategory } from "../outcome/categories.ts";
import { Greedy } from "../outcome/greedy.ts";
import { Proportional } from "../outcome/proportional.ts";
import type { OutcomeRule } from "../outcome/rule.ts";
import { createdAddress, domainImmutables } from "../releases.ts";
import { counted } from "../wording.ts";
import { type Audit, type Held, readable } from "./audit.ts";
import { releaseOf, requireImmutables, requireSameRelease } from "./generators.ts";
import { recomputed } from "./outcome.ts";

const PLAIN_POLL = "this poll is not part of a budget round";

/** D1: the round that the description names decides on these options through this poll. */
export function checkD1(audit: Audit): Held {
  const { chain, claimed } = audit;
  const { options, round: reference } = audit.description;
  const fails = (item: string, reason: string) => new Rejected("D1", item, reason);
  if (!reference) {
    if (chain.creatorIsTreasury) {
      throw fails("description", "it names no round, but a treasury created the poll");
    }
    // A wallet, or a treasury that does not identify itself as one.
    const assumes = { code: "maker", values: { contract: toHex(chain.creator) } } as const;
    return { detail: PLAIN_POLL, assumes: chain.creatorIsContract ? assumes : undefined };
  }
  if (!sameBytes(reference.treasury, chain.creator)) {
    throw fails("round", `the poll was created by ${toHex(chain.creator)}`);
  }
  const { round, outcomeRule } = audit;
  if (!sameBytes(round.registry, claimed.registry) || round.pollId !== claimed.pollId) {
    throw fails("round", `it decides by a different poll, ${round.pollId}`);
  }
  if (!fundsOrDivides(outcomeRule))
    throw fails("outcome", "the rule of a round's poll must fund or divide");
  // Proposals of a proportional round have no amounts before the decision, and awards after it.
  const divides = outcomeRule instanceof Proportional;
  const costs = divides ? undefined : outcomeRule.costs;
  const budget = divides ? outcomeRule.amount : outcomeRule.budget;
  const slots = divides ? outcomeRule.contenders : outcomeRule.costs.length;
  if (budget !== round.budget) {
    throw fails("budget", `${budget} in the poll, ${round.budget} in the round`);
  }
  const proposals = standing(round);
  if (proposals.length !== options.length || options.length !== slots) {
    const found = counted(proposals.length, "proposal", "proposals");
    throw fails("options", `${found}, ${counted(options.length, "option", "options")}`);
  }
  proposals.forEach(({ title, amount, category }, slot) => {
    if (title !== options[slot]) {
      throw fails(`options[${slot}]`, "the proposal has another title");
    }
    if (costs && amount !== costs[slot]) {
      throw fails(`costs[${slot}]`, "the proposal asks for another amount");
    }
    if (
      outcomeRule instanceof GreedyByCategory &&
      category !== outcomeRule.options[slot]?.category
    ) {
      throw fails(`categories[${slot}]`, "the proposal names another category");
    }
  });
  checkAsked(audit, round);
  const { detail, assumes } = checkElectorate(audit, round);
  const treasury = toHex(reference.treasury);
  return { detail: `round ${reference.roundId} of treasury ${treasury}; ${detail}`, assumes };
}

/** Check that the poll asks in the round's own words, and not, say, which option gets no money. */
function checkAsked({ description }: Audit, round: RoundEvidence): void {
  const { title, questions, text } = description;
  const asked = questions instanceof AuditError ? [] : (questions ?? []);
  if ([title, ...asked.map((one) => one.title)].some((one) => one !== round.title)) {
    throw new Rejected(
      "D1",
      "title",
      "the title of the poll or of a question differs from the round's",
    );
  }
  if (text !== "" && text !== round.text) {
    throw new Rejected("D1", "text", "the poll's text differs from the round's");
  }
}

/** Kinds of a round's electorate (§17.4). */
const MEMBERS_ELECTORATE = 0;

const FIXED_ELECTORATE = 1;

export const SOURCE_ELECTORATE = 2;

const INVITED_ELECTORATE = 3;

const NOT_THE_MEMBERS = { code: "others", values: {} } as const;

/** Check that the voters are those whom the round fixed before it was funded. */
function checkElectorate(audit: Audit, round: RoundEvidence): Held {
  const { parameters } = audit;
  const { electorate: fixed, memberRoot } = round;
  const fails = (reason: string, item = "electorate") => new Rejected("D1", item, reason);
  if (parameters.secret !== round.secret) {
    const asked = round.secret ? "secret" : "not secret";
    throw fails(`the round asked for a poll that is ${asked}`, "secret");
  }
  if (fixed.kind === MEMBERS_ELECTORATE || fixed.kind === FIXED_ELECTORATE) {
    if (!sameBytes(parameters.censusRoot, fixed.root)) {
      throw fails("the poll has a different census than the round fixed");
    }
    if (sameBytes(fixed.root, memberRoot)) return { detail: "its members vote" };
    if (fixed.kind === MEMBERS_ELECTORATE) throw fails("the round has other members");
    return { detail: "voters fixed with the round", assumes: NOT_THE_MEMBERS };
  }
  const source = audit.description.census;
  if (fixed.kind === SOURCE_ELECTORATE) {
    if (!sameBytes(keccak256(fixed.source), fixed.root)) {
      throw fails("the event shows a different source than was fixed");
    }
    if (!source || source.kind === "invitations") {
      throw fails("the round fixed a source on chain");
    }
    return { detail: "voters are read on chain", assumes: NOT_THE_MEMBERS };
  }
  if (fixed.kind !== INVITED_ELECTORATE) {
    throw new Undecided(
      `the round has an electorate of kind ${fixed.kind}, unknown to this program`,
    );
  }
  if (source?.kind !== "invitations" || !sameBytes(source.root, fixed.root)) {
    throw fails("the round fixed other invitations");
  }
  if (BigInt(parameters.voters) > fixed.voters) {
    const voters = counted(parameters.voters, "voter", "voters");
    throw fails(`${voters}, ${fixed.voters} invited`);
  }
  if (parameters.totalWeight > fixed.weight) {
    throw fails(`weight ${parameters.totalWeight} of ${fixed.weight}`);
  }
  return { detail: "voters are invited", assumes: NOT_THE_MEMBERS };
}

/** D2: the treasury funds the winners recomputed from the tally, and nothing else. */
export function checkD2(audit: Audit): string {
  if (!audit.description.round) return PLAIN_POLL;
  const { round, outcomeRule } = audit;
  audit.requireTally();
  if (isVoid(audit)) {
    if (round.committed || round.proposals.some((proposal) => proposal.funded)) {
      throw new Rejected("D2", "committed", `${round.committed}, though the round is void`);
    }
    return "the round is void; nothing is funded";
  }
  if (!fundsOrDivides(outcomeRule)) throw new Undecided("needs D1");
  const awards = recomputed(audit, "D1");
  const proposals = standing(round);
  const funded = proposals.filter((proposal) => proposal.funded);
  if (
    awards.length !== proposals.length ||
    awards.some((award, slot) => award > 0n !== proposals[slot]?.funded)
  ) {
    throw new Rejected("D2", "winners", "the treasury funds other proposals");
  }
  if (outcomeRule instanceof Proportional) {
    awards.forEach((award, slot) => {
      const amount = proposals[slot]?.amount;
      if (amount !== award) {
        throw new Rejected("D2", `award[${slot}]`, `${amount}, expected ${award}`);
      }
    });
  }
  for (const proposal of round.proposals) {
    if (proposal.withdrawn && proposal.funded) {
      throw new Rejected("D2", proposalName(proposal.id), "withdrawn and funded");
    }
  }
  const cost = total(funded);
  if (round.committed !== cost || cost > round.budget) {
    throw new Rejected("D2", "committed", `${round.committed}, the winners cost ${cost}`);
  }
  return `${counted(funded.length, "proposal", "proposals")} for ${cost}`;
}

/** D3: each payout went once to the recipient of a funded proposal, in its amount. */
export function checkD3(audit: Audit): string {
  if (!audit.description.round) return PLAIN_POLL;
  const { round } = audit;
  const nothingDue = isVoid(audit);
  const proposals = new Map(round.proposals.map((one) => [proposalName(one.id), one]));
  const paid = new Set<string>();
  for (const { proposalId, recipient, amount } of round.payouts) {
    const name = proposalName(proposalId);
    const proposal = proposals.get(name);
    const fails = (reason: string) => new Rejected("D3", `payout ${toHex(proposalId)}`, reason);
    if (!proposal?.funded) throw fails("not a funded proposal");
    if (paid.has(name)) throw fails("paid twice");
    if (!sameBytes(recipient, proposal.recipient) || amount !== proposal.amount) {
      throw fails("a different recipient or amount than proposed");
    }
    paid.add(name);
  }
  for (const [name, proposal] of proposals) {
    if (proposal.paid !== paid.has(name)) {
      throw new Rejected("D3", name, "its payout is not recorded");
    }
  }
  const sum = total(round.payouts);
  if (round.paidOut !== sum || sum > round.deposited) {
    throw new Rejected("D3", "paid out", `${round.paidOut}, the payouts come to ${sum}`);
  }
  checkMoved(round);
  if (round.status === ROUND_VETOED) {
    if (paid.size) {
      throw new Rejected("D3", "paid out", `${sum}, though the payouts were vetoed`);
    }
    return "the payouts were vetoed; nothing was paid";
  }
  if (nothingDue) {
    if (paid.size) throw new Rejected("D3", "paid out", `${sum}, though the round is void`);
    return "the round is void; nothing was paid";
  }
  const unpaid = round.proposals.filter((proposal) => proposal.funded && !proposal.paid).length;
  return `${paid.size} paid, ${sum} in all; ${unpaid} not claimed`;
}

/** Check payouts in the token's events or in the recipients' balances. */
function checkMoved({ moved: found, payouts }: RoundEvidence): void {
  const moved = readable(found);
  if ("transfers" in moved) checkTransfers(moved.transfers, payouts);
  else checkCoins(moved.coins, payouts);
}

function checkTransfers(transfers: readonly Transfer[], payouts: readonly Payout[]): void {
  const rest = [...transfers];
  const take = ({ transaction, recipient }: Payout, amount: bigint | undefined): boolean => {
    const place = rest.findIndex((one) => {
      return (
        sameBytes(one.transaction, transaction) &&
        sameBytes(one.recipient, recipient) &&
        (amount === undefined || one.amount === amount)
      );
    });
    if (place >= 0) rest.splice(place, 1);
    return place >= 0;
  };
  for (const payout of payouts.filter((one) => !take(one, one.amount))) {
    const recipient = toHex(payout.recipient);
    // Some tokens keep a fee; the treasury does not know how much arrived.
    if (take(payout, undefined)) {
      throw new Undecided(`the token moved another amount to ${recipient}`);
    }
    const item = `payout of ${payout.amount} to ${recipient}`;
    throw new Rejected("D3", item, "the token moved no such amount");
  }
}

function checkCoins(coins: readonly CoinReceipt[], payouts: readonly Payout[]): void {
  const nameOf = ({ recipient, block }: Pick<Payout, "recipient" | "block">) => {
    return `${toHex(recipient)} ${block}`;
  };
  const receipts = new Map(coins.map((one) => [nameOf(one), one]));
  const due = new Map<string, bigint>();
  for (const one of payouts) due.set(nameOf(one), (due.get(nameOf(one)) ?? 0n) + one.amount);
  for (const [name, amount] of due) {
    const recipient = name.split(" ")[0]!;
    const receipt = receipts.get(name);
    if (!receipt) throw new Undecided(`balances of ${recipient} were not read`);
    const { before, after, block, spent } = receipt;
    if (after - before >= amount) continue;
    const grown = `its balance changed by ${after - before} in block ${block}`;
    if (spent) {
      // Spending within the block hides what the account received.
      const reason = `${grown}, and it may have spent there`;
      throw new Undecided(`payout to ${recipient} of ${amount}: ${reason}`);
    }
    throw new Rejected("D3", `payout to ${recipient}`, `${grown}, ${amount} were due`);
  }
}

/** D4: treasury and its rules are contracts of a known release. */
export function checkD4(audit: Audit): string | Held {
  const reference = audit.description.round;
  if (!reference) return PLAIN_POLL;
  const { treasury } = reference;
  const { round, claimed } = audit;
  const found = releaseOf(audit, "BudgetTreasury", { address: treasury, code: round.code });
  if (!sameBytes(round.registry, claimed.registry)) {
    throw new Rejected("D4", "treasury", `its registry is ${toHex(round.registry)}`);
  }
  const rules = createdAddress(treasury, 1);
  requireImmutables("BudgetTreasury", found, [
    ["registry", word(claimed.registry)],
    ["rules", word(rules)],
    ["_firstChainId", word(audit.chain.chainId)],
    ...domainImmutables(audit.chain.chainId, treasury),
  ]);
  if (!sameBytes(round.rules.address, rules)) {
    throw new Rejected("D4", "rules", "not the contract that the treasury created");
  }
  requireSameRelease("RoundRules", releaseOf(audit, "RoundRules", round.rules), found);
  const detail = `treasury ${toHex(treasury)} of release ${found.release}`;
  if (found.address && sameBytes(treasury, found.address)) {
    return `${detail}, at the address that its creation code gives`;
  }
  return {
    detail,
    // Runtime code does not show what a custom constructor wrote into storage before.
    assumes: { code: "treasury", values: { contract: toHex(treasury) } },
  };
}

/** Whether an outcome rule is one that a round can have. */
type FundingRule = Greedy | GreedyByCategory | Proportional | EqualShares | Phragmen;

function fundsOrDivides(rule: OutcomeRule): rule is FundingRule {
  const kinds = [Greedy, GreedyByCategory, Proportional, EqualShares, Phragmen];
  return kinds.some((kind) => rule instanceof kind);
}

/** Proposals that were not withdrawn. */
function standing(round: RoundEvidence): ProposalEvidence[] {
  return round.proposals.filter(({ withdrawn }) => !withdrawn);
}

/**
 * Whether the round pays nobody, because the outcome of its opened ballots was lost.
 *
 * @throws {Undecided} It is neither void for that reason nor decided.
 */
function isVoid({ round, chain: { outcome } }: Audit): boolean {
  if (ROUND_DECIDED.includes(round.status)) return false;
  if (round.status === ROUND_VOID && outcome && OUTCOME_LOST.includes(readable(outcome).state)) {
    return true;
  }
  throw new Undecided("the round is not decided yet");
}

function proposalName(id: Uint8Array): string {
  return `proposal ${toHex(id)}`;
}

function total(entries: readonly { readonly amount: bigint }[]): bigint {
  return entries.reduce((sum, { amount }) => sum + amount, 0n);
}
