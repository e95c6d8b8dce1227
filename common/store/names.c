/* SPDX-License-Identifier: Apache-2.0 */
/* The memory side of the table `name`. It only grows, and what is in it comes from flows and configuration, not from
 * messages: some hundred entries. The database side is write.c. */
#include "common/store/names.h"

#include <stdlib.h>
#include <string.h>

void names_done(struct names *n) {
        struct name *e = n->by_text;

        HASH_CLEAR(hh, n->by_text);
        while (e) {
                struct name *next = e->hh.next;

                free(e);
                e = next;
        }
}

struct name *names_get(struct names *n, const char *text) {
        size_t len = strlen(text);
        struct name *e;

        HASH_FIND(hh, n->by_text, text, len, e);
        if (e)
                return e;
        e = calloc(1, sizeof(*e) + len + 1);
        if (!e)
                return NULL;
        memcpy(e->text, text, len);
        HASH_ADD_KEYPTR(hh, n->by_text, e->text, len, e);
        if (!hash_added(e)) {
                free(e);
                return NULL;
        }
        return e;
}

void names_written(struct names *n, struct name *name, int64_t id) {
        name->id = id;
        name->fresh = true;
        n->fresh_count++;
}

void names_settle(struct names *n, bool durable) {
        if (n->fresh_count == 0)
                return;
        for (struct name *e = n->by_text; e; e = e->hh.next) {
                if (e->fresh && !durable)
                        e->id = 0;
                e->fresh = false;
        }
        n->fresh_count = 0;
}

void names_forget(struct names *n) {
        for (struct name *e = n->by_text; e; e = e->hh.next) {
                e->id = 0;
                e->fresh = false;
        }
        n->fresh_count = 0;
}
