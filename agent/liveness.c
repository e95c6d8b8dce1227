/* SPDX-License-Identifier: Apache-2.0 */
/* A plain list: it is walked a few times a minute, and entered and left in constant time. */
#include "agent/liveness.h"

#include <stddef.h>
#include <utlist.h>

void liveness_watch(struct liveness *l, struct liveness_entry *e, const char *name, uint64_t deadline_usec) {
        if (e->deadline_usec == 0)
                DL_APPEND(l->entries, e);
        e->name = name;
        e->deadline_usec = deadline_usec;
}

void liveness_forget(struct liveness *l, struct liveness_entry *e) {
        if (e->deadline_usec == 0)
                return;
        DL_DELETE(l->entries, e);
        e->deadline_usec = 0;
}

const struct liveness_entry *liveness_overdue(const struct liveness *l, uint64_t now_usec) {
        const struct liveness_entry *e, *worst = NULL;

        for (e = l->entries; e; e = e->next)
                if (e->deadline_usec < now_usec && (!worst || e->deadline_usec < worst->deadline_usec))
                        worst = e;
        return worst;
}
