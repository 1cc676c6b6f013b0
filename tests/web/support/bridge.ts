/**
 * Runs the browser's protocol for Python tests: one request a line on standard input, one answer a
 * line on standard output.
 *
 * Bytes are 0x-hex, integers decimal strings, names Python's. Each answer reports its processor
 * time.
 */

import { createInterface } from "node:readline";

import { shake256 } from "@noble/hashes/sha3.js";

import { readCensus as readCensusOfChain } from "../../../web/src/client/census.ts";
import { ChainReader } from "../../../web/src/client/chain.ts";
import { JsonRpc } from "../../../web/src/client/rpc.ts";
import { BallotLayout } from "../../../web/src/protocol/ballot.ts";
import { type AnchoredRoot, splitSections } from "../../../web/src/protocol/board.ts";
import { Audit, type Finding } from "../../../web/src/protocol/checks/audit.ts";
import { CHECKS, noBoard } from "../../../web/src/protocol/checks/checks.ts";
import { generators } from "../../../web/src/protocol/commitment.ts";
import { R } from "../../../web/src/protocol/curve.ts";
import { concat, toHex, toInteger, unsigned, utf8 } from "../../../web/src/protocol/encoding.ts";
import { Malformed } from "../../../web/src/protocol/errors.ts";
import type { ChainEvidence } from "../../../web/src/protocol/evidence.ts";
import { parseJson } from "../../../web/src/protocol/json.ts";
import { SigningKey } from "../../../web/src/protocol/keys.ts";
import type { SumRoot } from "../../../web/src/protocol/merkle_sum.ts";
import { BallotFactory, ballotStatement } from "../../../web/src/protocol/prepare.ts";
import { ProofShape } from "../../../web/src/protocol/proof.ts";
import { verifyProofs } from "../../../web/src/protocol/proof_batch.ts";
import { impliedQuestion } from "../../../web/src/protocol/question/implied.ts";
import { readQuestions } from "../../../web/src/protocol/question/poll.ts";
import { SingleChoice } from "../../../web/src/protocol/question/selection.ts";
import { type Randomness, systemRandomness } from "../../../web/src/protocol/randomness.ts";
import { receiptStatement } from "../../../web/src/protocol/receipts.ts";
import type { Releases } from "../../../web/src/protocol/releases.ts";
import { BallotRule } from "../../../web/src/protocol/rule.ts";
import { open } from "../../../web/src/protocol/sealing.ts";
import { readSource } from "../../../web/src/protocol/snapshot.ts";
import { pollStatistics } from "../../../web/src/protocol/statistics.ts";
import { Domain } from "../../../web/src/protocol/typed_data.ts";
import { type UnixSeconds, unixSeconds } from "../../../web/src/protocol/units.ts";
import { KNOWN_RELEASES } from "../../../web/src/workshop/known_releases.ts";
import { assumptionInReport } from "./assumptions.ts";
import { read, readers } from "./readers.ts";
import { unhex } from "./vectors.ts";

/** The same stream of scalars as `tests.support.randomness.SeededRandomness`. */
class SeededRandomness implements Randomness {
  readonly #seed: Uint8Array;
  #drawn = 0;

  constructor(seed: string) {
    this.#seed = utf8(seed);
  }

