"""Ballots made in a browser hold everywhere else, and the other way round."""

import secrets
from typing import Any

import pytest
from eth_account.messages import encode_typed_data

from ostraka.keys import SigningKey
from ostraka.sealing import PollKey, ballot_info, challenge_info
from ostraka.voter.prepare import BallotFactory, SignedBallot
from ostraka_verifier import typed_data
from ostraka_verifier.ballot import BallotLayout
from ostraka_verifier.curve import R, load
from ostraka_verifier.encoding import keccak256
from ostraka_verifier.errors import Rejected
from ostraka_verifier.outcome import NoOutcome
from ostraka_verifier.poll_key import ML_KEM_BYTES
from ostraka_verifier.proof import ProofShape, verify_proofs
from ostraka_verifier.rule import BallotRule, Row, slack_bits
from ostraka_verifier.sharing import BoxContent, boxes_hash, check_boxes, verify_shares
from ostraka_verifier.signatures import recover
from tests.support.polls import (
    CHAIN_ID,
    OPENS_AT,
    REGISTRY,
    SyntheticPoll,
    approval_poll,
    selection_bits,
)
from tests.support.randomness import SeededRandomness
from tests.web.bridge import Browser, Refused

CURVE = load("native")
SLOTS = tuple(((bit, 1),) for bit in range(3))
ANY = BallotRule(3, SLOTS)
ONE = BallotRule(3, SLOTS, (Row(((0, 1), (1, 1), (2, 1)), 1),))
TERMS = ((0, 5), (1, 3), (2, 9), (3, 1), (4, 2), (5, 4), (6, 3))
KNAPSACK = BallotRule(7, SLOTS, (Row(TERMS, 10),))
POLLS = {
    "approval": lambda: approval_poll(nodes=5, threshold=3),
    "any of three": lambda: SyntheticPoll([[1, 0, 1]] * 5, ANY, NoOutcome()),
    "single choice": lambda: SyntheticPoll([[0, 1, 0]] * 5, ONE, NoOutcome()),
    "knapsack": lambda: SyntheticPoll([[1, 1, 0, *slack_bits(10, 2)]] * 5, KNAPSACK, NoOutcome()),
}


@pytest.fixture(params=[*POLLS, "quadratic"])
def poll(request: pytest.FixtureRequest) -> SyntheticPoll:
    """A poll of each shape: with and without U, slack and quadratic rows."""
    if request.param == "quadratic":
        return request.getfixturevalue("quadratic")
    return POLLS[request.param]()


def of_poll(poll: SyntheticPoll) -> dict[str, Any]:
    """The data of its poll in a request."""
    return {
        "rule": poll.rule.encode(),
        "threshold": poll.threshold,
        "context": poll.context,
        "poll_keys": [key.public_key for key in poll.poll_keys],
        "chain_id": CHAIN_ID,
        "registry": REGISTRY,
    }


def prepare(
    browser: Browser, poll: SyntheticPoll, voter: int, bits: list[int], **more: Any
) -> tuple[SignedBallot, dict[str, Any]]:
    """A ballot by TypeScript, read by Python; and the whole answer."""
    made = browser.call(
        "prepare",
        **of_poll(poll),
        secret=poll.voter_keys[voter].secret(),
        bits=bits,
        cast_at=OPENS_AT + 7,
        **more,
    )
    ballot = poll.factory.layout.decode(CURVE, bytes.fromhex(made["ballot"][2:]))
    boxes = tuple(bytes.fromhex(box[2:]) for box in made["boxes"])
    return SignedBallot(ballot, boxes, bytes.fromhex(made["signature"][2:])), made


def check(poll: SyntheticPoll, prepared: SignedBallot) -> None:
    """All that a node checks of a ballot."""
    ballot, key = prepared.ballot, poll.factory.key
    shape = poll.factory.layout.shape
    verify_proofs(CURVE, key.generators, shape, poll.context, [ballot.proof], secrets.randbits)
    check_boxes(prepared.boxes, poll.nodes, len(poll.rule.slots))
    for node, (secret, box) in enumerate(zip(poll.poll_keys, prepared.boxes, strict=True), start=1):
        opened = secret.open(box, ballot_info(poll.context, node))
        content = BoxContent.decode(opened, len(poll.rule.slots))
        assert content.poll_context == poll.context
        assert (content.voter, content.ballot_digest) == (ballot.voter, ballot.digest)
        verify_shares(CURVE, key, node, [(ballot.sharing, content.share)])
    digest = poll.domain.digest(
        typed_data.BALLOT,
        poll.context,
        ballot.voter,
        ballot.cast_at_unix_s,
        ballot.digest,
        boxes_hash(prepared.boxes),
    )
    assert recover(digest, prepared.signature) == ballot.voter


