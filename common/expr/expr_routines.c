/* SPDX-License-Identifier: Apache-2.0 */
/* Looking routines up by name, telling about names that do not exist, and reading arguments. */
#include "common/expr/expr_routines.h"

#include <errno.h>
#include <string.h>

#include "common/base/text.h"

struct table {
        const struct expr_routine *items;
        const size_t *count;
        const char *noun;
};

static const struct table tables[ROUTINE_KINDS] = {
        [ROUTINE_FILTER] = { expr_filters, &expr_filter_count, "filter" },
        [ROUTINE_TEST] = { expr_tests, &expr_test_count, "test" },
        [ROUTINE_FUNCTION] = { expr_functions, &expr_function_count, "function" },
};

/* What Kestra has beyond the subset, so that people are not told that it does not exist. */
static const char *const unsupported[] = {
        "appLink",
        "block",
        "className",
        "condenseString",
        "credential",
        "currentEachOutput",
        "currentOutput",
        "dayOfMonth",
        "dayOfWeek",
        "decrypt",
        "encrypt",
        "equalTo",
        "escape",
        "fetchContext",
        "fileEmpty",
        "fileExists",
        "fileSize",
        "hourOfDay",
        "http",
        "isDayWeekInMonth",
        "isFileEmpty",
        "isPublicHoliday",
        "isWeekend",
        "iterationOutput",
        "json",
        "jsonDecode",
        "jsonEncode",
        "ksuid",
        "kv",
        "monthOfYear",
        "nanoId",
        "nl2br",
        "parent",
        "parentOutput",
        "printContext",
        "randomPort",
        "raw",
        "regexExtract",
        "regexMatch",
        "regexReplace",
        "renderOnce",
        "sh",
        "tasksWithState",
        "timestampMicro",
        "timestampMilli",
        "timestampNano",
        "uniq",
};

static int compare_name(const char *name, size_t len, const char *other) {
        int order = strncmp(name, other, len);

        return order != 0 ? order : other[len] == '\0' ? 0 : -1;
}

const struct expr_routine *expr_routine_find(enum routine_kind kind, const char *name, size_t len) {
        const struct expr_routine *items = tables[kind].items;
        size_t low = 0, high = *tables[kind].count;

        while (low < high) {
                size_t middle = low + (high - low) / 2;
                int order = compare_name(name, len, items[middle].name);

                if (order == 0)
                        return &items[middle];
                if (order < 0)
                        high = middle;
                else
                        low = middle + 1;
        }
        return NULL;
}

static const char *name_at(enum routine_kind kind, size_t i) {
        return i < *tables[kind].count ? tables[kind].items[i].name : NULL;
}

const char *expr_filter_name(size_t i) {
        return name_at(ROUTINE_FILTER, i);
}

const char *expr_test_name(size_t i) {
        return name_at(ROUTINE_TEST, i);
}

const char *expr_function_name(size_t i) {
        return name_at(ROUTINE_FUNCTION, i);
}

char *expr_routine_unknown(enum routine_kind kind, const char *name) {
        const struct table *t = &tables[kind];
        const char **names, *near;
        char *text;

        for (size_t i = 0; i < ARRAY_SIZE(unsupported); i++)
                if (text_eq(name, unsupported[i]))
                        return text_printf("the %s '%s' is not supported by sqsflow", t->noun, name);
        names = calloc(*t->count, sizeof(*names));
        if (!names)
                return NULL;
        for (size_t i = 0; i < *t->count; i++)
                names[i] = t->items[i].name;
        near = text_nearest(name, names, *t->count);
        text = text_printf("there is no %s '%s'%s%s%s", t->noun, name, near ? "; did you mean '" : "", near ? near : "",
                           near ? "'?" : "");
        free(names);
        return text;
}

/* --- arguments ------------------------------------------------------------------------------------------------- */

static const char *name_of(const struct call *c, size_t i) {
        const char *name = i < ROUTINE_NAMES_MAX ? c->at->call.routine->names[i] : NULL;

        return name ? name : "argument";
}

static bool is_given(const struct call *c, size_t i) {
        return c->args[i] && value_type(c->args[i]) != VALUE_NULL;
}

static int wrong(const struct call *c, size_t i, const char *what) {
        const char *routine = c->at->call.routine->name;

        if (!is_given(c, i))
                return call_fail(c, "'%s' needs %s as '%s', not null", routine, what, name_of(c, i));
        return call_fail(c, "'%s' needs %s as '%s', not a %s", routine, what, name_of(c, i),
                         value_type_name(c->args[i]));
}

int call_arg_text(const struct call *c, size_t i, const char *fallback, const char **ret) {
        if (!is_given(c, i) && fallback) {
                *ret = fallback;
                return 0;
        }
        if (is_given(c, i) && value_type(c->args[i]) == VALUE_NUMBER) {
                *ret = value_number(c->args[i]);
                return 0;
        }
        if (!is_given(c, i) || value_type(c->args[i]) != VALUE_STRING)
                return wrong(c, i, "a text");
        *ret = value_string(c->args[i]);
        return 0;
}

int call_arg_int(const struct call *c, size_t i, int64_t fallback, int64_t *ret) {
        if (!is_given(c, i)) {
                *ret = fallback;
                return 0;
        }
        return value_to_i64(c->args[i], ret) < 0 ? wrong(c, i, "a whole number of at most 64 bits") : 0;
}

int call_arg_bool(const struct call *c, size_t i, bool fallback, bool *ret) {
        if (!is_given(c, i)) {
                *ret = fallback;
                return 0;
        }
        if (value_type(c->args[i]) != VALUE_BOOL)
                return wrong(c, i, "true or false");
        *ret = value_bool(c->args[i]);
        return 0;
}

int call_input_text(const struct call *c, struct value **ret) {
        enum value_type type = value_type(c->input);

        if (type != VALUE_STRING && type != VALUE_NUMBER && type != VALUE_BOOL)
                return call_fail(c, "'%s' works on a text, not on %s%s", c->at->call.routine->name,
                                 type == VALUE_NULL ? "" : "a ", value_type_name(c->input));
        return evaluation_to_text(c->e, c->at, c->input, ret);
}

int call_input_is(const struct call *c, enum value_type type) {
        static const char *const names[] = {
                [VALUE_NULL] = "null",     [VALUE_BOOL] = "true or false", [VALUE_NUMBER] = "a number",
                [VALUE_STRING] = "a text", [VALUE_LIST] = "a list",        [VALUE_MAP] = "a map",
        };

        if (value_type(c->input) == type)
                return 0;
        return call_fail(c, "'%s' works on %s, not on %s%s", c->at->call.routine->name, names[type],
                         value_type(c->input) == VALUE_NULL ? "" : "a ", value_type_name(c->input));
}
