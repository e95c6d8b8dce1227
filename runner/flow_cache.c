/* SPDX-License-Identifier: Apache-2.0 */
/* Slots in a ring, found by a walk: 64 comparisons cost less than keeping an index. */
#include "runner/flow_cache.h"

#include <errno.h>

#include "common/base/text.h"

void cached_flow_done(struct cached_flow *slot) {
        templates_free(slot->templates);
        flow_unref(slot->flow);
        free(slot->problem);
        *slot = (struct cached_flow){ 0 };
}

int cached_flow_load(struct cached_flow *slot, const struct frame_flow *f, unsigned from_message) {
        const struct flow_load_options options = {
                .allow_containers = f->allow_containers,
                .allow_shell_interpolation = f->allow_shell_interpolation,
                .from_message = from_message,
        };
        _cleanup_(diag_done) struct diag diag = DIAG_INIT;
        _cleanup_free_ char *file = text_dup_n(f->file.data ? f->file.data : "", f->file.len);
        _cleanup_(buf_done) struct buf findings = BUF_INIT(64ul * 1024);
        int r;

        slot->revision = f->revision;
        if (!file)
                return -ENOMEM;
        r = flow_load(f->source.data ? f->source.data : "", f->source.len, file, &options, &diag, &slot->flow);
        if (r != -EBADMSG)
                return r;
        (void)diag_write(&diag, &findings);
        slot->problem = buf_take(&findings, NULL);
        if (!slot->problem)
                slot->problem = text_dup("the flow file is wrong");
        return slot->problem ? 0 : -ENOMEM;
}

int flow_cache_put(struct flow_cache *c, const struct frame_flow *f) {
        struct cached_flow *slot = flow_cache_find(c, f->revision);

        if (!slot)
                slot = &c->slots[c->count++ % RUNNER_FLOWS_MAX];
        cached_flow_done(slot);
        return cached_flow_load(slot, f, 0);
}

struct cached_flow *flow_cache_find(struct flow_cache *c, uint64_t revision) {
        size_t count = MIN(c->count, (size_t)RUNNER_FLOWS_MAX);

        for (size_t i = 0; i < count; i++)
                if (c->slots[i].revision == revision)
                        return &c->slots[i];
        return NULL;
}

void flow_cache_done(struct flow_cache *c) {
        for (size_t i = 0; i < RUNNER_FLOWS_MAX; i++)
                cached_flow_done(&c->slots[i]);
        c->count = 0;
}
