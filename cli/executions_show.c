/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/executions.h"
#include "cli/records.h"
#include "cli/terminal.h"
#include "common/base/clock.h"
#include "common/base/ident.h"
#include "common/base/json.h"
#include "common/base/size.h"

#define DEPTH_MAX 32

static const struct table_column columns[] = {
        { "TASK", false }, { "STATE", false }, { "STARTED", false }, { "TOOK", true }, { "CPU", true }, { "MEMORY", true },
        { "ATTEMPTS", true }, { "ERROR", false },
};

/* --- as JSON --------------------------------------------------------------------------------------------------------- */

static int take_json(void *userdata, const struct store_record *r) {
        struct value **ret = userdata;

        *ret = record_json(r);
        if (!*ret)
                return -ENOMEM;
        value_map_put(*ret, "outputs", parsed_json(r->outputs));
        value_map_put(*ret, "input", parsed_json(r->input));
        return 0;
}

static int add_task_json(void *userdata, const struct store_task_run *t) {
        return value_list_add(userdata, task_run_json(t));
}

static int show_json(struct store_reader *reader, uint64_t id) {
        struct value *v = NULL, *tasks = value_new_list();
        int r = tasks ? store_reader_get(reader, id, take_json, &v) : -ENOMEM;

        if (r == 0)
                r = store_reader_task_runs(reader, id, add_task_json, tasks);
        if (r == 0)
                r = value_map_put(v, "taskRuns", TAKE_PTR(tasks));
        value_unref(tasks);
        if (r == 0)
                return print_json(v);
        value_unref(v);
        return executions_fail(reader, r);
}

/* --- as text --------------------------------------------------------------------------------------------------------- */

struct view {
        bool colour;
        uint64_t now_usec;
        struct table *table;
        unsigned depths[1024]; /* of the first task runs; deeper ones stand at the left */
};

static void print_field(const struct view *v, const char *name, enum style style, const char *value) {
        struct buf line = BUF_INIT(0), clean = BUF_INIT(0);

        if (!value || !*value)
                return;
        if (clean_put(&clean, value, strlen(value)) == 0) {
                buf_appendf(&line, "%-10s ", name);
                style_put(&line, v->colour, style, clean.data, clean.len);
                if (buf_error(&line) == 0)
                        (void)puts(line.data);
        }
        buf_done(&line);
        buf_done(&clean);
}

static void print_messages(const struct view *v, const char *json) {
        _cleanup_value_ struct value *list = parsed_json(json);

        if (!list || value_type(list) != VALUE_LIST)
                return;
        for (size_t i = 0; i < value_count(list); i++) {
                _cleanup_free_ char *text = NULL;
                const struct value *m = value_list_at(list, i);

                if (value_type(m) != VALUE_LIST || value_count(m) < 3 || value_type(value_list_at(m, 0)) != VALUE_STRING)
                        continue;
                if (asprintf(&text, "%s%s%s  received %s×", value_string(value_list_at(m, 0)),
                             value_type(value_list_at(m, 1)) == VALUE_STRING ? "  group " : "",
                             value_type(value_list_at(m, 1)) == VALUE_STRING ? value_string(value_list_at(m, 1)) : "",
                             value_type(value_list_at(m, 2)) == VALUE_NUMBER ? value_number(value_list_at(m, 2)) : "?") > 0)
                        print_field(v, i == 0 ? "message" : "", STYLE_PLAIN, text);
        }
}

/* "" for what used nothing, or of which it is not known. */
static const char *cpu_text(uint64_t cpu_usec, char out[48]) {
        *out = '\0';
        return cpu_usec > 0 ? duration_format_human(cpu_usec, out) : out;
}

static const char *memory_text(uint64_t bytes, char out[SIZE_TEXT_MAX]) {
        *out = '\0';
        return bytes > 0 ? size_format(bytes, out) : out;
}

