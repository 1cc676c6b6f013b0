/**
 * The voter's client as a library: read a poll, make a ballot, cast it, keep and check receipts.
 *
 * Nothing here trusts a gateway more than the caller does: compare a gateway's poll with
 * `pollOfChain` before anything is sealed. docs/sdk.md shows how the parts fit together.
 */

export {
  fetchReceipts,
  opened,
  type Refusals,
  sealVote,
  send,
  sign,
  Superseded,
} from "./client/casting.ts";
export { pollOfChain } from "./client/chain_poll.ts";
export { type BytesProgress, Gateway, Refusal, Unreachable } from "./client/gateway.ts";
export { compare, pollFromJson, pollOfGateway, pollToJson } from "./client/poll.ts";
export type { Problem } from "./client/problem.ts";
export { placesOf, redeem, type Registration, registrationJson } from "./client/registration.ts";
export { JsonRpc } from "./client/rpc.ts";
export { type Config, config, type Poll, poll } from "./client/views.ts";
export { type CastRecord, ReceiptedBallot, SavedVotes, type Store } from "./client/votes.ts";
export { fromHex, toHex } from "./protocol/encoding.ts";
export { AuditError, Malformed, Rejected, Undecided } from "./protocol/errors.ts";
export { type Json, parseJson } from "./protocol/json.ts";
export { type Signer, SigningKey } from "./protocol/keys.ts";
export { BallotFactory, ballotStatement, type SealedBallot } from "./protocol/prepare.ts";
export { OpenPoll } from "./protocol/published.ts";
export type { Question } from "./protocol/question/asked.ts";
export { answersOf, ballotBits, readQuestions } from "./protocol/question/poll.ts";
export { systemRandomness } from "./protocol/randomness.ts";
export { BallotRule } from "./protocol/rule.ts";
export { Domain } from "./protocol/typed_data.ts";
export { type UnixSeconds, unixSeconds } from "./protocol/units.ts";
export { WorkerClient, type WorkerPort } from "./workshop/client.ts";
export { sameThread } from "./workshop/same_thread.ts";
export { type PagePort, serve } from "./workshop/serve.ts";
