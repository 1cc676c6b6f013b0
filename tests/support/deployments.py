"""Code of the contracts as a chain has it: compiled here, immutables as a deployment sets them.

Nothing is deployed: audits read code only.
"""

from collections.abc import Mapping

from ostraka.chain.contract import artifact
from ostraka_verifier.commitment import MAX_GENERATORS, derive_generator
from ostraka_verifier.encoding import word
from ostraka_verifier.evidence import CodeEvidence, DeploymentEvidence, DisputesEvidence
from ostraka_verifier.releases import created_address, domain_immutables, known_releases

PERIOD_FLOOR_S = 600
TABLE = b"\0" + b"".join(derive_generator(index) for index in range(MAX_GENERATORS + 1))


def code_of(contract: str, immutables: Mapping[str, bytes] | None = None) -> bytes:
    """Runtime code of a compiled contract with its immutables filled in, 32 bytes each."""
    code = bytearray(bytes.fromhex(artifact(contract)["deployedBytecode"][2:]))
    (known,) = [one for one in known_releases().codes if one.contract == contract]
    for place in known.immutables:
        code[place.start : place.start + 32] = (immutables or {})[place.name]
    return bytes(code)


def disputes_of(chain_id: int, address: bytes) -> DisputesEvidence:
    """Disputes of this release."""
    check = created_address(address, 1)
    immutables = domain_immutables(chain_id, address)
    immutables |= {"ballotCheck": word(check), "minimumBond": word(10**15)}
    return DisputesEvidence(
        CodeEvidence(address, code_of("Disputes", immutables)),
        CodeEvidence(check, code_of("BallotCheck")),
    )


def deployment(
    chain_id: int, registry: bytes, disputes: DisputesEvidence | None = None
) -> DeploymentEvidence:
    """A registry of this release."""
    table, keys, rules = (created_address(registry, nonce) for nonce in (1, 2, 3))
    immutables = domain_immutables(chain_id, registry) | {
        "generatorTable": word(table),
        "votingKeys": word(keys),
        "pollRules": word(rules),
        "periodFloor": word(PERIOD_FLOOR_S),
        "disputes": word(disputes.contract.address if disputes else 0),
    }
    return DeploymentEvidence(
        registry=code_of("PollRegistry", immutables),
        generator_table=table,
        voting_keys=CodeEvidence(keys, code_of("VotingKeys", domain_immutables(chain_id, keys))),
        poll_rules=CodeEvidence(rules, code_of("PollRules")),
        period_floor=PERIOD_FLOOR_S,
        disputes=disputes,
    )


def treasury_code(chain_id: int, registry: bytes, treasury: bytes) -> tuple[bytes, CodeEvidence]:
    """Code of a treasury of this release, and the contract of its rules."""
    rules = created_address(treasury, 1)
    immutables = domain_immutables(chain_id, treasury)
    immutables |= {
        "registry": word(registry),
        "rules": word(rules),
        "_firstChainId": word(chain_id),
    }
    code = code_of("BudgetTreasury", immutables)
    return code, CodeEvidence(rules, code_of("RoundRules"))
