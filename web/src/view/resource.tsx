/** Data that is loaded asynchronously and may fail to load. */

import type { ComponentChildren } from "preact";
import { useCallback, useEffect, useErrorBoundary, useState } from "preact/hooks";

import { Refusal, Unreachable } from "../client/gateway.ts";
import { WalletError } from "../client/wallet.ts";
import { t } from "../messages/index.ts";
import { problemText } from "../messages/server_texts.ts";
import { Malformed, Rejected } from "../protocol/errors.ts";
import { isMissing, Missing, type MissingCode } from "./missing.tsx";

/** State of a request. */
export interface Resource<T> {
  /** The latest value; kept while the request is repeated. */
  readonly value: T | undefined;
  /** Error of the last attempt. */
  readonly error: unknown;
  /** Repeat the request. */
  readonly reload: () => void;
}

/** Request data when the page opens, and again whenever its dependencies change. */
export function useResource<T>(
  load: (signal: AbortSignal) => Promise<T>,
  on: readonly unknown[],
): Resource<T> {
  const [state, setState] = useState<{ value?: T; error?: unknown }>({});
  const [asked, setAsked] = useState(0);
  useEffect(() => {
    const leaving = new AbortController();
    load(leaving.signal).then(
      (value) => {
        if (!leaving.signal.aborted) setState({ value });
      },
      (error: unknown) => {
        if (!leaving.signal.aborted) setState((before) => ({ ...before, error }));
      },
    );
    return () => {
      leaving.abort();
    };
  }, [...on, asked]);
  const reload = useCallback(() => {
    setAsked((before) => before + 1);
  }, []);
  return { value: state.value, error: state.error, reload };
}

/** A resource's content, or its loading notice, or its error. */
export function Await<T>({
  resource,
  children,
}: {
  resource: Resource<T>;
  children: (value: T) => ComponentChildren;
}) {
  const { value, error, reload } = resource;
  // The whole page is about something that does not exist.
  if (value === undefined && missingCode(error)) throw error;
  return (
    <>
      {error !== undefined && <Failure error={error} retry={reload} />}
      {value !== undefined
        ? children(value)
        : error === undefined && (
            <p class="loading" role="status">
              {t("loading")}
            </p>
          )}
    </>
  );
}

/** A part of the page; if it fails, an error replaces it, and the rest stays. */
export function Guarded({ children }: { children: ComponentChildren }) {
  const [error, reload] = useErrorBoundary() as [unknown, () => void];
  if (error === undefined) return <>{children}</>;
  const code = missingCode(error);
  return code ? <Missing code={code} /> : <Failure error={error} retry={reload} />;
}

function missingCode(error: unknown): MissingCode | undefined {
  if (!(error instanceof Refusal)) return undefined;
  const { code } = error.problem;
  return isMissing(code) ? code : undefined;
}

/** An error with what to do next. */
export function Failure({ error, retry }: { error: unknown; retry?: () => void }) {
  return (
    <div class="notice bad" role="alert">
      <p>{explain(error)}</p>
      {retry && (
        <button type="button" onClick={retry}>
          {t("retry")}
        </button>
      )}
    </div>
  );
}

/** Errors of browsers that store nothing, or that have no space left. */
const STORAGE = ["SecurityError", "QuotaExceededError"];

/** An error in the page's language. */
export function explain(error: unknown): string {
  if (error instanceof Unreachable) return t("failures.unreachable");
  if (error instanceof Refusal) {
    return t("failures.refused", { reason: problemText(error.problem) });
  }
  if (error instanceof WalletError) return walletFailure(error);
  if (error instanceof Malformed) return t("failures.malformed", { detail: error.message });
  if (error instanceof Rejected) return t("failures.rejected", { detail: error.message });
  if (error instanceof DOMException && STORAGE.includes(error.name)) return t("failures.storage");
  return t("failures.other", { detail: error instanceof Error ? error.message : String(error) });
}

function walletFailure({ problem, detail }: WalletError): string {
  switch (problem) {
    case "other chain":
      return t("wallet.failures.other chain", { wanted: detail });
    case "failed":
      return t("wallet.failures.failed", { detail });
    default:
      return t(`wallet.failures.${problem}`);
  }
}
