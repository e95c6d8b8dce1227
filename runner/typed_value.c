/* SPDX-License-Identifier: Apache-2.0 */
/* A table of types: how a value is read, and in what order values stand. Values come as JSON or from an expression, and
 * often as texts, since a form, a command line or a task's output has nothing else. */
#include "runner/typed_value.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/base/diag.h"
#include "common/base/json.h"
#include "common/base/text.h"
#include "common/base/yaml.h"
#include "common/flow/day_text.h"
#include "common/flow/task_type.h"
#include "runner/value_text.h"

#define SHOWN_BYTES_MAX 100 /* of a value in a sentence */

/* --- reading: 0 with an owned value, -EINVAL, -ENOMEM ---------------------------------------------------------------- */

static int give(struct value *v, struct value **ret) {
        if (!v)
                return -ENOMEM;
        *ret = v;
        return 0;
}

static int give_same(const struct value *v, struct value **ret) {
        return give(value_ref(v), ret);
}

/* NULL when v is no text. */
static const char *text_in(const struct value *v) {
        return value_type(v) == VALUE_STRING ? value_string(v) : NULL;
}

static int read_text(const struct value *v, struct value **ret) {
        char *text;

        if (value_type(v) == VALUE_STRING)
                return give_same(v, ret);
        if (value_type(v) != VALUE_NUMBER && value_type(v) != VALUE_BOOL)
                return -EINVAL;
        text = value_text(v);
        return text ? give(value_new_string_take(text, strlen(text)), ret) : -ENOMEM;
}

static int read_number(const struct value *v, struct value **ret) {
        if (!text_in(v))
                return value_type(v) == VALUE_NUMBER ? give_same(v, ret) : -EINVAL;
        errno = 0;
        *ret = value_new_number(text_in(v));
        return *ret ? 0 : errno == EINVAL ? -EINVAL : -ENOMEM;
}

/* A whole number of any length: it keeps its digits. */
static int read_int(const struct value *v, struct value **ret) {
        _cleanup_value_ struct value *number = NULL;
        int64_t i;
        int r = read_number(v, &number);

        if (r == 0 && value_to_i64(number, &i) == -EINVAL)
                return -EINVAL;
        if (r == 0)
                *ret = TAKE_PTR(number);
        return r;
}

static int read_bool(const struct value *v, struct value **ret) {
        const char *text = text_in(v);

        if (!text)
                return value_type(v) == VALUE_BOOL ? give_same(v, ret) : -EINVAL;
        if (strcasecmp(text, "true") != 0 && strcasecmp(text, "false") != 0)
                return -EINVAL;
        return give(value_new_bool(tolower((unsigned char)*text) == 't'), ret);
}

static int read_date_time(const struct value *v, struct value **ret) {
        uint64_t usec;

        return text_in(v) && timestamp_parse(text_in(v), &usec) == 0 ? give_same(v, ret) : -EINVAL;
}

static int read_date(const struct value *v, struct value **ret) {
        return text_in(v) && day_text_is_date(text_in(v)) ? give_same(v, ret) : -EINVAL;
}

static int read_time(const struct value *v, struct value **ret) {
        return text_in(v) && day_text_is_time(text_in(v)) ? give_same(v, ret) : -EINVAL;
}

static int read_duration(const struct value *v, struct value **ret) {
        uint64_t usec;

        return text_in(v) && duration_parse(text_in(v), &usec) == 0 ? give_same(v, ret) : -EINVAL;
}

static int read_json(const struct value *v, struct value **ret) {
        int r;

        if (!text_in(v))
                return give_same(v, ret);
        r = json_parse(value_string(v), value_string_len(v), ret, NULL, NULL);
        return r == -EBADMSG || r == -E2BIG ? -EINVAL : r;
}

/* Why it is no YAML is not kept: `diag` is too big for a stack. */
static int read_yaml(const struct value *v, struct value **ret) {
        _cleanup_(yaml_freep) struct yaml_node *root = NULL;
        struct diag *diag;
        int r;

        if (!text_in(v))
                return give_same(v, ret);
        diag = calloc(1, sizeof(*diag));
        if (!diag)
                return -ENOMEM;
        r = yaml_parse(value_string(v), value_string_len(v), "yaml", diag, &root);
        diag_done(diag);
        free(diag);
        if (r < 0)
                return r == -EBADMSG ? -EINVAL : r;
        return give(yaml_to_value(root), ret);
}

