// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {ERC165} from "@openzeppelin/contracts/utils/introspection/ERC165.sol";
import {GeneratorTable} from "./GeneratorTable.sol";
import {PollRules} from "./PollRules.sol";
import {VotingKeys} from "./VotingKeys.sol";
import {IPollRegistry} from "./interfaces/IPollRegistry.sol";
import {PollOutcomes} from "./registry/PollOutcomes.sol";
import {BallotOutcome} from "./libraries/BallotOutcome.sol";
import {Bn254} from "./libraries/Bn254.sol";
import {Committee} from "./libraries/Committee.sol";
import {DisputeTimes} from "./libraries/DisputeTimes.sol";
import {Generators} from "./libraries/Generators.sol";
import {Outcome} from "./libraries/Outcome.sol";
import {OutcomeOrder} from "./libraries/OutcomeOrder.sol";
import {PollContext} from "./libraries/PollContext.sol";

/// @title PollRegistry
/// @notice No owner, no upgrade, no funds.
contract PollRegistry is PollOutcomes, EIP712, ERC165 {
    using OutcomeOrder for uint16[];

    struct CommitteeRecord {
        address[] nodes;
        uint8 t;
        uint8 f;
        uint8 q;
    }

    bytes32 private constant COMMITTEE_TYPE = keccak256("Committee(bytes32 committee)");
    bytes32 private constant POLL_KEYS_TYPE = keccak256(
        "PollKeys(bytes32 pollContext,bytes32 pollKeys)"
    );
    bytes32 private constant ROOT_TYPE = keccak256(
        "Root(bytes32 pollContext,uint32 round,bytes32 rootHash,uint256 sumX,uint256 sumY,uint32 count)"
    );

    bytes32 private constant OUTCOME_TYPE = keccak256(
        "Outcome(bytes32 pollContext,bytes32 ballotsHash,bytes32 awardsHash)"
    );

    uint256 private constant MAX_URL_BYTES = 256;
    uint256 private constant MAX_DESCRIPTION_BYTES = 65_536;

    /// @inheritdoc IPollRegistry
    address public immutable generatorTable;
    /// @inheritdoc IPollRegistry
    address public immutable votingKeys;
    /// @inheritdoc IPollRegistry
    address public immutable pollRules;
    /// @inheritdoc IPollRegistry
    uint32 public immutable periodFloor;
    /// @inheritdoc IPollRegistry
    address public immutable disputes;
    /// @inheritdoc IPollRegistry
    uint256 public pollCount;

    mapping(bytes32 digest => CommitteeRecord) private _committees;

    constructor(uint32 periodFloor_, address disputes_) EIP712("Ostraka", "2") {
        // Created here and in this order, so that nobody chooses them, and their addresses follow
        // from the registry's.
        generatorTable = address(new GeneratorTable());
        votingKeys = address(new VotingKeys());
        pollRules = address(new PollRules());
        periodFloor = periodFloor_;
        disputes = disputes_;
    }

    /// @inheritdoc IPollRegistry
    function registerCommittee(
        address[] calldata nodes,
        string[] calldata urls,
        uint8 t,
        uint8 f,
        bytes[] calldata signatures
    ) external returns (bytes32 digest) {
        if (urls.length != nodes.length) revert PollRegistryListsDiffer(nodes.length, urls.length);
        uint8 q = uint8(Committee.quorum(nodes.length, t, f));
        _requireNodes(nodes, urls);
        digest = Committee.digest(nodes, urls, t, f, q);
        if (_committees[digest].q != 0) revert PollRegistryCommitteeExists(digest);
        _committees[digest] = CommitteeRecord(nodes, t, f, q);
        bytes32 statement = keccak256(abi.encode(COMMITTEE_TYPE, digest));
        _requireSigners(statement, signatures, _committees[digest].nodes);
        emit CommitteeRegistered(digest, nodes, urls, t, f, q);
    }

    /// @inheritdoc IPollRegistry
    function createPoll(
        PollParameters calldata parameters,
        bytes32 censusHash,
        bytes calldata rule,
        bytes calldata outcomeRule,
        bytes calldata description
    ) external returns (uint256 pollId) {
        _requireCommittee(parameters.committee, parameters.counting);
        _requireDigest("description", parameters.description, keccak256(description));
        if (description.length == 0 || description.length > MAX_DESCRIPTION_BYTES)
            revert PollRegistryInvalidParameter("description");
        _checkPeriods(parameters);
        (uint16 slots, uint256 maxSlotValue) = PollRules(pollRules).check(
            parameters,
            censusHash,
            rule,
            outcomeRule
        );

        pollId = ++pollCount;
        bytes32 pollContext = PollContext.compute(
            address(this),
            pollId,
            parameters,
            slots,
            maxSlotValue
        );
        _store(_polls[pollId], parameters, pollContext, slots, maxSlotValue);
        if (Outcome.isOfBallots(outcomeRule)) {
            // Nobody can veto in no time.
            if (!BallotOutcome.leavesTime(outcomeRule, periodFloor))
                revert PollRegistryInvalidParameter("outcomeRule.objectionTime");
            _polls[pollId].byBallots = true;
        }
        emit PollCreated(
            pollId,
            msg.sender,
            pollContext,
            parameters,
            rule,
            outcomeRule,
            description
        );
    }

    /// @inheritdoc IPollRegistry
    function openPoll(
        uint256 pollId,
        bytes32[] calldata nodeKeys,
        bytes[] calldata signatures
    ) external {
        PollRecord storage record = _inStatus(pollId, Status.Created);
        address[] storage nodes = _committees[record.committee].nodes;
        uint256 n = nodes.length;
        if (nodeKeys.length != n) revert PollRegistryListsDiffer(n, nodeKeys.length);
        for (uint256 i = 0; i < n; ++i) {
            if (nodeKeys[i] == 0) revert PollRegistryInvalidNodeKey(i + 1);
            for (uint256 j = 0; j < i; ++j) {
                if (nodeKeys[j] == nodeKeys[i]) revert PollRegistryInvalidNodeKey(i + 1);
            }
        }
        bytes32 pollKeys = keccak256(abi.encodePacked("ostraka/v2/poll-keys", nodeKeys));
        bytes32 statement = keccak256(abi.encode(POLL_KEYS_TYPE, record.pollContext, pollKeys));
        _requireSigners(statement, signatures, nodes);
        record.pollKeys = pollKeys;
        emit PollOpened(pollId, nodeKeys, signatures);
    }

    /// @inheritdoc IPollRegistry
    function anchorRoot(
        uint256 pollId,
        Root calldata root,
        Attestation[] calldata attestations
    ) external {
        PollRecord storage record = _inStatus(pollId, Status.Closed);
        uint256 freezesAt = uint256(record.closesAt) + record.freezeDelay;
        if (block.timestamp < freezesAt) revert PollRegistryTooEarly(freezesAt);
        if (root.round >= record.maxRounds)
            revert PollRegistryRoundTooLate(root.round, record.maxRounds);
        if (root.round < record.rejectedRounds)
            revert PollRegistryRoundRejected(root.round, record.rejectedRounds);
        if (!Bn254.isPoint(root.sumX, root.sumY))
            revert PollRegistryNotAPoint(root.sumX, root.sumY);
        if (root.count > record.voters)
            revert PollRegistryTooManyBallots(root.count, record.voters);
        bytes32 statement = keccak256(
            abi.encode(
                ROOT_TYPE,
                record.pollContext,
                root.round,
                root.rootHash,
                root.sumX,
                root.sumY,
                root.count
            )
        );
        _requireQuorum(record, statement, attestations);

        record.round = root.round;
        record.rootHash = root.rootHash;
        record.sumX = root.sumX;
        record.sumY = root.sumY;
        record.count = root.count;
        record.anchoredAt = uint48(block.timestamp);
        emit RootAnchored(pollId, root, attestations);
        if (root.count < record.minimumBallots) {
            record.mark = Mark.Void;
            emit PollVoided(pollId, root.count);
        }
    }

    /// @inheritdoc IPollRegistry
    function reject(uint256 pollId) external {
        PollRecord storage record = _disputed(pollId);
        uint32 round = record.round;
        // Below maxRounds, as `anchor` required.
        record.rejectedRounds = round + 1;
        record.rejectedAt = uint48(block.timestamp);
        record.anchoredAt = 0;
        record.extension = 0;
        record.mark = Mark.None;
        record.round = 0;
        record.count = 0;
        record.rootHash = 0;
        record.sumX = 0;
        record.sumY = 0;
        emit RootRejected(pollId, round);
    }

    /// @inheritdoc IPollRegistry
    function contest(uint256 pollId, bool open) external {
        PollRecord storage record = _disputed(pollId);
        record.mark = open ? Mark.Contested : Mark.None;
        // The tally's deadline counts from the moment at which the root is final.
        if (!open && block.timestamp > _releasableAt(record)) _extend(record, block.timestamp);
        emit ContestChanged(pollId, open);
    }

    /// @inheritdoc IPollRegistry
    function extend(uint256 pollId, uint64 until) external {
        PollRecord storage record = _disputed(pollId);
        (uint256 least, uint256 most) = (_releasableAt(record), _disputeBound(record));
        if (until < least || until > most) revert PollRegistryInvalidExtension(until, least, most);
        _extend(record, until);
        emit WindowExtended(pollId, until);
    }

    /// @inheritdoc IPollRegistry
    function acceptTally(uint256 pollId, uint256[] calldata tally, uint256 blinding) external {
        PollRecord storage record = _inStatus(pollId, Status.Releasable);
        if (tally.length != record.slots)
            revert PollRegistryListsDiffer(record.slots, tally.length);
        if (blinding >= Bn254.R) revert PollRegistryBlindingNotReduced(blinding);
        // Far below R, so that no other vector of votes within the bound opens the same sum.
        uint256 maximum = record.maximum;
        for (uint256 slot = 0; slot < tally.length; ++slot) {
            if (tally[slot] > maximum) revert PollRegistryTooManyVotes(slot, tally[slot], maximum);
        }
        uint256[2] memory opened = Generators.commitment(generatorTable, tally, blinding);
        if (opened[0] != record.sumX || opened[1] != record.sumY)
            revert PollRegistryNotAnOpening(opened[0], opened[1]);
        record.tallyDigest = keccak256(abi.encode(tally));
        emit TallyAccepted(pollId, tally, blinding);
    }

    /// @inheritdoc IPollRegistry
    function attestOutcome(
        uint256 pollId,
        bytes calldata outcomeRule,
        bytes32 ballotsHash,
        uint256[] calldata given,
        Attestation[] calldata attestations
    ) external {
        PollRecord storage record = _inOutcomeState(pollId, OutcomeState.Awaited);
        _requireDigest("outcomeRule", record.outcomeRule, Outcome.digest(outcomeRule));
        if (given.length != record.slots)
            revert PollRegistryListsDiffer(record.slots, given.length);
        (uint32 objectionTime, address vetoHolder) = PollRules(pollRules).checkAwards(
            outcomeRule,
            given
        );
        bytes32 awardsHash = keccak256(abi.encodePacked("ostraka/v2/awards", record.slots, given));
        bytes32 statement = keccak256(
            abi.encode(OUTCOME_TYPE, record.pollContext, ballotsHash, awardsHash)
        );
        _requireQuorum(record, statement, attestations);
        uint64 objectionEndsAt = _storeOutcome(
            pollId,
            ballotsHash,
            given,
            objectionTime,
            vetoHolder
        );
        emit OutcomeAttested(pollId, ballotsHash, given, attestations, objectionEndsAt);
    }

    /// @inheritdoc IPollRegistry
    function awards(
        uint256 pollId,
        uint256[] calldata tally,
        bytes calldata outcomeRule,
        uint16[] calldata order
    ) external view returns (uint256[] memory) {
        PollRecord storage record = _inStatus(pollId, Status.Tallied);
        bytes32 tallyDigest = keccak256(abi.encode(tally));
        if (tallyDigest != record.tallyDigest)
            revert PollRegistryTallyDiffers(record.tallyDigest, tallyDigest);
        _requireDigest("outcomeRule", record.outcomeRule, Outcome.digest(outcomeRule));
        if (record.byBallots) {
            order.requireEntries(0);
            return _finalAwards(pollId, record);
        }
        return PollRules(pollRules).awards(outcomeRule, tally, order);
    }

    /// @inheritdoc IPollRegistry
    function poll(uint256 pollId) external view returns (PollView memory seen) {
        PollRecord storage record = _polls[pollId];
        if (record.slots == 0) return seen;
        seen.status = status(pollId);
        seen.pollContext = record.pollContext;
        seen.committee = record.committee;
        seen.creator = record.creator;
        seen.slots = record.slots;
        seen.maxSlotValue = uint256(record.maximum) / record.totalWeight;
        seen.totalWeight = record.totalWeight;
        seen.voters = record.voters;
        seen.minimumBallots = record.minimumBallots;
        seen.opensAt = record.opensAt;
        seen.closesAt = record.closesAt;
        seen.freezesAt = seen.closesAt + record.freezeDelay;
        seen.anchorDeadline = uint64(_anchorDeadline(record));
        if (record.anchoredAt != 0) {
            seen.anchoredAt = record.anchoredAt;
            seen.releasableAt = uint64(_releasableAt(record));
            seen.tallyDeadline = seen.releasableAt + record.tallyPeriod;
        }
        seen.outcomeRule = record.outcomeRule;
        seen.pollKeys = record.pollKeys;
        seen.root = Root(record.round, record.rootHash, record.sumX, record.sumY, record.count);
        seen.tallyDigest = record.tallyDigest;
        seen.rejectedRounds = record.rejectedRounds;
        seen.rejectedAt = record.rejectedAt;
        seen.contested = record.mark == Mark.Contested;
    }

    /// @inheritdoc IPollRegistry
    function disputed(uint256 pollId) external view returns (DisputeView memory seen) {
        PollRecord storage record = _polls[pollId];
        if (record.slots == 0) return seen;
        seen.status = status(pollId);
        seen.disputes = disputes;
        seen.generatorTable = generatorTable;
        seen.pollContext = record.pollContext;
        seen.committee = record.committee;
        seen.threshold = _committees[record.committee].t;
        seen.slots = record.slots;
        seen.maxSlotValue = uint256(record.maximum) / record.totalWeight;
        seen.voters = record.voters;
        seen.anchoredAt = record.anchoredAt;
        seen.releasableAt = uint64(_releasableAt(record));
        seen.root = Root(record.round, record.rootHash, record.sumX, record.sumY, record.count);
    }

    /// @inheritdoc IPollRegistry
    function committee(
        bytes32 digest
    ) external view returns (address[] memory nodes, uint8 t, uint8 f, uint8 q) {
        CommitteeRecord storage record = _committees[digest];
        return (record.nodes, record.t, record.f, record.q);
    }

    /// @notice As ERC-165 asks.
    function supportsInterface(bytes4 interfaceId) public view override returns (bool) {
        return
            interfaceId == type(IPollRegistry).interfaceId || super.supportsInterface(interfaceId);
    }

    /// @dev A committee that was registered, and that can shuffle if the poll opens every ballot.
    function _requireCommittee(bytes32 digest, uint8 counting) private view {
        CommitteeRecord storage record = _committees[digest];
        if (record.q == 0) revert PollRegistryUnknownCommittee(digest);
        if (counting == 1) Committee.requireShuffling(record.nodes.length, record.t, record.f);
    }

    function _requireNodes(address[] calldata nodes, string[] calldata urls) private pure {
        for (uint256 i = 0; i < nodes.length; ++i) {
            if (nodes[i] == address(0)) revert PollRegistryInvalidNode(nodes[i]);
            for (uint256 j = 0; j < i; ++j) {
                if (nodes[j] == nodes[i]) revert PollRegistryInvalidNode(nodes[i]);
            }
            uint256 length = bytes(urls[i]).length;
            if (length == 0 || length > MAX_URL_BYTES) revert PollRegistryInvalidUrl(i + 1, length);
        }
    }

    function _requireDigest(string memory field, bytes32 expected, bytes32 actual) private pure {
        if (actual != expected) revert PollRegistryDigestDiffers(field, expected, actual);
    }

    /// @dev Checks the parameters that depend on this registry; PollRules checks all others.
    function _checkPeriods(PollParameters calldata parameters) private view {
        if (parameters.disputeWindow == 0 || parameters.disputeWindow < periodFloor)
            revert PollRegistryInvalidParameter("disputeWindow");
        if (parameters.tallyPeriod == 0 || parameters.tallyPeriod < periodFloor)
            revert PollRegistryInvalidParameter("tallyPeriod");
        bool disputable = disputes != address(0);
        uint32 responseTime = parameters.responseTime;
        if (!DisputeTimes.isResponseTime(disputable, responseTime, periodFloor))
            revert PollRegistryInvalidParameter("responseTime");
        if (!DisputeTimes.isDelay(disputable, responseTime, parameters.maxDisputeDelay))
            revert PollRegistryInvalidParameter("maxDisputeDelay");
    }

    function _store(
        PollRecord storage record,
        PollParameters calldata parameters,
        bytes32 pollContext,
        uint16 slots,
        uint256 maxSlotValue
    ) private {
        record.pollContext = pollContext;
        record.committee = parameters.committee;
        record.outcomeRule = parameters.outcomeRule;
        record.creator = msg.sender;
        record.slots = slots;
        record.voters = parameters.voters;
        record.totalWeight = parameters.totalWeight;
        // Bounded by PollRules: below 2^200.
        record.maximum = uint200(parameters.totalWeight * maxSlotValue);
        record.opensAt = uint48(parameters.opensAt);
        record.closesAt = uint48(parameters.closesAt);
        record.freezeDelay = parameters.freezeDelay;
        record.roundDuration = parameters.roundDuration;
        record.maxRounds = parameters.maxRounds;
        record.disputeWindow = parameters.disputeWindow;
        record.tallyPeriod = parameters.tallyPeriod;
        record.minimumBallots = parameters.minimumBallots;
        record.maxDisputeDelay = parameters.maxDisputeDelay;
    }

    /// @dev `disputes` may change only a root that is not final yet, so that an opened result is
    /// never taken back.
    function _disputed(uint256 pollId) private view returns (PollRecord storage) {
        if (msg.sender != disputes) revert PollRegistryNotDisputes(msg.sender);
        return _inStatus(pollId, Status.Anchored);
    }

    function _requireQuorum(
        PollRecord storage record,
        bytes32 statement,
        Attestation[] calldata attestations
    ) private view {
        CommitteeRecord storage nodes = _committees[record.committee];
        if (attestations.length < nodes.q)
            revert PollRegistryTooFewSignatures(attestations.length, nodes.q);
        uint256 previous = 0;
        for (uint256 i = 0; i < attestations.length; ++i) {
            uint256 node = attestations[i].node;
            if (node <= previous) revert PollRegistrySignersNotIncreasing(node);
            if (node > nodes.nodes.length) revert PollRegistryUnknownNode(node);
            _requireSigner(statement, attestations[i].signature, nodes.nodes[node - 1], node);
            previous = node;
        }
    }

    /// @dev Requires a signature of every node, node 1 first.
    function _requireSigners(
        bytes32 statement,
        bytes[] calldata signatures,
        address[] storage nodes
    ) private view {
        uint256 n = nodes.length;
        if (signatures.length != n) revert PollRegistryListsDiffer(n, signatures.length);
        for (uint256 i = 0; i < n; ++i) _requireSigner(statement, signatures[i], nodes[i], i + 1);
    }

    function _requireSigner(
        bytes32 statement,
        bytes calldata signature,
        address expected,
        uint256 node
    ) private view {
        // OpenZeppelin refuses high s and any length but 65.
        address signer = ECDSA.recover(_hashTypedDataV4(statement), signature);
        if (signer != expected) revert PollRegistryWrongSigner(node, signer);
    }
}
