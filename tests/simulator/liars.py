"""Lies of nodes: answers and requests in place of those of their honest programs.

A liar has its own signing key and its honest program, and changes what leaves its machine.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from urllib.parse import parse_qsl

from ostraka.node import agreement
from ostraka.node.agreement import LeafList
from ostraka.node.checkpoints import PAGE
from ostraka.node.settling import SettlingRounds
from ostraka.wire import peer_auth
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.records import decode_records, to_hex
from ostraka_verifier import typed_data
from ostraka_verifier.curve import R
from ostraka_verifier.encoding import Reader, tagged_hash
from ostraka_verifier.receipt_log import EMPTY_ROOT, ReceiptLog, SignedCheckpoint
from ostraka_verifier.sharing import Share
from ostraka_verifier.tally_proof import aggregate_share_hash
from ostraka_verifier.units import UnixSeconds
from tests.simulator.programs import SimulatedNode
from tests.simulator.virtual_chain import POLL
from tests.simulator.virtual_network import Answer, Asked

Lie = Callable[[SimulatedNode, Asked, Answer], Answer | None]


def _withhold(_: SimulatedNode, asked: Asked, answer: Answer) -> Answer | None:
    hidden = ("/board", "/leaves", "/inventory", "/peer/ballots", "/peer/records", "/peer/draft")
    return None if asked.path.endswith(hidden) else answer


def _refuse(_: SimulatedNode, asked: Asked, answer: Answer) -> Answer:
    if not asked.path.endswith("/ballots:batch"):
        return answer
    problem = Problem(ProblemType.POLL_CLOSED, "it closed long ago").to_json()
    count = len(json.loads(answer.body)) if answer.status == 200 else 1
    return answer.replaced(json.dumps([problem] * count).encode())


def _spoil_signatures(_: SimulatedNode, asked: Asked, answer: Answer) -> Answer:
    """Change signatures in the answers that carry one as bytes or JSON."""
    if answer.status != 200:
        return answer
    if asked.path.endswith(("/inventory", "/peer/proposal", "/peer/lacking")):
        return answer.replaced(bytes([answer.body[0] ^ 1]) + answer.body[1:])
    if asked.path.endswith(("/finals", "/shares", "/ballots:batch")):
        listed = json.loads(answer.body)
        for one in listed:
            if "signature" in one:
                one["signature"] = "0x" + "11" * 64 + "1b"
        return answer.replaced(json.dumps(listed).encode())
    return answer


def _release_wrong_share(node: SimulatedNode, asked: Asked, answer: Answer) -> Answer:
    if not asked.path.endswith("/shares") or answer.status != 200:
        return answer
    served = node.service.poll(POLL).served
    listed = json.loads(answer.body)
    for one in listed:
        if one["node"] != node.number:
            continue
        data = bytes.fromhex(one["share"][2:])
        share = Share.read(Reader(data, "share"), served.poll.slots, "share")
        wrong = Share(tuple((value + 1) % R for value in share.values), share.blinding)
        state = node.service.poll(POLL).progress.anchoring_if_any()
        if state is None:
            continue
        statement = (
            typed_data.AGGREGATE_SHARE,
            served.poll.context,
            state.root.digest,
            node.number,
            aggregate_share_hash(wrong),
        )
        signature = node.key.sign(served.poll.domain.digest(*statement))
        one |= {"share": to_hex(wrong.encode()), "signature": to_hex(signature)}
    return answer.replaced(json.dumps(listed).encode())


def _state_two_finals(node: SimulatedNode, asked: Asked, answer: Answer) -> Answer:
    """Name another root as final to every second node, even before there is one."""
    if not asked.path.endswith("/finals") or answer.status != 200 or not _is_odd(asked.sender):
        return answer
    poll = node.service.poll(POLL).served.poll
    digest = bytes([7] * 32)
    signature = node.key.sign(poll.domain.digest(typed_data.FINAL, poll.context, digest))
    entry = {
        "node": node.number,
        "root_digest": to_hex(digest),
        "signature": to_hex(signature),
    }
    listed = [one for one in json.loads(answer.body) if one["node"] != node.number]
    return answer.replaced(json.dumps([entry, *listed]).encode())


def _receipt_anything(node: SimulatedNode, asked: Asked, answer: Answer) -> Answer:
    """Give receipts for all ballots, also late and bad ones, which it does not store."""
    if not asked.path.endswith("/ballots:batch") or POLL not in node.service._polls:
        return answer
    served = node.service.poll(POLL).served
    poll = served.poll
    records = decode_records(asked.body, poll.layout.size, poll.nodes, poll.box_bytes)
    receipts = []
    for record in records:
        named = record.voter, record.cast_at_unix_s, record.ballot_digest
        receipts.append(
            {
                "node": node.number,
                "voter": to_hex(record.voter),
                "cast_at": record.cast_at_unix_s,
                "ballot_digest": to_hex(record.ballot_digest),
                "signature": to_hex(served.sign_receipt(*named)),
            }
        )
    return answer.replaced(json.dumps(receipts).encode())


def _hide_ballots(node: SimulatedNode, asked: Asked, answer: Answer) -> Answer:
    """Give no ballots to peers, and an inventory without any, with good signatures."""
    if answer.status != 200:
        return answer
    if asked.path.endswith("/peer/ballots"):
        return answer.replaced(answer.body[:8])
    if asked.path.endswith(("/peer/records", "/peer/draft")):
        return answer.replaced(b"")
    if asked.path.endswith("/inventory"):
        poll = node.service.poll(POLL).served.poll
        hashed = agreement.inventory_hash([])
        digest = poll.domain.digest(typed_data.INVENTORY, poll.context, hashed)
        return answer.replaced(node.key.sign(digest))
    return answer


def _spoil_repairs(_: SimulatedNode, asked: Asked, answer: Answer) -> Answer:
    if "/peer/repair/" not in asked.path or answer.status != 200 or not answer.body:
        return answer
    return answer.replaced(answer.body[:-1] + bytes([answer.body[-1] ^ 1]))


def _lack_everything(node: SimulatedNode, asked: Asked, answer: Answer) -> Answer:
    if not asked.path.endswith("/peer/lacking") or answer.status != 200:
        return answer
    poll = node.service.poll(POLL).served.poll
    number, digests = int.from_bytes(asked.body[:4], "big"), asked.body[4:]
    each = [digests[start : start + 32] for start in range(0, len(digests), 32)]
    hashed = agreement.lacking_hash(each)
    digest = poll.domain.digest(typed_data.LACKING, poll.context, number, hashed)
    return answer.replaced(node.key.sign(digest) + digests)


def _fork_log(node: SimulatedNode, asked: Asked, answer: Answer) -> Answer:
    """Show every second node checkpoints of another log, which grows as its own one."""
    if "/checkpoints" not in asked.path or answer.status != 200 or not _is_odd(asked.sender):
        return answer
    served = node.service.poll(POLL).served
    poll, store = served.poll, served.store.checkpoints
    log = ReceiptLog([tagged_hash("another", digest) for digest in store.digests(POLL)])
    chain, before = list[str](), EMPTY_ROOT
    for signed in store.chain(POLL, node.number, 0, PAGE):
        own = signed.checkpoint
        made = replace(own, root=log.root(own.count), previous=before)
        before = made.hash(poll.context)
        signature = node.key.sign(poll.domain.digest(*made.statement(poll.context)))
        chain.append(to_hex(SignedCheckpoint(made, signature).encode()))
    content = json.loads(answer.body)
    numbers = {name: int(one) for name, one in parse_qsl(asked.query.decode()) if one.isdigit()}
    if asked.path.endswith("/checkpoints") and chain:
        for one in content["heads"]:
            if one["node"] == node.number:
                one |= {"checkpoint": chain[-1], "cosignatures": []}
    elif asked.path.endswith("/chain") and numbers["node"] == node.number:
        content = {"checkpoints": chain[numbers["after"] :]}
    elif asked.path.endswith("/consistency"):
        proof = log.consistency(numbers["from"], numbers["to"])
        content = {"proof": [to_hex(one) for one in proof]}
    return answer.replaced(json.dumps(content).encode())


def _send_garbage(_: SimulatedNode, asked: Asked, answer: Answer) -> Answer:
    """Answer requests of other nodes by bytes without meaning, once the poll is open."""
    # Every single node can prevent an opening; that is no finding.
    if "node-" not in asked.sender or asked.path.endswith(("/opening", "/challenge")):
        return answer
    return answer.replaced(b"\xff\x00nonsense")


def _nothing(_: SimulatedNode, __: Asked, answer: Answer) -> Answer:
    return answer


SPLIT = "proposes different roots"
OMIT = "proposes roots without some ballot"
FORK = "shows two logs of its receipts"

LIES: dict[str, Lie] = {
    "withholds boards and ballots": _withhold,
    "refuses ballots falsely": _refuse,
    "signs badly": _spoil_signatures,
    "releases a wrong share": _release_wrong_share,
    "states two roots as final": _state_two_finals,
    "gives receipts for anything": _receipt_anything,
    "hides its ballots": _hide_ballots,
    "spoils repairs": _spoil_repairs,
    "claims to lack all shares": _lack_everything,
    SPLIT: _nothing,
    OMIT: _nothing,
    FORK: _fork_log,
    # The last one, as the others read the answer.
    "answers nonsense": _send_garbage,
}


def _is_odd(name: str) -> bool:
    return name.partition(".")[0].endswith(("1", "3", "5", "7"))


def answers(node: SimulatedNode, lies: Sequence[str]) -> Callable[[Asked, Answer], Answer | None]:
    """Return what a liar answers."""

    def lie(asked: Asked, answer: Answer) -> Answer | None:
        given: Answer | None = answer
        for name in [one for one in LIES if one in lies]:
            if given is not None:
                given = LIES[name](node, asked, given)
        return given

    return lie


def requests(node: SimulatedNode, lies: Sequence[str]) -> Callable[[str, Asked], Asked]:
    """Return what a liar asks of a host."""

    def lie(host: str, asked: Asked) -> Asked:
        if OMIT in lies and POLL in node.service._polls:
            _omit_ballots(node.service.poll(POLL).settling)
        if SPLIT not in lies or not asked.path.endswith("/peer/proposal") or not _is_odd(host):
            return asked
        proposal = LeafList.decode(asked.body)
        return _signed_again(node, host, asked, LeafList(proposal.round, proposal.entries[:-1]))

    return lie


def _omit_ballots(settling: SettlingRounds) -> None:
    """Let a liar's own program propose and sign lists that lack their first ballot."""
    draft = SettlingRounds._draft

    def lacking(number: int) -> LeafList:
        return LeafList(number, draft(settling, number).entries[1:])

    def sign(_: object, proposal: LeafList, __: object) -> object:
        return settling._sign_root(proposal)

    settling.__dict__ |= {"_draft": lacking, "_sign_if_sound": sign}


def _signed_again(node: SimulatedNode, host: str, asked: Asked, changed: LeafList) -> Asked:
    """Return the request with another proposal, under the liar's signature."""
    served = node.service.poll(POLL).served
    (receiver,) = [peer.address for peer in served.peers if host in peer._url]
    headers = dict(asked.headers)
    name = peer_auth.HEADER.lower().encode()
    sent_at = UnixSeconds(int(headers[name].split(b".")[1]))
    body = changed.encode()
    headers[name] = peer_auth.sign_request(
        node.key, served.poll.domain, receiver, asked.method, asked.path, body, sent_at
    ).encode()
    headers[b"content-length"] = str(len(body)).encode()
    return Asked(asked.sender, asked.method, asked.path, asked.query, tuple(headers.items()), body)
