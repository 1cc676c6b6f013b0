/**
 * Amounts of a round as its organizer types them: in the token's own unit.
 *
 * The draft holds them in the smallest unit, as the specification does, whatever language they are
 * typed in. When the token changes, the figures stay and apply to the other token.
 */

import { createContext } from "preact";
import { useContext, useEffect, useState } from "preact/hooks";

import { addressOf } from "../../client/account_file.ts";
import { currency as moneyShape } from "../../client/views.ts";
import type { PlanDraft } from "../../client/plan_draft.ts";
import type { PlanFault } from "../../client/plan_specification.ts";
import { amount, type Currency, readAmount } from "../../messages/index.ts";
import { t } from "../../messages/organizer.ts";
import { PLAIN_UNITS } from "../../view/currency.ts";
import { Failure, type Resource, useResource } from "../../view/resource.tsx";
import { gateway, readConfig } from "../../view/session.ts";

/** Members of a round that are amounts, or a list of them. */
const AMOUNTS = ["budget", "minimum_amount", "maximum_amount", "outcome.budgets"];

export interface Money {
  /** Currency of the draft's amounts; undefined while it is not known. */
  readonly currency: Currency | undefined;
  /** The token's own data, requested whenever the token changes. */
  readonly token: Resource<unknown>;
  /** Whether the amounts are in the token that the draft names. */
  readonly settled: boolean;
  /** Text in the field of an amount. */
  readonly typed: (path: string, units: string) => string;
  /** Note the typed text; returns it in the smallest unit, or unchanged if it is not valid. */
  readonly type: (path: string, text: string) => string;
  /** Start again with another draft. */
  readonly forget: () => void;
}

/** Undefined in a poll's wizard, where nothing is an amount of money. */
export const MoneyContext = createContext<Money | undefined>(undefined);

/** The money of a draft; `change` gets the members whose amounts changed with the token. */
export function useMoney(draft: PlanDraft, change: (part: Partial<PlanDraft>) => void): Money {
  const given = draft.money["token"]!.trim();
  const address = addressOf(given);
  const token = useResource(async () => {
    if (address === undefined) return { address, currency: (await readConfig()).coin };
    return { address, currency: await gateway.get(`/tokens/${address}`, moneyShape) };
  }, [address]);
  const fresh = token.value?.address === address ? token.value?.currency : undefined;
  const [currency, setCurrency] = useState<Currency>();
  const [texts, setTexts] = useState<Readonly<Record<string, string>>>({});
  const typed = (path: string, units: string) => {
    const text = texts[path];
    const counted = currency ?? PLAIN_UNITS;
    // The figures may have changed meanwhile, or the language's separators.
    const current = text !== undefined && unitsOf(text, counted) === units;
    return current ? text : written(units, counted);
  };
  const unread = given !== "" && address === undefined;
  useEffect(() => {
    // An incomplete address identifies no token.
    if (!fresh || (unread && currency)) return;
    setCurrency(fresh);
    if (!currency || currency.decimals === fresh.decimals) return;
    const figures = Object.fromEntries(
      AMOUNTS.map((path) => [path, typed(path, unitsAt(draft, path))]),
    );
    setTexts(figures);
    change(
      AMOUNTS.reduce((part, path) => withUnits(part, path, unitsOf(figures[path]!, fresh)), draft),
    );
  }, [fresh, unread, currency === undefined]);
  return {
    currency,
    token,
    settled: unread || (fresh !== undefined && currency === fresh),
    typed,
    type: (path, text) => {
      setTexts((before) => ({ ...before, [path]: text }));
      return unitsOf(text, currency ?? PLAIN_UNITS);
    },
    forget: () => {
      setCurrency(undefined);
      setTexts({});
    },
  };
}

/** Notice that the token is being read, or does not answer. */
export function Asking({ token: { error, reload } }: Pick<Money, "token">) {
  if (error === undefined) return <p role="status">{t("loading")}</p>;
  return <Failure error={error} retry={reload} />;
}

/** Whether a field takes an amount of the round's money. */
export function useAmountOf(path: string): Money | undefined {
  const money = useContext(MoneyContext);
  return AMOUNTS.includes(path) ? money : undefined;
}

/** Problem of a field, in the page's language. */
export function faultText({ path, fault }: PlanFault): string {
  const badAmount = AMOUNTS.includes(path) && (fault === "integer" || fault === "integers");
  return badAmount ? t("propose.problems.amount.form") : t(`organize.faults.${fault}`);
}

function unitsAt({ money, outcome }: PlanDraft, path: string): string {
  return (path === "outcome.budgets" ? outcome.values["budgets"] : money[path]) ?? "";
}

function withUnits(draft: PlanDraft, path: string, units: string): PlanDraft {
  if (path !== "outcome.budgets") return { ...draft, money: { ...draft.money, [path]: units } };
  const { outcome } = draft;
  if (!("budgets" in outcome.values)) return draft;
  return { ...draft, outcome: { ...outcome, values: { ...outcome.values, budgets: units } } };
}

/** Amounts as typed, one per line; lines that are not amounts stay unchanged. */
function written(units: string, { decimals }: Currency): string {
  const all = units.trim().split(/[\s,;]+/);
  return all
    .map((one) => {
      return /^[0-9]{1,39}$/.test(one) ? amount(BigInt(one), { symbol: undefined, decimals }) : one;
    })
    .join("\n");
}

/** The same in the smallest unit, with commas; lines that are not amounts stay unchanged. */
function unitsOf(text: string, currency: Currency): string {
  return text
    .split(/\r\n|\r|\n/)
    .filter((line) => line.trim())
    .map((line) => readAmount(line, currency)?.toString() ?? line.replace(/[\s,;]+/g, "?"))
    .join(", ");
}
