/* SPDX-License-Identifier: Apache-2.0 */
/* A table of makers. What depends on the task alone is small and made each time; the rest is made once per execution,
 * and an expression that reads one member of flow, execution, task, taskrun or trigger has only that made. */
#include "runner/variables.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "common/base/clock.h"
#include "common/base/json.h"
#include "common/base/text.h"
#include "common/flow/envs.h"
#include "runner/execution.h"
#include "runner/inputs.h"
#include "runner/run_functions.h"
#include "runner/run_variables.h"
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

/* --- variables of a few plain members, each of which can be had alone ------------------------------------------------ */

static struct value *flow_id(const struct scope *s) {
        return value_new_string(s->execution->flow->id);
}

static struct value *flow_namespace(const struct scope *s) {
        return value_new_string(s->execution->flow->namespace);
}

static struct value *flow_revision(const struct scope *s) {
        char digits[24];

        (void)snprintf(digits, sizeof(digits), "%" PRIu64, s->execution->flow->revision);
        return value_new_number(digits);
}

static struct value *execution_id(const struct scope *s) {
        return value_new_string(s->execution->id);
}

static struct value *execution_start_date(const struct scope *s) {
        return of_time(s->execution->request->start_usec);
}

static struct value *execution_state(const struct scope *s) {
        return value_new_string(run_state_name(s->execution->state));
}

static struct value *task_id(const struct scope *s) {
        return value_new_string(s->run->task->id);
}

static struct value *task_type(const struct scope *s) {
        return value_new_string(s->run->kind->type);
}

static struct value *taskrun_id(const struct scope *s) {
        char id[EXECUTION_ID_SIZE + 16];

        (void)snprintf(id, sizeof(id), "%s-%" PRIu32, s->execution->id, s->run->index);
        return value_new_string(id);
}

static struct value *taskrun_start_date(const struct scope *s) {
        return of_time(s->run->start_usec);
}

static struct value *taskrun_attempts_count(const struct scope *s) {
        return value_new_int(s->run->attempts);
}

static const struct {
        enum variable_id of;
        const char *name;
        struct value *(*make)(const struct scope *s);
} members[] = {
        { VARIABLE_FLOW, "id", flow_id },
        { VARIABLE_FLOW, "namespace", flow_namespace },
        { VARIABLE_FLOW, "revision", flow_revision },
        { VARIABLE_EXECUTION, "id", execution_id },
        { VARIABLE_EXECUTION, "startDate", execution_start_date },
        { VARIABLE_EXECUTION, "state", execution_state },
        { VARIABLE_TASK, "id", task_id },
        { VARIABLE_TASK, "type", task_type },
        { VARIABLE_TASKRUN, "id", taskrun_id },
        { VARIABLE_TASKRUN, "startDate", taskrun_start_date },
        { VARIABLE_TASKRUN, "attemptsCount", taskrun_attempts_count },
};

static int make_of_members(const struct scope *s, enum variable_id id, struct value *map) {
        int r = 0;

        for (size_t i = 0; i < ARRAY_SIZE(members); i++)
                if (members[i].of == id)
                        r = put(r, map, members[i].name, members[i].make(s));
        return r;
}

/* --- the others ----------------------------------------------------------------------------------------------------- */

static int make_taskrun(struct scope *s, struct value *map) {
        int r = make_of_members(s, VARIABLE_TASKRUN, map);

        return r < 0 ? r : run_variables_put_value(map, s->run);
}

static int put_all(int r, struct value *map, const struct value *from) {
        for (size_t i = 0; from && i < value_count(from); i++)
                r = put(r, map, value_map_key_at(from, i), value_ref(value_map_at(from, i)));
        return r;
}

