"""Boards (§16): whole boards, and containers that are not boards."""

from dataclasses import replace

from ostraka_verifier.board import join_sections
from ostraka_verifier.encoding import unsigned
from ostraka_verifier.parameters import Committee, Member, PollParameters
from tests.support.polls import approval_poll
from tests.vectors.cases import Cases, hexed


def boards() -> Cases:
    """One whole board, with what the chain fixes of it."""
    poll = approval_poll(seed="board")
    board, chain = poll.finish()
    tally = chain.tally
    assert tally is not None
    return {
        "board": {
            # Boxes are sealed with fresh randomness, so signatures over them differ each time.
            "poll": hexed(board.poll),
            "parameters": hexed(board.parameters),
            "committee": hexed(board.committee),
            "committee_digest": hexed(poll.committee.digest),
        },
        "poll_context": hexed(poll.context),
        "containers": _containers(),
        "counted": _counted(poll.parameters),
        "tally": [str(votes) for votes in tally.values],
        "blinding": str(tally.blinding),
        "sum": hexed(chain.root.sum),
        "aggregate_shares": [
            {"node": signed.node, "share": hexed(signed.share.encode())} for signed in board.shares
        ],
    }


def _counted(summed: PollParameters) -> list[dict[str, str]]:
    """Parameters and committees of summed and shuffled polls, on both sides of each bound."""
    shuffled = {"counting": 1, "open_minimum": 5, "shuffle_period": 43_200}
    cases: list[tuple[str, dict[str, int], tuple[int, int, int], str]] = [
        ("summed", {}, (5, 3, 1), "valid"),
        ("summed, with a least number to open", {"open_minimum": 5}, (4, 2, 1), "Rejected"),
        ("summed, with a time to shuffle", {"shuffle_period": 1}, (4, 2, 1), "Rejected"),
        ("counted in an unknown way", shuffled | {"counting": 2}, (4, 2, 1), "Rejected"),
        ("shuffled", shuffled, (4, 2, 1), "valid"),
        ("shuffled by five", shuffled, (5, 2, 1), "valid"),
        ("shuffled by seven", shuffled, (7, 3, 2), "valid"),
        ("shuffled by five with t = 3", shuffled, (5, 3, 1), "Rejected"),
        ("shuffled by eight", shuffled, (8, 2, 1), "Rejected"),
        ("all must vote", shuffled | {"open_minimum": 7}, (4, 2, 1), "valid"),
        ("more than all must vote", shuffled | {"open_minimum": 8}, (4, 2, 1), "Rejected"),
        ("four ballots opened", shuffled | {"open_minimum": 4}, (4, 2, 1), "Rejected"),
        ("one second", shuffled | {"shuffle_period": 1}, (4, 2, 1), "valid"),
        ("no time", shuffled | {"shuffle_period": 0}, (4, 2, 1), "Rejected"),
        ("over half of the time", shuffled | {"shuffle_period": 43_201}, (4, 2, 1), "Rejected"),
        ("equal weights of 2", shuffled | {"total_weight": 14}, (4, 2, 1), "valid"),
        ("weights that cannot be equal", shuffled | {"total_weight": 15}, (4, 2, 1), "Rejected"),
    ]
    return [
        {
            "name": name,
            "parameters": hexed(replace(summed, **changes).encode()),  # type: ignore[arg-type]
            "committee": hexed(_committee(*committee).encode()),
            "expect": expected,
        }
        for name, changes, committee, expected in cases
    ]


def _committee(nodes: int, threshold: int, faults: int) -> Committee:
    members = tuple(
        Member(bytes([node] * 20), f"https://{node}.example") for node in range(1, nodes + 1)
    )
    return Committee(members, threshold, faults)


def _containers() -> list[dict[str, str]]:
    """Boards of short sections, good and broken ones."""
    sections: dict[int, bytes | None] = {tag: bytes([tag]) for tag in range(1, 10)}
    good = join_sections(sections)
    encoded = {
        "sections 1 to 9": (good, "valid"),
        "section 10": (join_sections(sections | {10: b"root"}), "valid"),
        "all sections": (join_sections(sections | dict.fromkeys(range(10, 15), b"x")), "valid"),
        "an empty section": (join_sections(sections | {9: b""}), "valid"),
        "a note": (join_sections(sections | {0x8000: b"note"}), "valid"),
        "two notes": (join_sections(sections | {0x8001: b"note", 0xFFFF: b""}), "valid"),
        "version 1": (b"ostraka/board/v1" + good[16:], "Malformed"),
        "another magic": (b"ostraka/bored/v2" + good[16:], "Malformed"),
        "empty": (b"", "Malformed"),
        "a section missing": (join_sections(sections | {5: None}), "Malformed"),
        "an unknown section": (join_sections(sections | {15: b""}), "Malformed"),
        "the last tag that matters": (join_sections(sections | {0x7FFF: b""}), "Malformed"),
        "section 0": (join_sections(sections | {0: b""}), "Malformed"),
        "a section twice": (good + good[16 + 8 * 11 :], "Malformed"),
        "out of order": (good[:16] + good[27:38] + good[16:27] + good[38:], "Malformed"),
        "one byte short": (good[:-1], "Malformed"),
        "one byte over": (good + b"\0", "Malformed"),
        "a length of 2^53": (
            good + unsigned(0x8000, 2) + unsigned(1 << 53, 8),
            "Malformed",
        ),
        "a note longer than the board": (
            good + unsigned(0x8000, 2) + unsigned(5, 8) + b"note",
            "Malformed",
        ),
    }
    return [
        {"name": name, "board": hexed(data), "expect": expected}
        for name, (data, expected) in encoded.items()
    ]
