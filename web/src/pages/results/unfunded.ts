/** Why a rule on opened ballots did not fund an option, in a few words. */

import { t } from "../../messages/results.ts";
import type { Fraction } from "../../protocol/fraction.ts";
import type { Decided } from "../../protocol/outcome/methods/steps.ts";

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
    case "unaffordable":
      return last.supporters
        ? t("results.reasons.voters", {
            cost: money.whole(last.cost),
            money: money.exact(last.money),
          })
        : t("results.reasons.unsupported");
    default:
      return "";
  }
}
