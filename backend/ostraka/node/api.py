"""A node's HTTP interface."""

import asyncio
import time
from collections.abc import Collection
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Query, Request, Response
from starlette.middleware.cors import CORSMiddleware

from ostraka.chain.contract import ChainError
from ostraka.node.accepting import Receipt
from ostraka.node.census_uploads import CensusGate
from ostraka.node.poll_service import PollService
from ostraka.node.served_poll import split_digests
from ostraka.node.service import NodeService
from ostraka.wire import api_docs, census_upload, peer_auth, problems
from ostraka.wire.certificates import certificate_json
from ostraka.wire.clients import client_of
from ostraka.wire.limits import BodyLimit
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.records import CastRecord, from_hex, to_hex
from ostraka_verifier.parameters import Committee

MAX_BODY_BYTES = 64 * 2**20
MAX_BALLOT_BYTES = 256 * 2**10
MAX_BATCH = 1000
_BINARY = "application/octet-stream"


def build_api(service: NodeService) -> FastAPI:
    """The application that serves a node."""
    app = FastAPI(
        title="Ostraka tallying node",
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url=api_docs.OPENAPI_URL,
    )
    api_docs.install(app)
    problems.install(app)

    @app.exception_handler(ChainError)
    async def _chain(_: Request, __: ChainError) -> Response:
        return problems.respond(problems.chain_unreachable())

    app.add_middleware(BodyLimit, limit=MAX_BODY_BYTES)
    # The outer of the two: it needs no body.
    app.add_middleware(CensusGate, check=service.check_census)
    # Voters reach every node directly from any page; nothing here rests on cookies.
    app.add_middleware(
        CORSMiddleware,
        allow_origins=["*"],
        allow_methods=["GET", "POST", "PUT"],
        allow_headers=["*"],
    )

    def poll_of(poll_id: int) -> PollService:
        return service.poll(poll_id)

    Poll = Annotated[PollService, Depends(poll_of)]

    async def body_of(request: Request) -> bytes:
        return await request.body()

    Body = Annotated[bytes, Depends(body_of)]

    def taken(request: Request, body: bytes, allowed: Collection[bytes]) -> bytes:
        header = request.headers.get(peer_auth.HEADER, "")
        return service.requests.take(
            header, allowed, request.method, request.url.path, body, int(time.time())
        )

    async def peer_of(request: Request, body: Body, poll: Poll) -> bytes:
        return taken(request, body, poll.served.member_addresses)

    def sender_of(request: Request) -> str:
        return client_of(request.scope)

    Sender = Annotated[str, Depends(sender_of)]

    PeerAddress = Annotated[bytes, Depends(peer_of)]

    async def challenger_of(request: Request, body: Body, poll: Poll) -> bytes:
        creator = {poll.progress.observed.view.creator}
        return taken(request, body, poll.served.member_addresses | creator)

    Challenger = Annotated[bytes, Depends(challenger_of)]

    @app.get("/api/v1/config")
    def config() -> dict[str, Any]:
        """Chain, registry and this node's address and registration."""
        return service.config()

    @app.post("/api/v1/committees")
    def committees(body: Body) -> dict[str, Any]:
        """Sign a committee, given in the board's format, that the operator allows."""
        asked = Committee.decode(body)
        signature = service.sign_committee(asked)
        return {"committee": to_hex(asked.digest), "signature": to_hex(signature)}

    @app.get("/api/v1/polls")
    def polls() -> list[dict[str, Any]]:
        """Polls that this node serves."""
        return service.polls()

    @app.get("/api/v1/polls/{poll_id}")
    def summary(poll: Poll) -> dict[str, Any]:
        """State of a poll at this node: counts only."""
        return poll.publication.summary()

    @app.put("/api/v1/polls/{poll_id}/census")
    async def census(poll_id: int, body: Body, request: Request) -> dict[str, Any]:
        """Give the node a poll's census, as canonical bytes, and after it the redemptions where
        voters are invited; answers with its poll key.

        The poll's creator, or its round's organizer, signs it as `CensusUpload`, in the header
        `Ostraka-Census: censusHash.signature`, both hexadecimal.
        """
        header = request.headers.get(census_upload.HEADER, "")
        return _key(await service.take_census(poll_id, header, body))

    @app.get("/api/v1/polls/{poll_id}/key")
    def key(poll: Poll) -> dict[str, Any]:
        """This node's signed poll key."""
        return _key(poll)

    @app.get("/api/v1/polls/{poll_id}/opening")
    def opening(poll: Poll) -> dict[str, Any]:
        """All nodes' poll keys and their signatures as far as this node knows them, and, signed,
        for whom it waits and since when."""
        return poll.keys.report(poll.progress.observed.view).to_json(poll.served.poll.nodes)

    @app.post("/api/v1/polls/{poll_id}/challenge")
    def challenge(poll: Poll, body: Body, challenger: Challenger) -> Response:
        """Show another node, or the poll's creator, that this node holds its poll key; until the
        poll is open."""
        return Response(
            poll.keys.answer(poll.progress.announced(), body, challenger), media_type=_BINARY
        )

    @app.get("/api/v1/polls/{poll_id}/repairs")
    def repairs(poll: Poll, after: Annotated[int, Query(ge=0, lt=2**63)] = 0) -> list[Any]:
        """Repairs for which other nodes asked this one, a page of them, after a number."""
        return poll.repairs.asked(after)

    @app.post("/api/v1/polls/{poll_id}/ballots")
    async def cast(poll: Poll, body: Body, sender: Sender) -> dict[str, Any]:
        """Cast a ballot; answers with this node's receipt."""
        if len(body) > MAX_BALLOT_BYTES:
            raise Problem(ProblemType.TOO_LARGE, f"more than {MAX_BALLOT_BYTES} bytes", "body")
        result = await poll.accepting.submit(CastRecord.from_json(body), sender)
        if isinstance(result, Problem):
            raise result
        return result.to_json()

    @app.post("/api/v1/polls/{poll_id}/ballots:batch")
    async def cast_batch(poll: Poll, body: Body, sender: Sender) -> list[dict[str, Any]]:
        """Cast up to 1,000 ballots as records end to end; a receipt or a problem for each."""
        records = poll.served.decode_batch(body)
        if len(records) > MAX_BATCH:
            raise Problem(
                ProblemType.TOO_LARGE, f"more than {MAX_BATCH} ballots in a batch", "body"
            )
        results = await asyncio.gather(
            *(poll.accepting.submit(record, sender) for record in records)
        )
        return [result.to_json() for result in results]

    @app.get("/api/v1/polls/{poll_id}/receipts/{digest}")
    def receipt(poll: Poll, digest: str) -> dict[str, Any]:
        """This node's receipt of a ballot."""
        found: Receipt = poll.accepting.receipt(from_hex(digest, "digest"))
        return found.to_json()

    @app.get("/api/v1/polls/{poll_id}/board")
    def board(poll: Poll) -> Response:
        """The bulletin board, in its one binary format."""
        return Response(poll.publication.board(), media_type=_BINARY)

    @app.get("/api/v1/polls/{poll_id}/inventory")
    def inventory(poll: Poll) -> Response:
        """Signed list of the ballots that this node accepted, after it froze."""
        return Response(
            poll.settling.inventory(poll.progress.inventory_signature()), media_type=_BINARY
        )

    @app.get("/api/v1/polls/{poll_id}/certificate")
    def certificate(poll: Poll) -> dict[str, Any]:
        """Latest root with the signatures of `q` nodes, to be anchored by anyone."""
        return certificate_json(poll.settling.certificate())

    @app.get("/api/v1/polls/{poll_id}/leaves")
    def leaves(poll: Poll) -> Response:
        """Ballot digests of the anchored root, in leaf order."""
        return Response(poll.release.leaves(poll.progress.anchoring()), media_type=_BINARY)

    @app.get("/api/v1/polls/{poll_id}/finals")
    def finals(poll: Poll) -> list[dict[str, Any]]:
        """Known `Final` statements."""
        return poll.release.finals()

    @app.get("/api/v1/polls/{poll_id}/shares")
    def shares(poll: Poll) -> list[dict[str, Any]]:
        """Known aggregate shares; empty before release."""
        return poll.release.shares()

    @app.post("/api/v1/polls/{poll_id}/peer/ballots", include_in_schema=False)
    def peer_ballots(poll: Poll, body: Body, _: PeerAddress) -> Response:
        if len(body) != 8:
            raise Problem(ProblemType.MALFORMED, "expected a cursor of 8 bytes", "body")
        after = min(int.from_bytes(body, "big"), 2**63 - 1)
        return Response(poll.accepting.records_after(after), media_type=_BINARY)

    @app.post("/api/v1/polls/{poll_id}/peer/records", include_in_schema=False)
    def peer_records(poll: Poll, body: Body, _: PeerAddress) -> Response:
        return Response(poll.accepting.records_of(split_digests(body)), media_type=_BINARY)

    @app.post("/api/v1/polls/{poll_id}/peer/signed", include_in_schema=False)
    def peer_signed(poll: Poll, body: Body, _: PeerAddress) -> Response:
        return Response(poll.publication.signed_of(split_digests(body)), media_type=_BINARY)

    @app.post("/api/v1/polls/{poll_id}/peer/draft", include_in_schema=False)
    def peer_draft(poll: Poll, body: Body, _: PeerAddress) -> Response:
        return Response(
            poll.settling.answer_draft(poll.progress.frozen(), body), media_type=_BINARY
        )

    @app.post("/api/v1/polls/{poll_id}/peer/repair/seeds", include_in_schema=False)
    def peer_repair_seeds(poll: Poll, body: Body, asker: PeerAddress) -> Response:
        return Response(
            poll.repairs.answer_seeds(poll.progress.frozen(), body, asker), media_type=_BINARY
        )

    @app.post("/api/v1/polls/{poll_id}/peer/repair/share", include_in_schema=False)
    def peer_repair_share(poll: Poll, body: Body, asker: PeerAddress) -> Response:
        return Response(
            poll.repairs.answer_share(poll.progress.frozen(), body, asker), media_type=_BINARY
        )

    @app.post("/api/v1/polls/{poll_id}/peer/proposal", include_in_schema=False)
    async def peer_proposal(poll: Poll, body: Body, proposer: PeerAddress) -> Response:
        phase = poll.progress.settling()
        signature = await poll.settling.answer_proposal(phase, body, proposer)
        return Response(signature, media_type=_BINARY)

    @app.post("/api/v1/polls/{poll_id}/peer/lacking", include_in_schema=False)
    def peer_lacking(poll: Poll, body: Body, _: PeerAddress) -> Response:
        return Response(
            poll.settling.answer_lacking(poll.progress.frozen(), body), media_type=_BINARY
        )

    @app.post("/api/v1/polls/{poll_id}/peer/certificate", include_in_schema=False)
    def peer_certificate(poll: Poll, body: Body, _: PeerAddress) -> Response:
        poll.settling.store_certificate(body)
        return Response(b"", media_type=_BINARY)

    return app


def _key(poll: PollService) -> dict[str, Any]:
    announced = poll.served.announcements[poll.served.node]
    return {
        "node": poll.served.node,
        "public_key": to_hex(announced.public_key),
        "signature": to_hex(announced.signature),
    }
