/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/json.h"
#include "packaging/describe/describe.h"

int describe_put_text(struct value *map, const char *name, const char *text) {
        return text ? value_map_put(map, name, value_new_string(text)) : 0;
}

struct value *describe_new(const struct description *d) {
        const struct {
                const char *name, *text;
        } texts[] = { { "name", d->name },
                      { "alias", d->alias },
                      { "kind", d->kind },
                      { "default", d->default_text },
                      { "description", d->description } };
        struct value *v = value_new_map();
        int r = v ? 0 : -ENOMEM;

        for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(texts); i++)
                r = describe_put_text(v, texts[i].name, texts[i].text);
        if (r >= 0 && d->is_required)
                r = value_map_put(v, "required", value_new_bool(true));
        return r < 0 ? value_unref(v) : v;
}

struct value *describe_add(struct value *list, struct value *v) {
        return value_list_add(list, v) < 0 ? value_unref(list) : list;
}

int main(void) {
        _cleanup_value_ struct value *all = value_new_map();
        _cleanup_free_ char *text = NULL;
        int r = all ? 0 : -ENOMEM;

        if (r >= 0)
                r = value_map_put(all, "config", describe_config());
        if (r >= 0)
                r = value_map_put(all, "flow", describe_flow());
        if (r >= 0)
                text = json_to_text(all, JSON_PRETTY);
        if (!text) {
                (void)fputs("describe: out of memory\n", stderr);
                return EXIT_FAILURE;
        }
        return puts(text) < 0 || fflush(stdout) != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
