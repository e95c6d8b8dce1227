/* SPDX-License-Identifier: Apache-2.0 */
/* A table of makers. What depends on the task alone is small and made each time; the rest is made once per execution. */
#include "runner/variables.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "common/base/clock.h"
#include "common/base/json.h"
#include "common/base/text.h"
#include "runner/execution.h"
#include "runner/inputs.h"
#include "runner/task_run.h"
#include "runner/trigger_value.h"

extern char **environ;

/* The first error of a chain of puts; each evaluates its value in any case, so nothing leaks. */
static int put(int r, struct value *map, const char *key, struct value *v) {
        int k = value_map_put(map, key, v);

        return r < 0 ? r : k;
}

static struct value *of_time(uint64_t usec) {
        char text[TIMESTAMP_MAX];

        return value_new_string(timestamp_format(usec, text));
}

static int make_flow(struct scope *s, struct value *map) {
        const struct flow *f = s->execution->flow;
        char digits[24];
        int r = 0;

        (void)snprintf(digits, sizeof(digits), "%" PRIu64, f->revision);
        r = put(r, map, "id", value_new_string(f->id));
        r = put(r, map, "namespace", value_new_string(f->namespace));
        return put(r, map, "revision", value_new_number(digits));
}

static int make_execution(struct scope *s, struct value *map) {
        const struct execution *e = s->execution;
        int r = 0;

        r = put(r, map, "id", value_new_string(e->id));
        r = put(r, map, "startDate", of_time(e->request->start_usec));
        return put(r, map, "state", value_new_string(run_state_name(e->state)));
}

static int make_task(struct scope *s, struct value *map) {
        int r = 0;

        if (!s->run)
                return -ENOENT;
        r = put(r, map, "id", value_new_string(s->run->task->id));
        return put(r, map, "type", value_new_string(s->run->kind->type));
}

static int make_taskrun(struct scope *s, struct value *map) {
        char id[IDENT_TEXT_SIZE + 16];
        int r = 0;

        if (!s->run)
                return -ENOENT;
        (void)snprintf(id, sizeof(id), "%s-%" PRIu32, s->execution->id, s->run->index);
        r = put(r, map, "id", value_new_string(id));
        r = put(r, map, "startDate", of_time(s->run->start_usec));
        return put(r, map, "attemptsCount", value_new_int(s->run->attempts));
}

/* Of task runs with the same task, the last one's outputs count. */
static int make_outputs(struct scope *s, struct value *map) {
        const struct execution *e = s->execution;
        int r = 0;

        for (size_t i = 0; i < e->run_count; i++)
                if (e->runs[i]->outputs && run_state_is_final(e->runs[i]->state))
                        r = put(r, map, e->runs[i]->task->id, value_ref(e->runs[i]->outputs));
        return r;
}

static int put_all(int r, struct value *map, const struct value *from) {
        for (size_t i = 0; from && i < value_count(from); i++)
                r = put(r, map, value_map_key_at(from, i), value_ref(value_map_at(from, i)));
        return r;
}

static int make_vars(struct scope *s, struct value *map) {
        return put_all(0, map, s->execution->flow->variables);
}

static int make_labels(struct scope *s, struct value *map) {
        const struct bytes given = s->execution->request->labels;
        _cleanup_value_ struct value *labels = NULL;
        int r = 0;

        if (given.len > 0)
                r = json_parse(given.data, given.len, &labels, NULL, NULL);
        if (r == 0 && labels && value_type(labels) != VALUE_MAP)
                return -EBADMSG;
        r = put_all(r, map, s->execution->flow->labels);
        return put_all(r, map, labels);
}

/* ENV_SHOP_REGION=… is envs.shop_region. */
static int make_envs(struct scope *s, struct value *map) {
        int r = 0;

        for (char **v = environ; *v; v++) {
                const char *name = text_after(*v, "ENV_");
                const char *value = name ? strchr(name, '=') : NULL;
                _cleanup_free_ char *key = NULL;

                if (!value)
                        continue;
                key = text_dup_n(name, (size_t)(value - name));
                if (!key)
                        return -ENOMEM;
                for (char *p = key; *p; p++)
                        *p = (char)tolower((unsigned char)*p);
                r = put(r, map, key, value_new_string(value + 1));
        }
        return r;
}

