/** Waiting for the gateway to show what a transaction changed. */

const LOOKS = 20;
const PAUSE_MS = 500;

/**
 * Look until the gateway shows something, but not forever: it is on the chain anyway, so a gateway
 * that fails meanwhile must not make the transaction look refused.
 */
export async function shownSoon(look: () => Promise<boolean>): Promise<void> {
  for (let looks = 0; looks < LOOKS; looks++) {
    if (await look().catch(() => false)) return;
    await new Promise((later) => setTimeout(later, PAUSE_MS));
  }
}
