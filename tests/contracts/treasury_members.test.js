/** BudgetTreasury: members by invitation, their keys, and what thieves of codes and keys can do. */
import assert from "node:assert/strict";
import { after, before, beforeEach, afterEach, test } from "node:test";
import { encodeAbiParameters, zeroAddress } from "viem";
import { Census } from "./support/census.js";
import { assertRefused } from "./support/chain.js";
import { range, tagged } from "./support/encodings.js";
import { account, isolated, word } from "./support/registry.js";
import { Treasury, electorateOf, item } from "./support/treasury.js";

const codes = range(4).map((index) => account(700 + index));
const [code] = codes;
const resident = account(710);
const thief = account(711);
const invited = new Census(codes.map(({ address }) => ({ account: address })));
const membership = invited.of(code.address);

const state = isolated({ before, after, beforeEach, afterEach }, async (shared) => {
  shared.committee = await shared.registry.register();
  shared.treasury = await Treasury.deploy(shared.registry);
});
const create = () =>
  state.treasury.create(state.committee, {
    memberRoot: invited.root,
    electorate: electorateOf(3, invited),
  });

/** Electorate of a round's invitations, docs/protocol.md §6.7. */
const electorateId = ({ id, contract }, chainId = state.registry.chain.chainId) => {
  const words = [{ type: "uint256" }, { type: "address" }, { type: "uint256" }];
  const place = encodeAbiParameters(words, [BigInt(chainId), contract.address, id]);
  return tagged("electorate", place, invited.root);
};
const redemption = (
  round,
  {
    by = code,
    invitation = by.address,
    key = resident.address,
    electorate = electorateId(round),
    domain,
  } = {},
) => state.treasury.sign("Redemption", { electorate, invitation, signingKey: key }, by, domain);
const register = async (round, { key = resident.address, place = membership, ...signed } = {}) =>
  round.contract.send("registerMember", [
    round.id,
    code.address,
    key,
    place,
    signed.signature ?? (await redemption(round, { key, ...signed })),
  ]);
const replace = (round, next, from) =>
  round.contract.send("replaceMember", [round.id, code.address, next], from);

/** Sends a request of the invitation `code`, signed by a key. */
async function act(round, kind, subject, signer, changes = {}) {
  const { contract } = round;
  const nonce = await contract.call("nonces", [code.address]);
  const deadline = BigInt((await state.registry.chain.now()) + 500);
  const named =
    kind === "Proposal"
      ? { roundId: round.id, proposer: code.address, ...item(changes) }
      : kind === "Revision"
        ? { proposalId: subject, ...item(changes) }
        : { proposalId: subject };
  const signature = await state.treasury.sign(kind, { ...named, nonce, deadline }, signer);
  const authorization = { member: code.address, nonce, deadline, signature };
  const content = kind === "Withdrawal" ? [] : [item(changes)];
  const method = { Proposal: "proposeFor", Revision: "reviseFor", Withdrawal: "withdrawFor" }[kind];
  const first = kind === "Proposal" ? round.id : subject;
  return contract.send(method, [first, ...content, membership, authorization]);
}
const propose = async (round, signer, changes) =>
  (await act(round, "Proposal", undefined, signer, changes)).events[0].args.proposalId;

test("an invitee's key proposes, revises and withdraws; the code's own key no longer does", async () => {
  const round = await create();
  const { events } = await register(round);
  assert.deepEqual(
    [events[0].eventName, events[0].args.invitation, events[0].args.signingKey],
    ["MemberRegistered", code.address, resident.address],
  );
  assert.deepEqual(await round.contract.call("memberKey", [round.id, code.address]), {
    code: code.address,
    signingKey: resident.address,
  });
  const proposalId = await propose(round, resident);
  await act(round, "Revision", proposalId, resident, { amount: 50n });
  for (const [kind, subject] of [
    ["Proposal"],
    ["Revision", proposalId],
    ["Withdrawal", proposalId],
  ]) {
    await assertRefused(act(round, kind, subject, code), "BudgetTreasuryWrongSigner", [
      code.address,
      resident.address,
    ]);
  }
  const [{ proposer, amount }] = await round.proposals();
  assert.deepEqual([proposer, amount], [code.address, 50n]);
  await act(round, "Withdrawal", proposalId, resident);
});

test("the key of a redeemed code cannot act by a transaction of its own either", async () => {
  const round = await create();
  const { provider } = state.registry.chain;
  const proposalId = await propose(round, code);
  await register(round);
  for (const [method, params] of [
    ["hardhat_impersonateAccount", [code.address]],
    ["hardhat_setBalance", [code.address, "0xde0b6b3a7640000"]],
  ]) {
    await provider.request({ method, params });
  }
  for (const [method, ...args] of [
    ["propose", round.id, item(), membership],
    ["revise", proposalId, item()],
    ["withdraw", proposalId],
  ]) {
    await assertRefused(
      round.contract.send(method, args, code.address),
      "BudgetTreasuryNotAMember",
      [code.address],
    );
  }
});

