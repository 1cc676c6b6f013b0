/** The browser client: one page at a time, each loaded when it is first opened. */

import { render } from "preact";

import { preferredLanguage, setLanguage } from "./messages/index.ts";
import { App, loadAhead } from "./pages/app.tsx";
import { keepFocus } from "./view/focus.ts";
import { routeOf } from "./view/router.ts";
import { keptIfAllowed } from "./view/session.ts";

/** Show the page at the address. Modules loaded here import this script, so it must not await them. */
async function start(): Promise<void> {
  const language = setLanguage(preferredLanguage(keptIfAllowed()));
  loadAhead(routeOf(location.pathname));
  try {
    await language;
  } catch {
    // English rather than nothing, if the other language's messages cannot be loaded.
    await setLanguage("en");
  }
  document.getElementById("start")?.remove();
  const root = document.createElement("div");
  root.id = "app";
  document.body.append(root);
  render(<App />, root);
  keepFocus(root);
}

void start();
