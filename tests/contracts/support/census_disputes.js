/** A token with votes, and the contract at which censuses of them are disputed. */
import { startChain } from "./chain.js";
import { stranger } from "./disputes.js";
import {
  POST_BOND,
  Weights,
  content,
  deployCensusDisputes,
  deployToken,
  rightCensus,
} from "./governor.js";

export const State = Object.freeze({ Standing: 1, Fallen: 2, Released: 3 });

/** Every test starts from a token whose votes no census was posted of. */
export function isolatedCensus(hooks) {
  const state = {
    balance: (account) => state.disputes.call("balanceOf", [account]),
    async later(seconds) {
      await state.chain.setTime((await state.chain.now()) + seconds);
    },
    /** Posts a census, and gives what names it in disputes. */
    async post(census, { of = state.source } = {}) {
      const args = [of, content(census)];
      const { events } = await state.disputes.send("post", args, state.poster, POST_BOND);
      return { id: events[0].args.id, source: of, census: content(census) };
    },
    view: ({ id }) => state.disputes.call("postOf", [id]),
    send: (name, posted, ...args) => state.disputes.send(name, [posted, ...args], state.watcher),
    async challenge(posted, index, value = 10n ** 18n) {
      const args = [posted, index];
      const { events } = await state.disputes.send("challenge", args, state.watcher, value);
      return events[0].args;
    },
  };
  let saved;
  hooks.before(async () => {
    const chain = await startChain();
    const token = await deployToken(chain);
    const timepoint = await chain.client.getBlockNumber();
    const source = { token: token.address, timepoint, unit: 10n, weights: Weights.Votes };
    const disputes = await deployCensusDisputes(chain);
    // Votes that come later count for nothing.
    await token.send("delegate", [stranger.address], chain.account);
    const right = await rightCensus(token, source);
    const [poster, watcher] = chain.accounts.slice(10);
    Object.assign(state, { chain, token, disputes, source, right, poster, watcher });
  });
  hooks.beforeEach(async () => {
    saved = await state.chain.snapshot();
  });
  hooks.afterEach(() => state.chain.restore(saved));
  return state;
}
