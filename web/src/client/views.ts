/** Answers of a gateway, as its API describes them (/api/v1/openapi.json). */

import { problem } from "./problem.ts";
import {
  bytes,
  decimal,
  flag,
  list,
  type Of,
  optional,
  record,
  text,
  time,
  whole,
} from "./shape.ts";

/** The unit of amounts in a token or in the chain's own coin. */
export const currency = record({ symbol: optional(text), decimals: whole });

export const config = record({
  version: text,
  chainId: whole,
  registry: bytes,
  treasury: bytes,
  votingKeys: bytes,
  deploymentBlock: whole,
  account: bytes,
  rpcUrl: optional(text),
  channels: list(text),
  brand: record({
    contact: optional(text),
    imprint: optional(text),
    privacy: optional(text),
    accessibility: optional(text),
  }),
  coin: currency,
  webBundle: optional(text),
  head: record({ number: whole, timestamp: time }),
  indexedTo: whole,
});
export type Config = Of<typeof config>;

/** A text of whoever runs the gateway. */
export const statement = record({ html: text });

export const roundSummaries = list(
  record({
    round: decimal,
    title: text,
    phase: text,
    token: optional(bytes),
    budget: decimal,
    deposited: decimal,
    committed: optional(decimal),
    standing: whole,
    voters: optional(whole),
    counted: optional(whole),
    poll: optional(decimal),
    proposalsOpenAt: time,
    proposalsCloseAt: time,
    votingOpensAt: time,
    votingClosesAt: time,
  }),
);
export type RoundSummary = Of<typeof roundSummaries>[number];

export const pollSummaries = list(
  record({
    poll: decimal,
    title: optional(text),
    phase: text,
    voters: whole,
    counted: optional(whole),
    opensAt: time,
    closesAt: time,
    round: optional(record({ treasury: bytes, id: decimal })),
  }),
);
export type PollSummary = Of<typeof pollSummaries>[number];

/** Plans as invitees may see them. */
export const plans = list(
  record({
    plan: text,
    round: optional(decimal),
    poll: optional(decimal),
    censusFixed: flag,
    finished: flag,
    invitations: record({ issued: whole }),
    specification: record({ title: text, closesAt: optional(time) }),
  }),
);

/** Why a plan waits, and how many of its invitations are used. */
export const waiting = record({
  problem: optional(problem),
  invitations: record({ issued: whole, redeemed: whole }),
});

/** The electorate of a round, as the treasury fixed it at creation. */
const electorate = record({
  kind: text,
  root: bytes,
  voters: optional(whole),
  totalWeight: optional(decimal),
  source: optional(
    record({
      kind: text,
      contract: bytes,
      at: time,
      keys: optional(bytes),
      unit: optional(decimal),
    }),
  ),
});

export const round = record({
  round: decimal,
  status: text,
  title: text,
  text,
  token: optional(bytes),
  symbol: optional(text),
  decimals: whole,
  budget: decimal,
  deposited: decimal,
  minimumAmount: decimal,
  maximumAmount: decimal,
  proposalsPerMember: whole,
  maximumProposals: whole,
  outcome: record({
    kind: text,
    budgets: optional(list(decimal)),
    names: optional(list(text)),
  }),
  electorate,
  secret: flag,
  proposalsOpenAt: time,
  proposalsCloseAt: time,
  votingOpensAt: time,
  votingClosesAt: time,
  payoutDelay: whole,
  vetoHolder: optional(bytes),
  payoutsOpenAt: optional(time),
  claimsEndAt: optional(time),
  committed: decimal,
  poll: optional(decimal),
});
export type Round = Of<typeof round>;

export const proposals = list(
  record({
    proposal: bytes,
    proposer: bytes,
    slot: optional(whole),
    recipient: bytes,
    amount: decimal,
    category: whole,
    title: text,
    text,
    details: bytes,
    detailsDocument: optional(text),
    withdrawn: flag,
    funded: flag,
    paid: flag,
  }),
);
export type Proposal = Of<typeof proposals>[number];

export const poll = record({
  poll: decimal,
  pollContext: bytes,
  status: text,
  title: text,
  options: list(text),
  description: bytes,
  round: optional(record({ treasury: bytes, id: decimal })),
  secret: flag,
  voters: whole,
  totalWeight: decimal,
  counted: optional(whole),
  minimumBallots: whole,
  voidReason: optional(text),
  opensAt: time,
  closesAt: time,
  freezesAt: time,
  releasableAt: optional(time),
  parameters: bytes,
  rule: bytes,
  outcomeRule: bytes,
  committee: record({
    threshold: whole,
    faults: whole,
    quorum: whole,
    nodes: list(record({ node: whole, address: bytes, url: text })),
  }),
  pollKeys: optional(list(bytes)),
  plan: optional(text),
});
export type Poll = Of<typeof poll>;

