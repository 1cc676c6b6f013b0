/** The browser client: one page at a time, each loaded when it is first opened. */

import { render } from "preact";

import { preferredLanguage, setLanguage } from "./messages/index.ts";
import { App } from "./pages/app.tsx";
import { keepFocus } from "./view/focus.ts";
import { keptIfAllowed } from "./view/session.ts";

try {
  await setLanguage(preferredLanguage(keptIfAllowed()));
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
