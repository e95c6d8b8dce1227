/* SPDX-License-Identifier: Apache-2.0 */
/* A map of a flow file held against its tables of properties. Everything that can be said from the tables alone is
 * said here: names that nobody knows, that only Kestra knows, that are missing, and values of the wrong kind. */
#include "common/flow/flow_loader.h"

#include <stdio.h>

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/base/text.h"
#include "common/expr/expr_date.h"
#include "common/flow/condition_date.h"
#include "common/flow/flow_values.h"
#include "common/flow/truth.h"

#define PROCESS_RUNNER "io.kestra.plugin.core.runner.Process"
#define DOCKER_RUNNER "io.kestra.plugin.scripts.runner.docker.Docker"

/* A value is shown in messages up to this many bytes of its first line. */
#define SHOWN_MAX 60

/* ", not 'abc'" for a scalar, nothing for others. Static buffer of the caller. */
static const char *shown(const struct yaml_node *node, char out[SHOWN_MAX + 16]) {
        size_t len = 0;

        out[0] = '\0';
        if (node->kind != YAML_SCALAR)
                return out;
        while (len < node->len && node->text[len] != '\n') {
                size_t step = text_utf8_char(node->text + len, node->len - len);

                if (len + MAX(step, (size_t)1) > SHOWN_MAX)
                        break;
                len += MAX(step, (size_t)1);
        }
        (void)snprintf(out, SHOWN_MAX + 16, ", not '%.*s%s'", (int)len, node->text, len < node->len ? "…" : "");
        return out;
}

static void wrong_kind(struct loader *l, const struct flow_property *p, const struct yaml_node *node) {
        char got[SHOWN_MAX + 16];

        loader_error(l, node, "'%s' must be %s%s", p->name, property_kind_text(p->kind), shown(node, got));
}

static void check_scalar(struct loader *l, const struct flow_property *p, const struct yaml_node *node) {
        if (node->kind != YAML_SCALAR)
                wrong_kind(l, p, node);
        else if ((p->flags & PROPERTY_NOT_EMPTY) && node->len == 0)
                loader_error(l, node, "'%s' must not be empty", p->name);
}

static void check_bool(struct loader *l, const struct flow_property *p, const struct yaml_node *node) {
        bool ignored;

        if (flow_node_to_bool(node, &ignored) < 0)
                wrong_kind(l, p, node);
}

static void check_int(struct loader *l, const struct flow_property *p, const struct yaml_node *node) {
        bool bounded = p->min != 0 || p->max != 0;
        char got[SHOWN_MAX + 16];
        int64_t i;

        if (node->kind == YAML_SCALAR &&
            text_to_i64(node->text, bounded ? p->min : INT64_MIN, bounded ? p->max : INT64_MAX, &i) == 0)
                return;
        if (!bounded)
                wrong_kind(l, p, node);
        else if (p->max == INT32_MAX)
                loader_error(l, node, "'%s' must be a whole number of at least %lld%s", p->name, (long long)p->min,
                             shown(node, got));
        else
                loader_error(l, node, "'%s' must be a whole number from %lld to %lld%s", p->name, (long long)p->min,
                             (long long)p->max, shown(node, got));
}

static void check_number(struct loader *l, const struct flow_property *p, const struct yaml_node *node) {
        _cleanup_value_ struct value *number = node->kind == YAML_SCALAR ? value_new_number(node->text) : NULL;

        if (!number)
                wrong_kind(l, p, node);
}

static void check_duration(struct loader *l, const struct flow_property *p, const struct yaml_node *node) {
        uint64_t usec;

        if (node->kind != YAML_SCALAR || duration_parse(node->text, &usec) < 0)
                wrong_kind(l, p, node);
}

static void check_date(struct loader *l, const struct flow_property *p, const struct yaml_node *node) {
        struct date ignored;

        if (node->kind != YAML_SCALAR || condition_day(node->text, &ignored) < 0)
                wrong_kind(l, p, node);
}

static void check_date_time(struct loader *l, const struct flow_property *p, const struct yaml_node *node) {
        struct date ignored;

        if (node->kind != YAML_SCALAR || date_parse_iso(node->text, NULL, &ignored) < 0)
                wrong_kind(l, p, node);
}

static void check_time(struct loader *l, const struct flow_property *p, const struct yaml_node *node) {
        int64_t nanos;
        int32_t offset;

        if (node->kind != YAML_SCALAR || date_parse_iso_time(node->text, &nanos, &offset) < 0)
                wrong_kind(l, p, node);
}