def test_a_ballot_of_the_browser_is_accepted(browser: Browser, poll: SyntheticPoll) -> None:
    prepared, _ = prepare(browser, poll, 1, list(poll.votes[1]))
    assert prepared.ballot.cast_at_unix_s == OPENS_AT + 7
    check(poll, prepared)


def test_no_two_ballots_of_the_browser_share_randomness(
    browser: Browser, poll: SyntheticPoll
) -> None:
    one, _ = prepare(browser, poll, 0, list(poll.votes[0]))
    two, _ = prepare(browser, poll, 0, list(poll.votes[0]))
    points = [one.ballot.proof.encoded_points, two.ballot.proof.encoded_points]
    chunks = [{data[at : at + 64] for at in range(0, len(data), 64)} for data in points]
    assert not chunks[0] & chunks[1]
    assert not {box[:32] for box in one.boxes} & {box[:32] for box in two.boxes}


def test_the_same_randomness_gives_the_same_ballot(browser: Browser, poll: SyntheticPoll) -> None:
    prepared, _ = prepare(browser, poll, 0, list(poll.votes[0]), seed="same")
    factory = BallotFactory(
        CURVE,
        poll.rule,
        poll.threshold,
        poll.domain,
        poll.context,
        [key.public_key for key in poll.poll_keys],
        SeededRandomness("same"),
    )
    shared = factory.prove(poll.voter_keys[0].address, poll.votes[0], OPENS_AT + 7)
    assert prepared.ballot.encoded == shared.ballot.encoded
    check(poll, prepared)


def test_a_broken_vote_of_the_browser_is_refused(browser: Browser, poll: SyntheticPoll) -> None:
    for bits in ([2, *poll.votes[0][1:]], [R - 1, *poll.votes[0][1:]], [-1, *poll.votes[0][1:]]):
        prepared, _ = prepare(browser, poll, 0, bits)
        with pytest.raises(Rejected, match="B6"):
            check(poll, prepared)


def test_ballots_of_python_hold_in_the_browser(browser: Browser, poll: SyntheticPoll) -> None:
    ballots = [prepared.ballot for prepared in poll.prepared]
    digests = browser.call("verify", **of_poll(poll), ballots=[one.encoded for one in ballots])
    assert digests == ["0x" + one.digest.hex() for one in ballots]


def test_the_browser_names_each_bad_ballot_of_a_batch(browser: Browser) -> None:
    poll = approval_poll()
    ballots = [prepared.ballot.encoded for prepared in poll.prepared]
    for bad in (1, 4):
        last = (int.from_bytes(ballots[bad][-32:], "big") + 1) % R
        ballots[bad] = ballots[bad][:-32] + last.to_bytes(32, "big")
    over = poll.factory.prove(poll.voter_keys[6].address, [1, 1, 1, 1, 0, 0], OPENS_AT)
    ballots[6] = over.ballot.encoded
    with pytest.raises(Refused, match=r"B6: proofs\[1\], proofs\[4\], proofs\[6\]") as refused:
        browser.call("verify", **of_poll(poll), ballots=ballots)
    assert refused.value.kind == "Rejected"


def test_errors_of_two_equations_do_not_cancel(browser: Browser) -> None:
    poll = approval_poll()
    data = poll.prepared[0].ballot.encoded
    at = len(data) - 96
    for first, second in ((1, 1), (1, -1)):
        changed = bytearray(data)
        for start, delta in ((at, first), (at + 32, second)):
            value = (int.from_bytes(data[start : start + 32], "big") + delta) % R
            changed[start : start + 32] = value.to_bytes(32, "big")
        with pytest.raises(Refused, match="B6"):
            browser.call("verify", **of_poll(poll), ballots=[bytes(changed)])


def test_boxes_of_python_open_in_the_browser(browser: Browser, poll: SyntheticPoll) -> None:
    pairs = zip(poll.poll_keys, poll.prepared[0].boxes, strict=True)
    for node, (key, box) in enumerate(pairs, start=1):
        info = ballot_info(poll.context, node)
        opened = browser.call("open", secret=key.secret(), box=box, info=info)
        assert bytes.fromhex(opened[2:]) == key.open(box, info)