  bytes(size: number): Uint8Array {
    this.#drawn += 1;
    return shake256(concat([this.#seed, unsigned(this.#drawn, 8)]), { dkLen: size });
  }

  scalar(): bigint {
    return toInteger(this.bytes(64)) % R;
  }
}

interface PollRequest {
  rule: string;
  threshold: string;
  context: string;
  poll_keys: string[];
  chain_id: string;
  registry: string;
}

interface PrepareRequest extends PollRequest {
  secret: string;
  bits: string[] | undefined;
  chosen: string[];
  cast_at: string;
  seed: string | undefined;
}

function selectionBits(rule: BallotRule, chosen: readonly number[]): bigint[] {
  const question = impliedQuestion(rule, "Which?", rule.slots.map(String));
  return question.voteBits(question instanceof SingleChoice ? chosen[0] : chosen);
}

function prepare(request: PrepareRequest): unknown {
  const rule = BallotRule.decode(unhex(request.rule));
  const context = unhex(request.context);
  const pollKeys = request.poll_keys.map(unhex);
  const threshold = Number(request.threshold);
  const randomness = request.seed === undefined ? undefined : new SeededRandomness(request.seed);
  const factory = new BallotFactory(rule, threshold, context, pollKeys, randomness);
  const bits = request.bits?.map(BigInt) ?? selectionBits(rule, request.chosen.map(Number));
  const key = new SigningKey(unhex(request.secret));
  const ballot = factory.seal(factory.prove(key.address, bits, momentOf(request.cast_at)));
  const { boxes, boxesHash } = ballot;
  const domain = new Domain(BigInt(request.chain_id), unhex(request.registry));
  const digest = domain.digest(...ballotStatement(context, ballot, boxesHash));
  return {
    ballot: toHex(ballot.encoded),
    boxes: boxes.map(toHex),
    signature: toHex(key.sign(digest)),
    statement: domain.request(...ballotStatement(context, ballot, boxesHash)),
    receipt: toHex(domain.digest(...receiptStatement(context, ballot))),
  };
}

/** Throws when a ballot's proof fails. */
function verify(request: PollRequest & { ballots: string[] }): unknown {
  const rule = BallotRule.decode(unhex(request.rule));
  const layout = new BallotLayout(new ProofShape(rule, Number(request.threshold)));
  const ballots = layout.decodeMany(request.ballots.map(unhex));
  const proofs = ballots.map(({ proof }) => proof);
  const bases = generators(rule.width);
  verifyProofs(bases, layout.shape, unhex(request.context), proofs, systemRandomness);
  return ballots.map(({ digest }) => toHex(digest));
}

function openBox({ secret, box, info }: { secret: string; box: string; info: string }): unknown {
  return toHex(open(unhex(secret), unhex(box), unhex(info)));
}

interface RootJson {
  hash: string;
  sum: string;
  count: string;
}

interface AnchoredJson {
  round: string;
  root: RootJson;
  attestations: { node: string; signature: string }[];
}

interface ProposalJson {
  id: string;
  recipient: string;
  amount: string;
  category: string;
  withdrawn: boolean;
  funded: boolean;
  paid: boolean;
  title: string;
}

type RoundJson = Record<
  "registry" | "status" | "poll_id" | "budget" | "deposited" | "committed" | "paid_out",
  string
> & {
  proposals: ProposalJson[];
  code: string;
  rules: CodeJson;
  electorate: { kind: string; root: string; voters: string; weight: string; source: string };
  title: string;
  text: string;
  member_root: string;
  secret: boolean;
  token: string;
  payouts: {
    proposal_id: string;
    recipient: string;
    amount: string;
    block: string;
    transaction: string;
  }[];
  moved: MovedJson[] | UnreadableJson;
};

interface CodeJson {
  address: string;
  code: string;
}

type MovedJson =
  | { transaction: string; recipient: string; amount: string }
  | { recipient: string; block: string; before: string; after: string; spent: boolean };

interface UnreadableJson {
  unreadable: "Malformed" | "Rejected" | "Undecided";
  reason: string;
  item?: string;
}

interface ChainJson {
  chain_id: string;
  block: string;
  status: string;
  poll_context: string;
  committee: string;
  poll_keys_digest: string;
  root: RootJson;
  tally_digest: string;
  rejected_rounds: string;
  rejected_at: string;
  anchored_at: string;
  dispute_window_ends_at: string;
  tally_deadline: string;
  generators: string;
  node_keys: string[];
  anchored: AnchoredJson | null;
  tally: { values: string[]; blinding: string } | null;
  tallied_at: string;
  awards: string[] | UnreadableJson | null;
  outcome: { state: string; ballots_hash: string; awards: string[] } | UnreadableJson | null;
  creator: string;
  creator_is_contract: boolean;
  creator_is_treasury: boolean;
  round: RoundJson | UnreadableJson | null;
  census:
    { entries: { account: string; signing_key: string; weight: string }[] } | UnreadableJson | null;
  census_code: string;
  census_times: [at: string, next: string] | UnreadableJson | null;
  deployment:
    | {
        registry: string;
        generator_table: string;
        voting_keys: CodeJson;
        poll_rules: CodeJson;
        period_floor: string;
        disputes: { contract: CodeJson; ballot_check: CodeJson | null } | null;
      }
    | UnreadableJson;
}

function readRoot({ hash, sum, count }: RootJson): SumRoot {
  return { hash: unhex(hash), sum: unhex(sum), count: Number(count) };
}

function readAnchored({ round, root, attestations }: AnchoredJson): AnchoredRoot {
  return {
    round: Number(round),
    root: readRoot(root),
    attestations: attestations.map(({ node, signature }) => {
      return { node: Number(node), signature: unhex(signature) };
    }),
  };
}

function readRound(round: Exclude<ChainJson["round"], null>): ChainEvidence["round"] {
  if ("unreadable" in round) return round;
  return {
    registry: unhex(round.registry),
    status: Number(round.status),
    pollId: BigInt(round.poll_id),
    budget: BigInt(round.budget),
    deposited: BigInt(round.deposited),
    committed: BigInt(round.committed),
    paidOut: BigInt(round.paid_out),
    proposals: round.proposals.map((one) => ({
      ...one,
      id: unhex(one.id),
      recipient: unhex(one.recipient),
      amount: BigInt(one.amount),
      category: Number(one.category),
    })),
    payouts: round.payouts.map((one) => ({
      proposalId: unhex(one.proposal_id),
      recipient: unhex(one.recipient),
      amount: BigInt(one.amount),
      block: BigInt(one.block),
      transaction: unhex(one.transaction),
    })),
    code: unhex(round.code),
    rules: readCode(round.rules),
    electorate: {
      kind: Number(round.electorate.kind),
      root: unhex(round.electorate.root),
      voters: BigInt(round.electorate.voters),
      weight: BigInt(round.electorate.weight),
      source: unhex(round.electorate.source),
    },
    title: round.title,
    text: round.text,
    memberRoot: unhex(round.member_root),
    secret: round.secret,
    token: unhex(round.token),
    moved: "unreadable" in round.moved ? round.moved : readMoved(round.token, round.moved),
  };
}

function readCode({ address, code }: CodeJson) {
  return { address: unhex(address), code: unhex(code) };
}

function readMoved(token: string, moved: readonly MovedJson[]) {
  const transfers = moved.flatMap((one) => {
    if (!("transaction" in one)) return [];
    const { transaction, recipient, amount } = one;
    return {
      transaction: unhex(transaction),
      recipient: unhex(recipient),
      amount: BigInt(amount),
    };
  });
  const coins = moved.flatMap((one) => {
    if (!("spent" in one)) return [];
    const { recipient, block, before, after, spent } = one;
    return {
      recipient: unhex(recipient),
      block: BigInt(block),
      before: BigInt(before),
      after: BigInt(after),
      spent,
    };
  });
  return /[1-9a-f]/.test(token.slice(2)) ? { transfers } : { coins };
}

function readCensus(census: Exclude<ChainJson["census"], null>): ChainEvidence["census"] {
  if ("unreadable" in census) return census;
  return census.entries.map(({ account, signing_key, weight }) => ({
    account: unhex(account),
    signingKey: unhex(signing_key),
    weight: BigInt(weight),
  }));
}

const maybe = <T, U>(given: T | null, read: (given: T) => U) => (given ? read(given) : undefined);

function readDeployment(given: ChainJson["deployment"]): ChainEvidence["deployment"] {
  if ("unreadable" in given) return given;
  return {
    registry: unhex(given.registry),
    generatorTable: unhex(given.generator_table),
    votingKeys: readCode(given.voting_keys),
    pollRules: readCode(given.poll_rules),
    periodFloor: BigInt(given.period_floor),
    disputes: maybe(given.disputes, ({ contract, ballot_check: check }) => ({
      contract: readCode(contract),
      ballotCheck: maybe(check, readCode),
    })),
  };
}

function readTimes(times: ChainJson["census_times"]): ChainEvidence["censusTimes"] {
  return maybe(times, (at) => ("unreadable" in at ? at : [momentOf(at[0]), momentOf(at[1])]));
}

function readOutcome(given: ChainJson["outcome"]): ChainEvidence["outcome"] {
  if (!given || "unreadable" in given) return given ?? undefined;
  const { state, ballots_hash: hash, awards } = given;
  return { state: Number(state), ballotsHash: unhex(hash), awards: awards.map(BigInt) };
}

function readChain(chain: ChainJson): ChainEvidence {
  const { anchored, tally, awards, round, census } = chain;
  return {
    chainId: BigInt(chain.chain_id),
    block: BigInt(chain.block),
    status: chain.status,
    pollContext: unhex(chain.poll_context),
    committee: unhex(chain.committee),
    pollKeysDigest: unhex(chain.poll_keys_digest),
    root: readRoot(chain.root),
    tallyDigest: unhex(chain.tally_digest),
    rejectedRounds: Number(chain.rejected_rounds),
    rejectedAt: momentOf(chain.rejected_at),
    anchoredAt: momentOf(chain.anchored_at),
    disputeWindowEndsAt: momentOf(chain.dispute_window_ends_at),
    tallyDeadline: momentOf(chain.tally_deadline),
    generators: unhex(chain.generators),
    nodeKeys: chain.node_keys.map(unhex),
    anchored: anchored ? readAnchored(anchored) : undefined,
    tally: tally
      ? { values: tally.values.map(BigInt), blinding: BigInt(tally.blinding) }
      : undefined,
    talliedAt: momentOf(chain.tallied_at),
    awards: awards && "unreadable" in awards ? awards : awards?.map(BigInt),
    outcome: readOutcome(chain.outcome),
    creator: unhex(chain.creator),
    creatorIsContract: chain.creator_is_contract,
    creatorIsTreasury: chain.creator_is_treasury,
    round: round ? readRound(round) : undefined,
    census: census ? readCensus(census) : undefined,
    censusCode: unhex(chain.census_code),
    censusTimes: readTimes(chain.census_times),
    deployment: readDeployment(chain.deployment),
  };
}

interface AuditRequest {
  registry: string;
  poll_id: string;
  chain: ChainJson;
  board: string;
  /** Text of a releases.json; by default the client's own. */
  releases?: string;
}

function audit(request: AuditRequest): unknown {
  const claimed = { registry: unhex(request.registry), pollId: BigInt(request.poll_id) };
  const chain = readChain(request.chain);
  const releases =
    request.releases === undefined ? KNOWN_RELEASES : (JSON.parse(request.releases) as Releases);
  const found = new Audit(claimed, chain, unhex(request.board), systemRandomness, releases);
  return inReport(found.run(CHECKS));
}

/** A moment in decimal digits. */
function momentOf(digits: string): UnixSeconds {
  return unixSeconds(BigInt(digits));
}

/** Findings with the members and the words of the verifier's report. */
function inReport(findings: readonly Finding[]): unknown {
  return findings.map(({ warning, assumes, ...finding }) => {
    return { ...finding, assumes: assumptionInReport(assumes) };
  });
}

/** Findings of each of several boards of a poll. */
function audits(request: Omit<AuditRequest, "board"> & { boards: string[] }): unknown {
  return request.boards.map((board) => {
    try {
      return audit({ ...request, board });
    } catch (error) {
      if (error instanceof Malformed) return inReport(noBoard(error));
      throw error;
    }
  });
}

/** An audit as in the page, which reads the chain through an endpoint. */
async function auditByRpc(request: {
  rpc_url: string;
  chain_id: string;
  registry: string;
  poll_id: string;
  board: string;
}): Promise<unknown> {
  const claimed = { registry: unhex(request.registry), pollId: BigInt(request.poll_id) };
  const board = unhex(request.board);
  const rpc = new JsonRpc(request.rpc_url, undefined, () => Promise.resolve());
  const reader = await ChainReader.open(rpc, claimed.registry, BigInt(request.chain_id));
  const chain = await reader.read(claimed.pollId, splitSections(board));
  const found = new Audit(claimed, chain, board, systemRandomness, KNOWN_RELEASES);
  return inReport(found.run(CHECKS));
}

/** Statistics with fractions as text and undefined values as null, without the questions. */
function statistics(request: { questions: string; tally: string[] }): unknown {
  const questions = readQuestions(parseJson(utf8(request.questions), "questions"));
  const found = pollStatistics(questions, request.tally.map(BigInt));
  const written = (value: unknown): unknown => {
    if (value === undefined) return null;
    if (typeof value === "bigint") return value.toString();
    if (Array.isArray(value)) return value.map(written);
    if (typeof value !== "object" || !value) return value;
    if ("numerator" in value && "denominator" in value) {
      return `${String(value.numerator)}/${String(value.denominator)}`;
    }
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, written(one)]));
  };
  return found.map(({ question, ...numbers }) => written(numbers));
}

