// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Registry of committees and private polls
/// @notice Fixes a poll's every parameter before it opens, anchors one root over its ballots, and
/// accepts a tally exactly when it opens the anchored sum. Voters send no transaction, and no cost
/// grows with their number. Specified in docs/protocol.md, §3, §4, §11, §12.
interface IPollRegistry {
    /// @notice Parameters that a poll fixes at its creation (§4.1). Times are Unix seconds, durations
    /// seconds.
    struct PollParameters {
        bytes32 committee;
        bytes32 rule;
        bytes32 outcomeRule;
        bytes32 description;
        bytes32 censusRoot;
        uint32 voters;
        uint128 totalWeight;
        bool secret;
        uint64 opensAt;
        uint64 closesAt;
        uint32 freezeDelay;
        uint32 roundDuration;
        uint32 maxRounds;
        uint32 disputeWindow;
        uint32 tallyPeriod;
        uint32 minimumBallots;
        // 0: summed, 1: every ballot is opened without its voter's name.
        // 0: the voter makes the ballot; 0: census accounts. No other value is defined yet.
        uint8 counting;
        uint8 casting;
        uint8 identity;
        // Fewest ballots to open one by one, and seconds in which nodes shuffle; 0 in summed polls.
        uint32 openMinimum;
        uint32 shufflePeriod;
        // 0 exactly if the registry has no disputes.
        uint32 responseTime;
        uint32 maxDisputeDelay;
        // 0: no extension is fixed.
        bytes32 extension;
    }

    /// @notice Root of the Merkle sum tree over the counted ballots (§10.4).
    struct Root {
        uint32 round;
        bytes32 rootHash;
        uint256 sumX;
        uint256 sumY;
        uint32 count;
    }

    /// @notice A node's signature of a root; `node` counts from 1.
    struct Attestation {
        uint8 node;
        bytes signature;
    }

    /// @notice State of a poll by chain time (§4.5); Tallied and Void are final.
    enum Status {
        None,
        Created,
        Open,
        Closed,
        Anchored,
        Releasable,
        Tallied,
        Void
    }

    /// @notice State of an outcome that nodes attest, by chain time (§18.11). None: the poll has no
    /// tally yet, or its tally decides. Final, Vetoed and Missed are final.
    enum OutcomeState {
        None,
        Awaited,
        Objectable,
        Final,
        Vetoed,
        Missed
    }

    /// @notice All data of an outcome that nodes attest; what is not yet known is 0 or empty.
    struct OutcomeView {
        OutcomeState state;
        // From then on, nobody can attest.
        uint64 attestBy;
        uint64 attestedAt;
        // From then on, nobody can veto.
        uint64 objectionEndsAt;
        // Zero: nobody may veto.
        address vetoHolder;
        // Of the opened ballots (§19.11).
        bytes32 ballotsHash;
        // 1 or 0 for each slot.
        uint256[] awards;
    }

    /// @notice All data of a poll in the registry; times not yet known are 0.
    struct PollView {
        Status status;
        bytes32 pollContext;
        bytes32 committee;
        address creator;
        uint16 slots;
        uint256 maxSlotValue;
        uint128 totalWeight;
        uint32 voters;
        uint32 minimumBallots;
        uint64 opensAt;
        uint64 closesAt;
        uint64 freezesAt;
        uint64 anchorDeadline;
        uint64 anchoredAt;
        uint64 releasableAt;
        uint64 tallyDeadline;
        bytes32 outcomeRule;
        bytes32 pollKeys;
        // All 0 while no root is anchored.
        Root root;
        bytes32 tallyDigest;
        // Roots of earlier rounds are refused: one more than the round of the last rejected root, or
        // 0.
        uint32 rejectedRounds;
        // Time of that rejection; from then on, settling rounds are counted from it.
        uint64 rejectedAt;
        // Whether the anchored root is disputed; no tally is accepted meanwhile.
        bool contested;
    }

    /// @notice What a dispute needs of a poll.
    struct DisputeView {
        Status status;
        address disputes;
        address generatorTable;
        bytes32 pollContext;
        bytes32 committee;
        // Secrecy threshold of the committee.
        uint8 threshold;
        uint16 slots;
        uint256 maxSlotValue;
        uint32 voters;
        uint64 anchoredAt;
        uint64 releasableAt;
        Root root;
    }

