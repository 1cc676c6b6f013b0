/** The worker's side: runs the page's jobs one after another. */

import { BallotLayout } from "../protocol/ballot.ts";
import { generators } from "../protocol/commitment.ts";
import { toHex } from "../protocol/encoding.ts";
import { BallotFactory } from "../protocol/prepare.ts";
import { ProofShape } from "../protocol/proof.ts";
import { systemRandomness } from "../protocol/randomness.ts";
import { BallotRule } from "../protocol/rule.ts";
import {
  type Counted,
  failureOf,
  type Jobs,
  type Kind,
  type Message,
  type PollTerms,
  type Progress,
  type Request,
} from "./jobs.ts";

/** Number of ballots between two reports of progress. */
const BATCH = 500;

/** The worker's connection to the page. */
export interface PagePort {
  postMessage(message: Message): void;
  onmessage: ((event: MessageEvent<Request>) => unknown) | null;
}

/** Answer every request. */
export function serve(port: PagePort): void {
  port.onmessage = async ({ data: request }) => {
    const { id } = request;
    const progress: Progress = (done, total) => {
      port.postMessage({ id, progress: [done, total] });
    };
    try {
      port.postMessage({ id, output: await perform(request, progress) });
    } catch (error) {
      port.postMessage({ id, failure: failureOf(error) });
    }
  };
}

function perform(
  request: Request,
  progress: Progress,
): Jobs[Kind]["output"] | Promise<Jobs[Kind]["output"]> {
  switch (request.kind) {
    case "warm":
      factoryOf(request.input);
      return null;
    case "seal":
      return seal(request.input, progress);
    case "challenge":
      return challenge(request.input);
    case "verify":
      return verify(request.input, progress);
    case "look_up":
      return lookUp(request.input);
    case "audit":
      return audit(request.input, progress);
  }
}

let warm: { readonly name: string; readonly factory: BallotFactory } | undefined;

/** The factory of a poll; the latest one is cached. */
function factoryOf({ context, rule, threshold, pollKeys }: PollTerms): BallotFactory {
  const name = [threshold, ...[context, rule, ...pollKeys].map(toHex)].join();
  if (warm?.name !== name) {
    const factory = new BallotFactory(BallotRule.decode(rule), threshold, context, pollKeys);
    warm = { name, factory };
  }
  return warm.factory;
}

function seal(
  { poll, voter, bits, castAtUnixS }: Jobs["seal"]["input"],
  progress: Progress,
): Jobs["seal"]["output"] {
  const factory = factoryOf(poll);
  progress(1, 3);
  const proven = factory.share(voter, bits, castAtUnixS);
  progress(2, 3);
  const sealed = factory.seal(proven);
  progress(3, 3);
  return sealed;
}

async function challenge({
  poll,
  noted,
  opening,
}: Jobs["challenge"]["input"]): Promise<Jobs["challenge"]["output"]> {
  // Loaded only when a ballot is challenged.
  const { checkOpening } = await import("../protocol/challenge.ts");
  const rule = BallotRule.decode(poll.rule);
  const shape = new ProofShape(rule, poll.threshold);
  checkOpening({ ...poll, rule, shape }, noted, opening, systemRandomness);
  return null;
}

async function verify(
  { poll, ballots }: Jobs["verify"]["input"],
  progress: Progress,
): Promise<Jobs["verify"]["output"]> {
  // Loaded only when ballots are verified.
  const { RejectedProofs, verifyProofs } = await import("../protocol/proof_batch.ts");
  const rule = BallotRule.decode(poll.rule);
  const layout = new BallotLayout(new ProofShape(rule, poll.threshold));
  const bases = generators(rule.width);
  const failures: Jobs["verify"]["output"] = [];
  for (let start = 0; start < ballots.length; start += BATCH) {
    const proofs = ballots.slice(start, start + BATCH).map((encoded, place) => {
      return layout.decode(encoded, `ballots[${start + place}]`).proof;
    });
    try {
      verifyProofs(bases, layout.shape, poll.context, proofs, systemRandomness);
    } catch (error) {
      if (!(error instanceof RejectedProofs)) throw error;
      for (const { number, reason } of error.failures) {
        failures.push({ number: start + number, reason });
      }
    }
    progress(start + proofs.length, ballots.length);
  }
  return failures;
}

async function lookUp({ board, voter }: Jobs["look_up"]["input"]): Promise<Counted> {
  const { countedRoot } = await import("./look_up.ts");
  return countedRoot(board, voter);
}

async function audit(
  { claimed, chain, board }: Jobs["audit"]["input"],
  progress: Progress,
): Promise<Jobs["audit"]["output"]> {
  // Loaded by auditors only, not by voters.
  const [{ Audit }, { CHECKS }, { KNOWN_RELEASES }] = await Promise.all([
    import("../protocol/checks/audit.ts"),
    import("../protocol/checks/checks.ts"),
    import("./known_releases.ts"),
  ]);
  return new Audit(claimed, chain, board, systemRandomness, KNOWN_RELEASES, progress).run(CHECKS);
}
