/* SPDX-License-Identifier: Apache-2.0 */
/* A line for each change of a task run's state and for each log line: time, state or level, task, text. */
#include "cli/run_view.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/records.h"
#include "cli/terminal.h"
#include "common/base/clock.h"
#include "common/base/ident.h"
#include "common/base/json.h"
#include "common/base/text.h"

#define NAME_COLUMNS_MAX 32u
#define DEPTH_MAX 16u

/* A task run with texts of its own, in the shape that records have. */
struct run_task {
        struct store_task_run record;
        char *task_id, *task_type, *value, *outputs, *error;
        bool known;
};

/* A line that waits for the flush. */
struct line {
        uint64_t usec;
        size_t order;
        char *text;
};

struct run_view {
        const struct flow *flow;
        uint64_t id, start_usec;
        bool json, colour;
        unsigned name_columns;
        struct run_task *tasks;
        size_t task_count;
        struct value *logs;
        struct line *lines;
        size_t line_count, line_capacity;
};

/* --- the width of the tasks' column ---------------------------------------------------------------------------------- */

static unsigned list_columns(const struct flow_task_list *list, unsigned depth) {
        unsigned columns = 0;

        for (size_t i = 0; i < list->count; i++) {
                const struct flow_task *t = list->items[i];
                unsigned own = (unsigned)strlen(t->id) + depth * 2;

                columns = MAX(columns, own);
                for (size_t n = 0; n < t->branch_count && depth < DEPTH_MAX; n++) {
                        unsigned below = list_columns(&t->branches[n].tasks, depth + 1);

                        columns = MAX(columns, below);
                }
        }
        return columns;
}

static unsigned flow_columns(const struct flow *flow) {
        const struct flow_task_list *const lists[] = { &flow->tasks, &flow->errors, &flow->finally,
                                                       &flow->after_execution };
        unsigned columns = 4;

        for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
                unsigned own = list_columns(lists[i], 0);

                columns = MAX(columns, own);
        }
        return MIN(columns, NAME_COLUMNS_MAX);
}

/* --- life ------------------------------------------------------------------------------------------------------------ */

struct run_view *run_view_new(const struct flow *flow, uint64_t execution_id, uint64_t start_usec, bool json) {
        struct run_view *v = calloc(1, sizeof(*v));

        if (!v)
                return NULL;
        v->flow = flow;
        v->id = execution_id;
        v->start_usec = start_usec;
        v->json = json;
        v->colour = terminal_has_colour(stdout);
        v->name_columns = flow_columns(flow);
        v->logs = value_new_list();
        return v->logs ? v : run_view_free(v);
}

static void task_done(struct run_task *t) {
        free(t->task_id);
        free(t->task_type);
        free(t->value);
        free(t->outputs);
        free(t->error);
        *t = (struct run_task){ 0 };
}

struct run_view *run_view_free(struct run_view *v) {
        if (!v)
                return NULL;
        for (size_t i = 0; i < v->task_count; i++)
                task_done(&v->tasks[i]);
        for (size_t i = 0; i < v->line_count; i++)
                free(v->lines[i].text);
        free(v->lines);
        free(v->tasks);
        value_unref(v->logs);
        free(v);
        return NULL;
}

/* --- lines ----------------------------------------------------------------------------------------------------------- */

static const char *task_name(const struct run_view *v, uint32_t index) {
        return index < v->task_count && v->tasks[index].task_id ? v->tasks[index].task_id : NULL;
}

static unsigned task_depth(const struct run_view *v, uint32_t index) {
        unsigned depth = 0;

        while (index < v->task_count && v->tasks[index].record.parent < v->task_count && depth < DEPTH_MAX) {
                index = v->tasks[index].record.parent;
                depth++;
        }
        return depth;
}

static void put_padded(struct buf *line, const char *text, size_t len, unsigned columns) {
        size_t used = text_columns(text, len);

        buf_append(line, text, len);
        for (; used < columns; used++)
                buf_append_char(line, ' ');
}

static void put_name(const struct run_view *v, struct buf *line, uint32_t index) {
        struct buf name = BUF_INIT(0);
        const char *id = task_name(v, index), *value = id ? v->tasks[index].value : NULL;

        for (unsigned i = task_depth(v, index); i > 0; i--)
                buf_append_str(&name, "  ");
        clean_put(&name, id ? id : "flow", strlen(id ? id : "flow"));
        if (value) {
                buf_append_str(&name, " = ");
                clean_put(&name, value, strlen(value));
        }
        if (buf_error(&name) == 0)
                put_padded(line, name.data, name.len, v->name_columns);
        buf_done(&name);
}

