/* SPDX-License-Identifier: Apache-2.0 */
/* A hash of pointers: looking a template up costs no look at the text. */
#include "common/flow/templates.h"

#include <errno.h>

#include "common/base/hashmap.h"

struct templates {
        const char *text; /* the key: its address */
        struct expr_template *compiled;
        UT_hash_handle hh;
};

int templates_get(struct templates **set, const char *text, size_t len, const struct expr_template **ret,
                  struct expr_error *error) {
        struct templates *entry;
        int r;

        HASH_FIND_PTR(*set, &text, entry);
        if (!entry) {
                entry = calloc(1, sizeof(*entry));
                if (!entry)
                        return -ENOMEM;
                entry->text = text;
                r = expr_compile(text, len, &entry->compiled, error);
                if (r < 0) {
                        free(entry);
                        return r;
                }
                HASH_ADD_PTR(*set, text, entry);
                if (!hash_added(entry)) {
                        expr_template_unref(entry->compiled);
                        free(entry);
                        return -ENOMEM;
                }
        }
        *ret = entry->compiled;
        return 0;
}

struct templates *templates_free(struct templates *set) {
        struct templates *entry = set, *next;

        HASH_CLEAR(hh, set); /* the table; the entries are still a list */
        for (; entry; entry = next) {
                next = entry->hh.next;
                expr_template_unref(entry->compiled);
                free(entry);
        }
        return NULL;
}
