/** Entry of the worker that keeps heavy work off the page's thread. */

import { serve } from "./workshop/serve.ts";

serve(self);
