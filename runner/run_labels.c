/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/run_labels.h"

#include <errno.h>
#include <string.h>

#include "runner/execution.h"
#include "runner/task_run.h"
#include "runner/value_text.h"

static int put_text(struct value *map, const char *key, const struct value *v) {
        char *text = value_text(v);

        return text ? value_map_put(map, key, value_new_string_take(text, strlen(text))) : -ENOMEM;
}

static int put_entry(struct value *map, const struct value *entry) {
        const char *key = value_type(entry) == VALUE_MAP ? value_map_string(entry, "key") : NULL;
        const struct value *value = key ? value_map_get(entry, "value") : NULL;

        return value ? put_text(map, key, value) : -EINVAL;
}

static int put_labels(struct value *map, const struct value *labels) {
        bool is_list = value_type(labels) == VALUE_LIST;
        int r = is_list || value_type(labels) == VALUE_MAP ? 0 : -EINVAL;

        for (size_t i = 0; r == 0 && i < value_count(labels); i++)
                r = is_list ? put_entry(map, value_list_at(labels, i)) :
                              put_text(map, value_map_key_at(labels, i), value_map_at(labels, i));
        return r;
}

int run_labels_make(struct task_run *run, bool inherit, const struct value *labels, struct value **ret) {
        struct scope scope = { .execution = run->execution, .run = run };
        _cleanup_value_ struct value *map = value_new_map(), *own = NULL;
        int r = map ? 0 : -ENOMEM;

        if (r == 0 && inherit)
                r = variables_get(&scope, VARIABLE_LABELS, &own);
        if (r == 0 && own)
                r = put_labels(map, own);
        if (r == 0 && labels)
                r = put_labels(map, labels);
        if (r == 0)
                *ret = TAKE_PTR(map);
        return r;
}
