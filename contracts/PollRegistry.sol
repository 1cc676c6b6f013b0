// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {GeneratorTable} from "./GeneratorTable.sol";
import {IPollRegistry} from "./interfaces/IPollRegistry.sol";
import {BallotRule} from "./libraries/BallotRule.sol";
import {Bn254} from "./libraries/Bn254.sol";
import {Committee} from "./libraries/Committee.sol";
import {Generators} from "./libraries/Generators.sol";
import {Outcome} from "./libraries/Outcome.sol";

/// @title PollRegistry
/// @notice No owner, no upgrade, no funds.
contract PollRegistry is IPollRegistry, EIP712 {
    struct CommitteeRecord {
        address[] nodes;
        uint8 t;
        uint8 f;
        uint8 q;
    }

    /// @dev Ordered so that anchoring and accepting touch few words. Times lie below 2^48 (MAX_TIME).
    struct PollRecord {
        uint48 anchoredAt;
        uint48 closesAt;
        uint32 freezeDelay;
        uint32 disputeWindow;
        uint32 tallyPeriod;
        uint32 voters;
        uint16 slots;
        bool tooFew;
        // Most votes that a slot can hold: total weight times largest slot value.
        uint200 maximum;
        uint32 minimumBallots;
        uint128 totalWeight;
        uint32 roundDuration;
        uint32 maxRounds;
        uint32 round;
        uint32 count;
        address creator;
        uint48 opensAt;
        bytes32 tallyDigest;
        bytes32 pollContext;
        bytes32 committee;
        bytes32 outcomeRule;
        bytes32 pollKeys;
        bytes32 rootHash;
        uint256 sumX;
        uint256 sumY;
    }

    bytes32 private constant NODE_REGISTRATION_TYPE = keccak256(
        "NodeRegistration(address node,string url)"
    );
    bytes32 private constant POLL_KEY_TYPE = keccak256(
        "PollKey(bytes32 pollContext,bytes32 publicKey)"
    );
    bytes32 private constant ROOT_TYPE = keccak256(
        "Root(bytes32 pollContext,uint32 round,bytes32 rootHash,uint256 sumX,uint256 sumY,uint32 count)"
    );

    uint256 private constant MAX_URL_BYTES = 256;
    uint256 private constant MAX_DESCRIPTION_BYTES = 65_536;
    /// @dev Keeps every deadline far from overflow: the year 36812.
    uint256 private constant MAX_TIME = 1 << 40;
    uint256 private constant TALLY_BOUND = 1 << 200;

    /// @inheritdoc IPollRegistry
    address public immutable generatorTable;
    /// @inheritdoc IPollRegistry
    uint256 public pollCount;

    mapping(bytes32 digest => CommitteeRecord) private _committees;
    mapping(uint256 pollId => PollRecord) private _polls;

    constructor() EIP712("Ostraka", "1") {
        // Derived here, so that nobody chooses the generators.
        generatorTable = address(new GeneratorTable());
    }

    /// @inheritdoc IPollRegistry
    function registerCommittee(
        address[] calldata nodes,
        string[] calldata urls,
        uint8 t,
        uint8 f,
        bytes[] calldata signatures
    ) external returns (bytes32 digest) {
        uint256 n = nodes.length;
        if (urls.length != n) revert PollRegistryListsDiffer(n, urls.length);
        if (signatures.length != n) revert PollRegistryListsDiffer(n, signatures.length);
        uint8 q = uint8(Committee.quorum(n, t, f));
        for (uint256 i = 0; i < n; ++i) {
            for (uint256 j = 0; j < i; ++j) {
                if (nodes[j] == nodes[i]) revert PollRegistryInvalidNode(nodes[i]);
            }
            _requireRegistration(nodes[i], urls[i], signatures[i], i + 1);
        }
        digest = Committee.digest(nodes, urls, t, f, q);
        if (_committees[digest].q != 0) revert PollRegistryCommitteeExists(digest);
        _committees[digest] = CommitteeRecord(nodes, t, f, q);
        emit CommitteeRegistered(digest, nodes, urls, t, f, q);
    }

    /// @inheritdoc IPollRegistry
    function createPoll(
        PollParameters calldata parameters,
        bytes calldata rule,
        bytes calldata outcomeRule,
        bytes calldata description
    ) external returns (uint256 pollId) {
        if (_committees[parameters.committee].q == 0)
            revert PollRegistryUnknownCommittee(parameters.committee);
        _requireDigest("rule", parameters.rule, BallotRule.digest(rule));
        _requireDigest("outcomeRule", parameters.outcomeRule, Outcome.digest(outcomeRule));
        _requireDigest("description", parameters.description, keccak256(description));
        if (description.length == 0 || description.length > MAX_DESCRIPTION_BYTES)
            revert PollRegistryInvalidParameter("description");
        (uint16 slots, uint256 maxSlotValue) = BallotRule.validate(rule);
        Outcome.validate(outcomeRule, slots);
        _checkParameters(parameters, maxSlotValue);

        pollId = ++pollCount;
        bytes32 pollContext = keccak256(
            abi.encodePacked(
                "ostraka/v1/poll",
                abi.encode(block.chainid, address(this), pollId),
                abi.encode(parameters),
                abi.encode(slots, maxSlotValue)
            )
        );
        _store(_polls[pollId], parameters, pollContext, slots, maxSlotValue);
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
        bytes32[] calldata publicKeys,
        bytes[] calldata signatures
    ) external {
        PollRecord storage record = _inStatus(pollId, Status.Created);
        address[] storage nodes = _committees[record.committee].nodes;
        uint256 n = nodes.length;
        if (publicKeys.length != n) revert PollRegistryListsDiffer(n, publicKeys.length);
        if (signatures.length != n) revert PollRegistryListsDiffer(n, signatures.length);
        for (uint256 i = 0; i < n; ++i) {
            if (publicKeys[i] == 0) revert PollRegistryZeroPollKey(i + 1);
            bytes32 statement = keccak256(
                abi.encode(POLL_KEY_TYPE, record.pollContext, publicKeys[i])
            );
            _requireSigner(statement, signatures[i], nodes[i], i + 1);
        }
        record.pollKeys = keccak256(abi.encodePacked("ostraka/v1/poll-keys", publicKeys));
        emit PollOpened(pollId, publicKeys, signatures);
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
        if (!Bn254.isPoint(root.sumX, root.sumY))
            revert PollRegistryNotAPoint(root.sumX, root.sumY);
        if (root.count > record.voters)
            revert PollRegistryTooManyBallots(root.count, record.voters);
        _requireQuorum(record, root, attestations);

        record.round = root.round;
        record.rootHash = root.rootHash;
        record.sumX = root.sumX;
        record.sumY = root.sumY;
        record.count = root.count;
        record.anchoredAt = uint48(block.timestamp);
        emit RootAnchored(pollId, root, attestations);
        if (root.count < record.minimumBallots) {
            record.tooFew = true;
            emit PollVoided(pollId, root.count);
        }
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
        (uint256 x, uint256 y) = Generators.commit(generatorTable, tally, blinding);
        if (x != record.sumX || y != record.sumY) revert PollRegistryNotAnOpening(x, y);
        record.tallyDigest = keccak256(abi.encode(tally));
        emit TallyAccepted(pollId, tally, blinding);
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
        return Outcome.awards(outcomeRule, tally, order);
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
            seen.releasableAt = seen.anchoredAt + record.disputeWindow;
            seen.tallyDeadline = seen.releasableAt + record.tallyPeriod;
        }
        seen.outcomeRule = record.outcomeRule;
        seen.pollKeys = record.pollKeys;
        seen.root = Root(record.round, record.rootHash, record.sumX, record.sumY, record.count);
        seen.tallyDigest = record.tallyDigest;
    }

    /// @inheritdoc IPollRegistry
    function committee(
        bytes32 digest
    ) external view returns (address[] memory nodes, uint8 t, uint8 f, uint8 q) {
        CommitteeRecord storage record = _committees[digest];
        return (record.nodes, record.t, record.f, record.q);
    }

    /// @inheritdoc IPollRegistry
    function status(uint256 pollId) public view returns (Status) {
        PollRecord storage record = _polls[pollId];
        if (record.slots == 0) return Status.None;
        if (record.tallyDigest != 0) return Status.Tallied;
        if (record.tooFew) return Status.Void;
        if (record.anchoredAt != 0) {
            uint256 releasableAt = uint256(record.anchoredAt) + record.disputeWindow;
            if (block.timestamp < releasableAt) return Status.Anchored;
            return
                block.timestamp < releasableAt + record.tallyPeriod
                    ? Status.Releasable
                    : Status.Void;
        }
        if (block.timestamp < record.closesAt)
            return record.pollKeys == 0 ? Status.Created : Status.Open;
        if (record.pollKeys == 0) return Status.Void;
        return block.timestamp < _anchorDeadline(record) ? Status.Closed : Status.Void;
    }

    /// @dev Possession of the key, and consent to the place where the node is said to serve.
    function _requireRegistration(
        address node,
        string calldata url,
        bytes calldata signature,
        uint256 number
    ) private view {
        uint256 length = bytes(url).length;
        if (length == 0 || length > MAX_URL_BYTES) revert PollRegistryInvalidUrl(number, length);
        if (node == address(0)) revert PollRegistryInvalidNode(node);
        bytes32 statement = keccak256(
            abi.encode(NODE_REGISTRATION_TYPE, node, keccak256(bytes(url)))
        );
        _requireSigner(statement, signature, node, number);
    }

    function _requireDigest(string memory field, bytes32 expected, bytes32 actual) private pure {
        if (actual != expected) revert PollRegistryDigestDiffers(field, expected, actual);
    }

    function _checkParameters(
        PollParameters calldata parameters,
        uint256 maxSlotValue
    ) private view {
        if (parameters.censusRoot == 0) revert PollRegistryInvalidParameter("censusRoot");
        if (parameters.voters == 0) revert PollRegistryInvalidParameter("voters");
        if (parameters.totalWeight < parameters.voters)
            revert PollRegistryInvalidParameter("totalWeight");
        if (parameters.totalWeight > (TALLY_BOUND - 1) / maxSlotValue)
            revert PollRegistryInvalidParameter("totalWeight");
        if (parameters.closesAt > MAX_TIME || parameters.closesAt <= block.timestamp)
            revert PollRegistryInvalidParameter("closesAt");
        if (parameters.opensAt >= parameters.closesAt)
            revert PollRegistryInvalidParameter("opensAt");
        if (parameters.roundDuration == 0) revert PollRegistryInvalidParameter("roundDuration");
        if (parameters.maxRounds == 0) revert PollRegistryInvalidParameter("maxRounds");
        if (uint256(parameters.roundDuration) * parameters.maxRounds > MAX_TIME)
            revert PollRegistryInvalidParameter("maxRounds");
        if (parameters.disputeWindow == 0) revert PollRegistryInvalidParameter("disputeWindow");
        if (parameters.tallyPeriod == 0) revert PollRegistryInvalidParameter("tallyPeriod");
        if (parameters.minimumBallots == 0 || parameters.minimumBallots > parameters.voters)
            revert PollRegistryInvalidParameter("minimumBallots");
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
        // Bounded by _checkParameters: below 2^200.
        record.maximum = uint200(parameters.totalWeight * maxSlotValue);
        record.opensAt = uint48(parameters.opensAt);
        record.closesAt = uint48(parameters.closesAt);
        record.freezeDelay = parameters.freezeDelay;
        record.roundDuration = parameters.roundDuration;
        record.maxRounds = parameters.maxRounds;
        record.disputeWindow = parameters.disputeWindow;
        record.tallyPeriod = parameters.tallyPeriod;
        record.minimumBallots = parameters.minimumBallots;
    }

    function _inStatus(
        uint256 pollId,
        Status expected
    ) private view returns (PollRecord storage record) {
        Status actual = status(pollId);
        if (actual != expected) revert PollRegistryWrongStatus(pollId, actual);
        return _polls[pollId];
    }

    function _requireQuorum(
        PollRecord storage record,
        Root calldata root,
        Attestation[] calldata attestations
    ) private view {
        CommitteeRecord storage nodes = _committees[record.committee];
        if (attestations.length < nodes.q)
            revert PollRegistryTooFewSignatures(attestations.length, nodes.q);
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
        uint256 previous = 0;
        for (uint256 i = 0; i < attestations.length; ++i) {
            uint256 node = attestations[i].node;
            if (node <= previous) revert PollRegistrySignersNotIncreasing(node);
            if (node > nodes.nodes.length) revert PollRegistryUnknownNode(node);
            _requireSigner(statement, attestations[i].signature, nodes.nodes[node - 1], node);
            previous = node;
        }
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

    function _anchorDeadline(PollRecord storage record) private view returns (uint256) {
        return
            uint256(record.closesAt) +
            record.freezeDelay +
            uint256(record.roundDuration) * record.maxRounds;
    }
}
