/**
 * Structs and events of the contracts that clients read.
 *
 * tests/web/contract_structs.test.ts compares each with the compiled contracts.
 *
 * Source: contracts/interfaces/IPollRegistry.sol, IBudgetTreasury.sol; contracts/VotingKeys.sol,
 * MemberRegistry.sol; ERC-20; ERC-5805 (votes).
 */

import { event, listOf, struct, type Value } from "./abi_struct.ts";

const POLL_PARAMETERS = struct(
  ["committee", "bytes32"],
  ["rule", "bytes32"],
  ["outcomeRule", "bytes32"],
  ["description", "bytes32"],
  ["censusRoot", "bytes32"],
  ["voters", "uint32"],
  ["totalWeight", "uint128"],
  ["secret", "bool"],
  ["opensAt", "uint64"],
  ["closesAt", "uint64"],
  ["freezeDelay", "uint32"],
  ["roundDuration", "uint32"],
  ["maxRounds", "uint32"],
  ["disputeWindow", "uint32"],
  ["tallyPeriod", "uint32"],
  ["minimumBallots", "uint32"],
  ["counting", "uint8"],
  ["casting", "uint8"],
  ["identity", "uint8"],
  ["openMinimum", "uint32"],
  ["shufflePeriod", "uint32"],
  ["responseTime", "uint32"],
  ["maxDisputeDelay", "uint32"],
  ["extension", "bytes32"],
);

const ROOT = struct(
  ["round", "uint32"],
  ["rootHash", "bytes32"],
  ["sumX", "uint256"],
  ["sumY", "uint256"],
  ["count", "uint32"],
);

/** An anchored root, as read. */
export type Root = Value<typeof ROOT>;

const ATTESTATION = struct(["node", "uint8"], ["signature", "bytes"]);

/** What `outcome()` of the registry returns. */
export const OUTCOME_VIEW = struct(
  ["state", "uint8"],
  ["attestBy", "uint64"],
  ["attestedAt", "uint64"],
  ["objectionEndsAt", "uint64"],
  ["vetoHolder", "address"],
  ["ballotsHash", "bytes32"],
  ["awards", listOf("uint256")],
);

/** What `poll()` of the registry returns. */
export const POLL_VIEW = struct(
  ["status", "uint8"],
  ["pollContext", "bytes32"],
  ["committee", "bytes32"],
  ["creator", "address"],
  ["slots", "uint16"],
  ["maxSlotValue", "uint256"],
  ["totalWeight", "uint128"],
  ["voters", "uint32"],
  ["minimumBallots", "uint32"],
  ["opensAt", "uint64"],
  ["closesAt", "uint64"],
  ["freezesAt", "uint64"],
  ["anchorDeadline", "uint64"],
  ["anchoredAt", "uint64"],
  ["releasableAt", "uint64"],
  ["tallyDeadline", "uint64"],
  ["outcomeRule", "bytes32"],
  ["pollKeys", "bytes32"],
  ["root", ROOT],
  ["tallyDigest", "bytes32"],
  ["rejectedRounds", "uint32"],
  ["rejectedAt", "uint64"],
  ["contested", "bool"],
);

/** A poll, as read. */
export type PollView = Value<typeof POLL_VIEW>;

export const COMMITTEE_REGISTERED = event(
  "CommitteeRegistered",
  ["committee", "bytes32", "indexed"],
  ["nodes", listOf("address")],
  ["urls", listOf("string")],
  ["t", "uint8"],
  ["f", "uint8"],
  ["q", "uint8"],
);

export const POLL_CREATED = event(
  "PollCreated",
  ["pollId", "uint256", "indexed"],
  ["creator", "address", "indexed"],
  ["pollContext", "bytes32", "indexed"],
  ["parameters", POLL_PARAMETERS],
  ["rule", "bytes"],
  ["outcomeRule", "bytes"],
  ["description", "bytes"],
);

export const POLL_OPENED = event(
  "PollOpened",
  ["pollId", "uint256", "indexed"],
  ["nodeKeys", listOf("bytes32")],
  ["signatures", listOf("bytes")],
);

export const ROOT_ANCHORED = event(
  "RootAnchored",
  ["pollId", "uint256", "indexed"],
  ["root", ROOT],
  ["attestations", listOf(ATTESTATION)],
);

export const TALLY_ACCEPTED = event(
  "TallyAccepted",
  ["pollId", "uint256", "indexed"],
  ["tally", listOf("uint256")],
  ["blinding", "uint256"],
);

