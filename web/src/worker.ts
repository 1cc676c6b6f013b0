/** Entry of the worker that keeps heavy work off the page's thread. */

import { serve } from "./work/serve.ts";

serve(self);