export const progress = record({
  status: optional(text),
  voters: optional(whole),
  voted: optional(whole),
  shuffle: optional(record({ stage: text, turn: optional(whole), stepsDone: whole, steps: whole })),
  problem: optional(problem),
});
export type Counts = Of<typeof progress>;

const receipt = record({ node: whole, signature: bytes });
export const receipts = record({ receipts: list(receipt) });
export const cast = record({
  receipts: list(receipt),
  refusals: list(record({ node: whole, problem })),
});

export const results = record({
  poll: decimal,
  title: text,
  voters: whole,
  counted: whole,
  root: bytes,
  outcome: record({
    kind: text,
    costs: optional(list(decimal)),
    budget: optional(decimal),
    rankedBy: optional(text),
    misfit: optional(text),
    minimumSupport: optional(decimal),
  }),
  options: list(record({ option: text, votes: decimal, award: optional(decimal) })),
  round: optional(
    record({
      round: decimal,
      symbol: optional(text),
      decimals: whole,
      status: text,
      categories: list(text),
      decided: flag,
      payoutsOpenAt: optional(time),
      claimable: flag,
      payouts: list(
        record({
          proposal: bytes,
          title: text,
          recipient: bytes,
          amount: decimal,
          funded: flag,
          paid: flag,
        }),
      ),
    }),
  ),
});
export type Results = Of<typeof results>;

/** What the contract knows of an outcome on opened ballots. */
export const attestedOutcome = record({
  state: text,
  attestBy: optional(time),
  objectionEndsAt: optional(time),
  awards: optional(list(whole)),
});
export type AttestedOutcome = Of<typeof attestedOutcome>;

/** Ballots of a shuffled poll, without their voters; equal ones together. */
export const openedBallots = record({
  options: list(text),
  counted: whole,
  ballotsHash: bytes,
  ballots: list(record({ count: whole, slots: list(decimal) })),
});
export type OpenedBallots = Of<typeof openedBallots>;

/**
 * Membership of an account in a round: its signing key, and the proof in the census tree (§6.2).
 */
export const membership = record({
  account: bytes,
  signingKey: bytes,
  /** Key that signs instead, once an invitation was redeemed; zero after its code was replaced. */
  registeredKey: optional(bytes),
  weight: decimal,
  index: whole,
  rootHash: bytes,
  totalWeight: decimal,
  count: whole,
  siblings: list(record({ hash: bytes, sum: decimal })),
});
export type Membership = Of<typeof membership>;
export const toSign = record({ authorization: record({ nonce: decimal, deadline: time }) });

/** The electorate of invitations: of a round, or of a poll without a round. */
export const invitedElectorate = record({
  chainId: whole,
  contract: bytes,
  round: optional(decimal),
  nonce: optional(bytes),
  root: bytes,
});
export type InvitedElectorate = Of<typeof invitedElectorate>;

/** Where an invitation may be redeemed. */
export const invitedTo = record({
  plan: text,
  title: text,
  weight: decimal,
  electorate: invitedElectorate,
  signingKey: optional(bytes),
  /** Address of the code that replaced the invitation's own. */
  code: optional(bytes),
  open: flag,
});
export type Invited = Of<typeof invitedTo>;

/** A redemption; `statement` is the gateway's signature that it bound the invitation to the key. */
export const redemption = record({
  plan: text,
  invitation: bytes,
  signingKey: bytes,
  weight: decimal,
  statement: bytes,
});

/** Census entries of an address. */
export const voterEntries = list(record({ account: bytes, signingKey: bytes, weight: decimal }));

export const sent = record({ transaction: bytes });

/** Disputes about a poll's roots (docs/protocol.md §11.3); bonds in wei. */
export const disputes = record({
  disputable: flag,
  contested: flag,
  windowEndsAt: optional(time),
  endsAtLatest: optional(time),
  bond: optional(decimal),
  challenges: list(
    record({
      challenge: bytes,
      kind: text,
      leaf: optional(whole),
      voter: optional(bytes),
      state: text,
      deadline: time,
      bond: decimal,
    }),
  ),
  rejections: list(record({ round: whole, ground: text })),
});
export type Disputes = Of<typeof disputes>;