static void put_prefix(const struct run_view *v, struct buf *line, uint64_t usec, enum style style, const char *word,
                       uint32_t index) {
        struct buf padded = BUF_INIT(0);
        char time[32];

        time_text(usec, usec, time);
        style_put(line, v->colour, STYLE_DIM, time, strlen(time));
        buf_append_str(line, "  ");
        put_padded(&padded, word, strlen(word), 9);
        if (buf_error(&padded) == 0)
                style_put(line, v->colour, style, padded.data, padded.len);
        buf_done(&padded);
        put_name(v, line, index);
        buf_append_str(line, "  ");
}

static int reserve_line(struct run_view *v) {
        size_t capacity = v->line_capacity ? v->line_capacity * 2 : 64;
        struct line *lines;

        if (v->line_count < v->line_capacity)
                return 0;
        lines = reallocarray(v->lines, capacity, sizeof(*lines));
        if (!lines)
                return -ENOMEM;
        v->lines = lines;
        v->line_capacity = capacity;
        return 0;
}

/* Takes the text over. */
static int add_line(struct run_view *v, uint64_t usec, struct buf *text) {
        struct line line = { .usec = usec, .order = v->line_count };

        while (text->len > 0 && text->data[text->len - 1] == ' ')
                text->data[--text->len] = '\0';
        line.text = buf_take(text, NULL);
        if (!line.text || reserve_line(v) < 0) {
                free(line.text);
                return -ENOMEM;
        }
        v->lines[v->line_count++] = line;
        return 0;
}

static int compare_lines(const void *a, const void *b) {
        const struct line *x = a, *y = b;

        if (x->usec != y->usec)
                return x->usec < y->usec ? -1 : 1;
        return x->order < y->order ? -1 : x->order > y->order;
}

void run_view_flush(struct run_view *v) {
        if (v->line_count == 0)
                return;
        qsort(v->lines, v->line_count, sizeof(*v->lines), compare_lines);
        for (size_t i = 0; i < v->line_count; i++) {
                (void)puts(v->lines[i].text);
                free(v->lines[i].text);
        }
        v->line_count = 0;
        (void)fflush(stdout);
}

static int show_task(struct run_view *v, const struct run_task *t) {
        const struct store_task_run *r = &t->record;
        uint64_t usec = r->end_usec ? r->end_usec : r->start_usec;
        struct buf line = BUF_INIT(0);
        char took[48];

        put_prefix(v, &line, usec, style_of_state(r->state), run_state_name(r->state),
                   r->index);
        if (r->end_usec)
                buf_append_str(&line, duration_text(r->start_usec, r->end_usec, 0, took));
        if (r->attempts > 1)
                buf_appendf(&line, "  %u attempts", r->attempts);
        if (t->error) {
                buf_append_str(&line, "  ");
                clean_put(&line, t->error, strlen(t->error));
        }
        return add_line(v, usec, &line);
}

/* --- frames ---------------------------------------------------------------------------------------------------------- */

static int take_text(char **to, struct bytes from) {
        char *copy;

        if (from.len == 0)
                return 0;
        copy = text_dup_n(from.data, from.len);
        if (!copy)
                return -ENOMEM;
        free(*to);
        *to = copy;
        return 0;
}

static int reserve_task(struct run_view *v, uint32_t index) {
        struct run_task *tasks;

        if (index < v->task_count)
                return 0;
        tasks = reallocarray(v->tasks, (size_t)index + 1, sizeof(*tasks));
        if (!tasks)
                return -ENOMEM;
        memset(tasks + v->task_count, 0, ((size_t)index + 1 - v->task_count) * sizeof(*tasks));
        v->tasks = tasks;
        v->task_count = (size_t)index + 1;
        return 0;
}

