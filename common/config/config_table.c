/* SPDX-License-Identifier: Apache-2.0 */
/* One reader for every property of a configuration. What a property is stands in a table; what is wrong with a value is
 * said here, once per type, in the form "what was found and what would be right". */
#include "common/config/config_table.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/size.h"
#include "common/base/text.h"
#include "common/config/config_expression.h"

#define CANDIDATES_MAX 64

struct place place_of_node(const char *file, const struct yaml_node *node, const struct value *value) {
        return (struct place){ .file = file, .value = value, .node = node, .line = node->line, .column = node->column };
}

struct place place_at(const struct place *container, size_t i) {
        struct place p = *container;

        p.value = value_type(container->value) == VALUE_MAP ? value_map_at(container->value, i)
                                                            : value_list_at(container->value, i);
        if (container->node) {
                p.node = container->node->items[i];
                p.line = p.node->line;
                p.column = p.node->column;
        }
        return p;
}

struct place place_of_key(const struct place *map, size_t i) {
        struct place p = *map;

        if (map->node) {
                p.line = map->node->keys[i]->line;
                p.column = map->node->keys[i]->column;
        }
        return p;
}

void place_error(const struct place *p, struct diag *diag, const char *fmt, ...) {
        char text[512];
        va_list ap;

        va_start(ap, fmt);
        (void)vsnprintf(text, sizeof text, fmt, ap); /* NOLINT(clang-analyzer-valist.Uninitialized) */
        va_end(ap);
        diag_add(diag, DIAG_ERROR, p->file, p->line, p->column, "%s", text);
}

static const char *scalar_text(const struct value *v) {
        switch (value_type(v)) {
        case VALUE_STRING:
                return value_string(v);
        case VALUE_NUMBER:
                return value_number(v);
        case VALUE_BOOL:
                return value_bool(v) ? "true" : "false";
        default:
                return NULL;
        }
}

const char *place_text(const struct place *p, struct diag *diag) {
        const char *text = scalar_text(p->value);

        if (!text)
                place_error(p, diag, "expected text, not a %s", value_type_name(p->value));
        else if (strstr(text, "{{")) {
                place_error(p, diag, "an expression is not evaluated here; write the value itself");
                text = NULL;
        }
        return text;
}

/* For messages about a wrong value: the value as written, or its type when it is not a scalar. */
static const char *shown(const struct value *v) {
        const char *text = scalar_text(v);

        return text ? text : value_type_name(v);
}

static void say_unknown(const struct place *key, struct diag *diag, const char *name, const struct property *table) {
        const char *names[CANDIDATES_MAX];
        char known[400] = "";
        size_t count = 0, used = 0;

        for (const struct property *t = table; t->name && count < CANDIDATES_MAX; t++) {
                names[count++] = t->name;
                int n = snprintf(known + used, sizeof known - used, "%s%s", used ? ", " : "", t->name);
                used = MIN(used + (size_t)n, sizeof known - 1);
        }
        const char *nearest = text_nearest(name, names, count);
        if (nearest)
                place_error(key, diag, "unknown property '%s'; did you mean '%s'?", name, nearest);
        else
                place_error(key, diag, "unknown property '%s'; known here: %s", name, known);
}

const char *place_rendered(const struct place *p, const char *name, struct diag *diag, char **ret_owned) {
        _cleanup_free_ char *problem = NULL;
        const char *text = scalar_text(p->value);
        int r;

        if (!p->scope || !text || !strstr(text, "{{"))
                return place_text(p, diag);
        r = config_render(p->scope, text, ret_owned, &problem);
        if (r != 0)
                diag_add(diag, r == CONFIG_SECRET_ELSEWHERE ? DIAG_WARNING : DIAG_ERROR, p->file, p->line, p->column, "%s: %s",
                         name, problem ? problem : "out of memory");
        return r == 0 ? *ret_owned : NULL;
}

static int read_text(const struct place *p, const struct property *t, struct diag *diag, void *field) {
        _cleanup_(secret_freep) char *rendered = NULL;
        const char *text = place_rendered(p, t->name, diag, &rendered);

        if (!text)
                return 0;
        if (!*text) {
                place_error(p, diag, "'%s' must not be empty", t->name);
                return 0;
        }
        return text_replace(field, text);
}

static int read_bool(const struct place *p, const struct property *t, struct diag *diag, void *field) {
        if (value_type(p->value) == VALUE_BOOL)
                *(bool *)field = value_bool(p->value);
        else
                place_error(p, diag, "expected true or false, not '%s'", shown(p->value));
        return 0;
}

static int read_whole(const struct place *p, const struct property *t, struct diag *diag, void *field) {
        int64_t i;

        if (value_type(p->value) != VALUE_NUMBER || value_to_i64(p->value, &i) < 0 || i < t->min || i > t->max)
                place_error(p, diag, "expected a whole number from %" PRId64 " to %" PRId64 ", not '%s'", t->min, t->max,
                            shown(p->value));
        else if (t->type == PROPERTY_UNSIGNED)
                *(unsigned *)field = (unsigned)i;
        else
                *(uint64_t *)field = (uint64_t)i;
        return 0;
}