static bool is_one_of(const struct yaml_node *node, const char *const *values) {
        for (; values && *values && node->kind == YAML_SCALAR; values++)
                if (text_eq(node->text, *values))
                        return true;
        return false;
}

static void check_enum(struct loader *l, const struct flow_property *p, const struct yaml_node *node) {
        _cleanup_(buf_done) struct buf words = BUF_INIT(4096);
        char got[SHOWN_MAX + 16];

        if (is_one_of(node, p->values))
                return;
        if (is_one_of(node, p->outside_values)) {
                loader_error(l, node, "'%s: %s' is not supported by sqsflow", p->name, node->text);
                return;
        }
        for (const char *const *v = p->values; *v; v++)
                (void)buf_appendf(&words, "%s%s", words.len == 0 ? "" : v[1] ? ", " : " or ", *v);
        loader_error(l, node, "'%s' must be %s%s", p->name, words.data ? words.data : "another word", shown(node, got));
}

static void check_container(struct loader *l, const struct flow_property *p, const struct yaml_node *node) {
        bool empty = node->kind != YAML_SCALAR && node->count == 0;
        bool is_list = p->kind == PROPERTY_LIST || p->kind == PROPERTY_STRING_LIST ||
                       p->kind == PROPERTY_OBJECT_LIST || p->kind == PROPERTY_CONDITIONS ||
                       p->kind == PROPERTY_TASKS || p->kind == PROPERTY_TASK_DAG;

        if (node->kind != (is_list ? YAML_LIST : YAML_MAP))
                wrong_kind(l, p, node);
        else if (empty && (p->flags & PROPERTY_NOT_EMPTY))
                loader_error(l, node, "'%s' must not be empty", p->name);
}

static void check_list(struct loader *l, const struct flow_property *p, const struct yaml_node *node) {
        check_container(l, p, node);
        for (size_t i = 0; p->values && node->kind == YAML_LIST && i < node->count; i++)
                check_enum(l, p, node->items[i]);
}

static void check_scalars(struct loader *l, const struct flow_property *p, const struct yaml_node *node) {
        check_container(l, p, node);
        for (size_t i = 0; i < node->count; i++)
                if (node->items[i]->kind != YAML_SCALAR ||
                    (p->kind == PROPERTY_STRING_LIST && yaml_is_null(node->items[i])))
                        loader_error(l, node->items[i], "'%s' must be %s", p->name, property_kind_text(p->kind));
}

static void check_object(struct loader *l, const struct flow_property *p, const struct yaml_node *node) {
        const struct flow_property *tables[] = { p->fields, NULL };

        flow_check_map(l, node, tables, p->name);
}

static void check_objects(struct loader *l, const struct flow_property *p, const struct yaml_node *node) {
        check_container(l, p, node);
        for (size_t i = 0; i < node->count && node->kind == YAML_LIST; i++)
                check_object(l, p, node->items[i]);
}

static void check_conditions(struct loader *l, const struct flow_property *p, const struct yaml_node *node) {
        check_container(l, p, node);
        for (size_t i = 0; i < node->count && node->kind == YAML_LIST; i++)
                flow_check_condition(l, node->items[i]);
}

static void check_runner_type(struct loader *l, const struct flow_property *p, const struct yaml_node *node) {
        if (node->kind != YAML_SCALAR)
                wrong_kind(l, p, node);
        else if (text_eq(node->text, DOCKER_RUNNER) && !l->options->allow_containers)
                loader_error(l, node,
                             "sqsflow runs scripts as processes of this host: use '" PROCESS_RUNNER
                             "', or allow container tasks in agent.yaml");
        else if (!text_eq(node->text, DOCKER_RUNNER) && !text_eq(node->text, PROCESS_RUNNER))
                loader_error(l, node, "task runner '%s' is not supported by sqsflow: use '" PROCESS_RUNNER "'",
                             node->text);
}

typedef void (*check_function)(struct loader *l, const struct flow_property *p, const struct yaml_node *node);

static const check_function checks[PROPERTY_KIND_COUNT] = {
        [PROPERTY_STRING] = check_scalar,
        [PROPERTY_ID] = check_scalar,
        [PROPERTY_BOOL] = check_bool,
        [PROPERTY_INT] = check_int,
        [PROPERTY_NUMBER] = check_number,
        [PROPERTY_DURATION] = check_duration,
        [PROPERTY_DATE] = check_date,
        [PROPERTY_DATE_TIME] = check_date_time,
        [PROPERTY_TIME] = check_time,
        [PROPERTY_ENUM] = check_enum,
        [PROPERTY_STRING_LIST] = check_scalars,
        [PROPERTY_LIST] = check_list,
        [PROPERTY_STRING_MAP] = check_scalars,
        [PROPERTY_MAP] = check_container,
        [PROPERTY_OBJECT] = check_object,
        [PROPERTY_OBJECT_LIST] = check_objects,
        [PROPERTY_VALUE_TYPE] = flow_check_value_type,
        [PROPERTY_RUNNER_TYPE] = check_runner_type,
        [PROPERTY_CONDITIONS] = check_conditions,
        [PROPERTY_TASKS] = check_container,
        [PROPERTY_TASK_CASES] = check_container,
        [PROPERTY_TASK_DAG] = check_container,
};

