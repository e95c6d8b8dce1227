/* SPDX-License-Identifier: Apache-2.0 */
/* One JSON object per line, each with "event": its kind (`sqsflow run --help` has the list). The last one sums up, so
 * that whoever wants only the result reads one line. */
#include <errno.h>

#include "cli/cli.h"
#include "cli/line_queue.h"
#include "cli/records.h"
#include "cli/run_view.h"
#include "common/base/clock.h"
#include "common/base/ident.h"
#include "common/base/json.h"

struct events {
        struct run_view view; /* first */
        struct line_queue lines;
};

/* Takes the value over; NULL: out of memory. The kind comes first, so that people find it. */
static int add_event(struct events *v, const char *kind, uint64_t usec, struct value *members) {
        _cleanup_value_ struct value *event = value_new_map();
        struct buf line = BUF_INIT(0);
        int r = event && members ? value_map_put(event, "event", value_new_string(kind)) : -ENOMEM;

        for (size_t i = 0; r == 0 && i < value_count(members); i++)
                r = value_map_put(event, value_map_key_at(members, i), value_ref(value_map_at(members, i)));
        value_unref(members);
        if (r == 0)
                r = put_json(&line, event, JSON_COMPACT);
        if (r == 0)
                return line_queue_add(&v->lines, usec, &line);
        buf_done(&line);
        return r;
}

static int start(struct run_view *view) {
        const struct run_subject *s = &view->subject;
        struct value *v = value_new_map();
        char id[IDENT_TEXT_SIZE];
        struct buf flow = BUF_INIT(0);

        buf_appendf(&flow, "%s.%s", s->flow->namespace, s->flow->id);
        if (v) {
                value_map_put(v, "id", value_new_string(ident_format(s->progress->id, id)));
                value_map_put(v, "flow", text_json(flow.data));
                value_map_put(v, "startedAt", time_json(s->progress->start_usec));
                value_map_put(v, "store", text_json(s->store));
                value_map_put(v, "folder", text_json(s->folder));
        }
        buf_done(&flow);
        return add_event((struct events *)view, "start", s->progress->start_usec, v);
}

static int task_run(struct run_view *view, uint32_t index, bool has_changed) {
        const struct store_task_run *t = &progress_task(view->subject.progress, index)->run;

        return add_event((struct events *)view, "task", t->end_usec ? t->end_usec : t->start_usec, task_run_json(t));
}

static int log_line(struct run_view *view, const struct frame_log *f) {
        const struct progress_task *t = progress_task(view->subject.progress, f->task_run);
        const struct store_log line = { .task_run = f->task_run, .level = f->level, .time_usec = f->time_usec,
                                        .text = f->text.data, .text_len = f->text.len };

        return add_event((struct events *)view, "log", f->time_usec, log_json(&line, t ? t->run.task_id : NULL));
}

static int say(struct run_view *view, const char *text) {
        uint64_t now_usec = clock_realtime_usec();
        struct value *v = value_new_map();

        if (v) {
                value_map_put(v, "at", time_json(now_usec));
                value_map_put(v, "text", value_new_string(text));
        }
        return add_event((struct events *)view, "notice", now_usec, v);
}

static void flush(struct run_view *view) {
        line_queue_print(&((struct events *)view)->lines);
}

static int end(struct run_view *view, const struct run_end *end) {
        const struct progress *p = view->subject.progress;
        struct value *v = record_json(&end->record), *tasks = value_new_list();
        int r;

        for (size_t i = 0; tasks && i < p->task_count; i++)
                if (p->tasks[i].is_known)
                        (void)value_list_add(tasks, task_run_json(&p->tasks[i].run));
        if (v) {
                value_map_put(v, "outputs", parsed_json(end->record.outputs));
                value_map_put(v, "batchItemFailures", parsed_json(end->batch_failures));
                value_map_put(v, "recorded", value_new_bool(view->subject.store && !end->unrecorded));
                value_map_put(v, "store", text_json(view->subject.store));
                value_map_put(v, "folder", text_json(end->is_folder_kept ? view->subject.folder : NULL));
                value_map_put(v, "files", run_view_files(view, end));
                value_map_put(v, "taskRuns", value_ref(tasks));
        }
        value_unref(tasks);
        flush(view);
        r = add_event((struct events *)view, "end", end->record.end_usec, v);
        flush(view);
        return r;
}

static void events_free(struct run_view *view) {
        line_queue_done(&((struct events *)view)->lines);
        free(view);
}

struct run_view *run_view_new_events(const struct run_subject *subject) {
        static const struct run_view_ops ops = { .start = start, .task_run = task_run, .log = log_line, .say = say,
                                                 .flush = flush, .end = end, .free = events_free };
        struct events *v = calloc(1, sizeof(*v));

        if (!v)
                return NULL;
        v->view = (struct run_view){ &ops, *subject };
        return &v->view;
}
