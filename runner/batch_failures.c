/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/batch_failures.h"

#include <errno.h>

int batch_failures_add(struct value *ids, const struct value *outputs) {
        const struct value *failures = value_map_get(outputs, BATCH_FAILURES_KEY);

        if (!failures || value_type(failures) == VALUE_NULL)
                return 0;
        if (value_type(failures) != VALUE_LIST)
                return -EINVAL;
        for (size_t i = 0; i < value_count(failures); i++) {
                const struct value *item = value_list_at(failures, i);
                struct value *id;
                int r;

                if (value_type(item) != VALUE_MAP)
                        return -EINVAL;
                id = value_map_get(item, "itemIdentifier");
                if (!id || value_type(id) != VALUE_STRING || value_string_len(id) == 0)
                        return -EINVAL;
                r = value_list_add(ids, value_ref(id));
                if (r < 0)
                        return r;
        }
        return 0;
}