    /// @notice A committee was registered; its quorum is `q`.
    event CommitteeRegistered(
        bytes32 indexed committee,
        address[] nodes,
        string[] urls,
        uint8 t,
        uint8 f,
        uint8 q
    );
    /// @notice A poll was created, with all bytes that its digests identify.
    event PollCreated(
        uint256 indexed pollId,
        address indexed creator,
        bytes32 indexed pollContext,
        PollParameters parameters,
        bytes rule,
        bytes outcomeRule,
        bytes description
    );
    /// @notice A poll was opened: ballots can be sealed to the keys with these hashes, node 1 first.
    event PollOpened(uint256 indexed pollId, bytes32[] nodeKeys, bytes[] signatures);
    /// @notice A root that a quorum of nodes signed was anchored; its dispute window starts.
    event RootAnchored(uint256 indexed pollId, Root root, Attestation[] attestations);
    /// @notice The anchored root was rejected as false; nodes settle again.
    event RootRejected(uint256 indexed pollId, uint32 round);
    /// @notice The anchored root is disputed from now on, or no longer.
    event ContestChanged(uint256 indexed pollId, bool open);
    /// @notice The dispute window of the anchored root ends later.
    event WindowExtended(uint256 indexed pollId, uint64 until);
    /// @notice The anchored root counts fewer ballots than the minimum. A poll that misses a deadline
    /// becomes void by time alone, without an event.
    event PollVoided(uint256 indexed pollId, uint32 count);
    /// @notice The tally opens the anchored sum: the votes of each slot, and the sum's blinding.
    event TallyAccepted(uint256 indexed pollId, uint256[] tally, uint256 blinding);
    /// @notice A quorum of nodes attested the outcome of opened ballots; the time to object starts.
    event OutcomeAttested(
        uint256 indexed pollId,
        bytes32 ballotsHash,
        uint256[] awards,
        Attestation[] attestations,
        uint64 objectionEndsAt
    );
    /// @notice The veto holder voided the attested outcome: the poll has none, for ever.
    event OutcomeVetoed(uint256 indexed pollId, address indexed vetoHolder);

    error PollRegistryListsDiffer(uint256 expected, uint256 actual);
    error PollRegistryInvalidUrl(uint256 node, uint256 length);
    error PollRegistryInvalidNode(address node);
    error PollRegistryCommitteeExists(bytes32 committee);
    error PollRegistryUnknownCommittee(bytes32 committee);
    error PollRegistryWrongSigner(uint256 node, address signer);
    error PollRegistryDigestDiffers(string field, bytes32 expected, bytes32 actual);
    error PollRegistryInvalidParameter(string field);
    error PollRegistryWrongStatus(uint256 pollId, Status status);
    error PollRegistryInvalidNodeKey(uint256 node);
    error PollRegistryNotDisputes(address account);
    error PollRegistryInvalidExtension(uint256 until, uint256 earliest, uint256 latest);
    error PollRegistryTooEarly(uint256 from);
    error PollRegistryRoundTooLate(uint32 round, uint32 maxRounds);
    error PollRegistryRoundRejected(uint32 round, uint32 rejectedRounds);
    error PollRegistryTooFewSignatures(uint256 signatures, uint256 quorum);
    error PollRegistrySignersNotIncreasing(uint256 node);
    error PollRegistryUnknownNode(uint256 node);
    error PollRegistryNotAPoint(uint256 x, uint256 y);
    error PollRegistryTooManyBallots(uint32 count, uint32 voters);
    error PollRegistryBlindingNotReduced(uint256 blinding);
    error PollRegistryTooManyVotes(uint256 slot, uint256 votes, uint256 maximum);
    error PollRegistryNotAnOpening(uint256 x, uint256 y);
    error PollRegistryTallyDiffers(bytes32 expected, bytes32 actual);
    error PollRegistryWrongOutcomeState(uint256 pollId, OutcomeState state);
    error PollRegistryNotVetoHolder(address account, address vetoHolder);

    /// @notice Register a committee (§3); each node has signed `Committee(committee)`, which consents
    /// to the other nodes, the bounds and all URLs.
    /// @param nodes Distinct addresses; the first is node 1.
    /// @param urls Where each node serves, 1 to 256 bytes.
    /// @param t Secrecy threshold: fewer nodes learn nothing.
    /// @param f How many nodes may fail.
    /// @return committee Digest that identifies the committee in polls.
    function registerCommittee(
        address[] calldata nodes,
        string[] calldata urls,
        uint8 t,
        uint8 f,
        bytes[] calldata signatures
    ) external returns (bytes32 committee);

    /// @notice Create a poll. Its context is final from here on.
    /// @param censusHash Hash of the census tree's top node (§6.2): with `voters` and `totalWeight`
    /// it gives `parameters.censusRoot`.
    /// @param rule Ballot rule (§5.2), of digest `parameters.rule`.
    /// @param outcomeRule Outcome rule (§14), of digest `parameters.outcomeRule`.
    /// @param description JSON (§4.4), 1 to 65536 bytes, of hash `parameters.description`.
    /// @return pollId 1, 2, … in order of creation.
    function createPoll(
        PollParameters calldata parameters,
        bytes32 censusHash,
        bytes calldata rule,
        bytes calldata outcomeRule,
        bytes calldata description
    ) external returns (uint256 pollId);

