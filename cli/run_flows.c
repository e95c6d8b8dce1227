/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/run_flows.h"

#include <errno.h>

#include "common/base/text.h"

int run_flows_init(struct run_flows *f, const struct flow *flow, const struct flow_load_options *options) {
        const char *slash = flow->file ? strrchr(flow->file, '/') : NULL;

        *f = (struct run_flows){ .options = options };
        if (!slash)
                f->folder = text_dup(".");
        else
                f->folder = slash == flow->file ? text_dup("/") : text_dup_n(flow->file, (size_t)(slash - flow->file));
        return f->folder ? 0 : -ENOMEM;
}

/* A folder in which one file is wrong has none, as for the agent. */
static int load(struct run_flows *f) {
        _cleanup_(diag_done) struct diag diag = DIAG_INIT;
        int r = flow_set_load(f->folder, f->options, &diag, &f->set);

        f->loaded = r == 0;
        if (r == 0 || r == -ENOMEM)
                return r;
        free(f->problem);
        f->problem = text_printf("the flows in '%s' cannot be read, for %s:%u: %s", f->folder,
                                 diag.count > 0 && diag.entries[0].file ? diag.entries[0].file : "one",
                                 diag.count > 0 ? diag.entries[0].line : 0,
                                 diag.count > 0 && diag.entries[0].message ? diag.entries[0].message : "it is wrong");
        return f->problem ? 0 : -ENOMEM;
}

int run_flows_answer(struct run_flows *f, struct runner_link *link, const struct frame_flow *wanted) {
        int r = f->loaded ? 0 : load(f);

        if (r == 0)
                r = runner_link_answer(link, wanted->name, f->loaded ? &f->set : NULL, f->problem, f->options);
        return r < 0 ? r : runner_link_flush(link);
}

void run_flows_done(struct run_flows *f) {
        flow_set_done(&f->set);
        free(f->folder);
        free(f->problem);
        *f = (struct run_flows){ 0 };
}
