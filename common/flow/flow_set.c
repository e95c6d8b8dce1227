/* SPDX-License-Identifier: Apache-2.0 */
/* All flows of a folder. One bad file refuses the whole set, so that a reload either takes all or keeps what runs. */
#include "common/flow/flow.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "common/base/file.h"
#include "common/base/text.h"
#include "common/flow/flow_calls.h"

bool flow_set_takes(const char *name) {
        return name[0] != '.' && (text_ends_with(name, ".yaml") || text_ends_with(name, ".yml"));
}

static int is_flow_file(const struct dirent *entry) {
        return flow_set_takes(entry->d_name);
}

static int by_bytes(const struct dirent **a, const struct dirent **b) {
        return strcmp((*a)->d_name, (*b)->d_name);
}

static bool is_same_flow(const struct flow *a, const struct flow *b) {
        return text_eq(a->namespace, b->namespace) && text_eq(a->id, b->id);
}

/* Takes f over. 0, -EBADMSG when another file has the same id, -ENOMEM. */
static int add(struct flow_set *set, struct flow *f, struct diag *diag) {
        _cleanup_(flow_unrefp) struct flow *owned = f;
        struct flow **grown;

        for (size_t i = 0; i < set->count; i++)
                if (is_same_flow(set->items[i], f)) {
                        diag_add(diag, DIAG_ERROR, f->file, 0, 0, "flow '%s.%s' is already in %s", f->namespace, f->id,
                                 set->items[i]->file);
                        return -EBADMSG;
                }
        grown = reallocarray(set->items, set->count + 1, sizeof(struct flow *));
        if (!grown)
                return -ENOMEM;
        set->items = grown;
        set->items[set->count++] = TAKE_PTR(owned);
        return 0;
}

static int load_one(struct flow_set *set, const char *folder, const char *name,
                    const struct flow_load_options *options, struct diag *diag) {
        _cleanup_free_ char *path = path_join(folder, name);
        struct flow *f;
        int r;

        if (!path)
                return -ENOMEM;
        r = flow_load_file(path, options, diag, &f);
        return r < 0 ? r : add(set, f, diag);
}

static void names_free(struct dirent **names, int count) {
        for (int i = 0; i < count; i++)
                free(names[i]);
        free(names);
}

/* The first error decides, but out of memory is stronger; every file is looked at. */
static int worse(int so_far, int r) {
        return so_far == 0 || r == -ENOMEM ? r : so_far;
}

int flow_set_load(const char *folder, const struct flow_load_options *options, struct diag *diag,
                  struct flow_set *ret) {
        struct flow_set set = { 0 };
        struct dirent **names;
        int count = scandir(folder, &names, is_flow_file, by_bytes), r = 0;

        if (count < 0) {
                r = -errno;
                diag_add(diag, DIAG_ERROR, folder, 0, 0, "the folder of flows cannot be read: %s", strerror(-r));
                return r;
        }
        for (int i = 0; i < count; i++) {
                int one = load_one(&set, folder, names[i]->d_name, options, diag);

                if (one < 0)
                        r = worse(r, one);
        }
        names_free(names, count);
        if (r == 0)
                r = flow_calls_check(&set, options, diag);
        if (r < 0)
                flow_set_done(&set);
        else
                *ret = set;
        return r;
}

void flow_set_done(struct flow_set *set) {
        for (size_t i = 0; i < set->count; i++)
                flow_unref(set->items[i]);
        free(set->items);
        *set = (struct flow_set){ 0 };
}

struct flow *flow_set_find(const struct flow_set *set, const char *full_id) {
        for (size_t i = 0; i < set->count; i++) {
                const char *rest = text_after(full_id, set->items[i]->namespace);

                if (rest && *rest == '.' && text_eq(rest + 1, set->items[i]->id))
                        return set->items[i];
        }
        return NULL;
}
