"""Structs, answers and events of the contracts, as far as the verifier reads them.

Source: contracts/interfaces/IPollRegistry.sol, contracts/interfaces/IBudgetTreasury.sol,
contracts/VotingKeys.sol, contracts/MemberRegistry.sol. Test: tests/verifier/test_contracts.py holds
each declaration to the compiled contracts.
"""

from ostraka_verifier.abi import Event, ListOf, Struct

POLL_PARAMETERS = Struct(
    (
        ("committee", "bytes32"),
        ("rule", "bytes32"),
        ("outcomeRule", "bytes32"),
        ("description", "bytes32"),
        ("censusRoot", "bytes32"),
        ("voters", "uint32"),
        ("totalWeight", "uint128"),
        ("secret", "bool"),
        ("opensAt", "uint64"),
        ("closesAt", "uint64"),
        ("freezeDelay", "uint32"),
        ("roundDuration", "uint32"),
        ("maxRounds", "uint32"),
        ("disputeWindow", "uint32"),
        ("tallyPeriod", "uint32"),
        ("minimumBallots", "uint32"),
        ("counting", "uint8"),
        ("casting", "uint8"),
        ("identity", "uint8"),
        ("openMinimum", "uint32"),
        ("shufflePeriod", "uint32"),
        ("responseTime", "uint32"),
        ("maxDisputeDelay", "uint32"),
        ("extension", "bytes32"),
    )
)
ROOT = Struct(
    (
        ("round", "uint32"),
        ("rootHash", "bytes32"),
        ("sumX", "uint256"),
        ("sumY", "uint256"),
        ("count", "uint32"),
    )
)
ATTESTATION = Struct((("node", "uint8"), ("signature", "bytes")))
POLL_VIEW = Struct(
    (
        ("status", "uint8"),
        ("pollContext", "bytes32"),
        ("committee", "bytes32"),
        ("creator", "address"),
        ("slots", "uint16"),
        ("maxSlotValue", "uint256"),
        ("totalWeight", "uint128"),
        ("voters", "uint32"),
        ("minimumBallots", "uint32"),
        ("opensAt", "uint64"),
        ("closesAt", "uint64"),
        ("freezesAt", "uint64"),
        ("anchorDeadline", "uint64"),
        ("anchoredAt", "uint64"),
        ("releasableAt", "uint64"),
        ("tallyDeadline", "uint64"),
        ("outcomeRule", "bytes32"),
        ("pollKeys", "bytes32"),
        ("root", ROOT),
        ("tallyDigest", "bytes32"),
        ("rejectedRounds", "uint32"),
        ("rejectedAt", "uint64"),
        ("contested", "bool"),
    )
)
"""What `poll` of the registry answers."""
AWARDS = Struct((("awards", "uint256[]"),))
"""What `awards` of the registry answers."""

OUTCOME_VIEW = Struct(
    (
        ("state", "uint8"),
        ("attestBy", "uint64"),
        ("attestedAt", "uint64"),
        ("objectionEndsAt", "uint64"),
        ("vetoHolder", "address"),
        ("ballotsHash", "bytes32"),
        ("awards", "uint256[]"),
    )
)
OUTCOME = Struct((("seen", OUTCOME_VIEW),))
"""What `outcome` of the registry answers."""

POLL_CREATED = Event(
    "PollCreated",
    (("pollId", "uint256"), ("creator", "address"), ("pollContext", "bytes32")),
    Struct(
        (
            ("parameters", POLL_PARAMETERS),
            ("rule", "bytes"),
            ("outcomeRule", "bytes"),
            ("description", "bytes"),
        )
    ),
)
COMMITTEE_REGISTERED = Event(
    "CommitteeRegistered",
    (("committee", "bytes32"),),
    Struct(
        (
            ("nodes", "address[]"),
            ("urls", "string[]"),
            ("t", "uint8"),
            ("f", "uint8"),
            ("q", "uint8"),
        )
    ),
)
POLL_OPENED = Event(
    "PollOpened",
    (("pollId", "uint256"),),
    Struct((("nodeKeys", "bytes32[]"), ("signatures", "bytes[]"))),
)
ROOT_ANCHORED = Event(
    "RootAnchored",
    (("pollId", "uint256"),),
    Struct((("root", ROOT), ("attestations", ListOf(ATTESTATION)))),
)
TALLY_ACCEPTED = Event(
    "TallyAccepted",
    (("pollId", "uint256"),),
    Struct((("tally", "uint256[]"), ("blinding", "uint256"))),
)

