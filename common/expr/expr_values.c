/* SPDX-License-Identifier: Apache-2.0 */
/* Values are immutable once shared, so everything here makes new lists out of shared elements. */
#include "common/expr/expr_values.h"

#include <errno.h>
#include <string.h>

#include "common/expr/expr_number.h"

int values_compare(const struct value *a, const struct value *b, int *ret_order) {
        if (value_type(a) != value_type(b))
                return -EINVAL;
        if (value_type(a) == VALUE_NUMBER)
                *ret_order = number_compare(a, b);
        else if (value_type(a) == VALUE_STRING)
                *ret_order = strcmp(value_string(a), value_string(b));
        else if (value_type(a) == VALUE_BOOL)
                *ret_order = (int)value_bool(a) - (int)value_bool(b);
        else
                return -EINVAL;
        return 0;
}

int values_add(struct value *list, const struct value *v) {
        /* Counting a reference is the one change that a borrowed value allows. */
        return value_list_add(list, value_ref(v));
}

static bool list_has(const struct value *list, const struct value *v) {
        for (size_t i = 0; i < value_count(list); i++)
                if (value_equal(value_list_at(list, i), v))
                        return true;
        return false;
}

static bool list_contains(const struct value *list, const struct value *part) {
        if (value_type(part) != VALUE_LIST)
                return list_has(list, part);
        for (size_t i = 0; i < value_count(part); i++)
                if (!list_has(list, value_list_at(part, i)))
                        return false;
        return true;
}

bool values_contain(const struct value *whole, const struct value *part) {
        switch (value_type(whole)) {
        case VALUE_LIST:
                return list_contains(whole, part);
        case VALUE_MAP:
                return value_type(part) == VALUE_STRING && value_map_get(whole, value_string(part));
        case VALUE_STRING:
                if (value_type(part) == VALUE_NUMBER)
                        return strstr(value_string(whole), value_number(part)) != NULL;
                return value_type(part) == VALUE_STRING && strstr(value_string(whole), value_string(part));
        default:
                return false;
        }
}

static char *text_of(const struct value *v) {
        struct buf b = BUF_INIT(0);

        buf_append_str(&b, "");
        expr_write_text(&b, v);
        return buf_take(&b, NULL);
}

static int same_text(const char *text, const struct value *v, bool *ret) {
        _cleanup_free_ char *other = NULL;

        if (*ret || value_type(v) == VALUE_NULL)
                return 0;
        if (value_type(v) == VALUE_STRING) {
                *ret = strcmp(value_string(v), text) == 0;
                return 0;
        }
        other = text_of(v);
        if (!other)
                return -ENOMEM;
        *ret = strcmp(other, text) == 0;
        return 0;
}

int values_in(const struct value *v, const struct value *whole, bool *ret) {
        bool map = value_type(whole) == VALUE_MAP, found = false;
        _cleanup_free_ char *text = NULL;
        int r = 0;

        *ret = false;
        if ((!map && value_type(whole) != VALUE_LIST) || value_type(v) == VALUE_NULL)
                return 0;
        text = text_of(v);
        if (!text)
                return -ENOMEM;
        for (size_t i = 0; i < value_count(whole) && !found && r == 0; i++) {
                found = map && strcmp(value_map_key_at(whole, i), text) == 0;
                r = same_text(text, map ? value_map_at(whole, i) : value_list_at(whole, i), &found);
        }
        *ret = found;
        return r;
}

/* --- ranges ---------------------------------------------------------------------------------------------------- */

static bool single_character(const struct value *v, int64_t *ret) {
        if (value_type(v) != VALUE_STRING || value_string_len(v) != 1)
                return false;
        *ret = (unsigned char)value_string(v)[0];
        return true;
}

static struct value *range_element(int64_t i, bool characters) {
        char c[] = { (char)i, '\0' };

        return characters ? value_new_string_n(c, 1) : value_new_int(i);
}

/* How many steps lie between the first and the last element: one less than there are. */
static uint64_t range_steps(int64_t start, int64_t end, int64_t step) {
        if (step > 0)
                return ((uint64_t)end - (uint64_t)start) / (uint64_t)step;
        if (step < 0)
                return ((uint64_t)start - (uint64_t)end) / -(uint64_t)step;
        return 0;
}

/* Charged as a whole before: a range that is too long is not begun. */
static int fill_range(struct evaluation *e, const struct node *n, int64_t i, int64_t end, int64_t step, bool characters,
                      struct value *list) {
        bool is_empty = step > 0 ? i > end : i < end;
        int r = is_empty ? 0 : evaluation_charge(e, n, MIN(range_steps(i, end, step), (uint64_t)SIZE_MAX - 1) + 1);

        while (r == 0 && (step > 0 ? i <= end : i >= end)) {
                r = value_list_add(list, range_element(i, characters));
                if (__builtin_add_overflow(i, step, &i))
                        break;
        }
        return r;
}

int values_range(struct evaluation *e, const struct node *n, const struct value *from, const struct value *to,
                 int64_t step, struct value **ret) {
        _cleanup_value_ struct value *list = NULL;
        int64_t start, end;
        bool numbers = value_to_i64(from, &start) == 0 && value_to_i64(to, &end) == 0;
        bool characters = !numbers && single_character(from, &start) && single_character(to, &end);
        int r;

        if (!numbers && !characters)
                return evaluation_fail(e, n, "a range goes from one whole number, or one character, to another");
        if (step == 0)
                return evaluation_fail(e, n, "a range cannot go on in steps of 0");
        list = value_new_list();
        if (!list)
                return -ENOMEM;
        r = fill_range(e, n, start, end, step, characters, list);
        if (r == 0)
                *ret = TAKE_PTR(list);
        return r;
}

/* --- lists ----------------------------------------------------------------------------------------------------- */

static int add_all(struct value *list, const struct value *from) {
        int r = 0;

        for (size_t i = 0; i < value_count(from) && r == 0; i++)
                r = values_add(list, value_list_at(from, i));
        return r;
}

int values_list_plus(const struct value *list, const struct value *v, struct value **ret) {
        _cleanup_value_ struct value *made = value_new_list();
        int r;

        if (!made)
                return -ENOMEM;
        r = add_all(made, list);
        if (r == 0)
                r = value_type(v) == VALUE_LIST ? add_all(made, v) : values_add(made, v);
        if (r == 0)
                *ret = TAKE_PTR(made);
        return r;
}

int values_list_minus(const struct value *list, const struct value *v, struct value **ret) {
        _cleanup_value_ struct value *made = value_new_list();

        if (!made)
                return -ENOMEM;
        for (size_t i = 0; i < value_count(list); i++) {
                const struct value *item = value_list_at(list, i);
                bool drop = value_type(v) == VALUE_LIST ? list_has(v, item) : value_equal(v, item);
                int r = drop ? 0 : values_add(made, item);

                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(made);
        return 0;
}

bool values_empty(const struct value *v) {
        switch (value_type(v)) {
        case VALUE_NULL:
                return true;
        case VALUE_STRING: /* Java's trim().isEmpty() */
                return value_string(v)[strspn(value_string(v), " \t\n\v\f\r")] == '\0';
        case VALUE_LIST:
        case VALUE_MAP:
                return value_count(v) == 0;
        default:
                return false;
        }
}
