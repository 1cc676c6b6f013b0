/** The browser client: one page at a time, each loaded when it is first opened. */

import { render } from "preact";

import { App } from "./pages/app.tsx";

const root = document.createElement("div");
root.id = "app";
document.body.append(root);
render(<App />, root);
