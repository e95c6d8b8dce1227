/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/records.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/terminal.h"
#include "common/base/clock.h"
#include "common/base/ident.h"
#include "common/base/json.h"

struct value *text_json(const char *text) {
        return text ? value_new_string(text) : value_new_null();
}

struct value *time_json(uint64_t usec) {
        char text[TIMESTAMP_MAX];

        return usec > 0 ? value_new_string(timestamp_format(usec, text)) : value_new_null();
}

struct value *parsed_json(const char *text) {
        struct value *v = NULL;

        if (!text || *text == '\0')
                return value_new_null();
        return json_parse(text, strlen(text), &v, NULL, NULL) == 0 ? v : value_new_string(text);
}

static struct value *duration_json(uint64_t start_usec, uint64_t end_usec) {
        return end_usec >= start_usec && start_usec > 0 ? value_new_double((double)(end_usec - start_usec) / 1e6)
                                                        : value_new_null();
}

static struct value *message_json(const struct value *entry) {
        struct value *v = value_new_map();

        if (!v || value_type(entry) != VALUE_LIST || value_count(entry) < 3)
                return v;
        value_map_put(v, "messageId", value_ref(value_list_at(entry, 0)));
        value_map_put(v, "groupId", value_ref(value_list_at(entry, 1)));
        value_map_put(v, "receiveCount", value_ref(value_list_at(entry, 2)));
        return v;
}

static struct value *messages_json(const char *text) {
        _cleanup_value_ struct value *stored = parsed_json(text);
        struct value *list = value_new_list();

        if (!list || !stored || value_type(stored) != VALUE_LIST)
                return list;
        for (size_t i = 0; i < value_count(stored); i++)
                value_list_add(list, message_json(value_list_at(stored, i)));
        return list;
}

/* Seconds of CPU time; null: no process, or not known. */
static void put_usage(struct value *v, uint64_t cpu_usec, uint64_t memory_bytes) {
        value_map_put(v, "cpuSeconds", cpu_usec > 0 ? value_new_double((double)cpu_usec / 1e6) : value_new_null());
        value_map_put(v, "memoryBytes", memory_bytes > 0 ? value_new_int((int64_t)memory_bytes) : value_new_null());
}

struct value *record_json(const struct store_record *r) {
        struct value *v = value_new_map();
        char id[IDENT_TEXT_SIZE];

        if (!v)
                return NULL;
        value_map_put(v, "id", value_new_string(ident_format(r->id, id)));
        value_map_put(v, "flow", text_json(r->flow));
        value_map_put(v, "state", value_new_string(run_state_name(r->state)));
        value_map_put(v, "trigger", text_json(r->trigger));
        value_map_put(v, "queueUrl", text_json(r->queue_url));
        value_map_put(v, "startedAt", time_json(r->start_usec));
        value_map_put(v, "endedAt", time_json(r->end_usec));
        value_map_put(v, "durationSeconds", duration_json(r->start_usec, r->end_usec));
        put_usage(v, r->cpu_usec, r->memory_bytes);
        value_map_put(v, "error", text_json(r->error));
        value_map_put(v, "messages", messages_json(r->messages));
        return v;
}

struct value *task_run_json(const struct store_task_run *t) {
        struct value *v = value_new_map();

        if (!v)
                return NULL;
        value_map_put(v, "index", value_new_int(t->index));
        value_map_put(v, "parent", t->parent == UINT32_MAX ? value_new_null() : value_new_int(t->parent));
        value_map_put(v, "taskId", text_json(t->task_id));
        value_map_put(v, "type", text_json(t->task_type));
        value_map_put(v, "value", text_json(t->value));
        value_map_put(v, "state", value_new_string(run_state_name(t->state)));
        value_map_put(v, "attempts", value_new_int(t->attempts));
        value_map_put(v, "startedAt", time_json(t->start_usec));
        value_map_put(v, "endedAt", time_json(t->end_usec));
        value_map_put(v, "durationSeconds", duration_json(t->start_usec, t->end_usec));
        put_usage(v, t->cpu_usec, t->memory_bytes);
        value_map_put(v, "error", text_json(t->error));
        value_map_put(v, "outputs", parsed_json(t->outputs));
        return v;
}

/* A value cannot hold NUL: what a task wrote after one is left out here. */
struct value *log_json(const struct store_log *l, const char *task_id) {
        struct value *v = value_new_map();

        if (!v)
                return NULL;
        value_map_put(v, "at", time_json(l->time_usec));
        value_map_put(v, "level", value_new_string(level_name(l->level)));
        value_map_put(v, "taskRun", l->task_run == UINT32_MAX ? value_new_null() : value_new_int(l->task_run));
        value_map_put(v, "taskId", text_json(task_id));
        value_map_put(v, "text", value_new_string_n(l->text ? l->text : "", l->text ? strnlen(l->text, l->text_len) : 0));
        return v;
}

char *time_text(uint64_t usec, uint64_t now_usec, char out[32]) {
        time_t seconds = (time_t)(usec / USEC_PER_SEC), now = (time_t)(now_usec / USEC_PER_SEC);
        struct tm then_tm, now_tm;
        size_t n;

        *out = '\0';
        if (usec == 0 || !localtime_r(&seconds, &then_tm) || !localtime_r(&now, &now_tm))
                return out;
        if (then_tm.tm_yday != now_tm.tm_yday || then_tm.tm_year != now_tm.tm_year) {
                (void)strftime(out, 32, "%Y-%m-%d %H:%M:%S", &then_tm);
                return out;
        }
        n = strftime(out, 32, "%H:%M:%S", &then_tm);
        (void)snprintf(out + n, 32 - n, ".%03u", (unsigned)(usec % USEC_PER_SEC / USEC_PER_MSEC));
        return out;
}

char *duration_text(uint64_t start_usec, uint64_t end_usec, uint64_t now_usec, char out[48]) {
        *out = '\0';
        if (start_usec == 0)
                return out;
        return duration_format_human(usec_sub(end_usec ? end_usec : now_usec, start_usec), out);
}