    /// @notice Open a poll with the poll key of every node, node 1 first. Anybody may call this,
    /// since all nodes have signed.
    /// @param nodeKeys Hash of each node's public key (§4.3), distinct and not zero.
    /// @param signatures Every node's signature of `PollKeys` over all of them.
    function openPoll(
        uint256 pollId,
        bytes32[] calldata nodeKeys,
        bytes[] calldata signatures
    ) external;

    /// @notice Anchor the root that `q` nodes signed and start the dispute window; with fewer ballots
    /// than the minimum, the poll becomes void at once.
    /// @param attestations Signatures of `Root`, nodes strictly increasing.
    function anchorRoot(
        uint256 pollId,
        Root calldata root,
        Attestation[] calldata attestations
    ) external;

    /// @notice Accept a tally that opens the anchored sum, after the dispute window (§12.4).
    /// @param tally Votes of each slot, each at most total weight times largest slot value.
    /// @param blinding Reduced modulo the group's order.
    function acceptTally(uint256 pollId, uint256[] calldata tally, uint256 blinding) external;

    /// @notice Reject the anchored root before it is final. Only `disputes` may call this. Nodes
    /// settle again in the remaining rounds, counted from now (§11.3).
    function reject(uint256 pollId) external;

    /// @notice Hold the tally back while the anchored root is disputed, or stop holding it back. Only
    /// `disputes` may call this. A root that is still disputed after `disputeWindow` and
    /// `maxDisputeDelay` makes the poll void.
    function contest(uint256 pollId, bool open) external;

    /// @notice Lengthen the dispute window of the anchored root. Only `disputes` may call this.
    /// @param until New end of the window: not earlier than now set, and at most `maxDisputeDelay`
    /// after its first end. The tally's deadline moves with it.
    function extend(uint256 pollId, uint64 until) external;

    /// @notice Store the outcome of opened ballots that `q` nodes signed (§18.11). No contract can
    /// compute it: this takes the nodes' word, within the rule's seats or budget. Anybody may bring it
    /// once the poll has its tally, and before `attestBy`. The first one is stored, and no other.
    /// @param outcomeRule The poll's outcome rule, of kind ballots (§14.10).
    /// @param ballotsHash Hash of the opened ballots (§19.11).
    /// @param given 1 or 0 for each slot.
    /// @param attestations Signatures of `Outcome` (§15), nodes strictly increasing.
    function attestOutcome(
        uint256 pollId,
        bytes calldata outcomeRule,
        bytes32 ballotsHash,
        uint256[] calldata given,
        Attestation[] calldata attestations
    ) external;

    /// @notice Void the attested outcome before `objectionEndsAt`. Only the rule's veto holder may
    /// call this.
    function vetoOutcome(uint256 pollId) external;

    /// @notice Award of each slot by the accepted tally under the poll's outcome rule (§14): 1 or 0,
    /// or an amount. Empty if the tally itself is the result. Where opened ballots decide (§14.10),
    /// these are the awards that nodes attested; reverts until nobody may veto them any more.
    /// @param tally The accepted tally.
    /// @param outcomeRule The poll's outcome rule.
    /// @param order Slots from best to worst as the outcome rule requires; empty where opened ballots
    /// decide.
    function awards(
        uint256 pollId,
        uint256[] calldata tally,
        bytes calldata outcomeRule,
        uint16[] calldata order
    ) external view returns (uint256[] memory);

    /// @notice All data of a poll; status None if it does not exist.
    function poll(uint256 pollId) external view returns (PollView memory);

    /// @notice What a dispute needs of a poll, at less cost than `poll`.
    function disputed(uint256 pollId) external view returns (DisputeView memory);

    /// @notice All data of an outcome that nodes attest.
    function outcome(uint256 pollId) external view returns (OutcomeView memory);

    /// @notice Whether the poll has a tally and will never have an outcome: nodes were to attest it,
    /// and it was vetoed or not attested in time.
    function isOutcomeLost(uint256 pollId) external view returns (bool);

    /// @notice Status by the time of the latest block.
    function status(uint256 pollId) external view returns (Status);

    /// @notice Nodes and bounds of a committee.
    function committee(
        bytes32 digest
    ) external view returns (address[] memory nodes, uint8 t, uint8 f, uint8 q);

    /// @notice Number of polls ever created.
    function pollCount() external view returns (uint256);

    /// @notice Contract whose code is the table of commitment generators.
    function generatorTable() external view returns (address);

    /// @notice The VotingKeys contract of all voters of this registry.
    function votingKeys() external view returns (address);

    /// @notice Stateless contract that checks parameters and rules, and computes awards.
    function pollRules() external view returns (address);

    /// @notice Least seconds of a dispute window, and of a tally period.
    function periodFloor() external view returns (uint32);

    /// @notice Contract that may reject roots and void polls; zero: none.
    function disputes() external view returns (address);
}