ROUND_PARAMETERS = Struct(
    (
        ("token", "address"),
        ("budget", "uint128"),
        ("minimumAmount", "uint128"),
        ("maximumAmount", "uint128"),
        ("proposalsPerMember", "uint16"),
        ("maximumProposals", "uint16"),
        ("memberRoot", "bytes32"),
        ("proposalsOpenAt", "uint64"),
        ("proposalsCloseAt", "uint64"),
        ("claimPeriod", "uint32"),
        ("payoutDelay", "uint32"),
        ("vetoHolder", "address"),
        ("ballot", "bytes"),
        ("outcome", "bytes"),
        ("committee", "bytes32"),
        ("votingOpensAt", "uint64"),
        ("votingClosesAt", "uint64"),
        ("freezeDelay", "uint32"),
        ("roundDuration", "uint32"),
        ("maxRounds", "uint32"),
        ("disputeWindow", "uint32"),
        ("tallyPeriod", "uint32"),
        ("responseTime", "uint32"),
        ("maxDisputeDelay", "uint32"),
        ("minimumBallots", "uint32"),
        ("secret", "bool"),
    )
)
ELECTORATE = Struct(
    (
        ("kind", "uint8"),
        ("censusHash", "bytes32"),
        ("totalWeight", "uint128"),
        ("voters", "uint32"),
        ("source", "bytes"),
    )
)
ITEM = Struct(
    (
        ("recipient", "address"),
        ("amount", "uint128"),
        ("category", "uint16"),
        ("title", "string"),
        ("text", "string"),
        ("details", "bytes32"),
    )
)
ROUND_VIEW = Struct(
    (
        ("status", "uint8"),
        ("organizer", "address"),
        ("pollId", "uint256"),
        ("deposited", "uint256"),
        ("committed", "uint256"),
        ("paidOut", "uint256"),
        ("payoutsOpenAt", "uint64"),
        ("claimsEndAt", "uint64"),
        ("proposals", "uint16"),
        ("standing", "uint16"),
        ("electorateKind", "uint8"),
        ("electorateRoot", "bytes32"),
        ("electorateVoters", "uint32"),
        ("electorateWeight", "uint128"),
        ("parameters", ROUND_PARAMETERS),
    )
)
PROPOSAL_VIEW = Struct(
    (
        ("id", "bytes32"),
        ("proposer", "address"),
        ("recipient", "address"),
        ("amount", "uint128"),
        ("category", "uint16"),
        ("withdrawn", "bool"),
        ("funded", "bool"),
        ("paid", "bool"),
    )
)
ROUND = Struct((("view", ROUND_VIEW),))
"""What `round` of the treasury answers."""
PROPOSALS = Struct((("views", ListOf(PROPOSAL_VIEW)),))
"""What `proposals` of the treasury answers."""

ROUND_CREATED = Event(
    "RoundCreated",
    (("roundId", "uint256"), ("organizer", "address")),
    Struct(
        (
            ("parameters", ROUND_PARAMETERS),
            ("electorate", ELECTORATE),
            ("title", "string"),
            ("text", "string"),
        )
    ),
)
PROPOSAL_SUBMITTED = Event(
    "ProposalSubmitted",
    (("roundId", "uint256"), ("proposalId", "bytes32"), ("proposer", "address")),
    Struct((("index", "uint16"), ("item", ITEM))),
)
PROPOSAL_REVISED = Event(
    "ProposalRevised",
    (("roundId", "uint256"), ("proposalId", "bytes32")),
    Struct((("item", ITEM),)),
)
PAYOUT_CLAIMED = Event(
    "PayoutClaimed",
    (("roundId", "uint256"), ("proposalId", "bytes32"), ("recipient", "address")),
    Struct((("amount", "uint256"),)),
)
TRANSFER = Event(
    "Transfer",
    (("from", "address"), ("to", "address")),
    Struct((("value", "uint256"),)),
)
"""Of any ERC-20 token."""

MEMBER_SET = Event("MemberSet", (("account", "address"),), Struct((("weight", "uint128"),)))
VOTING_KEY_REGISTERED = Event(
    "VotingKeyRegistered", (("account", "address"), ("key", "address")), Struct(())
)
DELEGATE_VOTES_CHANGED = Event(
    "DelegateVotesChanged",
    (("delegate", "address"),),
    Struct((("previousVotes", "uint256"), ("newVotes", "uint256"))),
)
"""Of any ERC-20 token with votes (ERC-5805)."""
CLOCK_MODE = Struct((("mode", "string"),))
"""What `CLOCK_MODE` of such a token answers (ERC-6372)."""
PAST_VOTES = Struct((("votes", "uint256"),))
"""What `getPastVotes` of such a token answers."""
