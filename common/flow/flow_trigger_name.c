/* SPDX-License-Identifier: Apache-2.0 */
/* What a trigger of a flow's file is called outside of it: "namespace.flow.trigger". */
#include <string.h>

#include "common/base/text.h"
#include "common/flow/flow.h"

char *flow_trigger_name(const struct flow *f, const struct flow_trigger *t) {
        return text_printf("%s.%s.%s", f->namespace, f->id, t->id);
}

/* Takes `part` from the beginning of the name. */
static bool take(const char **name, size_t *len, const char *part) {
        size_t part_len = strlen(part);

        if (*len < part_len || memcmp(*name, part, part_len) != 0)
                return false;
        *name += part_len;
        *len -= part_len;
        return true;
}

const struct flow_trigger *flow_trigger_find(const struct flow *f, const char *name, size_t len) {
        if (!take(&name, &len, f->namespace) || !take(&name, &len, ".") || !take(&name, &len, f->id) ||
            !take(&name, &len, "."))
                return NULL;
        for (size_t i = 0; i < f->trigger_count; i++)
                if (strlen(f->triggers[i].id) == len && memcmp(f->triggers[i].id, name, len) == 0)
                        return &f->triggers[i];
        return NULL;
}