/** A census read again from the chain, as of its latest block. */
async function census(request: { rpc_url: string; source: string }): Promise<unknown> {
  const rpc = new JsonRpc(request.rpc_url);
  const source = readSource(parseJson(utf8(request.source), "source"));
  const entries = await readCensusOfChain(rpc, source, await rpc.newestBlock());
  return entries.map(({ account, signingKey, weight }) => {
    return [toHex(account), toHex(signingKey), weight.toString()];
  });
}

/** Answered as soon as the modules are loaded. */
function ready(): unknown {
  return null;
}

const COMMANDS = {
  ready,
  prepare,
  verify,
  open: openBox,
  audit,
  audits,
  audit_by_rpc: auditByRpc,
  statistics,
  census,
  read,
  readers,
} as const;

for await (const line of createInterface({ input: process.stdin })) {
  const { command, ...request } = JSON.parse(line) as { command: keyof typeof COMMANDS };
  let answer: object;
  const before = process.cpuUsage();
  try {
    answer = { result: await COMMANDS[command](request as never) };
  } catch (error) {
    answer = { error: (error as Error).name, message: (error as Error).message };
  }
  const { user, system } = process.cpuUsage(before);
  process.stdout.write(`${JSON.stringify({ ...answer, cpu_ms: (user + system) / 1000 })}\n`);
}
