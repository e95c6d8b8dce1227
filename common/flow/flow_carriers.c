/* SPDX-License-Identifier: Apache-2.0 */
/* What of a flow carries the message (P11). Message text travels: a task's outputs are made from its properties, a
 * variable, a label or an input's default from an expression, a loop's value from its list. Each of them is an entry
 * under the name by which expressions read it ("outputs.a"), with the expressions that make it; from `trigger` on,
 * entries are marked until no further one reads a marked one.
 *
 * What a process printed, a server answered or another flow put out is text from outside: a script may echo the message
 * and often does, so that it is taken for the message, too. Numbers and truth values by a task type's own table of
 * outputs (`exitCode`, `code`, `count`) are no text and may stand anywhere, and so may URIs of an execution's files, which
 * sqsflow makes of letters, digits, '.', '_' and '-'. */
#include "common/flow/flow_carriers.h"

#include <errno.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/hashmap.h"
#include "common/base/text.h"
#include "common/flow/flow_loader.h"

#define SET_VARIABLES "io.kestra.plugin.core.execution.SetVariables"
#define CONSUME "io.kestra.plugin.aws.sqs.Consume"
#define DOWNLOAD "io.kestra.plugin.core.http.Download"
#define PASSES_MAX 64 /* more hops than that against the order of the file: everything carries */

struct flow_carrier {
        char *name; /* "outputs.a", "vars.x"; of a loop: its task's id, which no expression reads */
        unsigned line;
        const struct task_type *type;     /* of a task's outputs; NULL: something else */
        const struct flow_carrier *loop;  /* the loop that a task stands in; NULL: none */
        bool carries, is_outside;
        struct expr_template **made_from;
        size_t count;
        struct flow_carrier *next;        /* in the order of the file */
        UT_hash_handle hh;
};

struct flow_carriers {
        struct flow_carrier *by_name, *first, **end;
        bool outputs, vars, labels, loops; /* some entry of these carries */
};

static struct flow_carrier *carrier_free(struct flow_carrier *e) {
        for (size_t i = 0; i < e->count; i++)
                expr_template_unref(e->made_from[i]);
        free(e->made_from);
        free(e->name);
        free(e);
        return NULL;
}

struct flow_carriers *flow_carriers_free(struct flow_carriers *c) {
        if (!c)
                return NULL;
        HASH_CLEAR(hh, c->by_name);
        for (struct flow_carrier *e = c->first, *next; e; e = next) {
                next = e->next;
                carrier_free(e);
        }
        free(c);
        return NULL;
}

/* --- collecting ------------------------------------------------------------------------------------------------------ */

/* The entry of that name, a new one when there is none; NULL when memory is out (remembered in l). */
static struct flow_carrier *entry(struct loader *l, const char *root, const struct yaml_node *name) {
        struct flow_carriers *c = l->carriers;
        _cleanup_free_ char *key = text_printf("%s.%s", root, name->text);
        struct flow_carrier *e = NULL;

        if (key)
                HASH_FIND_STR(c->by_name, key, e);
        if (e)
                return e;
        e = key ? calloc(1, sizeof(*e)) : NULL;
        if (!e) {
                l->error = -ENOMEM;
                return NULL;
        }
        e->name = TAKE_PTR(key);
        e->line = name->line;
        HASH_ADD_KEYPTR(hh, c->by_name, e->name, strlen(e->name), e);
        if (!hash_added(e)) {
                l->error = -ENOMEM;
                return carrier_free(e);
        }
        *c->end = e;
        c->end = &e->next;
        return e;
}

