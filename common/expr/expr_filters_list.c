/* SPDX-License-Identifier: Apache-2.0 */
/* Filters on lists and maps. */
#include "common/expr/expr_filters.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/json.h"
#include "common/expr/expr_utf8.h"
#include "common/expr/expr_values.h"

/* The elements [from, to) as a new list. */
static struct value *sublist(const struct value *list, size_t from, size_t to) {
        _cleanup_value_ struct value *made = value_new_list();

        for (size_t i = from; made && i < to; i++)
                if (values_add(made, value_list_at(list, i)) < 0)
                        return NULL;
        return TAKE_PTR(made);
}

static int wrong_input(const struct call *c, const char *what) {
        return call_fail(c, "'%s' works on %s, not on a %s", c->at->call.routine->name, what,
                         value_type_name(c->input));
}

/* --- first, last, length --------------------------------------------------------------------------------------- */

static struct value *character_at(const struct value *text, size_t i) {
        const char *s = value_string(text), *start, *end;

        start = end = s + utf8_offset(s, value_string_len(text), i);
        utf8_next(&end, s + value_string_len(text));
        return value_new_string_n(start, (size_t)(end - start));
}

static int one_of(const struct call *c, bool last, struct value **ret) {
        const struct value *v = c->input;
        size_t count;

        if (value_type(v) != VALUE_LIST && value_type(v) != VALUE_STRING)
                return wrong_input(c, "a list or a text");
        count = value_type(v) == VALUE_LIST ? value_count(v) : utf8_count(value_string(v), value_string_len(v));
        if (count == 0)
                return evaluation_give(value_new_null(), ret);
        if (value_type(v) == VALUE_LIST)
                return evaluation_give(value_ref(value_list_at(v, last ? count - 1 : 0)), ret);
        return evaluation_give(character_at(v, last ? count - 1 : 0), ret);
}

int filter_first(const struct call *c, struct value **ret) {
        return one_of(c, false, ret);
}

int filter_last(const struct call *c, struct value **ret) {
        return one_of(c, true, ret);
}

/* Characters of a text, elements of a list, entries of a map; 0 for anything else, as in Pebble. */
int filter_length(const struct call *c, struct value **ret) {
        const struct value *v = c->input;
        size_t length = 0;

        if (value_type(v) == VALUE_STRING)
                length = utf8_count(value_string(v), value_string_len(v));
        else if (value_type(v) == VALUE_LIST || value_type(v) == VALUE_MAP)
                length = value_count(v);
        return evaluation_give(value_new_int((int64_t)length), ret);
}

/* --- keys and values ------------------------------------------------------------------------------------------- */

int filter_keys(const struct call *c, struct value **ret) {
        bool map = value_type(c->input) == VALUE_MAP;
        _cleanup_value_ struct value *keys = value_new_list();
        int r = keys ? 0 : -ENOMEM;

        if (!map && value_type(c->input) != VALUE_LIST)
                return wrong_input(c, "a map or a list");
        for (size_t i = 0; r == 0 && i < value_count(c->input); i++)
                r = value_list_add(keys, map ? value_new_string(value_map_key_at(c->input, i))
                                             : value_new_int((int64_t)i));
        if (r == 0)
                *ret = TAKE_PTR(keys);
        return r;
}

int filter_values(const struct call *c, struct value **ret) {
        _cleanup_value_ struct value *values = NULL;
        int r = 0;

        if (value_type(c->input) == VALUE_LIST)
                return evaluation_give(value_ref(c->input), ret);
        if (value_type(c->input) != VALUE_MAP)
                return wrong_input(c, "a map or a list");
        values = value_new_list();
        if (!values)
                return -ENOMEM;
        for (size_t i = 0; r == 0 && i < value_count(c->input); i++)
                r = values_add(values, value_map_at(c->input, i));
        if (r == 0)
                *ret = TAKE_PTR(values);
        return r;
}