test("a registration that somebody sees cannot be turned to another key, round or chain", async () => {
  const round = await create();
  const signature = await redemption(round);
  await assertRefused(
    register(round, { signature, key: thief.address }),
    "BudgetTreasuryWrongSigner",
  );
  const second = await create();
  await assertRefused(register(second, { signature }), "BudgetTreasuryWrongSigner");
  const elsewhere = { ...state.treasury.domain, verifyingContract: account(5).address };
  for (const wrong of [
    { electorate: electorateId(round, 5) },
    { domain: { ...state.treasury.domain, chainId: 5 } },
    { domain: elsewhere },
    { by: codes[1], invitation: code.address },
  ]) {
    await assertRefused(register(round, wrong), "BudgetTreasuryWrongSigner");
  }
  for (const place of [invited.of(codes[1].address), { ...membership, rootHash: word(1) }]) {
    await assertRefused(register(round, { signature, place }), "BudgetTreasuryNotAMember");
  }
  await register(round, { signature });
  await assertRefused(register(round, { signature }), "BudgetTreasuryMemberRegistered");
  await assertRefused(register(round, { key: thief.address }), "BudgetTreasuryMemberRegistered");
});

test("a stolen code or key: the organizer names a new code, and the thief's key is worthless", async () => {
  const round = await create();
  const [, next, last] = codes.map((_, index) => account(720 + index));
  const old = await redemption(round, { key: thief.address });
  await register(round, { signature: old, key: thief.address });
  const proposalId = await propose(round, thief);
  await assertRefused(
    replace(round, next.address, state.registry.chain.other),
    "BudgetTreasuryNotOrganizer",
  );
  for (const wrong of [zeroAddress, code.address]) {
    await assertRefused(replace(round, wrong), "BudgetTreasuryInvalidCode", [wrong]);
  }
  const { events } = await replace(round, next.address);
  assert.equal(events[0].eventName, "MemberReplaced");
  assert.deepEqual(events[0].args, {
    roundId: round.id,
    invitation: code.address,
    formerKey: thief.address,
    code: next.address,
  });
  // Until the new code is redeemed nobody acts, neither the old key nor the old code.
  for (const signer of [thief, code, next]) {
    await assertRefused(propose(round, signer), "BudgetTreasuryWrongSigner", [
      signer.address,
      zeroAddress,
    ]);
  }
  await assertRefused(
    register(round, { signature: old, key: thief.address }),
    "BudgetTreasuryWrongSigner",
  );
  await assertRefused(
    register(round, { by: code, key: thief.address }),
    "BudgetTreasuryWrongSigner",
  );
  await register(round, { by: next });
  await assertRefused(act(round, "Withdrawal", proposalId, thief), "BudgetTreasuryWrongSigner");
  await act(round, "Revision", proposalId, resident, { title: "A bench" });
  await act(round, "Withdrawal", proposalId, resident);
  // Proposals count for the person, whatever the key.
  await propose(round, resident);
  await assertRefused(propose(round, resident), "BudgetTreasuryTooManyProposals", [2n]);
  // A key that was lost again; the former code is no new one.
  await assertRefused(replace(round, next.address), "BudgetTreasuryInvalidCode");
  await replace(round, last.address);
  await assertRefused(register(round, { by: next }), "BudgetTreasuryWrongSigner");
});

test("nobody takes the place of a member with an account of its own, or of an unused invitation", async () => {
  const round = await create();
  await assertRefused(replace(round, account(720).address), "BudgetTreasuryNotAMember");
  const accounts = await state.treasury.create(state.committee);
  const [member] = state.treasury.direct;
  const wanted = [accounts.id, member, account(720).address];
  await assertRefused(accounts.contract.send("replaceMember", wanted), "BudgetTreasuryNotAMember");
});

test("no member with a key of its own is an invitation, whoever signs", async () => {
  const members = new Census([
    { account: code.address, signingKey: resident.address },
    { account: account(721).address },
  ]);
  const round = await state.treasury.create(state.committee, {
    memberRoot: members.root,
    electorate: electorateOf(1, invited),
  });
  for (const by of [code, resident]) {
    const sent = register(round, {
      key: thief.address,
      place: members.of(code.address),
      ...{ by, invitation: code.address },
    });
    await assertRefused(sent, "BudgetTreasuryNotAMember", [code.address]);
  }
});
