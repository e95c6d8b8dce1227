/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/flow_library.h"

#include <errno.h>
#include <string.h>
#include <utlist.h>

#include "common/base/text.h"

struct called_flow *called_flow_ref(struct called_flow *f) {
        f->refs++;
        return f;
}

struct called_flow *called_flow_unref(struct called_flow *f) {
        if (f && --f->refs == 0) {
                cached_flow_done(&f->cached);
                free(f);
        }
        return NULL;
}

/* --- wishes ------------------------------------------------------------------------------------------------------------ */

static struct wish *find_wish(const struct flow_library *l, const char *name, size_t len) {
        struct wish *w;

        DL_FOREACH(l->wishes, w)
                if (strlen(w->name) == len && memcmp(w->name, name, len) == 0)
                        return w;
        return NULL;
}

int flow_library_ask(struct flow_library *l, struct wish *w, const char *name) {
        bool is_asked = find_wish(l, name, strlen(name));
        int r;

        w->name = text_dup(name);
        if (!w->name)
                return -ENOMEM;
        r = is_asked ? 0 : outbox_flow_wanted(l->outbox, name);
        if (r < 0) {
                free(TAKE_PTR(w->name));
                return r;
        }
        DL_APPEND(l->wishes, w);
        return 0;
}

void flow_library_withdraw(struct flow_library *l, struct wish *w) {
        if (!w->name)
                return;
        DL_DELETE(l->wishes, w);
        free(TAKE_PTR(w->name));
}

/* --- flows ------------------------------------------------------------------------------------------------------------- */

static bool is_same(const struct called_flow *c, const struct frame_flow *f, unsigned from_message) {
        return c->cached.revision == f->revision && c->options.allow_containers == (f->allow_containers != 0) &&
               c->options.allow_shell_interpolation == (f->allow_shell_interpolation != 0) &&
               c->options.from_message == from_message;
}

static void drop_oldest(struct flow_library *l) {
        struct called_flow *oldest = l->flows->prev;

        DL_DELETE(l->flows, oldest);
        l->count--;
        called_flow_unref(oldest);
}

static int load(struct flow_library *l, const struct frame_flow *f, unsigned from_message, struct called_flow **ret) {
        struct called_flow *c = calloc(1, sizeof(*c));
        int r;

        if (!c)
                return -ENOMEM;
        c->refs = 1;
        c->options = (struct flow_load_options){
                .allow_containers = f->allow_containers,
                .allow_shell_interpolation = f->allow_shell_interpolation,
                .from_message = from_message,
        };
        r = cached_flow_load(&c->cached, f, from_message);
        if (r < 0) {
                called_flow_unref(c);
                return r;
        }
        DL_PREPEND(l->flows, c);
        if (++l->count > LIBRARY_FLOWS_MAX)
                drop_oldest(l);
        *ret = c;
        return 0;
}

static int find_flow(struct flow_library *l, const struct frame_flow *f, unsigned from_message, struct called_flow **ret) {
        struct called_flow *c;

        DL_FOREACH(l->flows, c)
                if (is_same(c, f, from_message)) {
                        *ret = c;
                        return 0;
                }
        return load(l, f, from_message, ret);
}

static void answer(struct wish *w, struct called_flow *c, const char *problem) {
        if (c && c->cached.flow)
                w->on_answer(w, c, NULL);
        else
                w->on_answer(w, NULL, c && c->cached.problem ? c->cached.problem : problem);
}

int flow_library_take(struct flow_library *l, const struct frame_flow *found) {
        _cleanup_free_ char *problem = text_dup_n(found->problem.data ? found->problem.data : "", found->problem.len);
        struct wish *w;
        int r;

        if (!problem)
                return -ENOMEM;
        /* an answer may lead to the next wish, also for the same flow: that is answered here too */
        while ((w = find_wish(l, found->name.data ? found->name.data : "", found->name.len))) {
                struct called_flow *c = NULL;

                flow_library_withdraw(l, w);
                r = found->revision != 0 ? find_flow(l, found, w->from_message, &c) : 0;
                if (c)
                        called_flow_ref(c);
                answer(w, c, r < 0 ? "out of memory" : problem);
                called_flow_unref(c);
        }
        return 0;
}

void flow_library_done(struct flow_library *l) {
        while (l->flows)
                drop_oldest(l);
}