int run_view_task_run(struct run_view *v, const struct frame_task_run *f) {
        struct run_task *t;
        bool has_changed;

        if (reserve_task(v, f->index) < 0)
                return -ENOMEM;
        t = &v->tasks[f->index];
        has_changed = !t->known || t->record.state != f->state;
        if (take_text(&t->task_id, f->task_id) < 0 || take_text(&t->task_type, f->task_type) < 0 ||
            take_text(&t->value, f->value) < 0 || take_text(&t->outputs, f->outputs) < 0 ||
            take_text(&t->error, f->error) < 0)
                return -ENOMEM;
        t->known = true;
        t->record = (struct store_task_run){
                .execution_id = v->id, .index = f->index, .parent = f->parent, .task_id = t->task_id,
                .task_type = t->task_type, .value = t->value, .state = f->state, .attempts = f->attempts,
                .start_usec = f->start_usec, .end_usec = f->end_usec, .outputs = t->outputs, .error = t->error,
        };
        return has_changed && !v->json ? show_task(v, t) : 0;
}

int run_view_log(struct run_view *v, const struct frame_log *f) {
        const struct store_log record = { .task_run = f->task_run, .level = f->level, .time_usec = f->time_usec,
                                          .text = f->text.data, .text_len = f->text.len };
        struct buf line = BUF_INIT(0);

        if (v->json)
                return value_list_add(v->logs, log_json(&record, task_name(v, f->task_run)));
        put_prefix(v, &line, f->time_usec, style_of_level(f->level), level_name(f->level), f->task_run);
        clean_put(&line, f->text.data, f->text.len);
        return add_line(v, f->time_usec, &line);
}

void run_view_say(struct run_view *v, const char *text) {
        uint64_t now_usec = clock_realtime_usec();
        struct buf line = BUF_INIT(0);

        if (v->json)
                return;
        put_prefix(v, &line, now_usec, STYLE_WARNING, "", UINT32_MAX);
        buf_append_str(&line, text);
        (void)add_line(v, now_usec, &line);
        run_view_flush(v);
}

/* --- the end --------------------------------------------------------------------------------------------------------- */

static int print_end_json(struct run_view *v, const struct store_record *record, const char *batch_failures) {
        struct value *json = record_json(record), *tasks = value_new_list();

        for (size_t i = 0; tasks && i < v->task_count; i++)
                if (v->tasks[i].known)
                        (void)value_list_add(tasks, task_run_json(&v->tasks[i].record));
        if (json) {
                value_map_put(json, "outputs", parsed_json(record->outputs));
                value_map_put(json, "batchItemFailures", parsed_json(batch_failures));
                value_map_put(json, "taskRuns", value_ref(tasks));
                value_map_put(json, "logs", value_ref(v->logs));
        }
        value_unref(tasks);
        return print_json(json) == EXIT_OK ? 0 : -ENOMEM;
}

static void print_outputs(const char *outputs) {
        _cleanup_value_ struct value *value = parsed_json(outputs);
        _cleanup_free_ char *text = value ? json_to_text(value, JSON_PRETTY) : NULL;

        if (text && value_type(value) == VALUE_MAP && value_count(value) > 0)
                (void)puts(text);
}

static int print_end(const struct run_view *v, const struct store_record *record, const char *batch_failures) {
        const char *state = run_state_name(record->state);
        struct buf line = BUF_INIT(0);
        char took[48], id[IDENT_TEXT_SIZE];

        buf_append_char(&line, '\n');
        style_put(&line, v->colour, style_of_state(record->state), state, strlen(state));
        buf_appendf(&line, "  %s in %s  (%s)", record->flow, duration_text(record->start_usec, record->end_usec, 0, took),
                    ident_format(record->id, id));
        if (record->error) {
                buf_append_char(&line, '\n');
                clean_put(&line, record->error, strlen(record->error));
        }
        if (batch_failures)
                buf_appendf(&line, "\nwould stay in the queue: %s", batch_failures);
        if (buf_error(&line) == 0)
                (void)puts(line.data);
        buf_done(&line);
        print_outputs(record->outputs);
        return 0;
}

int run_view_end(struct run_view *v, const struct frame_end *f, uint64_t end_usec) {
        _cleanup_free_ char *flow = text_printf("%s.%s", v->flow->namespace, v->flow->id);
        _cleanup_free_ char *outputs = NULL, *error = NULL, *failures = NULL;
        struct store_record record = { .id = v->id, .flow = flow, .flow_revision = v->flow->revision, .state = f->state,
                                       .start_usec = v->start_usec, .end_usec = end_usec };

        if (!flow || take_text(&outputs, f->outputs) < 0 || take_text(&error, f->error) < 0 ||
            take_text(&failures, f->batch_failures) < 0)
                return -ENOMEM;
        record.outputs = outputs;
        record.error = error;
        run_view_flush(v);
        return v->json ? print_end_json(v, &record, failures) : print_end(v, &record, failures);
}
