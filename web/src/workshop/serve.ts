/** The worker's side: runs the page's jobs one after another. */

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
    case "decide":
      return decide(request.input);
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
  input: Jobs["verify"]["input"],
  progress: Progress,
): Promise<Jobs["verify"]["output"]> {
  const { verifyBallots } = await import("./verify.ts");
  return verifyBallots(input, progress);
}

async function lookUp({ board, voter }: Jobs["look_up"]["input"]): Promise<Counted> {
  const { countedRoot } = await import("./look_up.ts");
  return countedRoot(board, voter);
}

async function decide(input: Jobs["decide"]["input"]): Promise<Jobs["decide"]["output"]> {
  const { decideBy } = await import("./decide.ts");
  return decideBy(input);
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