/* --- merge and slice ------------------------------------------------------------------------------------------- */

static int put_all(struct value *map, const struct value *from) {
        int r = 0;

        for (size_t i = 0; r == 0 && i < value_count(from); i++)
                r = value_map_put(map, value_map_key_at(from, i), value_ref(value_map_at(from, i)));
        return r;
}

static int merge_maps(const struct value *a, const struct value *b, struct value **ret) {
        _cleanup_value_ struct value *map = value_new_map();
        int r = map ? put_all(map, a) : -ENOMEM;

        if (r == 0)
                r = put_all(map, b);
        if (r == 0)
                *ret = TAKE_PTR(map);
        return r;
}

int filter_merge(const struct call *c, struct value **ret) {
        struct value *items = c->args[0];
        enum value_type type = value_type(c->input);

        if (type == VALUE_NULL || value_type(items) == VALUE_NULL)
                return evaluation_give(value_ref(type == VALUE_NULL ? items : c->input), ret);
        if (type == VALUE_LIST && value_type(items) == VALUE_LIST)
                return values_list_plus(c->input, items, ret);
        if (type == VALUE_MAP && value_type(items) == VALUE_MAP)
                return merge_maps(c->input, items, ret);
        return call_fail(c, "'merge' works on two lists or two maps, not on a %s and a %s", value_type_name(c->input),
                         value_type_name(items));
}

static int slice_text(const struct value *text, size_t from, size_t to, struct value **ret) {
        const char *s = value_string(text);
        size_t len = value_string_len(text), start = utf8_offset(s, len, from), end = utf8_offset(s, len, to);

        return evaluation_give(value_new_string_n(s + start, end - start), ret);
}

int filter_slice(const struct call *c, struct value **ret) {
        bool list = value_type(c->input) == VALUE_LIST;
        int64_t from = 0, to = 0;
        size_t count;
        int r;

        if (!list && value_type(c->input) != VALUE_STRING)
                return wrong_input(c, "a list or a text");
        count = list ? value_count(c->input) : utf8_count(value_string(c->input), value_string_len(c->input));
        r = call_arg_int(c, 0, 0, &from);
        if (r == 0)
                r = call_arg_int(c, 1, (int64_t)count, &to);
        if (r < 0)
                return r;
        if (from < 0 || to < from || (uint64_t)to > count)
                return call_fail(c, "'slice' from %lld to %lld does not lie within the %zu %s", (long long)from,
                                 (long long)to, count, list ? "elements" : "characters");
        if (list)
                return evaluation_give(sublist(c->input, (size_t)from, (size_t)to), ret);
        return slice_text(c->input, (size_t)from, (size_t)to, ret);
}

/* --- order ----------------------------------------------------------------------------------------------------- */

struct sorting {
        bool descending;
        bool failed; /* two elements have no order */
};

static int compare_elements(const void *a, const void *b, void *userdata) {
        struct sorting *s = userdata;
        int order = 0;

        if (values_compare(*(struct value *const *)a, *(struct value *const *)b, &order) < 0)
                s->failed = true;
        return s->descending ? -order : order;
}

static int sort_into(struct value **items, const struct value *list, struct sorting *s, struct value **ret) {
        _cleanup_value_ struct value *sorted = value_new_list();
        size_t count = value_count(list);
        int r = sorted ? 0 : -ENOMEM;

        for (size_t i = 0; i < count; i++)
                items[i] = value_list_at(list, i);
        qsort_r(items, count, sizeof(struct value *), compare_elements, s);
        for (size_t i = 0; i < count && r == 0; i++)
                r = values_add(sorted, items[i]);
        if (r == 0)
                *ret = TAKE_PTR(sorted);
        return r;
}

