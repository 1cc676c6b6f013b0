"""Checks G1 and G2: generators, and the release of the contracts.

Source: docs/protocol.md §13.
"""

from collections.abc import Mapping

from ostraka_verifier.checks.audit import Audit
from ostraka_verifier.checks.finding import Held
from ostraka_verifier.commitment import MAX_GENERATORS, derive_generator
from ostraka_verifier.encoding import word
from ostraka_verifier.errors import Rejected, Undecided
from ostraka_verifier.evidence import CodeEvidence, DisputesEvidence
from ostraka_verifier.releases import Found, created_address, domain_immutables

LEAST_PERIOD_S = 3600
"""Below this floor of periods, a registry is meant for tests."""


def check_g1(audit: Audit) -> str:
    """G1: the contract's generators are derived as specified."""
    table = b"".join(derive_generator(index) for index in range(MAX_GENERATORS + 1))
    if audit.chain.generators != b"\0" + table:
        raise Rejected("G1", "generator table", "not the points of §2.7")
    return f"{MAX_GENERATORS + 1} points derived again"


def check_g2(audit: Audit) -> Held:
    """G2: registry, rules, table and voting keys are contracts of a known release."""
    deployment, registry = audit.deployment, audit.claimed.registry
    found = release_of(audit, "PollRegistry", CodeEvidence(registry, deployment.registry))
    parts = {
        "generatorTable": created_address(registry, 1),
        "votingKeys": created_address(registry, 2),
        "pollRules": created_address(registry, 3),
    }
    named = {
        "generatorTable": deployment.generator_table,
        "votingKeys": deployment.voting_keys.address,
        "pollRules": deployment.poll_rules.address,
    }
    expected = {name: word(address) for name, address in parts.items()}
    chain_id = audit.chain.chain_id
    require_immutables("PollRegistry", found, domain_immutables(chain_id, registry) | expected)
    for name, address in named.items():
        if address != parts[name]:
            raise Rejected("G2", name, "not the contract that the registry created")
    disputes = deployment.disputes
    fixed = {
        "periodFloor": word(deployment.period_floor),
        "disputes": word(disputes.contract.address if disputes else 0),
    }
    require_immutables("PollRegistry", found, fixed)
    table = CodeEvidence(deployment.generator_table, audit.chain.generators)
    for contract, part in (("PollRules", deployment.poll_rules), ("GeneratorTable", table)):
        require_same_release(contract, release_of(audit, contract, part), found)
    keys = release_of(audit, "VotingKeys", deployment.voting_keys)
    require_same_release("VotingKeys", keys, found)
    require_immutables(
        "VotingKeys", keys, domain_immutables(chain_id, deployment.voting_keys.address)
    )
    floor = deployment.period_floor
    said = f"release {found.release}; periods of at least {floor} s"
    if floor < LEAST_PERIOD_S:
        said += ", less than an hour: a test deployment"
    if disputes is None:
        return Held(said)
    said += f"; 0x{disputes.contract.address.hex()} may reject roots"
    if _are_known(audit, disputes, found):
        return Held(f"{said}, and is of the same release")
    stranger = f"0x{disputes.contract.address.hex()}"
    return Held(said, f"the contract {stranger} rejects only false roots")


def _are_known(audit: Audit, disputes: DisputesEvidence, registry: Found) -> bool:
    """Whether the disputes are of the registry's release.

    Raises:
        Rejected: They are, but with values that no such deployment has.
    """
    address = disputes.contract.address
    found = audit.releases.find("Disputes", disputes.contract.code)
    if found is None or found.release != registry.release:
        return False
    check = created_address(address, 1)
    expected = domain_immutables(audit.chain.chain_id, address) | {"ballotCheck": word(check)}
    require_immutables("Disputes", found, expected)
    if disputes.ballot_check is None or disputes.ballot_check.address != check:
        raise Rejected("G2", "ballotCheck", "not the contract that the disputes created")
    part = release_of(audit, "BallotCheck", disputes.ballot_check)
    require_same_release("BallotCheck", part, registry)
    return True


def release_of(audit: Audit, contract: str, at: CodeEvidence) -> Found:
    found = audit.releases.find(contract, at.code)
    if found is None:
        raise Undecided(
            f"the code at 0x{at.address.hex()} is not that of {contract} in any release that this"
            " program knows"
        )
    return found


def require_same_release(contract: str, part: Found, whole: Found) -> None:
    if part.release != whole.release:
        raise Undecided(f"{contract} is of release {part.release}, not of {whole.release}")


def require_immutables(contract: str, found: Found, expected: Mapping[str, bytes]) -> None:
    differing = found.differing(expected)
    if differing is not None:
        check = "D4" if contract == "BudgetTreasury" else "G2"
        raise Rejected(check, f"{contract}.{differing}", "not the value of this deployment")