/* Every expression in and below the node makes the entry. What does not compile is told elsewhere. */
static void made_from(struct loader *l, struct flow_carrier *e, const struct yaml_node *node) {
        _cleanup_(expr_template_unrefp) struct expr_template *t = NULL;

        if (flow_is_template(node) && l->error == 0) {
                struct expr_template **grown = reallocarray(e->made_from, e->count + 1, sizeof(*grown));
                int r = grown ? expr_compile(node->text, node->len, &t, NULL) : -ENOMEM;

                if (grown)
                        e->made_from = grown;
                if (r == -ENOMEM)
                        l->error = r;
                if (r == 0)
                        e->made_from[e->count++] = TAKE_PTR(t);
        }
        for (size_t i = 0; i < node->count; i++) {
                if (node->keys)
                        made_from(l, e, node->keys[i]);
                made_from(l, e, node->items[i]);
        }
}

static void add_members(struct loader *l, const char *root, const struct yaml_node *map) {
        for (size_t i = 0; map && map->kind == YAML_MAP && i < map->count && l->error == 0; i++) {
                struct flow_carrier *e = entry(l, root, map->keys[i]);

                if (e)
                        made_from(l, e, map->items[i]);
        }
}

/* A list of maps, each with its name under `name` and its value under `value`. */
static void add_listed(struct loader *l, const char *root, const struct yaml_node *list, const char *name,
                       const char *value) {
        for (size_t i = 0; list && list->kind == YAML_LIST && i < list->count && l->error == 0; i++) {
                const struct yaml_node *map = list->items[i]->kind == YAML_MAP ? list->items[i] : NULL;
                const struct yaml_node *key = map ? yaml_get(map, name) : NULL, *made = map ? yaml_get(map, value) : NULL;
                struct flow_carrier *e = key && key->kind == YAML_SCALAR && made ? entry(l, root, key) : NULL;

                if (e)
                        made_from(l, e, made);
        }
}

static bool has_tasks(const struct task_type *type) {
        for (const struct flow_property *p = type->properties; p->name; p++)
                if (property_kind_has_tasks(p->kind))
                        return true;
        return false;
}

/* Its outputs are made by something that is not the flow. */
static bool is_outside(const struct task_type *type) {
        return type->family == FAMILY_SCRIPTS || type->family == FAMILY_HTTP || type->family == FAMILY_SQS ||
               (type->family == FAMILY_FLOWABLE && !has_tasks(type));
}

static bool is_loop(const struct task_type *type) {
        const struct flow_property *const tables[] = { type->properties, NULL };

        return type->family == FAMILY_FLOWABLE && property_find(tables, "values");
}

static struct flow_carrier *add_task(struct loader *l, const struct yaml_node *task, const struct task_type *type,
                                     const struct flow_carrier *loop) {
        const struct yaml_node *id = yaml_get(task, "id");
        struct flow_carrier *e = id && id->kind == YAML_SCALAR ? entry(l, "outputs", id) : NULL;

        if (!e)
                return NULL;
        e->type = type;
        e->loop = loop;
        e->is_outside = e->carries = is_outside(type);
        for (const struct flow_property *p = type->properties; p->name; p++) {
                const struct yaml_node *node = flow_property_node(task, p);

                if (node && (p->flags & PROPERTY_DYNAMIC) && !property_kind_has_tasks(p->kind))
                        made_from(l, e, node);
        }
        return e;
}

/* Tasks stand in lists, in a Switch's cases and in a Dag's entries. All of a task's own are looked through, since more
 * than the tables name can do no harm. */
static void add_below(struct loader *l, const struct yaml_node *node, const struct flow_carrier *loop) {
        const struct yaml_node *name = node->kind == YAML_MAP ? yaml_get(node, "type") : NULL;
        const struct task_type *type = name && name->kind == YAML_SCALAR ? task_type_find(name->text) : NULL;

        if (type && !(type->flags & TASK_TRIGGER)) {
                const struct flow_carrier *e = add_task(l, node, type, loop);

                if (text_eq(type->name, SET_VARIABLES))
                        add_members(l, "vars", yaml_get(node, "variables"));
                if (e && is_loop(type))
                        loop = e;
        }
        for (size_t i = 0; i < node->count && l->error == 0; i++)
                add_below(l, node->items[i], loop);
}

