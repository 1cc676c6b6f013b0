/** The browser client: one page at a time, each loaded when it is first opened. */

import { render } from "preact";

import { preferredLanguage, speak } from "./messages/index.ts";
import { App } from "./pages/app.tsx";
import { store } from "./view/session.ts";

try {
  await speak(preferredLanguage(store()));
} catch {
  // Without storage, or without the other language's words, it is English.
}

const root = document.createElement("div");
root.id = "app";
document.body.append(root);
render(<App />, root);
