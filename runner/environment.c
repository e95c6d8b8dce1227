/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/environment.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/base/text.h"
#include "runner/execution.h"
#include "runner/task_run.h"
#include "runner/trigger_value.h"
#include "runner/value_text.h"

#define PATH_DEFAULT "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

extern char **environ;

static const char *const allowed[] = {
        "PATH=", "LANG=", "LANGUAGE=", "LC_", "TZ=", "HOME=", "USER=", "LOGNAME=", "SHELL=", "TMPDIR=",
};

bool environment_is_allowed(const char *entry) {
        for (size_t i = 0; i < ARRAY_SIZE(allowed); i++)
                if (text_after(entry, allowed[i]))
                        return true;
        return false;
}

struct list {
        char **entries;
        size_t count, room;
};

static int reserve(struct list *l) {
        char **entries;

        if (l->count + 1 < l->room)
                return 0;
        entries = reallocarray(l->entries, l->room + 32, sizeof(*entries));
        if (!entries)
                return -ENOMEM;
        l->entries = entries;
        l->room += 32;
        return 0;
}

/* Adds "name=value". */
static int put(struct list *l, const char *name, const char *value, size_t value_len) {
        size_t name_len = strlen(name);
        char *entry;
        int r;

        r = reserve(l);
        if (r < 0)
                return r;
        entry = malloc(name_len + value_len + 2);
        if (!entry)
                return -ENOMEM;
        memcpy(entry, name, name_len);
        entry[name_len] = '=';
        if (value_len > 0)
                memcpy(entry + name_len + 1, value, value_len);
        entry[name_len + 1 + value_len] = '\0';
        l->entries[l->count++] = entry;
        l->entries[l->count] = NULL;
        return 0;
}

/* Removes the variable, for one of the same name that follows. */
static void drop(struct list *l, const char *name) {
        size_t len = strlen(name);

        for (size_t i = 0; i < l->count; i++)
                if (strncmp(l->entries[i], name, len) == 0 && l->entries[i][len] == '=') {
                        free(l->entries[i]);
                        l->entries[i] = l->entries[--l->count];
                        l->entries[l->count] = NULL;
                        return;
                }
}

static int put_text(int r, struct list *l, const char *name, const char *value) {
        return r < 0 || !value ? r : put(l, name, value, strlen(value));
}

static int put_number(int r, struct list *l, const char *name, unsigned long value) {
        char digits[24];

        (void)snprintf(digits, sizeof(digits), "%lu", value);
        return put_text(r, l, name, digits);
}

static int put_bytes(int r, struct list *l, const char *name, struct bytes b) {
        if (r < 0 || b.len == 0 || memchr(b.data, '\0', b.len))
                return r;
        return put(l, name, b.data, b.len);
}

static int put_inherited(struct list *l) {
        int r = getenv("PATH") ? 0 : put_text(0, l, "PATH", PATH_DEFAULT);

        for (char **v = environ; *v && r == 0; v++) {
                const char *equals = strchr(*v, '=');
                _cleanup_free_ char *name = NULL;

                if (!equals || !environment_is_allowed(*v))
                        continue;
                name = text_dup_n(*v, (size_t)(equals - *v));
                r = name ? put_text(0, l, name, equals + 1) : -ENOMEM;
        }
        return r;
}

static int put_execution(int r, struct list *l, const struct task_run *run) {
        const struct execution *e = run->execution;

        r = put_text(r, l, "WORKING_DIR", task_run_folder(run)->work);
        r = put_text(r, l, "SQSFLOW_EXECUTION_ID", e->id);
        r = put_text(r, l, "SQSFLOW_FLOW_ID", e->flow->id);
        r = put_text(r, l, "SQSFLOW_NAMESPACE", e->flow->namespace);
        r = put_text(r, l, "SQSFLOW_TASK_ID", run->task->id);
        return put_number(r, l, "SQSFLOW_ATTEMPT", run->attempts);
}

static int put_trigger(int r, struct list *l, struct execution *e) {
        const struct frame_execute *q = e->request;
        const struct frame_message *m = q->message_count > 0 ? &q->messages[0] : NULL;
        const char *file = NULL;

        if (r == 0)
                r = trigger_file(e, &file);
        if (q->trigger_kind == TRIGGER_BATCH)
                return put_text(r, l, "SQSFLOW_MESSAGES_FILE", file);
        if (q->trigger_kind == TRIGGER_NONE || !m)
                return r;
        r = put_text(r, l, "SQSFLOW_MESSAGE_FILE", file);
        r = put_bytes(r, l, "SQSFLOW_MESSAGE_ID", m->message_id);
        r = put_number(r, l, "SQSFLOW_RECEIVE_COUNT", m->receive_count);
        r = put_bytes(r, l, "SQSFLOW_QUEUE_URL", m->queue_url);
        r = put_bytes(r, l, "TRACEPARENT", m->traceparent);
        return put_bytes(r, l, "_X_AMZN_TRACE_ID", m->trace_header);
}

static int put_task(int r, struct list *l, const struct value *env) {
        for (size_t i = 0; r == 0 && env && i < value_count(env); i++) {
                _cleanup_free_ char *text = value_text(value_map_at(env, i));

                drop(l, value_map_key_at(env, i));
                r = text ? put_text(0, l, value_map_key_at(env, i), text) : -ENOMEM;
        }
        return r;
}

int environment_make(struct task_run *run, const struct value *env, char ***ret) {
        struct list l = { 0 };
        int r;

        r = folder_make(task_run_folder(run));
        if (r == 0)
                r = put_inherited(&l);
        r = put_execution(r, &l, run);
        r = put_trigger(r, &l, run->execution);
        r = put_task(r, &l, env);
        if (r < 0) {
                text_list_free(l.entries);
                return r;
        }
        *ret = l.entries;
        return 0;
}
