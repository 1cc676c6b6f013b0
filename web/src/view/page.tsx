/** The frame of a page; the window's title and screen readers get its title too. */

import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { siteName } from "./site.ts";

let first = true;

/** A page; after navigation, screen readers read its title next. */
export function Page({ title, children }: { title: string; children: ComponentChildren }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (!first) heading.current?.focus();
    first = false;
  }, []);
  useEffect(() => {
    document.title = `${title} – ${siteName()}`;
  }, [title]);
  return (
    <>
      <h1 tabIndex={-1} ref={heading}>
        {title}
      </h1>
      {children}
    </>
  );
}

/** Terms with their values; short ones side by side if `across` is set. */
export function Facts({
  facts,
  across = false,
}: {
  facts: readonly (readonly [string, ComponentChildren])[];
  across?: boolean;
}) {
  return (
    <dl class={across ? "facts across" : "facts"}>
      {facts.map(([term, is]) => (
        <div key={term}>
          <dt>{term}</dt>
          <dd>{is}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Save a text as a file. */
export function saveFile(name: string, content: string, type = "application/json"): void {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
