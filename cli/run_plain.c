/* SPDX-License-Identifier: Apache-2.0 */
/* A line for each change of a task run's state and for each log line: time, state or level, task, text. */
#include <errno.h>
#include <string.h>

#include "cli/line_queue.h"
#include "cli/records.h"
#include "cli/run_view.h"
#include "cli/terminal.h"
#include "common/base/clock.h"

#define NAME_COLUMNS_MAX 32u
#define WORD_COLUMNS 9u
#define DEPTH_MAX 16u

struct plain {
        struct run_view view; /* first */
        struct canvas canvas;
        unsigned name_columns;
        struct line_queue lines;
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

/* --- lines ----------------------------------------------------------------------------------------------------------- */

static unsigned task_depth(const struct progress *p, uint32_t index) {
        const struct progress_task *t;
        unsigned depth = 0;

        while ((t = progress_task(p, index)) && progress_task(p, t->run.parent) && depth < DEPTH_MAX) {
                index = t->run.parent;
                depth++;
        }
        return depth;
}

/* Names are not cut here: whoever reads a file wants them whole. */
static void put_name(const struct plain *v, struct buf *line, uint32_t index) {
        struct buf name = BUF_INIT(0);

        for (unsigned i = task_depth(v->view.subject.progress, index); i > 0; i--)
                buf_append_str(&name, "  ");
        if (progress_name(v->view.subject.progress, index, &name) == 0) {
                size_t columns = text_columns(name.data, name.len);

                fit_put(line, &v->canvas, name.data, name.len, MAX(columns, (size_t)v->name_columns), true);
        }
        buf_done(&name);
}

static void put_prefix(const struct plain *v, struct buf *line, uint64_t usec, enum style style, const char *word,
                       uint32_t index) {
        struct buf padded = BUF_INIT(0);
        char time[32];

        time_text(usec, usec, time);
        style_put(line, v->canvas.colour, STYLE_DIM, time, strlen(time));
        buf_append_str(line, "  ");
        if (fit_put(&padded, &v->canvas, word, strlen(word), WORD_COLUMNS, true) == 0)
                style_put(line, v->canvas.colour, style, padded.data, padded.len);
        buf_done(&padded);
        put_name(v, line, index);
        buf_append_str(line, "  ");
}

static int show_task_run(struct run_view *view, uint32_t index, bool has_changed) {
        struct plain *v = (struct plain *)view;
        const struct store_task_run *t = &progress_task(view->subject.progress, index)->run;
        uint64_t usec = t->end_usec ? t->end_usec : t->start_usec;
        struct buf line = BUF_INIT(0);
        char took[48];

        if (!has_changed)
                return 0;
        put_prefix(v, &line, usec, style_of_state(t->state), run_state_name(t->state), index);
        if (t->end_usec)
                buf_append_str(&line, duration_text(t->start_usec, t->end_usec, 0, took));
        if (t->attempts > 1)
                buf_appendf(&line, "  %u attempts", t->attempts);
        if (t->error) {
                buf_append_str(&line, "  ");
                clean_put(&line, t->error, strlen(t->error));
        }
        return line_queue_add(&v->lines, usec, &line);
}

static int show_log(struct run_view *view, const struct frame_log *f) {
        struct plain *v = (struct plain *)view;
        struct buf line = BUF_INIT(0);

        put_prefix(v, &line, f->time_usec, style_of_level(f->level), level_name(f->level), f->task_run);
        clean_put(&line, f->text.data, f->text.len);
        return line_queue_add(&v->lines, f->time_usec, &line);
}

static int say(struct run_view *view, const char *text) {
        struct plain *v = (struct plain *)view;
        uint64_t now_usec = clock_realtime_usec();
        struct buf line = BUF_INIT(0);

        put_prefix(v, &line, now_usec, STYLE_WARNING, "", FRAME_NO_PARENT);
        buf_append_str(&line, text);
        return line_queue_add(&v->lines, now_usec, &line);
}

static void flush(struct run_view *view) {
        line_queue_print(&((struct plain *)view)->lines);
}

static int show_end(struct run_view *view, const struct run_end *end) {
        flush(view);
        return run_view_print_end(view, end);
}

/* --- life ------------------------------------------------------------------------------------------------------------ */

static int start(struct run_view *view) {
        return 0;
}

static void plain_free(struct run_view *view) {
        line_queue_done(&((struct plain *)view)->lines);
        free(view);
}

struct run_view *run_view_new_plain(const struct run_subject *subject) {
        static const struct run_view_ops ops = { .start = start, .task_run = show_task_run, .log = show_log, .say = say,
                                                 .flush = flush, .end = show_end, .free = plain_free };
        struct plain *v = calloc(1, sizeof(*v));

        if (!v)
                return NULL;
        v->view = (struct run_view){ &ops, *subject };
        v->canvas = terminal_canvas();
        v->name_columns = flow_columns(subject->flow);
        return &v->view;
}
