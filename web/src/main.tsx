/** The browser client: one page at a time, each loaded when it is first opened. */

import { render } from "preact";

import { preferredLanguage, speak } from "./messages/index.ts";
import { App } from "./pages/app.tsx";
import { keepFocus } from "./view/focus.ts";
import { keptIfAllowed } from "./view/session.ts";

try {
  await speak(preferredLanguage(keptIfAllowed()));
} catch {
  // Without the other language's words it is English.
}

document.getElementById("start")?.remove();
const root = document.createElement("div");
root.id = "app";
document.body.append(root);
render(<App />, root);
keepFocus(root);
