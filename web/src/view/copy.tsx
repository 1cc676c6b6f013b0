/** Texts with a button that copies them: a hash, shortened for reading, or a command. */

import { Check, Copy } from "lucide";
import { useEffect, useState } from "preact/hooks";

import { short, t } from "../messages/index.ts";
import { Icon } from "./icon.tsx";

const SHOWN_MS = 2000;

type State = "ready" | "done" | "failed";

/** A hash or an address; `name` says what is copied, as in "Copy: root of the ballots". */
export function CopyHash({
  value,
  name,
  whole = false,
}: {
  value: string;
  name: string;
  whole?: boolean;
}) {
  const [state, copy] = useCopy(value);
  const all = whole || state === "failed";
  return (
    <span class="copy">
      <code class={all ? "digest" : "digest short"} title={value}>
        {all ? value : short(value)}
      </code>
      <CopyButton name={name} state={state} copy={copy} />
    </span>
  );
}

/** A command of several lines; `name` says what is copied. */
export function Command({ text, name }: { text: string; name: string }) {
  const [state, copy] = useCopy(text);
  return (
    <div class="command copy">
      <pre>
        <code>{text}</code>
      </pre>
      <CopyButton name={name} state={state} copy={copy} />
    </div>
  );
}

function CopyButton({ name, state, copy }: { name: string; state: State; copy: () => void }) {
  return (
    <>
      <button
        type="button"
        title={t("copy.button", { name })}
        aria-label={t("copy.button", { name })}
        onClick={copy}
      >
        <Icon of={state === "done" ? Check : Copy} />
      </button>
      <output class="heard">
        {state === "done" ? t("copy.done") : state === "failed" ? t("copy.failed") : ""}
      </output>
    </>
  );
}

/** What copying has come to, and the function that copies. */
function useCopy(value: string): readonly [State, () => void] {
  const [state, setState] = useState<State>("ready");
  useEffect(() => {
    if (state === "ready") return undefined;
    const timer = setTimeout(() => {
      setState("ready");
    }, SHOWN_MS);
    return () => {
      clearTimeout(timer);
    };
  }, [state]);
  const copy = () => {
    // Browsers give pages without TLS no clipboard.
    const clipboard = (navigator as Partial<Navigator>).clipboard;
    if (!clipboard) setState("failed");
    else {
      clipboard.writeText(value).then(
        () => {
          setState("done");
        },
        () => {
          setState("failed");
        },
      );
    }
  };
  return [state, copy];
}
