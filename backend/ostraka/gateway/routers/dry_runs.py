"""Answers of requests that check and warn only."""

from collections.abc import Sequence

from fastapi.responses import JSONResponse

from ostraka.gateway.answers.plans import DryRun, LeakWarning
from ostraka.planning.leaks import LeakWarning as FoundWarning
from ostraka.wire.openapi import Responses

DRY_RUN: Responses = {200: {"model": DryRun, "description": "A dry run: nothing was created."}}


def dry_run_answer(warnings: Sequence[FoundWarning]) -> JSONResponse:
    """Return how a round or poll may reveal votes, without a plan."""
    found = [LeakWarning.model_validate(one.to_json()) for one in warnings]
    return JSONResponse(DryRun(warnings=found).model_dump(mode="json"))
