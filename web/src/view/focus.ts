/**
 * Keep keyboard and screen-reader focus when the focused element is removed.
 *
 * A button that leads to the next step usually disappears with its own step, and a busy button is
 * disabled. The focus then moves to a remaining element around it, or back once that is possible.
 */

/** Elements that may have been around it. */
const AROUND = "li, form, fieldset, section, main";
/** Delay after which pages that set the focus themselves have done so. */
const PATIENCE_MS = 50;

/** Start following the focus within `root`. */
export function keepFocus(root: HTMLElement): void {
  let stood: Element | undefined;
  let around: readonly HTMLElement[] = [];
  const stand = (on: Element | null) => {
    stood = on && root.contains(on) ? on : undefined;
    around = [];
    for (let at = stood?.parentElement?.closest<HTMLElement>(AROUND); at;) {
      around = [...around, at];
      at = at.parentElement?.closest<HTMLElement>(AROUND);
    }
  };
  const restore = () => {
    const { activeElement, body } = document;
    if (!stood || (activeElement && activeElement !== body)) return;
    if (stood.isConnected) {
      // A disabled element gets the focus once it is enabled.
      if (!stood.matches(":disabled")) (stood as HTMLElement).focus({ preventScroll: true });
      return;
    }
    const left = around.find((one) => one.isConnected);
    if (!left) return;
    if (!left.hasAttribute("tabindex")) left.tabIndex = -1;
    left.focus({ preventScroll: true });
  };
  let timer: ReturnType<typeof setTimeout> | undefined;
  new MutationObserver(() => {
    clearTimeout(timer);
    timer = setTimeout(restore, PATIENCE_MS);
  }).observe(root, { childList: true, subtree: true, attributeFilter: ["disabled"] });
  addEventListener("focusin", ({ target }) => {
    stand(target as Element);
  });
  // Pressing elsewhere releases the focus.
  addEventListener("pointerdown", ({ target }) => {
    if (!stood?.contains(target as Node)) stand(null);
  });
}