static int make_inputs(struct scope *s, struct value *map) {
        return inputs_fill(s->execution, map);
}

static int make_trigger(struct scope *s, struct value *map) {
        return trigger_value_fill(s->execution, map);
}

static const struct {
        const char *name;
        int (*fill)(struct scope *s, struct value *map);
        bool of_task; /* differs from task run to task run */
} makers[VARIABLE_COUNT] = {
        [VARIABLE_FLOW] = { "flow", make_flow },
        [VARIABLE_EXECUTION] = { "execution", make_execution },
        [VARIABLE_TASK] = { "task", make_task, true },
        [VARIABLE_TASKRUN] = { "taskrun", make_taskrun, true },
        [VARIABLE_INPUTS] = { "inputs", make_inputs },
        [VARIABLE_OUTPUTS] = { "outputs", make_outputs },
        [VARIABLE_VARS] = { "vars", make_vars },
        [VARIABLE_TRIGGER] = { "trigger", make_trigger },
        [VARIABLE_LABELS] = { "labels", make_labels },
        [VARIABLE_ENVS] = { "envs", make_envs },
        [VARIABLE_WORKING_DIR] = { "workingDir", NULL },
};

static int make(struct scope *s, enum variable_id id, struct value **ret) {
        _cleanup_value_ struct value *v = NULL;
        int r;

        if (id == VARIABLE_WORKING_DIR) {
                r = folder_make(&s->execution->folder);
                if (r < 0)
                        return r;
                v = value_new_string(s->execution->folder.work);
                r = v ? 0 : -ENOMEM;
        } else {
                v = value_new_map();
                r = v ? makers[id].fill(s, v) : -ENOMEM;
        }
        if (r == 0)
                *ret = TAKE_PTR(v);
        return r;
}

int variables_get(struct scope *s, enum variable_id id, struct value **ret) {
        struct value **made = &s->execution->variables.made[id];
        bool *making = &s->execution->variables.making[id];
        int r;

        if (makers[id].of_task)
                return make(s, id, ret);
        if (*making)
                return -ENOENT;
        if (!*made) {
                *making = true;
                r = make(s, id, made);
                *making = false;
                if (r < 0)
                        return r;
        }
        *ret = value_ref(*made);
        return 0;
}

static int on_variable(void *userdata, const char *name, struct value **ret) {
        for (size_t i = 0; i < VARIABLE_COUNT; i++)
                if (strcmp(makers[i].name, name) == 0)
                        return variables_get(userdata, (enum variable_id)i, ret);
        return -ENOENT;
}

/* --- functions ------------------------------------------------------------------------------------------------------ */

static int call_secret(struct scope *s, const struct value *args, struct value **ret, char **ret_message) {
        const struct value *name = value_count(args) == 1 ? value_list_at(args, 0) : NULL;
        char *secret;
        int r;

        if (!name || value_type(name) != VALUE_STRING) {
                *ret_message = text_dup("secret() takes one text: the secret's name");
                return -EINVAL;
        }
        r = secrets_find(&s->execution->secrets, value_string(name), &secret, ret_message);
        if (r < 0)
                return r == -ENOENT ? -EINVAL : r; /* -ENOENT would mean that there is no such function */
        *ret = value_new_string_take(secret, strlen(secret));
        return *ret ? 0 : -ENOMEM;
}

static const struct {
        const char *name;
        int (*call)(struct scope *s, const struct value *args, struct value **ret, char **ret_message);
} functions[] = {
        { "secret", call_secret },
};

static int on_function(void *userdata, const char *name, const struct value *args, struct value **ret,
                       char **ret_message) {
        for (size_t i = 0; i < ARRAY_SIZE(functions); i++)
                if (strcmp(functions[i].name, name) == 0)
                        return functions[i].call(userdata, args, ret, ret_message);
        return -ENOENT;
}

struct expr_env variables_env(struct scope *scope) {
        return (struct expr_env){
                .userdata = scope,
                .variable = on_variable,
                .function = on_function,
                .now_usec = clock_realtime_usec(),
        };
}

void variables_forget(struct variables *v, enum variable_id id) {
        v->made[id] = value_unref(v->made[id]);
}

void variables_done(struct variables *v) {
        for (size_t i = 0; i < VARIABLE_COUNT; i++)
                v->made[i] = value_unref(v->made[i]);
}