static void collect(struct loader *l, const struct yaml_node *root) {
        static const char *const lists[] = { "tasks", "errors", "finally", "afterExecution" };

        add_members(l, "vars", yaml_get(root, "variables"));
        add_members(l, "labels", yaml_get(root, "labels"));
        add_listed(l, "labels", yaml_get(root, "labels"), "key", "value");
        add_listed(l, "inputs", yaml_get(root, "inputs"), "id", "defaults");
        for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
                if (yaml_get(root, lists[i]))
                        add_below(l, yaml_get(root, lists[i]), NULL);
}

/* --- asking ---------------------------------------------------------------------------------------------------------- */

static const struct flow_carrier *find(const struct flow_carriers *c, const struct expr_read *read) {
        _cleanup_free_ char *key = read->depth > 1 ? text_printf("%s.%s", read->path[0], read->path[1]) : NULL;
        struct flow_carrier *e = NULL;

        if (key)
                HASH_FIND_STR(c->by_name, key, e);
        return e;
}

static bool is_text(enum property_kind kind) {
        return kind != PROPERTY_INT && kind != PROPERTY_BOOL && kind != PROPERTY_NUMBER;
}

/* Of a task's outputs by its type's table. In a loop the member is a value of the list, not an output. */
static bool is_no_text(const struct flow_carrier *e, const struct expr_read *read) {
        if (!e->type || e->loop || read->depth < 3)
                return false;
        if (read->depth > 3) /* a URI that sqsflow made; the names beside it, which a script chose, are text */
                return e->type->family == FAMILY_SCRIPTS && text_eq(read->path[2], "outputFiles");
        if (text_eq(read->path[2], "uri") && (text_eq(e->type->name, CONSUME) || text_eq(e->type->name, DOWNLOAD)))
                return true; /* of a file whose name sqsflow made */
        for (const struct task_output *o = e->type->outputs; o && o->name; o++)
                if (text_eq(o->name, read->path[2]))
                        return !is_text(o->kind);
        return false;
}

static bool entry_carries(const struct flow_carriers *c, const struct expr_read *read, bool some) {
        const struct flow_carrier *e;

        if (read->depth == 1 || !some)
                return some;
        e = find(c, read);
        return e && e->carries && !is_no_text(e, read);
}

/* Of taskrun, item and parents: what the loop makes of its list. */
static bool loop_carries(const struct flow_carriers *c, const struct expr_read *read) {
        static const char *const own[] = { "id", "startDate", "attemptsCount", "iteration", "index" };

        for (size_t i = 0; read->depth > 1 && i < ARRAY_SIZE(own); i++)
                if (text_eq(read->path[1], own[i]))
                        return false;
        return c->loops;
}

/* parent.outputs and parents: what a flowable around the task has put out, as a Switch its value. Which one it is, is not
 * known here. */
static bool parent_carries(const struct flow_carriers *c, const struct expr_read *read) {
        if (read->depth > 1 && !text_eq(read->path[1], "outputs"))
                return false;
        for (const struct flow_carrier *e = c->first; e; e = e->next)
                for (const struct task_output *o = e->carries && e->type && has_tasks(e->type) ? e->type->outputs : NULL;
                     o && o->name; o++)
                        if (is_text(o->kind) && (read->depth < 3 || text_eq(read->path[2], o->name)))
                                return true;
        return false;
}

bool flow_carriers_read(void *userdata, const struct expr_read *read) {
        static const char *const functions[] = { "render", "read", "errorLogs" };
        static const char *const loops[] = { "taskrun", "item", "parent", "parents" };
        const struct loader *l = userdata;
        const struct flow_carriers *c = l->carriers;
        const char *root = read->path[0];

        for (size_t i = 0; read->is_function && i < ARRAY_SIZE(functions); i++)
                if (text_eq(root, functions[i]))
                        return true;
        if (read->is_function)
                return false;
        if (text_eq(root, "trigger") || (text_eq(root, "inputs") && l->inputs_from_trigger))
                return true;
        for (size_t i = 0; i < ARRAY_SIZE(loops); i++)
                if (text_eq(root, loops[i]))
                        return loop_carries(c, read) || (text_after(root, "parent") && parent_carries(c, read));
        return (text_eq(root, "outputs") && entry_carries(c, read, c->outputs)) ||
               (text_eq(root, "vars") && entry_carries(c, read, c->vars)) ||
               (text_eq(root, "labels") && (l->labels_from_trigger || entry_carries(c, read, c->labels)));
}