static int read_list(const struct value *v, struct value **ret) {
        _cleanup_value_ struct value *list = NULL;
        int r = read_json(v, &list);

        if (r == 0 && value_type(list) != VALUE_LIST)
                return -EINVAL;
        if (r == 0)
                *ret = TAKE_PTR(list);
        return r;
}

static int read_uri(const struct value *v, struct value **ret) {
        const char *text = text_in(v), *colon = text ? strchr(text, ':') : NULL;

        if (!colon || !isalpha((unsigned char)*text) || colon[1] == '\0' || strpbrk(text, " \t\r\n"))
                return -EINVAL;
        for (const char *p = text; p < colon; p++)
                if (!isalnum((unsigned char)*p) && !strchr("+-.", *p))
                        return -EINVAL;
        return give_same(v, ret);
}

/* --- order: of texts that were read as their type -------------------------------------------------------------------- */

static int compare_number(const char *a, const char *b) {
        long double x = strtold(a, NULL), y = strtold(b, NULL);

        return (x > y) - (x < y);
}

static int compare_duration(const char *a, const char *b) {
        uint64_t x = 0, y = 0;

        (void)duration_parse(a, &x);
        (void)duration_parse(b, &y);
        return (x > y) - (x < y);
}

static int compare_date_time(const char *a, const char *b) {
        uint64_t x = 0, y = 0;

        (void)timestamp_parse(a, &x);
        (void)timestamp_parse(b, &y);
        return (x > y) - (x < y);
}

/* "08:21" is "08:21:00". */
static int compare_time(const char *a, const char *b) {
        int r = strncmp(a, b, strlen("08:21"));

        if (r != 0)
                return r;
        return strcmp(strlen(a) > 5 ? a + 5 : ":00", strlen(b) > 5 ? b + 5 : ":00");
}

/* --- the types ------------------------------------------------------------------------------------------------------- */

static const struct typed_value types[] = {
        { "STRING", "a text", read_text, NULL },
        { "INT", "a whole number such as 42", read_int, compare_number },
        { "FLOAT", "a number such as 4.2", read_number, compare_number },
        { "BOOL", "true or false", read_bool, NULL },
        { "SELECT", "a text", read_text, NULL },
        { "DATETIME", "a time such as 2026-11-23T08:21:57Z", read_date_time, compare_date_time },
        { "DATE", "a date such as 2026-11-23", read_date, strcmp },
        { "TIME", "a time of day such as 08:21:57", read_time, compare_time },
        { "DURATION", "a duration such as PT30S", read_duration, compare_duration },
        { "JSON", "JSON", read_json, NULL },
        { "YAML", "YAML", read_yaml, NULL },
        { "URI", "a URI", read_uri, NULL },
        { "FILE", "a URI", read_uri, NULL },
        { "ARRAY", "a list", read_list, NULL },
};

const struct typed_value *typed_value_find(const char *name) {
        const char *canonical = flow_input_type(name);

        for (size_t i = 0; canonical && i < ARRAY_SIZE(types); i++)
                if (text_eq(types[i].name, canonical))
                        return &types[i];
        return NULL;
}

int typed_value_problem(const char *what, const char *id, const struct value *v, char **ret_problem, const char *fmt,
                        ...) {
        _cleanup_(buf_done) struct buf b = BUF_INIT(0);
        _cleanup_free_ char *shown = json_to_text(v, JSON_COMPACT);
        size_t len = shown ? strlen(shown) : 0;
        va_list ap;

        if (!shown)
                return -ENOMEM;
        buf_appendf(&b, "the %s '%s' is %.*s%s, ", what, id, (int)MIN(len, (size_t)SHOWN_BYTES_MAX), shown,
                    len > SHOWN_BYTES_MAX ? "…" : "");
        va_start(ap, fmt);
        buf_appendv(&b, fmt, ap);
        va_end(ap);
        *ret_problem = buf_take(&b, NULL);
        return *ret_problem ? -EBADMSG : -ENOMEM;
}

int typed_value_read(const struct typed_value *type, const char *what, const char *id, const struct value *given,
                     struct value **ret, char **ret_problem) {
        int r = type->read(given, ret);

        return r == -EINVAL ? typed_value_problem(what, id, given, ret_problem, "which is not %s (type %s)", type->must_be,
                                                  type->name) :
                              r;
}
