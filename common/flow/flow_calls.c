/* SPDX-License-Identifier: Apache-2.0 */
#include "common/flow/flow_calls.h"

#include <errno.h>

#include "common/base/text.h"
#include "common/expr/expr.h"
#include "common/flow/flow_loader.h"

/* A flow that takes safely what of a message it is handed. */
struct safe_call {
        const struct flow *flow;
        unsigned handed;
};

struct checker {
        const struct flow_set *set;
        const struct flow_load_options *options;
        struct diag *diag;
        const struct flow *flow; /* whose tasks are looked at */
        bool is_handed;          /* it is looked at as it reads when it was called with a message */
        struct safe_call *safe;  /* what has been looked at so; flows may call each other in circles */
        size_t safe_count;
        int error;               /* -ENOMEM: sticky */
};

/* --- names ------------------------------------------------------------------------------------------------------------- */

static int on_variable(void *userdata, const char *name, struct value **ret) {
        const struct flow *f = userdata;
        _cleanup_value_ struct value *map = NULL;

        if (!text_eq(name, "flow"))
                return -ENOENT;
        map = value_new_map();
        if (!map || value_map_put(map, "id", value_new_string(f->id)) < 0 ||
            value_map_put(map, "namespace", value_new_string(f->namespace)) < 0)
                return -ENOMEM;
        *ret = TAKE_PTR(map);
        return 0;
}

/* The text that a property comes to in any case. NULL: that depends, or memory is out. Owned. */
static char *fixed_text(struct checker *c, const struct flow_task *task, const char *property) {
        _cleanup_(expr_template_unrefp) struct expr_template *template = NULL;
        _cleanup_value_ struct value *v = NULL;
        const struct expr_env env = { .userdata = (void *)(uintptr_t)c->flow, .variable = on_variable };
        const char *text = value_map_string(task->properties, property);
        int r;

        if (!text)
                return NULL;
        r = expr_compile(text, strlen(text), &template, NULL);
        if (r == 0)
                r = expr_render(template, &env, &v, NULL);
        if (r == -ENOMEM)
                c->error = r;
        return r < 0 ? NULL : text_dup(value_string(v));
}

char *flow_calls_nearest(const struct flow_set *set, const char *full_id) {
        const char **names = calloc(set->count + 1, sizeof(*names));
        const char *near;
        char *copy = NULL;

        for (size_t i = 0; names && i < set->count; i++)
                names[i] = text_printf("%s.%s", set->items[i]->namespace, set->items[i]->id);
        for (size_t i = 0; names && i < set->count; i++)
                if (!names[i])
                        names[i] = text_dup("");
        near = names ? text_nearest(full_id, names, set->count) : NULL;
        if (near && *near)
                copy = text_dup(near);
        for (size_t i = 0; names && i < set->count; i++)
                free((char *)(uintptr_t)names[i]);
        free(names);
        return copy;
}

/* --- tasks ------------------------------------------------------------------------------------------------------------- */

static void tell(struct checker *c, const struct flow_task *task, const char *message) {
        diag_add(c->diag, DIAG_ERROR, c->flow->file, task->line, task->column, "task '%s': %s", task->id, message);
}

static void tell_missing(struct checker *c, const struct flow_task *task, const char *full_id) {
        _cleanup_free_ char *near = flow_calls_nearest(c->set, full_id);
        _cleanup_free_ char *message = text_printf("there is no flow '%s'%s%s%s", full_id, near ? "; did you mean '" : "",
                                                   near ? near : "", near ? "'?" : "");

        if (message)
                tell(c, task, message);
        else
                c->error = -ENOMEM;
}

static bool is_safe(const struct checker *c, const struct flow *flow, unsigned handed) {
        for (size_t i = 0; i < c->safe_count; i++)
                if (c->safe[i].flow == flow && c->safe[i].handed == handed)
                        return true;
        return false;
}

static void check_all(struct checker *c, const struct flow *flow);

/* It may hand the message on. */
static void check_further(struct checker *c, const struct flow *called, unsigned handed, const struct flow *as_handed) {
        const struct checker before = *c;
        struct safe_call *grown = reallocarray(c->safe, c->safe_count + 1, sizeof(*grown));

        if (!grown) {
                c->error = -ENOMEM;
                return;
        }
        c->safe = grown;
        c->safe[c->safe_count++] = (struct safe_call){ called, handed };
        c->is_handed = true;
        check_all(c, as_handed);
        c->is_handed = before.is_handed;
        c->flow = before.flow;
}

/* The called flow as it reads when its inputs, or its labels, are a message's. */
static void check_message(struct checker *c, const struct flow_task *task, const struct flow *called) {
        struct flow_load_options options = *c->options;
        _cleanup_(diag_done) struct diag diag = DIAG_INIT;
        _cleanup_free_ char *message = NULL;
        _cleanup_(flow_unrefp) struct flow *flow = NULL;
        int r;

        if (is_safe(c, called, task->passes_message))
                return;
        options.from_message = task->passes_message;
        r = flow_load(called->source, called->source_len, called->file, &options, &diag, &flow);
        if (r == 0)
                check_further(c, called, task->passes_message, flow);
        if (r != -EBADMSG) {
                c->error = r < 0 ? r : c->error;
                return;
        }
        message = text_printf("flow '%s.%s' is handed a message, and its line %u does not take it safely: %s",
                              called->namespace, called->id, diag.entries[0].line, diag.entries[0].message);
        if (message)
                tell(c, task, message);
        else
                c->error = -ENOMEM;
}

static void check_call(struct checker *c, const struct flow_task *task) {
        _cleanup_free_ char *namespace = fixed_text(c, task, "namespace"), *id = fixed_text(c, task, "flowId");
        _cleanup_free_ char *full_id = namespace && id ? text_printf("%s.%s", namespace, id) : NULL;
        const struct flow *called;

        if (!full_id)
                return;
        called = flow_set_find(c->set, full_id);
        if (!called && !c->is_handed) /* else it has been told */
                tell_missing(c, task, full_id);
        else if (called && task->passes_message)
                check_message(c, task, called);
}

static void check_tasks(struct checker *c, const struct flow_task_list *list) {
        for (size_t i = 0; i < list->count && c->error == 0; i++) {
                const struct flow_task *task = list->items[i];

                if (task->type->flags & TASK_CALLS)
                        check_call(c, task);
                for (size_t k = 0; k < task->branch_count; k++)
                        check_tasks(c, &task->branches[k].tasks);
        }
}

static void check_all(struct checker *c, const struct flow *flow) {
        c->flow = flow;
        check_tasks(c, &flow->tasks);
        check_tasks(c, &flow->errors);
        check_tasks(c, &flow->finally);
        check_tasks(c, &flow->after_execution);
}

int flow_calls_check(const struct flow_set *set, const struct flow_load_options *options, struct diag *diag) {
        static const struct flow_load_options none = { 0 };
        struct checker c = { .set = set, .options = options ? options : &none, .diag = diag };
        size_t errors_before = diag->error_count;

        for (size_t i = 0; i < set->count && c.error == 0; i++)
                check_all(&c, set->items[i]);
        free(c.safe);
        if (c.error < 0)
                return c.error;
        return diag->error_count > errors_before ? -EBADMSG : 0;
}
