/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/progress.h"

#include <errno.h>
#include <string.h>
#include <syslog.h>

#include "cli/terminal.h"
#include "common/base/text.h"

#define LAST_LINE_BYTES_MAX 1024u
#define NONE UINT32_MAX

/* --- life ------------------------------------------------------------------------------------------------------------ */

static void task_done(struct progress_task *t) {
        free((char *)t->run.task_id);
        free((char *)t->run.task_type);
        free((char *)t->run.value);
        free((char *)t->run.outputs);
        free((char *)t->run.error);
        free(t->last_line);
}

void progress_done(struct progress *p) {
        for (size_t i = 0; i < p->task_count; i++)
                task_done(&p->tasks[i]);
        for (size_t i = 0; i < p->log_count; i++)
                free((char *)p->logs[i].text);
        free(p->tasks);
        free(p->logs);
        *p = (struct progress){ 0 };
}

/* --- task runs ------------------------------------------------------------------------------------------------------- */

static int reserve_task(struct progress *p, uint32_t index) {
        struct progress_task *tasks;

        if (index < p->task_count)
                return 0;
        tasks = reallocarray(p->tasks, (size_t)index + 1, sizeof(*tasks));
        if (!tasks)
                return -ENOMEM;
        memset(tasks + p->task_count, 0, ((size_t)index + 1 - p->task_count) * sizeof(*tasks));
        p->tasks = tasks;
        p->task_count = (size_t)index + 1;
        return 0;
}

static int keep_text(const char **to, const char *from) {
        return from ? text_replace((char **)to, from) : 0;
}

int progress_put(struct progress *p, const struct store_task_run *run) {
        struct store_task_run *to;
        int r = reserve_task(p, run->index);

        if (r < 0)
                return r;
        to = &p->tasks[run->index].run;
        if (keep_text(&to->task_id, run->task_id) < 0 || keep_text(&to->task_type, run->task_type) < 0 ||
            keep_text(&to->value, run->value) < 0 || keep_text(&to->outputs, run->outputs) < 0 ||
            keep_text(&to->error, run->error) < 0)
                return -ENOMEM;
        *to = (struct store_task_run){
                .execution_id = p->id, .index = run->index, .parent = run->parent, .task_id = to->task_id,
                .task_type = to->task_type, .value = to->value, .state = run->state, .attempts = run->attempts,
                .start_usec = run->start_usec, .end_usec = run->end_usec, .outputs = to->outputs, .error = to->error,
                .cpu_usec = run->cpu_usec, .memory_bytes = run->memory_bytes,
        };
        p->tasks[run->index].is_known = true;
        p->tasks[run->index].is_recorded = false;
        return 0;
}

/* NULL for no bytes; *error is set when memory is out. */
static char *text_of(struct bytes b, int *error) {
        char *text = b.len > 0 ? text_dup_n(b.data, b.len) : NULL;

        if (b.len > 0 && !text)
                *error = -ENOMEM;
        return text;
}

int progress_frame_task_run(struct progress *p, const struct frame_task_run *f) {
        int r = 0;
        _cleanup_free_ char *task_id = text_of(f->task_id, &r), *task_type = text_of(f->task_type, &r);
        _cleanup_free_ char *value = text_of(f->value, &r), *outputs = text_of(f->outputs, &r);
        _cleanup_free_ char *error = text_of(f->error, &r);

        if (r < 0)
                return r;
        return progress_put(p, &(struct store_task_run){
                .index = f->index, .parent = f->parent, .task_id = task_id, .task_type = task_type, .value = value,
                .state = f->state, .attempts = f->attempts, .start_usec = f->start_usec, .end_usec = f->end_usec,
                .outputs = outputs, .error = error, .cpu_usec = f->cpu_usec, .memory_bytes = f->memory_bytes,
        });
}

const struct progress_task *progress_task(const struct progress *p, uint32_t index) {
        return index < p->task_count && p->tasks[index].is_known ? &p->tasks[index] : NULL;
}

int progress_name(const struct progress *p, uint32_t index, struct buf *out) {
        const struct progress_task *t = progress_task(p, index);
        const char *id = t && t->run.task_id ? t->run.task_id : "flow";

        clean_put(out, id, strlen(id));
        if (t && t->run.value) {
                buf_append_str(out, " = ");
                clean_put(out, t->run.value, strlen(t->run.value));
        }
        return buf_error(out);
}