char *flow_carriers_sentence(const struct loader *l, const struct expr_read *read) {
        const struct flow_carrier *e = find(l->carriers, read);
        _cleanup_(buf_done) struct buf path = BUF_INIT(4096);

        for (size_t i = 0; i < read->depth; i++)
                (void)buf_appendf(&path, "%s%s", i ? "." : "", read->path[i]);
        if (read->is_function)
                return text_printf("what %s() gives may hold a message and", read->path[0]);
        if (!e)
                return text_printf("'%s' may hold a message and", path.data ? path.data : read->path[0]);
        if (e->is_outside)
                return text_printf("'%s' comes from outside (line %u), may repeat a message and", path.data, e->line);
        return text_printf("'%s' carries the message (line %u) and", path.data, e->line);
}

/* --- marking --------------------------------------------------------------------------------------------------------- */

static int on_any(void *userdata, const struct expr_read *read, const char *last_filter, size_t offset) {
        return 1;
}

static bool is_made_from_message(struct loader *l, const struct flow_carrier *e) {
        if (e->loop && e->loop->carries)
                return true;
        for (size_t i = 0; i < e->count; i++)
                if (expr_visit_outputs(e->made_from[i], flow_carriers_read, on_any, l) > 0)
                        return true;
        return false;
}

static void mark(struct loader *l, struct flow_carrier *e) {
        struct flow_carriers *c = l->carriers;

        e->carries = true;
        c->outputs |= text_after(e->name, "outputs.") != NULL;
        c->vars |= text_after(e->name, "vars.") != NULL;
        c->labels |= text_after(e->name, "labels.") != NULL;
        c->loops |= e->type && is_loop(e->type);
        l->inputs_from_trigger |= text_after(e->name, "inputs.") != NULL;
}

static bool mark_more(struct loader *l, bool all) {
        bool marked = false;

        for (struct flow_carrier *e = l->carriers->first; e; e = e->next)
                if (!e->carries && (all || is_made_from_message(l, e))) {
                        mark(l, e);
                        marked = true;
                }
        return marked;
}

void flow_carriers_collect(struct loader *l, const struct yaml_node *root) {
        unsigned passes = 0;

        l->carriers = calloc(1, sizeof(*l->carriers));
        if (!l->carriers) {
                l->error = -ENOMEM;
                return;
        }
        l->carriers->end = &l->carriers->first;
        collect(l, root);
        for (struct flow_carrier *e = l->carriers->first; e; e = e->next)
                if (e->carries)
                        mark(l, e);
        while (l->error == 0 && mark_more(l, passes == PASSES_MAX))
                passes++;
}

bool flow_labels_carry(struct loader *l) {
        return l->labels_from_trigger || l->carriers->labels;
}

bool flow_reads_message(struct loader *l, const struct yaml_node *node) {
        if (node && flow_is_template(node)) {
                _cleanup_(expr_template_unrefp) struct expr_template *t = NULL;
                int r = expr_compile(node->text, node->len, &t, NULL);

                if (r == -ENOMEM)
                        l->error = r;
                if (r == 0 && expr_visit_outputs(t, flow_carriers_read, on_any, l) > 0)
                        return true;
        }
        for (size_t i = 0; node && i < node->count; i++)
                if ((node->keys && flow_reads_message(l, node->keys[i])) || flow_reads_message(l, node->items[i]))
                        return true;
        return false;
}
