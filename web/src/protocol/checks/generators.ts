/**
 * Checks G1 and G2: generators, and the release of the contracts.
 *
 * Source: docs/protocol.md §13.
 */

import { generators, MAX_GENERATORS } from "../commitment.ts";
import { encodePoints } from "../curve.ts";
import { concat, sameBytes, toHex, word } from "../encoding.ts";
import { Rejected, Undecided } from "../errors.ts";
import type { CodeEvidence, DisputesEvidence } from "../evidence.ts";
import {
  createdAddress,
  differing,
  domainImmutables,
  findRelease,
  type Found,
} from "../releases.ts";
import { type Audit, type Held, readable } from "./audit.ts";

/** Floor of a registry's periods, in seconds, below which it is meant for tests. */
const LEAST_PERIOD_S = 3600n;

/** G1: the contract's generators are derived as specified. */
export function checkG1(audit: Audit): string {
  const table = encodePoints(generators(MAX_GENERATORS));
  if (!sameBytes(audit.chain.generators, concat([Uint8Array.of(0), table]))) {
    throw new Rejected("G1", "generator table", "not the points of §2.7");
  }
  return `${MAX_GENERATORS + 1} points derived again`;
}

/** G2: registry, rules, table and voting keys are contracts of a known release. */
export function checkG2(audit: Audit): Held {
  const { chain } = audit;
  const { registry } = audit.claimed;
  const deployment = readable(chain.deployment);
  const found = releaseOf(audit, "PollRegistry", { address: registry, code: deployment.registry });
  const parts = [
    ["generatorTable", createdAddress(registry, 1), deployment.generatorTable],
    ["votingKeys", createdAddress(registry, 2), deployment.votingKeys.address],
    ["pollRules", createdAddress(registry, 3), deployment.pollRules.address],
  ] as const;
  requireImmutables("PollRegistry", found, [
    ...domainImmutables(chain.chainId, registry),
    ...parts.map(([name, made]) => [name, word(made)] as const),
  ]);
  for (const [name, made, named] of parts) {
    if (!sameBytes(made, named)) {
      throw new Rejected("G2", name, "not the contract that the registry created");
    }
  }
  requireImmutables("PollRegistry", found, [
    ["periodFloor", word(deployment.periodFloor)],
    ["disputes", word(deployment.disputes?.contract.address ?? 0n)],
  ]);
  const table = { address: deployment.generatorTable, code: chain.generators };
  requireSameRelease("PollRules", releaseOf(audit, "PollRules", deployment.pollRules), found);
  requireSameRelease("GeneratorTable", releaseOf(audit, "GeneratorTable", table), found);
  const keys = releaseOf(audit, "VotingKeys", deployment.votingKeys);
  requireSameRelease("VotingKeys", keys, found);
  const ofKeys = domainImmutables(chain.chainId, deployment.votingKeys.address);
  requireImmutables("VotingKeys", keys, [...ofKeys]);
  const floor = deployment.periodFloor;
  const forTests = floor < LEAST_PERIOD_S;
  const warning = forTests ? "test deployment" : undefined;
  const short = forTests ? ", less than an hour: a test deployment" : "";
  const detail = `release ${found.release}; periods of at least ${floor} s${short}`;
  if (!deployment.disputes) return { detail, warning };
  const contract = toHex(deployment.disputes.contract.address);
  const said = `${detail}; ${contract} may reject roots`;
  if (areKnown(audit, deployment.disputes, found)) {
    return { detail: `${said}, and is of the same release`, warning };
  }
  return { detail: said, assumes: { code: "disputes", values: { contract } }, warning };
}

/** Whether the disputes are of the registry's release; values that no such deployment has throw. */
function areKnown(audit: Audit, disputes: DisputesEvidence, registry: Found): boolean {
  const { address, code } = disputes.contract;
  const found = findRelease(audit.releases, "Disputes", code);
  if (found?.release !== registry.release) return false;
  const check = createdAddress(address, 1);
  requireImmutables("Disputes", found, [
    ...domainImmutables(audit.chain.chainId, address),
    ["ballotCheck", word(check)],
  ]);
  const { ballotCheck } = disputes;
  if (!ballotCheck || !sameBytes(ballotCheck.address, check)) {
    throw new Rejected("G2", "ballotCheck", "not the contract that the disputes created");
  }
  requireSameRelease("BallotCheck", releaseOf(audit, "BallotCheck", ballotCheck), registry);
  return true;
}

export function releaseOf(audit: Audit, contract: string, { address, code }: CodeEvidence): Found {
  const found = findRelease(audit.releases, contract, code);
  if (!found) {
    throw new Undecided(
      `the code at ${toHex(address)} is not that of ${contract} in any release that this program ` +
        "knows",
    );
  }
  return found;
}

export function requireSameRelease(contract: string, part: Found, whole: Found): void {
  if (part.release !== whole.release) {
    throw new Undecided(`${contract} is of release ${part.release}, not of ${whole.release}`);
  }
}

export function requireImmutables(
  contract: string,
  found: Found,
  expected: readonly (readonly [name: string, value: Uint8Array])[],
): void {
  const name = differing(found, new Map(expected));
  if (name === undefined) return;
  const check = contract === "BudgetTreasury" ? "D4" : "G2";
  throw new Rejected(check, `${contract}.${name}`, "not the value of this deployment");
}
