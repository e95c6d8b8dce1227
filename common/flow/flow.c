/* SPDX-License-Identifier: Apache-2.0 */
/* A flow's life: one allocation tree, shared by reference, freed when the last user lets go. */
#include "common/flow/flow.h"

#include <errno.h>

#include "common/base/text.h"
#include "common/flow/flow_loader.h"

static void branches_free(struct flow_task *t) {
        for (size_t i = 0; i < t->branch_count; i++) {
                free(t->branches[i].name);
                flow_task_list_done(&t->branches[i].tasks);
        }
        free(t->branches);
}

struct flow_task *flow_task_free(struct flow_task *t) {
        if (!t)
                return NULL;
        branches_free(t);
        free(t->id);
        free(t->description);
        free(t->timeout);
        free(t->retry);
        free(t->run_if);
        free(t->log_level);
        value_unref(t->properties);
        text_list_free(t->depends_on);
        free(t);
        return NULL;
}

int flow_task_list_add(struct flow_task_list *list, struct flow_task *t) {
        struct flow_task **grown = reallocarray(list->items, list->count + 1, sizeof(struct flow_task *));

        if (!grown) {
                flow_task_free(t);
                return -ENOMEM;
        }
        list->items = grown;
        list->items[list->count++] = t;
        return 0;
}

void flow_task_list_done(struct flow_task_list *list) {
        for (size_t i = 0; i < list->count; i++)
                flow_task_free(list->items[i]);
        free(list->items);
        *list = (struct flow_task_list){ 0 };
}

static void inputs_free(struct flow *f) {
        for (size_t i = 0; i < f->input_count; i++) {
                free(f->inputs[i].id);
                free(f->inputs[i].type);
                value_unref(f->inputs[i].defaults);
                value_unref(f->inputs[i].properties);
        }
        free(f->inputs);
}

static void outputs_free(struct flow *f) {
        for (size_t i = 0; i < f->output_count; i++) {
                free(f->outputs[i].id);
                free(f->outputs[i].type);
                value_unref(f->outputs[i].value);
        }
        free(f->outputs);
}

static void triggers_free(struct flow *f) {
        for (size_t i = 0; i < f->trigger_count; i++) {
                free(f->triggers[i].id);
                free(f->triggers[i].when);
                flow_conditions_done(&f->triggers[i].conditions);
                value_unref(f->triggers[i].properties);
        }
        free(f->triggers);
}

static void flow_free(struct flow *f) {
        inputs_free(f);
        outputs_free(f);
        triggers_free(f);
        flow_task_list_done(&f->tasks);
        flow_task_list_done(&f->errors);
        flow_task_list_done(&f->finally);
        flow_task_list_done(&f->after_execution);
        value_unref(f->labels);
        value_unref(f->variables);
        free(f->retry);
        free(f->id);
        free(f->namespace);
        free(f->description);
        free(f->file);
        free(f->source);
        free(f);
}

struct flow *flow_new(void) {
        struct flow *f = calloc(1, sizeof(*f));

        if (f)
                f->refs = 1;
        return f;
}

struct flow *flow_ref(struct flow *f) {
        if (f)
                f->refs++;
        return f;
}

struct flow *flow_unref(struct flow *f) {
        if (f && --f->refs == 0)
                flow_free(f);
        return NULL;
}
