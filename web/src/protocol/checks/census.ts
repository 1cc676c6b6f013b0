/**
 * Checks C1 to C4: who may vote.
 *
 * Source: docs/protocol.md §13.
 */

import { Census, MINIMUM_CLASS, sameEntry } from "../census.ts";
import { checkWeights } from "../counting.ts";
import { sameBytes, toHex } from "../encoding.ts";
import { Malformed, Rejected, Undecided } from "../errors.ts";
import { parseJson } from "../json.ts";
import { checkRedemptions, pollElectorate, roundElectorate } from "../redemption.ts";
import { createdAddress, findRelease } from "../releases.ts";
import { type CensusSource, type InvitedCensus, sourceAtTime } from "../snapshot.ts";
import { Domain } from "../typed_data.ts";
import { counted } from "../wording.ts";
import { type UnixSeconds, unixSeconds } from "../units.ts";
import { type Audit, type Held, readable } from "./audit.ts";
import { SOURCE_ELECTORATE } from "./round.ts";

/** C1: the census is in strict order, in range, and has its root. */
export function checkC1(audit: Audit): string {
  if (!sameBytes(audit.census.root, audit.parameters.censusRoot)) {
    throw new Rejected("C1", "board.census", "it has a different root than the poll fixes");
  }
  return counted(audit.census.entries.length, "voter", "voters");
}

/** C2: number of voters and total weight are the parameters'. */
export function checkC2(audit: Audit): string {
  const { census, parameters } = audit;
  const voters = census.entries.length;
  if (voters !== parameters.voters) {
    throw new Rejected(
      "C2",
      "board.census",
      `${counted(voters, "voter", "voters")}, not ${parameters.voters}`,
    );
  }
  if (census.totalWeight !== parameters.totalWeight) {
    throw new Rejected("C2", "board.census", `total weight ${census.totalWeight}`);
  }
  return `total weight ${census.totalWeight}`;
}

/** C3: a secret poll has no weight that too few voters share, a shuffled one a single weight. */
export function checkC3(audit: Audit): string {
  const { census, parameters } = audit;
  const [identifying] = census.identifyingWeights();
  checkWeights(
    parameters,
    census.entries.map(({ weight }) => weight),
  );
  if (!parameters.secret) return "the poll states that weights may reveal votes";
  if (identifying) {
    const reason = `held by ${counted(identifying.voters, "voter", "voters")}; at least ${MINIMUM_CLASS} required`;
    throw new Rejected("C3", `weight ${identifying.weight}`, reason);
  }
  return "no weight identifies a voter";
}

/** C4: the census is the one that its source gives. */
export function checkC4(audit: Audit): Held {
  const { census } = audit;
  const [shared] = census.sharedKeys();
  if (shared && !audit.description.sharedKeys) {
    const [key, accounts] = shared;
    throw new Rejected("C4", `signing key ${key}`, `it signs for ${accounts} accounts`);
  }
  const source = audit.description.census;
  const voters = census.entries.length;
  if (audit.sections.redemptions && source?.kind !== "invitations") {
    throw new Rejected("C4", "board.redemptions", "present, although nobody was invited");
  }
  if (!source) {
    const listed = counted(voters, "voter", "voters");
    return {
      detail: `${listed}, listed by hand; ${otherKeys(census)}`,
      assumes: { code: "list", values: { voters } },
    };
  }
  if (source.kind === "invitations") return redeemed(audit, source);
  if (source.keys && !sameBytes(source.keys, createdAddress(audit.claimed.registry, 2))) {
    throw new Rejected("C4", "description.census.keys", "not the registry's own voting keys");
  }
  if (!audit.chain.census) throw new Undecided("the source of the census was not read");
  const read = new Census(readable(audit.chain.census));
  for (const entry of census.entries) {
    const found = read.find(entry.account);
    if (!found || !sameEntry(found, entry)) {
      throw new Rejected("C4", `voter ${toHex(entry.account)}`, "differs from the source");
    }
  }
  const missing = read.entries.find(({ account }) => !census.find(account));
  if (missing) {
    throw new Rejected("C4", `voter ${toHex(missing.account)}`, "in the source, not in the census");
  }
  const at = checkBlock(audit, source);
  const contract = toHex(source.contract);
  const keys = source.keys ? `; voting keys of ${toHex(source.keys)}` : "";
  const known =
    source.kind === "members" &&
    findRelease(audit.releases, "MemberRegistry", audit.chain.censusCode);
  return {
    detail:
      `${source.kind} of ${contract} at block ${source.block}${at}${keys}; ` + otherKeys(census),
    assumes: { code: known ? "members" : "contract", values: { contract } },
  };
}

/** The number of voters who let another key sign, and of keys that sign for several accounts. */
function otherKeys(census: Census): string {
  const { entries } = census;
  const shared = census.sharedKeys().size;
  const others = entries.filter(({ account, signingKey }) => !sameBytes(account, signingKey));
  const keys = `${others.length} of ${entries.length} entries sign with a different key than the account's`;
  return shared ? `${keys}; keys that sign for several accounts: ${shared}` : keys;
}

/** Check that a round whose electorate is a source on chain uses that source at the right block. */
function checkBlock(audit: Audit, source: CensusSource): string {
  if (!audit.description.round) return "";
  const { electorate } = audit.round;
  if (electorate.kind !== SOURCE_ELECTORATE) return "";
  const { censusTimes } = audit.chain;
  const [before, after] = censusTimes ? readable(censusTimes) : [0n, 0n];
  const at = timeOf(electorate.source);
  if (at === undefined || !sameBytes(sourceAtTime(source, at), electorate.source)) {
    throw new Rejected("C4", "description.census", "a different source than the round fixed");
  }
  if (at < before || at >= after) {
    const reason = `from ${before} to ${after}, not the latest block at ${at}`;
    throw new Rejected("C4", "description.census.block", reason);
  }
  return `, the latest at ${at}`;
}

/** The member `at` of a round's source; undefined where it is invalid. */
function timeOf(source: Uint8Array): UnixSeconds | undefined {
  try {
    const content = parseJson(source, "electorate.source");
    const at: unknown = content instanceof Map ? content.get("at") : undefined;
    return typeof at === "bigint" ? unixSeconds(at) : undefined;
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
}

/** Check that every voter of a census by invitation redeemed one. */
function redeemed(audit: Audit, { root, nonce }: InvitedCensus): Held {
  const { round } = audit.description;
  const { chainId } = audit.chain;
  if (!round === !nonce) {
    throw new Rejected("C4", "description.census.nonce", "only polls without a round have one");
  }
  const electorate = round
    ? roundElectorate(chainId, round, root)
    : pollElectorate(chainId, audit.claimed.registry, nonce!, root);
  const domain = round ? new Domain(chainId, round.treasury) : audit.domain;
  const { redemptions, census } = audit;
  checkRedemptions(redemptions, census, root, electorate, domain);
  const [used, all] = [census.entries.length, redemptions.invited.entries.length];
  return {
    detail: `${used} of ${counted(all, "invitation", "invitations")} used`,
    assumes: { code: "invitations", values: { all, used } },
  };
}
