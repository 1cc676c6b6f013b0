"""A second round and a poll of the demo, which stay open: a visitor can propose and vote.

They stand beside the counted round of the file, so that a visitor sees both ends of a vote. Their
members are made up, and one of their keys is for the visitor.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw

from ostraka.demo.stage import DAY_S, MINIMUM_VOTERS, Stage
from ostraka.gateway_client.gateway import Gateway
from ostraka.gateway_client.proposing import Member, Wanted, described, upload_picture
from ostraka.gateway_client.talking import Speaker
from ostraka.key_files import create_key
from ostraka.keys import SigningKey
from ostraka.planning.proposal_details import Place, ProposalDetails
from ostraka.wire.records import from_hex, to_hex

_TITLE = "Neighbourhood budget: ideas wanted"
_TEXT = "What would make our neighbourhood better? Residents propose for two weeks, then vote."
_QUESTION = {
    "kind": "approval",
    "title": "When should the library open longer?",
    "options": ["Monday evening", "Wednesday evening", "Saturday afternoon", "Sunday"],
    "at_least": 1,
    "at_most": 2,
}
_BUDGET = 60_000
_CATEGORY_BUDGETS = (25_000, 20_000, 15_000)
_CATEGORIES = ("Green spaces", "Streets and paths", "Meeting places")
_MAXIMUM = 20_000
_PROPOSALS_PER_MEMBER = 3


@dataclass(frozen=True)
class _Idea:
    """What a proposal of the round says; the category by number from 0."""

    category: int
    title: str
    amount: int
    text: str
    place: Place


_IDEAS = (
    _Idea(
        0,
        "Forty trees along School Street",
        12_000,
        "Limes and field maples on the sunny side, where children wait for the bus. The price "
        "includes watering in the first three summers.",
        Place(latitude=51_740_200, longitude=19_463_100, label="School Street"),
    ),
    _Idea(
        1,
        "A safe crossing at the library",
        9_500,
        "A raised crossing with lights. Six hundred people cross here on a market day, many "
        "of them with prams or walking frames.",
        Place(latitude=51_744_100, longitude=19_470_200, label="Library"),
    ),
    _Idea(
        2,
        "Repair café in the old fire station",
        4_800,
        "Tools, two workbenches and insurance for one year. Volunteers open on two Saturdays "
        "a month.",
        Place(latitude=51_736_900, longitude=19_468_800, label="Old fire station"),
    ),
    _Idea(
        0,
        "Wildflower meadow by the canal",
        3_200,
        "Native seed on 1,500 square metres of lawn, mown twice a year instead of every week.",
        Place(latitude=51_734_800, longitude=19_457_000, label="Canal bank"),
    ),
    _Idea(
        1,
        "Covered bicycle stands at the station",
        14_000,
        "Sixty places under a roof with a green cover, and four charging points.",
        Place(latitude=51_742_500, longitude=19_454_900, label="Railway station"),
    ),
    _Idea(
        2,
        "Benches and a water fountain on the market square",
        7_400,
        "Five benches with arms, which are easier to get up from, and drinking water from May "
        "to October.",
        Place(latitude=51_741_500, longitude=19_466_000, label="Market square"),
    ),
)

_COMMENTS = (
    "My children wait there every morning. Which kind of tree grows fastest?",
    "Good. Please leave room for prams between trees and kerb.",
)
"""What members say about the first idea."""


@dataclass(frozen=True)
class Playground:
    """The open round and poll.

    Attributes:
        key_file: Signing key of a member who has neither proposed nor voted, without a passphrase.
    """

    round_id: int
    poll_id: int
    key_file: Path


def open_playground(stage: Stage) -> Playground:
    """Create the poll, create and fund the round, and submit proposals of several members."""
    stack = stage.stack
    with stage.step("a round that is open for proposals, and a poll for votes"):
        path = stack.folder / "visitor" / "member.key"
        visitor = create_key(path, None)
        members = [SigningKey() for _ in range(MINIMUM_VOTERS - 1)]
        token, _ = stack.deploy_token("Test EUR", "EUR", _BUDGET)
        now = stack.registry.head().timestamp
        people = {
            "kind": "list",
            "accounts": [{"account": one.address_hex} for one in (visitor, *members)],
        }
        poll = {
            "title": "Opening hours of the library",
            "questions": [_QUESTION],
            "outcomes": [{"kind": "plurality"}],
            "closes_at": now + 7 * DAY_S,
            "voters": people,
            "minimum_ballots": MINIMUM_VOTERS,
            "times": stage.times,
        }
        specification = {
            "title": _TITLE,
            "text": _TEXT,
            "token": to_hex(token.address),
            "budget": str(_BUDGET),
            "maximum_amount": str(_MAXIMUM),
            "proposals_per_member": _PROPOSALS_PER_MEMBER,
            "proposals_close_at": now + 14 * DAY_S,
            "voting_opens_at": now + 15 * DAY_S,
            "voting_closes_at": now + 22 * DAY_S,
            "members": people,
            "ballot": {"kind": "knapsack"},
            "outcome": {
                "kind": "categories",
                "budgets": [str(one) for one in _CATEGORY_BUDGETS],
                "names": list(_CATEGORIES),
                "order": "votes_per_cost",
                "leftover": True,
                "minimum_support": "2",
            },
            "minimum_ballots": MINIMUM_VOTERS,
            "times": stage.times,
        }
        with Gateway(stack.gateway_url, stack.organizer_token) as gateway:
            # The nodes make its keys while the round is created.
            opening = gateway.post("/polls", poll, as_organizer=True, key=str(uuid.uuid4()))
            created = gateway.post(
                "/rounds", specification, as_organizer=True, key=str(uuid.uuid4())
            )
            round_id = int(gateway.get(f"/plans/{created['plan']}")["round"])
            gateway.post(
                f"/rounds/{round_id}/funding",
                {"amount": str(_BUDGET)},
                as_organizer=True,
                key=str(uuid.uuid4()),
            )
            _propose(gateway, round_id, members, stack.folder / "visitor")
            poll_id = stage.opened_poll(gateway, str(opening["plan"])).poll_id
    return Playground(round_id, poll_id, path)


def _propose(gateway: Gateway, round_id: int, members: Sequence[SigningKey], folder: Path) -> None:
    """Submit the ideas, two of them with pictures, and let members speak about the first."""
    trees, crossing = _draw_trees(folder / "trees.png"), _draw_crossing(folder / "crossing.png")
    pictures = {
        0: upload_picture(gateway, trees, "Drawing of a street with a row of young trees"),
        1: upload_picture(gateway, crossing, "Drawing of a zebra crossing seen from above"),
    }
    proposals = []
    for number, idea in enumerate(_IDEAS):
        author = members[number % len(members)]
        bare = Wanted(SigningKey().address, idea.amount, idea.title, idea.text, idea.category)
        wanted = described(bare, ProposalDetails(place=idea.place, image=pictures.get(number)))
        sent = Member(gateway, author, author.address).propose(round_id, wanted)
        proposals.append(from_hex(sent["proposal"], "proposal"))
    for member, text in zip(members[1:], _COMMENTS, strict=False):
        speaker = Speaker(gateway, member, member.address)
        speaker.comment(proposals[0], text)
        speaker.endorse(proposals[0], True)


def _draw_trees(to: Path) -> Path:
    """Draw trees along a street; return the file."""
    picture = Image.new("RGB", (1200, 800), "#cfe3f1")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 560, 1200, 640), fill="#8fb573")
    draw.rectangle((0, 640, 1200, 800), fill="#6b7075")
    for left in range(90, 1200, 220):
        draw.rectangle((left - 10, 420, left + 10, 600), fill="#6d4c33")
        draw.ellipse((left - 85, 250, left + 85, 470), fill="#3f7d45")
    picture.save(to)
    return to


def _draw_crossing(to: Path) -> Path:
    """Draw a zebra crossing from above; return the file."""
    picture = Image.new("RGB", (1200, 800), "#b9b4a8")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 200, 1200, 600), fill="#565b60")
    for top in range(220, 600, 76):
        draw.rectangle((480, top, 720, top + 38), fill="#f5f5f2")
    picture.save(to)
    return to