const ROUND_PARAMETERS = struct(
  ["token", "address"],
  ["budget", "uint128"],
  ["minimumAmount", "uint128"],
  ["maximumAmount", "uint128"],
  ["proposalsPerMember", "uint16"],
  ["maximumProposals", "uint16"],
  ["memberRoot", "bytes32"],
  ["proposalsOpenAt", "uint64"],
  ["proposalsCloseAt", "uint64"],
  ["claimPeriod", "uint32"],
  ["payoutDelay", "uint32"],
  ["vetoHolder", "address"],
  ["ballot", "bytes"],
  ["outcome", "bytes"],
  ["committee", "bytes32"],
  ["votingOpensAt", "uint64"],
  ["votingClosesAt", "uint64"],
  ["freezeDelay", "uint32"],
  ["roundDuration", "uint32"],
  ["maxRounds", "uint32"],
  ["disputeWindow", "uint32"],
  ["tallyPeriod", "uint32"],
  ["responseTime", "uint32"],
  ["maxDisputeDelay", "uint32"],
  ["minimumBallots", "uint32"],
  ["secret", "bool"],
);

const ELECTORATE = struct(
  ["kind", "uint8"],
  ["censusHash", "bytes32"],
  ["totalWeight", "uint128"],
  ["voters", "uint32"],
  ["source", "bytes"],
);

const ITEM = struct(
  ["recipient", "address"],
  ["amount", "uint128"],
  ["category", "uint16"],
  ["title", "string"],
  ["text", "string"],
  ["details", "bytes32"],
);

/** What a proposal asks for, as read. */
export type Item = Value<typeof ITEM>;

/** What `round()` of the treasury returns. */
export const ROUND_VIEW = struct(
  ["status", "uint8"],
  ["organizer", "address"],
  ["pollId", "uint256"],
  ["deposited", "uint256"],
  ["committed", "uint256"],
  ["paidOut", "uint256"],
  ["payoutsOpenAt", "uint64"],
  ["claimsEndAt", "uint64"],
  ["proposals", "uint16"],
  ["standing", "uint16"],
  ["electorateKind", "uint8"],
  ["electorateRoot", "bytes32"],
  ["electorateVoters", "uint32"],
  ["electorateWeight", "uint128"],
  ["parameters", ROUND_PARAMETERS],
);

/** What `proposals()` of the treasury lists. */
export const PROPOSAL_VIEW = struct(
  ["id", "bytes32"],
  ["proposer", "address"],
  ["recipient", "address"],
  ["amount", "uint128"],
  ["category", "uint16"],
  ["withdrawn", "bool"],
  ["funded", "bool"],
  ["paid", "bool"],
);

export const ROUND_CREATED = event(
  "RoundCreated",
  ["roundId", "uint256", "indexed"],
  ["organizer", "address", "indexed"],
  ["parameters", ROUND_PARAMETERS],
  ["electorate", ELECTORATE],
  ["title", "string"],
  ["text", "string"],
);

export const PROPOSAL_SUBMITTED = event(
  "ProposalSubmitted",
  ["roundId", "uint256", "indexed"],
  ["proposalId", "bytes32", "indexed"],
  ["proposer", "address", "indexed"],
  ["index", "uint16"],
  ["item", ITEM],
);

export const PROPOSAL_REVISED = event(
  "ProposalRevised",
  ["roundId", "uint256", "indexed"],
  ["proposalId", "bytes32", "indexed"],
  ["item", ITEM],
);

export const PAYOUT_CLAIMED = event(
  "PayoutClaimed",
  ["roundId", "uint256", "indexed"],
  ["proposalId", "bytes32", "indexed"],
  ["recipient", "address", "indexed"],
  ["amount", "uint256"],
);

export const MEMBER_SET = event(
  "MemberSet",
  ["account", "address", "indexed"],
  ["weight", "uint128"],
);

export const VOTING_KEY_REGISTERED = event(
  "VotingKeyRegistered",
  ["account", "address", "indexed"],
  ["key", "address", "indexed"],
);

/** Of a token (ERC-20). */
export const TRANSFER = event(
  "Transfer",
  ["from", "address", "indexed"],
  ["to", "address", "indexed"],
  ["value", "uint256"],
);

/** Of a token with votes (ERC-5805). */
export const DELEGATE_VOTES_CHANGED = event(
  "DelegateVotesChanged",
  ["delegate", "address", "indexed"],
  ["previousVotes", "uint256"],
  ["newVotes", "uint256"],
);
