/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/flow_find.h"

#include <string.h>
#include <sys/stat.h>

#include "common/base/text.h"

static bool is_file(const char *name) {
        struct stat st;

        return strchr(name, '/') || text_ends_with(name, ".yaml") || text_ends_with(name, ".yml") || stat(name, &st) == 0;
}

/* "namespace.id" of every flow, owned; NULL when memory is out. */
static char **flow_names(const struct flow_set *set) {
        _cleanup_(text_list_freep) char **names = calloc(1, sizeof(char *));

        for (size_t i = 0; names && i < set->count; i++) {
                _cleanup_free_ char *name = text_printf("%s.%s", set->items[i]->namespace, set->items[i]->id);

                if (!name || text_list_add(&names, name) < 0)
                        return NULL;
        }
        return TAKE_PTR(names);
}

static void tell_missing(struct diag *diag, const char *folder, const char *name, const struct flow_set *set) {
        _cleanup_(text_list_freep) char **names = flow_names(set);
        const char *nearest = names ? text_nearest(name, (const char *const *)names, set->count) : NULL;

        if (nearest)
                diag_add(diag, DIAG_ERROR, folder, 0, 0, "there is no flow '%s'; did you mean '%s'?", name, nearest);
        else
                diag_add(diag, DIAG_ERROR, folder, 0, 0, "there is no flow '%s' (%zu others)", name, set->count);
}

static struct flow *find_in_folder(const char *name, const struct config *config, struct diag *diag) {
        struct flow_set set = { 0 };
        struct flow *flow = NULL;

        if (flow_set_load(config->flows, &config->security, diag, &set) >= 0) {
                flow = flow_set_find(&set, name);
                flow = flow ? flow_ref(flow) : NULL;
                if (!flow)
                        tell_missing(diag, config->flows, name, &set);
        }
        flow_set_done(&set);
        return flow;
}

int flow_find(const char *verb, const char *name, const struct config *config, struct flow **ret) {
        struct diag diag = DIAG_INIT;
        struct flow *flow = NULL;

        if (!is_file(name))
                flow = find_in_folder(name, config, &diag);
        else if (flow_load_file(name, &config->security, &diag, &flow) < 0)
                flow = NULL;
        print_findings(&diag);
        if (!flow && !is_file(name))
                (void)complain(verb, EXIT_WRONG, "'%s' is no file, so it was looked for in the folder of flows, %s", name,
                               config->flows);
        else if (!flow && diag.count == 0)
                (void)complain(verb, EXIT_WRONG, "%s cannot be read", name);
        diag_done(&diag);
        if (!flow)
                return EXIT_WRONG;
        *ret = flow;
        return 0;
}