static void print_usage(const struct view *v, uint64_t cpu_usec, uint64_t memory_bytes) {
        char cpu[48], memory[SIZE_TEXT_MAX];

        print_field(v, "cpu time", STYLE_PLAIN, cpu_text(cpu_usec, cpu));
        print_field(v, "memory", STYLE_PLAIN, memory_text(memory_bytes, memory));
}

static int print_record(void *userdata, const struct store_record *r) {
        struct view *v = userdata;
        char id[IDENT_TEXT_SIZE], started[32], took[48], when[96];

        (void)snprintf(when, sizeof(when), "%s, %s %s", time_text(r->start_usec, v->now_usec, started),
                       r->end_usec ? "took" : "running for", duration_text(r->start_usec, r->end_usec, v->now_usec, took));
        print_field(v, "execution", STYLE_BOLD, ident_format(r->id, id));
        print_field(v, "flow", STYLE_PLAIN, r->flow);
        print_field(v, "state", style_of_state(r->state), run_state_name(r->state));
        print_field(v, "started", STYLE_PLAIN, when);
        print_field(v, "trigger", STYLE_PLAIN, r->trigger);
        print_field(v, "queue", STYLE_PLAIN, r->queue_url);
        print_messages(v, r->messages);
        print_usage(v, r->cpu_usec, r->memory_bytes);
        print_field(v, "error", STYLE_BAD, r->error);
        print_field(v, "outputs", STYLE_PLAIN, r->outputs && strcmp(r->outputs, "{}") != 0 ? r->outputs : NULL);
        return 0;
}

static unsigned depth_of(struct view *v, const struct store_task_run *t) {
        unsigned depth = t->parent < ARRAY_SIZE(v->depths) ? v->depths[t->parent] + 1 : 0;

        depth = MIN(depth, (unsigned)DEPTH_MAX);
        if (t->index < ARRAY_SIZE(v->depths))
                v->depths[t->index] = depth;
        return depth;
}

static int add_task_row(void *userdata, const struct store_task_run *t) {
        struct view *v = userdata;
        char name[512], attempts[16], started[32], took[48], cpu[48], memory[SIZE_TEXT_MAX];
        int e = 0;

        (void)snprintf(name, sizeof(name), "%*s%s%s%s", (int)(depth_of(v, t) * 2), "", t->task_id ? t->task_id : "?",
                       t->value ? " = " : "", t->value ? t->value : "");
        (void)snprintf(attempts, sizeof(attempts), "%u", t->attempts);
        e |= table_add(v->table, STYLE_PLAIN, name);
        e |= table_add(v->table, style_of_state(t->state), run_state_name(t->state));
        e |= table_add(v->table, STYLE_PLAIN, time_text(t->start_usec, v->now_usec, started));
        e |= table_add(v->table, STYLE_PLAIN, duration_text(t->start_usec, t->end_usec, v->now_usec, took));
        e |= table_add(v->table, STYLE_PLAIN, cpu_text(t->cpu_usec, cpu));
        e |= table_add(v->table, STYLE_PLAIN, memory_text(t->memory_bytes, memory));
        e |= table_add(v->table, STYLE_PLAIN, attempts);
        e |= table_add(v->table, STYLE_BAD, t->error);
        return e;
}

int executions_show(struct store_reader *reader, const struct executions_options *o, uint64_t id) {
        struct view v = { .colour = terminal_has_colour(stdout), .now_usec = clock_realtime_usec() };
        int r;

        if (o->json)
                return show_json(reader, id);
        v.table = table_new(columns, ARRAY_SIZE(columns));
        r = v.table ? store_reader_get(reader, id, print_record, &v) : -ENOMEM;
        if (r == 0)
                r = store_reader_task_runs(reader, id, add_task_row, &v);
        if (r == 0) {
                (void)putchar('\n');
                table_print(v.table);
        }
        table_free(v.table);
        return r < 0 ? executions_fail(reader, r) : EXIT_OK;
}