static int read_size(const struct place *p, const struct property *t, struct diag *diag, void *field) {
        const char *text = scalar_text(p->value);
        char low[SIZE_TEXT_MAX], high[SIZE_TEXT_MAX];
        uint64_t bytes;

        if (!text || size_parse(text, &bytes) < 0)
                place_error(p, diag, "expected a size such as 512MiB, not '%s'", shown(p->value));
        else if (bytes < (uint64_t)t->min || bytes > (uint64_t)t->max)
                place_error(p, diag, "'%s' must be from %s to %s, not %s", t->name, size_format((uint64_t)t->min, low),
                            size_format((uint64_t)t->max, high), text);
        else
                *(uint64_t *)field = bytes;
        return 0;
}

static int read_duration(const struct place *p, const struct property *t, struct diag *diag, void *field) {
        char low[DURATION_MAX], high[DURATION_MAX];
        uint64_t usec;

        if (value_type(p->value) != VALUE_STRING || duration_parse(value_string(p->value), &usec) < 0)
                place_error(p, diag, "expected a duration such as PT30S, not '%s'", shown(p->value));
        else if (usec < (uint64_t)t->min || usec > (uint64_t)t->max)
                place_error(p, diag, "'%s' must be from %s to %s, not %s", t->name,
                            duration_format((uint64_t)t->min, low), duration_format((uint64_t)t->max, high),
                            value_string(p->value));
        else
                *(uint64_t *)field = usec;
        return 0;
}

static int read_seconds(const struct place *p, const struct property *t, struct diag *diag, void *field) {
        _cleanup_(secret_freep) char *rendered = NULL;
        const char *text = NULL;
        int64_t sec = -1;
        uint64_t usec;

        if (value_type(p->value) == VALUE_NUMBER)
                (void)value_to_i64(p->value, &sec);
        else if (value_type(p->value) == VALUE_STRING && !(text = place_rendered(p, t->name, diag, &rendered)))
                return 0;
        if (text && duration_parse(text, &usec) == 0 && usec % USEC_PER_SEC == 0)
                sec = (int64_t)(usec / USEC_PER_SEC);
        if (sec < t->min || sec > t->max)
                place_error(p, diag, "expected a duration of whole seconds from PT%" PRId64 "S to PT%" PRId64 "S, not '%s'",
                            t->min, t->max, shown(p->value));
        else
                *(unsigned *)field = (unsigned)sec;
        return 0;
}

static int read_number(const struct place *p, const struct property *t, struct diag *diag, void *field) {
        double d;

        if (value_type(p->value) != VALUE_NUMBER || value_to_double(p->value, &d) < 0 || d <= 0 || d > (double)t->max)
                place_error(p, diag, "expected a number above 0 and up to %" PRId64 ", not '%s'", t->max, shown(p->value));
        else
                *(double *)field = d;
        return 0;
}

static int read_choice(const struct place *p, const struct property *t, struct diag *diag, void *field) {
        const char *names[CANDIDATES_MAX], *text = scalar_text(p->value);
        char known[200] = "";
        size_t count = 0, used = 0;

        for (const struct choice *c = t->choices; c->name && count < CANDIDATES_MAX; c++) {
                if (text_eq(text, c->name)) {
                        *(int *)field = c->value;
                        return 0;
                }
                names[count++] = c->name;
                int n = snprintf(known + used, sizeof known - used, "%s%s", used ? ", " : "", c->name);
                used = MIN(used + (size_t)n, sizeof known - 1);
        }
        const char *nearest = text ? text_nearest(text, names, count) : NULL;
        place_error(p, diag, "expected one of %s, not '%s'%s%s%s", known, shown(p->value),
                    nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
        return 0;
}

static int read_property(const struct place *p, const struct property *t, struct diag *diag, void *target) {
        static int (*const readers[])(const struct place *, const struct property *, struct diag *, void *) = {
                [PROPERTY_TEXT] = read_text,         [PROPERTY_BOOL] = read_bool,
                [PROPERTY_UNSIGNED] = read_whole,    [PROPERTY_BYTES] = read_whole,
                [PROPERTY_DURATION] = read_duration, [PROPERTY_SECONDS] = read_seconds,
                [PROPERTY_SIZE] = read_size,
                [PROPERTY_NUMBER] = read_number,     [PROPERTY_CHOICE] = read_choice,
        };

        if (t->type == PROPERTY_IGNORED)
                return 0;
        if (t->type == PROPERTY_CUSTOM)
                return t->read(p, diag, target);
        return readers[t->type](p, t, diag, (char *)target + t->offset);
}

int table_read(const struct place *p, const struct property *table, struct diag *diag, void *target) {
        int r = 0;

        if (value_type(p->value) != VALUE_MAP) {
                place_error(p, diag, "expected a map of properties, not '%s'", shown(p->value));
                return 0;
        }
        for (size_t i = 0; i < value_count(p->value) && r >= 0; i++) {
                const char *name = value_map_key_at(p->value, i);
                const struct property *t = table;
                struct place key = place_of_key(p, i), child = place_at(p, i);

                while (t->name && !text_eq(t->name, name))
                        t++;
                if (!t->name)
                        say_unknown(&key, diag, name, table);
                else if (value_type(child.value) == VALUE_NULL)
                        place_error(&key, diag, "'%s' has no value", name);
                else
                        r = read_property(&child, t, diag, target);
        }
        return r;
}
