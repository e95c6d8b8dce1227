/* SPDX-License-Identifier: Apache-2.0 */
#include "common/flow/envs.h"

#include <ctype.h>
#include <string.h>

#include "common/base/text.h"

extern char **environ;

struct value *envs_value(void) {
        _cleanup_value_ struct value *map = value_new_map();

        for (char **v = environ; map && *v; v++) {
                const char *name = text_after(*v, "ENV_"), *value = name ? strchr(name, '=') : NULL;
                _cleanup_free_ char *key = value ? text_dup_n(name, (size_t)(value - name)) : NULL;

                if (!value)
                        continue;
                if (!key)
                        return NULL;
                for (char *p = key; *p; p++)
                        *p = (char)tolower((unsigned char)*p);
                if (value_map_put(map, key, value_new_string(value + 1)) < 0)
                        return NULL;
        }
        return TAKE_PTR(map);
}