/* --- the log --------------------------------------------------------------------------------------------------------- */

static int keep_last_line(struct progress *p, const struct frame_log *f) {
        struct progress_task *t = f->task_run < p->task_count ? &p->tasks[f->task_run] : NULL;
        char *line;

        if (!t || f->text.len == 0)
                return 0;
        line = text_dup_n(f->text.data, MIN(f->text.len, (size_t)LAST_LINE_BYTES_MAX));
        if (!line)
                return -ENOMEM;
        free(t->last_line);
        t->last_line = line;
        return 0;
}

static int reserve_log(struct progress *p) {
        size_t capacity = p->log_capacity ? p->log_capacity * 2 : 64;
        struct store_log *logs;

        if (p->log_count < p->log_capacity)
                return 0;
        logs = reallocarray(p->logs, capacity, sizeof(*logs));
        if (!logs)
                return -ENOMEM;
        p->logs = logs;
        p->log_capacity = capacity;
        return 0;
}

static int add_log(struct progress *p, const struct frame_log *f, int level, const char *text, size_t len) {
        char *copy = text_dup_n(text, len);

        if (!copy || reserve_log(p) < 0) {
                free(copy);
                return -ENOMEM;
        }
        p->logs[p->log_count++] = (struct store_log){
                .execution_id = p->id, .task_run = f->task_run, .level = level, .time_usec = f->time_usec,
                .text = copy, .text_len = len,
        };
        return 0;
}

/* Like the agent's record: the line that does not fit any more is replaced by a remark, and those behind it are dropped. */
static int keep_log(struct progress *p, const struct frame_log *f) {
        static const char left_out[] = "(further log lines of this execution are not kept: limits.logBytes)";
        const uint64_t cost = f->text.len + FRAME_LOG_LINE_COST;

        if (p->is_log_cut)
                return 0;
        if (cost >= p->log_budget) {
                p->is_log_cut = true;
                return add_log(p, f, LOG_WARNING, left_out, sizeof(left_out) - 1);
        }
        p->log_budget -= cost;
        return add_log(p, f, f->level, f->text.data, f->text.len);
}

int progress_frame_log(struct progress *p, const struct frame_log *f) {
        int r = keep_last_line(p, f);

        return r < 0 ? r : keep_log(p, f);
}

/* --- the tree -------------------------------------------------------------------------------------------------------- */

/* A task run starts after its parent, so a parent has the lower index; anything else stands at the top. */
static uint32_t parent_of(const struct progress *p, uint32_t index) {
        uint32_t parent = p->tasks[index].run.parent;

        return parent < index && p->tasks[parent].is_known ? parent : NONE;
}

/* Fills first[] (of each task run and, in the last place, of the top) and next[] with what comes below and beside. */
static void link_tree(const struct progress *p, uint32_t *first, uint32_t *next) {
        size_t top = p->task_count;

        for (size_t i = 0; i <= top; i++)
                first[i] = next[i] = NONE;
        for (size_t i = top; i > 0; i--) {
                uint32_t index = (uint32_t)(i - 1);
                size_t above;

                if (!p->tasks[index].is_known)
                        continue;
                above = parent_of(p, index) == NONE ? top : parent_of(p, index);
                next[index] = first[above];
                first[above] = index;
        }
}

static size_t walk_tree(const struct progress *p, const uint32_t *first, const uint32_t *next, struct progress_place *places) {
        uint32_t at = first[p->task_count];
        unsigned depth = 0;
        size_t count = 0;

        while (at != NONE) {
                places[count++] = (struct progress_place){ at, depth };
                if (first[at] != NONE) {
                        at = first[at];
                        depth++;
                        continue;
                }
                while (at != NONE && next[at] == NONE) {
                        at = parent_of(p, at);
                        depth -= depth > 0;
                }
                at = at == NONE ? NONE : next[at];
        }
        return count;
}

struct progress_place *progress_order(const struct progress *p, size_t *ret_count) {
        _cleanup_free_ uint32_t *first = calloc(p->task_count + 1, sizeof(*first));
        _cleanup_free_ uint32_t *next = calloc(p->task_count + 1, sizeof(*next));
        struct progress_place *places = calloc(p->task_count + 1, sizeof(*places));

        if (!first || !next || !places) {
                free(places);
                return NULL;
        }
        link_tree(p, first, next);
        *ret_count = walk_tree(p, first, next, places);
        return places;
}
