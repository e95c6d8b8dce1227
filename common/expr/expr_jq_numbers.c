/* SPDX-License-Identifier: Apache-2.0 */
/* 12345678901234567890 leaves jq as 12345678901234567000 or so, and 1.50 as 1.5. Both are, as doubles, what went in, so
 * the double is the key under which the digits are kept; one that two different texts share is nobody's. */
#include "common/expr/expr_jq_numbers.h"

#include <errno.h>
#include <string.h>

struct jq_numbers {
        struct value *digits; /* map: a double's shortest text to the number, or to null when two share it */
};

/* The shortest text of v's double, NULL when memory is out; null for a number beyond doubles. */
static struct value *key_of(const struct value *v) {
        double d;

        return value_to_double(v, &d) < 0 ? value_new_null() : value_new_double(d);
}

static int collect_number(struct value *map, const struct value *v) {
        _cleanup_value_ struct value *key = key_of(v);
        const struct value *known;

        if (!key)
                return -ENOMEM;
        if (value_type(key) == VALUE_NULL)
                return 0;
        known = value_map_get(map, value_number(key));
        if (!known)
                return value_map_put(map, value_number(key), value_ref(v));
        if (value_type(known) == VALUE_NULL || strcmp(value_number(known), value_number(v)) == 0)
                return 0;
        return value_map_put(map, value_number(key), value_new_null());
}

static int collect(struct value *map, const struct value *v) {
        bool entries = value_type(v) == VALUE_MAP;
        int r = 0;

        if (value_type(v) == VALUE_NUMBER)
                return collect_number(map, v);
        if (!entries && value_type(v) != VALUE_LIST)
                return 0;
        for (size_t i = 0; i < value_count(v) && r == 0; i++)
                r = collect(map, entries ? value_map_at(v, i) : value_list_at(v, i));
        return r;
}

int jq_numbers_collect(const struct value *v, struct jq_numbers **ret) {
        struct jq_numbers *n = calloc(1, sizeof(*n));
        int r;

        if (!n)
                return -ENOMEM;
        n->digits = value_new_map();
        r = n->digits ? collect(n->digits, v) : -ENOMEM;
        if (r < 0)
                jq_numbers_free(n);
        else
                *ret = n;
        return r;
}

struct jq_numbers *jq_numbers_free(struct jq_numbers *n) {
        if (!n)
                return NULL;
        value_unref(n->digits);
        free(n);
        return NULL;
}

static int restore_number(const struct jq_numbers *n, struct value *v, struct value **ret) {
        _cleanup_value_ struct value *key = key_of(v);
        struct value *known = NULL;

        if (!key)
                return -ENOMEM;
        if (value_type(key) == VALUE_NUMBER)
                known = value_map_get(n->digits, value_number(key));
        *ret = value_ref(known && value_type(known) == VALUE_NUMBER ? known : v);
        return 0;
}

int jq_numbers_restore(const struct jq_numbers *n, struct value *v, struct value **ret) {
        bool entries = value_type(v) == VALUE_MAP;
        _cleanup_value_ struct value *made = NULL;
        int r = 0;

        if (value_type(v) == VALUE_NUMBER)
                return restore_number(n, v, ret);
        if (!entries && value_type(v) != VALUE_LIST) {
                *ret = value_ref(v);
                return 0;
        }
        made = entries ? value_new_map() : value_new_list();
        if (!made)
                return -ENOMEM;
        for (size_t i = 0; i < value_count(v) && r == 0; i++) {
                struct value *item = NULL;

                r = jq_numbers_restore(n, entries ? value_map_at(v, i) : value_list_at(v, i), &item);
                if (r == 0)
                        r = entries ? value_map_put(made, value_map_key_at(v, i), item) : value_list_add(made, item);
        }
        if (r == 0)
                *ret = TAKE_PTR(made);
        return r;
}
