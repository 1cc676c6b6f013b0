/** Why a rule on opened ballots did not fund an option, in a few words. */

import { t } from "../../messages/results.ts";
import type { Fraction } from "../../protocol/fraction.ts";
import type { Decided, Unaffordable } from "../../protocol/outcome/methods/steps.ts";

interface Money {
  readonly whole: (units: bigint) => string;
  readonly exact: (units: Fraction) => string;
}

/** Why an option was not funded, for a table; "" if it was, or if the steps do not tell. */
export function unfundedText({ steps }: Decided, option: number, money: Money): string {
  // A completion comes after what it completes.
  const last = steps.findLast((step) => "option" in step && step.option === option);
  switch (last?.kind) {
    case "skipped":
    case "stopped":
      return t("results.reasons.budget", { left: money.whole(last.left) });
    case "unaffordable": {
      if (!last.supporters) return t("results.reasons.unsupported");
      if (isDear(last)) return t("results.reasons.dear");
      const cost = money.whole(last.cost);
      return t("results.reasons.voters", { cost, money: money.exact(last.money) });
    }
    default:
      return "";
  }
}

/** Whether an option costs more than the whole budget: its voters may have the money, and yet it is
 * no candidate. */
export function isDear({ cost, money }: Unaffordable): boolean {
  return money.numerator >= cost * money.denominator;
}