static int make_vars(struct scope *s, struct value *map) {
        return put_all(0, map, s->execution->vars ? s->execution->vars : s->execution->flow->variables);
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

static int make_envs(struct scope *s, struct value **ret) {
        *ret = envs_value();
        return *ret ? 0 : -ENOMEM;
}

static int make_inputs(struct scope *s, struct value *map) {
        return inputs_fill(s->execution, map);
}

static int make_trigger(struct scope *s, struct value *map) {
        return s->execution->caller ? run_variables_caller(s, map) : trigger_value_fill(s->execution, map);
}

struct folder *scope_folder(const struct scope *s) {
        return s->run ? task_run_folder(s->run) : &s->execution->folder;
}

static int make_working_dir(struct scope *s, struct value **ret) {
        struct folder *folder = scope_folder(s);
        int r = folder_make(folder);

        if (r < 0)
                return r;
        *ret = value_new_string(folder->work);
        return *ret ? 0 : -ENOMEM;
}

static const struct {
        const char *name;
        int (*fill)(struct scope *s, struct value *map); /* neither: it is made of its members */
        int (*make)(struct scope *s, struct value **ret);
        bool of_task; /* differs from task run to task run */
} makers[VARIABLE_COUNT] = {
        [VARIABLE_FLOW] = { "flow" },
        [VARIABLE_EXECUTION] = { "execution" },
        [VARIABLE_TASK] = { "task", .of_task = true },
        [VARIABLE_TASKRUN] = { "taskrun", make_taskrun, .of_task = true },
        [VARIABLE_PARENT] = { "parent", .make = run_variables_parent, .of_task = true },
        [VARIABLE_PARENTS] = { "parents", .make = run_variables_parents, .of_task = true },
        [VARIABLE_ITEM] = { "item", run_variables_item, .of_task = true },
        [VARIABLE_INPUTS] = { "inputs", make_inputs },
        [VARIABLE_OUTPUTS] = { "outputs", run_variables_outputs },
        [VARIABLE_VARS] = { "vars", make_vars },
        [VARIABLE_TRIGGER] = { "trigger", make_trigger },
        [VARIABLE_LABELS] = { "labels", make_labels },
        [VARIABLE_ENVS] = { "envs", .make = make_envs },
        [VARIABLE_WORKING_DIR] = { "workingDir", .make = make_working_dir },
};

static int make(struct scope *s, enum variable_id id, struct value **ret) {
        _cleanup_value_ struct value *v = NULL;
        int r;

        if (makers[id].make)
                return makers[id].make(s, ret);
        v = value_new_map();
        r = !v ? -ENOMEM : makers[id].fill ? makers[id].fill(s, v) : make_of_members(s, id, v);
        if (r == 0)
                *ret = TAKE_PTR(v);
        return r;
}

static bool is_of_task(const struct scope *s, enum variable_id id) {
        return makers[id].of_task || (id == VARIABLE_OUTPUTS && run_variables_in_loop(s)) ||
               (id == VARIABLE_WORKING_DIR && s->run);
}

int variables_get(struct scope *s, enum variable_id id, struct value **ret) {
        struct value **made = &s->execution->variables.made[id];
        bool *making = &s->execution->variables.making[id];
        int r;

        if (is_of_task(s, id))
                return s->run || !makers[id].of_task ? make(s, id, ret) : -ENOENT;
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

/* VARIABLE_COUNT when there is none. */
static enum variable_id find(const char *name) {
        size_t i = 0;

        while (i < VARIABLE_COUNT && strcmp(makers[i].name, name) != 0)
                i++;
        return (enum variable_id)i;
}

/* A copy of `trigger`, with the date. */
static int dated_trigger(struct scope *s, struct value **ret) {
        _cleanup_value_ struct value *map = value_new_map(), *trigger = NULL, *date = NULL;
        int r = map ? variables_get(s, VARIABLE_TRIGGER, &trigger) : -ENOMEM;

        if (r == 0)
                r = put_all(expr_now(s->trigger_date_usec, &date), map, trigger);
        if (r == 0)
                r = value_map_put(map, "date", TAKE_PTR(date));
        if (r == 0)
                *ret = TAKE_PTR(map);
        return r;
}

static int on_variable(void *userdata, const char *name, struct value **ret) {
        struct scope *s = userdata;
        enum variable_id id = find(name);

        if (id == VARIABLE_TRIGGER && s->trigger_date_usec > 0)
                return dated_trigger(s, ret);
        return id < VARIABLE_COUNT ? variables_get(s, id, ret) : -ENOENT;
}

static int on_member(void *userdata, const char *variable, const char *name, struct value **ret) {
        const struct scope *s = userdata;
        enum variable_id id = find(variable);

        if (id == VARIABLE_TRIGGER && s->trigger_date_usec > 0 && strcmp(name, "date") == 0)
                return expr_now(s->trigger_date_usec, ret);
        if (id == VARIABLE_TRIGGER)
                return trigger_value_member(s->execution, name, ret);
        if (id == VARIABLE_COUNT || (makers[id].of_task && !s->run))
                return -ENOENT;
        for (size_t i = 0; i < ARRAY_SIZE(members); i++)
                if (members[i].of == id && strcmp(members[i].name, name) == 0) {
                        *ret = members[i].make(s);
                        return *ret ? 0 : -ENOMEM;
                }
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
        r = secrets_find(&s->execution->top->secrets, value_string(name), &secret, ret_message);
        if (r < 0)
                return r == -ENOENT ? -EINVAL : r; /* -ENOENT would mean that there is no such function */
        *ret = value_new_string_take(secret, strlen(secret));
        return *ret ? 0 : -ENOMEM;
}

static int call_read(struct scope *s, const struct value *args, struct value **ret, char **ret_message) {
        return files_read_function(s->execution, scope_folder(s), args, ret, ret_message);
}

static int call_file_uri(struct scope *s, const struct value *args, struct value **ret, char **ret_message) {
        return files_uri_function(s->execution, scope_folder(s), args, ret, ret_message);
}

static const struct {
        const char *name;
        int (*call)(struct scope *s, const struct value *args, struct value **ret, char **ret_message);
} functions[] = {
        { "secret", call_secret },
        { "uuid", run_function_uuid },
        { "id", run_function_id },
        { "randomInt", run_function_random_int },
        { "errorLogs", run_function_error_logs },
        { "read", call_read },
        { "fileURI", call_file_uri },
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
                .member = on_member,
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
        for (size_t i = 0; i < MESSAGE_MEMBER_COUNT; i++)
                v->message[i] = value_unref(v->message[i]);
}
