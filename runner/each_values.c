/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/each_values.h"

#include <errno.h>
#include <string.h>

#include "common/base/file.h"
#include "common/base/json.h"
#include "common/base/text.h"
#include "common/link/execution_file.h"
#include "runner/files.h"
#include "runner/value_text.h"

#define FILE_BYTES_MAX (256ul * 1024 * 1024)

/* Takes value and key over, also on failure. */
static int add(struct each_values *v, char *value, char *key) {
        struct each_value *items = v->items;

        if (value && (v->count & (v->count - 1)) == 0) /* room for the next power of two */
                items = reallocarray(v->items, MAX(v->count * 2, (size_t)1), sizeof(*items));
        if (!value || !items) {
                free(value);
                free(key);
                return -ENOMEM;
        }
        v->items = items;
        v->items[v->count++] = (struct each_value){ .value = value, .key = key };
        return 0;
}

static int fail_null(char **ret_problem) {
        *ret_problem = text_dup("one of the values is null");
        return -EBADMSG;
}

static int add_list(const struct value *list, struct each_values *v, char **ret_problem) {
        _cleanup_value_ struct value *known = value_new_map();

        for (size_t i = 0; known && i < value_count(list); i++) {
                const struct value *item = value_list_at(list, i);
                char *text;

                if (value_type(item) == VALUE_NULL)
                        return fail_null(ret_problem);
                text = value_text(item);
                if (text && value_map_get(known, text)) {
                        free(text);
                        continue;
                }
                if (!text || value_map_put(known, text, value_new_null()) < 0) {
                        free(text);
                        return -ENOMEM;
                }
                if (add(v, text, NULL) < 0)
                        return -ENOMEM;
        }
        return known ? 0 : -ENOMEM;
}

static int add_map(const struct value *map, struct each_values *v, char **ret_problem) {
        for (size_t i = 0; i < value_count(map); i++) {
                char *key;

                if (value_type(value_map_at(map, i)) == VALUE_NULL)
                        return fail_null(ret_problem);
                key = text_dup(value_map_key_at(map, i));
                if (!key || add(v, value_text(value_map_at(map, i)), key) < 0)
                        return -ENOMEM;
        }
        return 0;
}

/* --- files ------------------------------------------------------------------------------------------------------------ */

static int add_line(const char *line, size_t len, size_t number, struct each_values *v, char **ret_problem) {
        _cleanup_value_ struct value *parsed = NULL;
        const char *why = "";
        size_t offset;
        int r = json_parse(line, len, &parsed, &why, &offset);

        if (r == 0 && value_type(parsed) == VALUE_NULL)
                return fail_null(ret_problem);
        if (r == -ENOMEM || r == 0)
                return r < 0 ? r : add(v, value_text(parsed), NULL);
        *ret_problem = text_printf("line %zu of the file is no JSON value: %s", number, why);
        return -EBADMSG;
}

static int add_file(struct execution *e, const char *uri, struct each_values *v, char **ret_problem) {
        _cleanup_close_ int fd = files_open(e, uri);
        _cleanup_(buf_done) struct buf b = BUF_INIT(FILE_BYTES_MAX);
        size_t number = 0, line;
        int r = fd < 0 ? fd : files_read(fd, &b);

        if (r < 0 && r != -ENOMEM) {
                *ret_problem = text_printf("the file '%s' cannot be read: %s", uri, files_problem(r));
                return -EBADMSG;
        }
        for (const char *p = b.data, *over = p + b.len; r == 0 && p < over; p += line + 1) {
                const char *end = memchr(p, '\n', (size_t)(over - p));

                line = end ? (size_t)(end - p) : (size_t)(over - p);
                number++;
                if (line > 0)
                        r = add_line(p, line, number, v, ret_problem);
        }
        return r;
}

bool each_values_is_file(const struct value *values) {
        return value_type(values) == VALUE_STRING && execution_file_is_uri(value_string(values));
}

/* ---------------------------------------------------------------------------------------------------------------------- */

static int add_all(const struct value *values, enum each_sources sources, struct each_values *v, char **ret_problem) {
        if (value_type(values) == VALUE_LIST)
                return add_list(values, v, ret_problem);
        if (value_type(values) == VALUE_MAP && sources == EACH_LISTS_MAPS_FILES)
                return add_map(values, v, ret_problem);
        *ret_problem = text_printf("a %s is nothing to go through: it must be a list%s", value_type_name(values),
                                   sources == EACH_LISTS ? "" : ", a map, or the URI of a file");
        return -EBADMSG;
}

static int make(struct execution *e, const struct value *values, enum each_sources sources, struct each_values *v,
                char **ret_problem) {
        _cleanup_value_ struct value *parsed = NULL;
        int r;

        if (sources == EACH_LISTS_MAPS_FILES && each_values_is_file(values))
                return add_file(e, value_string(values), v, ret_problem);
        if (value_type(values) != VALUE_STRING)
                return add_all(values, sources, v, ret_problem);
        r = json_parse(value_string(values), value_string_len(values), &parsed, NULL, NULL);
        if (r == -EBADMSG)
                *ret_problem = text_dup("the text is not a list in JSON");
        return r < 0 ? r : add_all(parsed, sources, v, ret_problem);
}

int each_values_make(struct execution *e, const struct value *values, enum each_sources sources,
                     struct each_values *ret, char **ret_problem) {
        struct each_values v = { 0 };
        int r = make(e, values, sources, &v, ret_problem);

        if (r < 0)
                each_values_done(&v);
        else
                *ret = v;
        return r;
}

void each_values_done(struct each_values *v) {
        for (size_t i = 0; i < v->count; i++) {
                free(v->items[i].value);
                free(v->items[i].key);
        }
        free(v->items);
        *v = (struct each_values){ 0 };
}