/* "x == 1", meant as an expression, is a text, and true. */
static void check_truth(struct loader *l, const struct yaml_node *key, const struct yaml_node *node) {
        if (node->kind != YAML_SCALAR || flow_is_template(node) || text_eq(node->text, "true") || text_eq(node->text, "false"))
                return;
        loader_warning(l, node, "'%s' is text, not an expression: it is always %s", key->text,
                       truth_of_text(node->text) ? "true" : "false");
}

static void check_value(struct loader *l, const struct flow_property *p, const struct yaml_node *key,
                        const struct yaml_node *node) {
        bool rendered_later = (p->flags & PROPERTY_DYNAMIC) && property_kind_has_form(p->kind) && flow_is_template(node);

        if (checks[p->kind] && !rendered_later)
                checks[p->kind](l, p, node);
        if (p->flags & PROPERTY_DYNAMIC)
                flow_check_templates(l, node, p->flags);
        if (p->flags & PROPERTY_TRUTH)
                check_truth(l, key, node);
}

/* True when the property may be used at all. */
static bool check_known(struct loader *l, const struct flow_property *const *tables, const struct flow_property *p,
                        const struct yaml_node *key) {
        const char *near = p ? NULL : property_nearest(tables, key->text);

        if (!p && near)
                loader_error(l, key, "unknown property '%s'; did you mean '%s'?", key->text, near);
        else if (!p)
                loader_error(l, key, "unknown property '%s'", key->text);
        else if (p->flags & PROPERTY_OUTSIDE)
                loader_error(l, key, "property '%s' is not supported by sqsflow%s%s", key->text,
                             p->description ? ": " : "", p->description ? p->description : "");
        else if ((p->flags & PROPERTY_CONTAINER) && !l->options->allow_containers)
                loader_error(l, key,
                             "property '%s' wants a container, and sqsflow runs scripts as processes of this host: "
                             "remove it, or allow container tasks in agent.yaml",
                             key->text);
        else
                return true;
        return false;
}

struct yaml_node *flow_property_node(const struct yaml_node *map, const struct flow_property *p) {
        struct yaml_node *node = yaml_get(map, p->name);

        if (yaml_is_null(node) && p->alias)
                node = yaml_get(map, p->alias);
        return yaml_is_null(node) ? NULL : node;
}

static void check_missing(struct loader *l, const struct yaml_node *map, const struct flow_property *table,
                          const char *what) {
        for (const struct flow_property *p = table; p->name; p++)
                if ((p->flags & PROPERTY_REQUIRED) && !flow_property_node(map, p))
                        loader_error(l, map, "%s lacks the required property '%s'", what, p->name);
}

void flow_check_map(struct loader *l, const struct yaml_node *map, const struct flow_property *const *tables,
                    const char *what) {
        if (map->kind != YAML_MAP) {
                loader_error(l, map, "%s must be a map", what);
                return;
        }
        for (size_t i = 0; i < map->count; i++) {
                const struct yaml_node *key = map->keys[i];
                const struct flow_property *p = property_find(tables, key->text);

                if (!check_known(l, tables, p, key))
                        continue;
                if (p->alias && text_eq(key->text, p->alias) && yaml_get(map, p->name))
                        loader_error(l, key, "'%s' and '%s' mean the same: keep one", p->name, p->alias);
                if (!yaml_is_null(map->items[i]))
                        check_value(l, p, key, map->items[i]);
        }
        for (; *tables; tables++)
                check_missing(l, map, *tables, what);
}

void flow_check_id(struct loader *l, const struct yaml_node *id, const char *what, const char *first_class,
                   const char *rest_class, size_t max_len) {
        char got[SHOWN_MAX + 16];

        if (!id || id->kind != YAML_SCALAR || text_is_name(id->text, first_class, rest_class, max_len))
                return;
        loader_error(l, id, "%s must match [%s][%s]* and have at most %zu characters%s", what, first_class, rest_class,
                     max_len, shown(id, got));
}
