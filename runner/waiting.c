/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/waiting.h"

#include <errno.h>

#include "common/base/text.h"
#include "common/link/codec.h"

struct waiting_frame {
        struct waiting_frame *next;
        char *bytes;
        size_t len;
};

static void frame_free(struct waiting_frame *f) {
        free(f->bytes);
        free(f);
}

int waiting_add(struct waiting *w, const char *frame, size_t len) {
        struct waiting_frame *f = calloc(1, sizeof(*f));

        if (!f)
                return -ENOMEM;
        f->bytes = text_dup_n(frame, len); /* with a NUL behind */
        f->len = len;
        if (!f->bytes) {
                frame_free(f);
                return -ENOMEM;
        }
        *(w->last ? &w->last->next : &w->first) = f;
        w->last = f;
        return 0;
}

/* Takes `f`, which stands behind `before` (NULL: it is the first), out of the list. */
static void unlink_frame(struct waiting *w, struct waiting_frame *before, struct waiting_frame *f) {
        *(before ? &before->next : &w->first) = f->next;
        if (w->last == f)
                w->last = before;
}

char *waiting_take(struct waiting *w, size_t *ret_len) {
        struct waiting_frame *f = w->first;
        char *bytes;

        if (!f)
                return NULL;
        unlink_frame(w, NULL, f);
        bytes = TAKE_PTR(f->bytes);
        *ret_len = f->len;
        frame_free(f);
        return bytes;
}

static bool is_of(const struct waiting_frame *f, uint64_t execution_id) {
        struct frame frame;
        size_t used;
        bool is;

        if (frame_get(f->bytes, f->len, &frame, &used) <= 0)
                return false;
        is = frame.kind == FRAME_EXECUTE && frame.execute.execution_id == execution_id;
        frame_done(&frame);
        return is;
}

bool waiting_drop_execution(struct waiting *w, uint64_t execution_id) {
        struct waiting_frame *before = NULL, *f = w->first;

        for (; f && !is_of(f, execution_id); f = f->next)
                before = f;
        if (!f)
                return false;
        unlink_frame(w, before, f);
        frame_free(f);
        return true;
}

void waiting_done(struct waiting *w) {
        for (struct waiting_frame *f = w->first, *next; f; f = next) {
                next = f->next;
                frame_free(f);
        }
        *w = (struct waiting){ 0 };
}
