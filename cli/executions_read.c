/* SPDX-License-Identifier: Apache-2.0 */
/* An execution's record, whole: what each way of looking at one begins with. */
#include "cli/executions.h"

#include <errno.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "common/base/text.h"

int executions_fail(const struct store_reader *reader, int error) {
        return complain("executions", EXIT_FAILED, "the store cannot be read: %s",
                        error == -ENOMEM ? "out of memory" : store_reader_problem(reader));
}

static int put_task_run(void *userdata, const struct store_task_run *t) {
        return progress_put(userdata, t);
}

static char *copy(const char *text, int *error) {
        char *own = text_dup(text);

        if (text && !own)
                *error = -ENOMEM;
        return own;
}

static int copy_record(void *userdata, const struct store_record *from) {
        struct store_record *to = userdata;
        int r = 0;

        *to = *from;
        to->flow = copy(from->flow, &r);
        to->trigger = copy(from->trigger, &r);
        to->queue_url = copy(from->queue_url, &r);
        to->error = copy(from->error, &r);
        to->messages = copy(from->messages, &r);
        to->outputs = copy(from->outputs, &r);
        to->input = copy(from->input, &r);
        return r;
}

void executions_record_done(struct store_record *r) {
        free((char *)r->flow);
        free((char *)r->trigger);
        free((char *)r->queue_url);
        free((char *)r->error);
        free((char *)r->messages);
        free((char *)r->outputs);
        free((char *)r->input);
        *r = (struct store_record){ 0 };
}

int executions_read(struct store_reader *reader, uint64_t id, struct progress *progress, struct store_record *ret) {
        struct store_record record = { 0 };
        int r = store_reader_get(reader, id, copy_record, &record);

        if (r == 0) {
                progress->id = id;
                progress->start_usec = record.start_usec;
                r = store_reader_task_runs(reader, id, put_task_run, progress);
        }
        if (r < 0) {
                executions_record_done(&record);
                return r;
        }
        *ret = record;
        return 0;
}
