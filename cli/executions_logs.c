/* SPDX-License-Identifier: Apache-2.0 */
/* Log lines name their task run by its index; the names are read first, and again when a new index turns up. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/cli.h"
#include "cli/executions.h"
#include "cli/records.h"
#include "cli/run_record.h"
#include "cli/terminal.h"
#include "common/base/clock.h"
#include "common/base/json.h"
#include "common/base/text.h"

#define FOLLOW_MSEC 250

struct logs {
        struct store_reader *reader;
        const struct executions_options *o;
        uint64_t id, now_usec;
        bool colour;
        char **names;      /* by index; an entry may be "" */
        size_t name_count;
        enum run_state state;
};

static int take_name(void *userdata, const struct store_task_run *t) {
        struct logs *l = userdata;

        while (l->name_count <= t->index) {
                if (text_list_add(&l->names, l->name_count == t->index && t->task_id ? t->task_id : "") < 0)
                        return -ENOMEM;
                l->name_count++;
        }
        return 0;
}

static const char *name_of(struct logs *l, uint32_t index) {
        if (index != UINT32_MAX && index >= l->name_count) {
                l->names = text_list_free(l->names);
                l->name_count = 0;
                (void)store_reader_task_runs(l->reader, l->id, take_name, l);
        }
        return index < l->name_count ? l->names[index] : NULL;
}

static int print_line_json(const struct store_log *line, const char *task) {
        _cleanup_value_ struct value *v = log_json(line, task);
        _cleanup_(buf_done) struct buf text = BUF_INIT(0);
        int r = put_json(&text, v, JSON_COMPACT);

        if (r == 0)
                (void)puts(text.data);
        return r;
}

static int print_line(void *userdata, const struct store_log *line) {
        struct logs *l = userdata;
        const char *task = name_of(l, line->task_run);
        struct buf text = BUF_INIT(0);
        char time[32];
        int r;

        if (l->o->task && !text_eq(l->o->task, task))
                return 0;
        if (l->o->json)
                return print_line_json(line, task);
        time_text(line->time_usec, l->now_usec, time);
        style_put(&text, l->colour, STYLE_DIM, time, strlen(time));
        buf_appendf(&text, "  %-5s  ", level_name(line->level));
        clean_put(&text, task ? task : "-", task ? strlen(task) : 1);
        buf_append_str(&text, "  ");
        r = clean_put(&text, line->text, line->text_len);
        if (r == 0)
                (void)puts(text.data);
        buf_done(&text);
        return r;
}

static int take_state(void *userdata, const struct store_record *r) {
        struct logs *l = userdata;

        l->state = r->state;
        return 0;
}

static int print_all(struct logs *l, const struct store_log_filter *filter) {
        static const char *const deaths[] = {
                [RUN_OWNER_LIVES] = NULL,
                [RUN_OWNER_RUN_DIED] = "the 'sqsflow run' of this execution was killed",
                [RUN_OWNER_AGENT_DIED] = "the agent that ran this execution is gone; its next start marks it KILLED",
        };
        const struct timespec pause = { .tv_nsec = FOLLOW_MSEC * 1000000L };
        uint64_t position = 0;
        enum run_owner owner = RUN_OWNER_LIVES;
        bool is_over;
        int r;

        do {
                /* In this order: what is logged before the end is read after it was seen, and so is the end before a death. */
                if (l->o->follow)
                        owner = run_record_owner(l->o->state_folder, l->id);
                r = store_reader_get(l->reader, l->id, take_state, l);
                if (r < 0 && r != -ENOENT)
                        return r;
                /* A success that is not kept is gone with its end. */
                is_over = !l->o->follow || deaths[owner] || r == -ENOENT || run_state_is_final(l->state);
                r = store_reader_logs(l->reader, l->id, filter, &position, print_line, l);
                if (r < 0)
                        return r;
                (void)fflush(stdout);
        } while (!is_over && nanosleep(&pause, NULL) == 0);
        if (deaths[owner] && !run_state_is_final(l->state))
                (void)complain("executions", 0, "%s", deaths[owner]);
        return 0;
}

int executions_logs(struct store_reader *reader, const struct executions_options *o, uint64_t id) {
        struct logs l = { .reader = reader, .o = o, .id = id, .now_usec = clock_realtime_usec(),
                          .colour = terminal_has_colour(stdout) };
        const struct store_log_filter filter = { .task_run = UINT32_MAX, .level_max = o->level_max };
        int r = print_all(&l, &filter);

        text_list_free(l.names);
        return r < 0 ? executions_fail(reader, r) : EXIT_OK;
}