static int sort(const struct call *c, bool descending, struct value **ret) {
        struct sorting s = { .descending = descending };
        _cleanup_value_ struct value *sorted = NULL;
        _cleanup_free_ struct value **items = NULL;
        int r = call_input_is(c, VALUE_LIST);

        if (r < 0)
                return r;
        items = calloc(value_count(c->input) + 1, sizeof(struct value *));
        r = items ? sort_into(items, c->input, &s, &sorted) : -ENOMEM;
        if (r == 0 && s.failed)
                r = call_fail(c, "'%s' works on a list of numbers, of texts or of booleans", c->at->call.routine->name);
        if (r == 0)
                *ret = TAKE_PTR(sorted);
        return r;
}

int filter_sort(const struct call *c, struct value **ret) {
        return sort(c, false, ret);
}

int filter_rsort(const struct call *c, struct value **ret) {
        return sort(c, true, ret);
}

int filter_reverse(const struct call *c, struct value **ret) {
        _cleanup_value_ struct value *made = value_new_list();
        int r = call_input_is(c, VALUE_LIST);

        if (r == 0 && !made)
                r = -ENOMEM;
        for (size_t i = r == 0 ? value_count(c->input) : 0; i > 0 && r == 0; i--)
                r = values_add(made, value_list_at(c->input, i - 1));
        if (r == 0)
                *ret = TAKE_PTR(made);
        return r;
}

/* --- shape ----------------------------------------------------------------------------------------------------- */

int filter_chunk(const struct call *c, struct value **ret) {
        _cleanup_value_ struct value *chunks = value_new_list();
        int64_t size = 0;
        int r = call_input_is(c, VALUE_LIST);

        if (r == 0)
                r = call_arg_int(c, 0, 0, &size);
        if (r == 0 && size < 1)
                r = call_fail(c, "'chunk' needs a 'size' of at least 1");
        if (r == 0 && !chunks)
                r = -ENOMEM;
        for (size_t i = 0, count = r == 0 ? value_count(c->input) : 0; i < count && r == 0;) {
                size_t end = count - i > (uint64_t)size ? i + (size_t)size : count;

                r = value_list_add(chunks, sublist(c->input, i, end));
                i = end;
        }
        if (r == 0)
                *ret = TAKE_PTR(chunks);
        return r;
}

/* Lists inside the list give way to their elements: one level. */
int filter_flatten(const struct call *c, struct value **ret) {
        _cleanup_value_ struct value *flat = value_new_list();
        int r = call_input_is(c, VALUE_LIST);

        if (r == 0 && !flat)
                r = -ENOMEM;
        for (size_t i = 0, count = r == 0 ? value_count(c->input) : 0; i < count && r == 0; i++) {
                struct value *item = value_list_at(c->input, i);

                if (value_type(item) != VALUE_LIST)
                        r = values_add(flat, item);
                for (size_t j = 0; value_type(item) == VALUE_LIST && j < value_count(item) && r == 0; j++)
                        r = values_add(flat, value_list_at(item, j));
        }
        if (r == 0)
                *ret = TAKE_PTR(flat);
        return r;
}

/* Elements are the same when their JSON is: a map of what was seen keeps this linear. */
static int add_unseen(struct value *list, struct value *seen, struct value *item) {
        _cleanup_free_ char *json = json_to_text(item, JSON_COMPACT);
        int r;

        if (!json)
                return -ENOMEM;
        if (value_map_get(seen, json))
                return 0;
        r = value_map_put(seen, json, value_new_null());
        return r < 0 ? r : values_add(list, item);
}

int filter_distinct(const struct call *c, struct value **ret) {
        _cleanup_value_ struct value *list = value_new_list(), *seen = value_new_map();
        int r = call_input_is(c, VALUE_LIST);

        if (r == 0 && (!list || !seen))
                r = -ENOMEM;
        for (size_t i = 0, count = r == 0 ? value_count(c->input) : 0; i < count && r == 0; i++)
                r = add_unseen(list, seen, value_list_at(c->input, i));
        if (r == 0)
                *ret = TAKE_PTR(list);
        return r;
}