def test_boxes_that_do_not_open(browser: Browser) -> None:
    poll = approval_poll()
    key, box = poll.poll_keys[0], poll.prepared[0].boxes[0]
    info = ballot_info(poll.context, 1)
    for secret, bad, purpose in (
        (poll.poll_keys[1].secret(), box, info),
        (key.secret(), box, ballot_info(poll.context, 2)),
        (key.secret(), box, challenge_info(poll.context, bytes(32), 1, 2)),
        (key.secret(), box, b""),
        (key.secret(), box[:-1], info),
        (key.secret(), box[:-1] + bytes([box[-1] ^ 1]), info),
        (key.secret(), bytes([box[0] ^ 1]) + box[1:], info),
        (key.secret(), box[:1100] + bytes([box[1100] ^ 1]) + box[1101:], info),
        (key.secret(), box[:1135], info),
        (key.secret(), b"", info),
    ):
        with pytest.raises(Refused, match="Malformed"):
            browser.call("open", secret=secret, box=bad, info=purpose)


def test_nothing_is_sealed_to_keys_that_are_refused(browser: Browser) -> None:
    poll = approval_poll()
    keys = [key.public_key for key in poll.poll_keys]
    for bad, reason in (
        ([bytes(32), *keys[1:]], "32 bytes, expected 1216"),
        ([keys[0][:ML_KEM_BYTES] + bytes(32), *keys[1:]], "low order"),
        ([b"\xff" * 3 + keys[0][3:], *keys[1:]], "coefficient of 3329 or more"),
        ([keys[1], *keys[1:]], "its ML-KEM half is that of node 1"),
    ):
        with pytest.raises(Refused, match=reason):
            browser.call(
                "prepare",
                **of_poll(poll) | {"poll_keys": bad},
                secret=poll.voter_keys[0].secret(),
                bits=list(poll.votes[0]),
                cast_at=OPENS_AT,
            )


def test_a_wallet_signs_the_same_statement(browser: Browser) -> None:
    poll = approval_poll()
    prepared, made = prepare(browser, poll, 2, list(poll.votes[2]))
    message = encode_typed_data(full_message=made["statement"])
    digest = keccak256(b"\x19", message.version, message.header, message.body)
    assert recover(digest, prepared.signature) == poll.voter_keys[2].address
    assert made["statement"]["message"]["castAt"] == str(OPENS_AT + 7)


def test_receipts_name_the_same_statement(browser: Browser) -> None:
    poll = approval_poll()
    prepared, made = prepare(browser, poll, 2, list(poll.votes[2]))
    ballot = prepared.ballot
    digest = poll.domain.digest(
        typed_data.RECEIPT, poll.context, ballot.voter, ballot.cast_at_unix_s, ballot.digest
    )
    assert made["receipt"] == "0x" + digest.hex()


@pytest.mark.parametrize(
    ("rule", "chosen"),
    [
        (ONE, [2]),
        (approval_poll().rule, [3, 0]),
        (ANY, []),
        (KNAPSACK, [1, 0]),
    ],
    ids=["single choice", "approval", "anything", "knapsack"],
)
def test_a_choice_gives_the_bits_that_python_gives(
    browser: Browser, rule: BallotRule, chosen: list[int]
) -> None:
    bits = selection_bits(rule, chosen)
    key, context, keys = SigningKey(), bytes(range(32)), [PollKey().public_key]
    domain = typed_data.Domain(CHAIN_ID, REGISTRY)
    made = browser.call(
        "prepare",
        rule=rule.encode(),
        threshold=2,
        context=context,
        poll_keys=keys,
        chain_id=CHAIN_ID,
        registry=REGISTRY,
        secret=key.secret(),
        chosen=chosen,
        cast_at=OPENS_AT,
        seed="choice",
    )
    factory = BallotFactory(CURVE, rule, 2, domain, context, keys, SeededRandomness("choice"))
    shared = factory.share(key.address, bits, OPENS_AT)
    assert made["ballot"] == "0x" + shared.ballot.encoded.hex()


@pytest.mark.parametrize("chosen", [[], [0, 1, 2, 3], [4], [-1]])
def test_invalid_choices(browser: Browser, chosen: list[int]) -> None:
    poll = approval_poll()
    with pytest.raises(Refused, match="RangeError"):
        browser.call(
            "prepare",
            **of_poll(poll),
            secret=poll.voter_keys[0].secret(),
            chosen=chosen,
            cast_at=OPENS_AT,
        )


def test_a_layout_says_the_same_of_every_length(browser: Browser) -> None:
    poll = approval_poll()
    layout = BallotLayout(ProofShape(poll.rule, poll.threshold))
    data = poll.prepared[0].ballot.encoded
    assert len(data) == layout.size
    for bad in (data[:-1], data + b"\0", b"", data[:28]):
        with pytest.raises(Refused, match="Malformed"):
            browser.call("verify", **of_poll(poll), ballots=[bad])
