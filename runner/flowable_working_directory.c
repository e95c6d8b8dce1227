/* SPDX-License-Identifier: Apache-2.0 */
/* WorkingDirectory: tasks one after another in a folder of their own, which goes with the attempt. It stands beside the
 * execution's working directory, so that another task's outputFiles does not see it. `inputFiles` are in it before the
 * first task; `outputFiles` are kept at the end, also when a task failed. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "common/base/text.h"
#include "runner/execution.h"
#include "runner/flowable.h"
#include "runner/input_files.h"
#include "runner/output_files.h"
#include "runner/render.h"
#include "runner/task_run.h"

struct working_directory {
        struct folder folder;       /* what run->shared points to */
        char id[48];                /* its name: no other run and no other attempt has it */
        struct value *output_files; /* rendered patterns; NULL: none */
};

static int keep_files(struct task_run *run, struct working_directory *d, char **ret_problem) {
        _cleanup_value_ struct value *outputs = value_new_map();
        struct value *files = NULL;
        int r = outputs ? output_files_keep(run->execution, d->folder.work_fd, d->output_files, &files, ret_problem) : -ENOMEM;

        if (r == 0)
                r = value_map_put(outputs, "outputFiles", files);
        if (r == 0)
                run->outputs = TAKE_PTR(outputs);
        return r;
}

static int on_over(struct task_run *run, enum run_state state) {
        struct working_directory *d = CONTAINER_OF(run->shared, struct working_directory, folder);
        _cleanup_free_ char *problem = NULL;
        int r;

        if (!d->output_files || state == RUN_KILLED)
                return 0;
        r = keep_files(run, d, &problem);
        if (r == 0)
                return 0;
        if (state == RUN_FAILED) { /* the task's failure is the one to be told */
                execution_logf(run->execution, run, LOG_WARNING, "outputFiles: %s", problem ? problem : "out of memory");
                return 0;
        }
        task_run_fail(run, NULL, "outputFiles: %s", problem ? problem : "out of memory");
        return r;
}

/* On failure the attempt has been failed. */
static int make_folder(struct task_run *run) {
        struct working_directory *d = calloc(1, sizeof(*d));
        int r;

        if (!d) {
                task_run_fail(run, NULL, "out of memory");
                return -ENOMEM;
        }
        (void)snprintf(d->id, sizeof(d->id), "directory-%u.%u", (unsigned)run->index, run->attempts);
        d->folder = (struct folder){ .outer = &run->execution->top->folder, .id = d->id, .top_fd = -1, .work_fd = -1 };
        run->shared = &d->folder;
        r = folder_make(&d->folder);
        if (r < 0)
                task_run_fail(run, NULL, "the tasks' folder cannot be made: %s", strerror(-r));
        return r;
}

/* On failure the attempt has been failed. */
static int prepare(struct task_run *run) {
        struct working_directory *d = CONTAINER_OF(run->shared, struct working_directory, folder);
        _cleanup_value_ struct value *files = NULL;
        _cleanup_free_ char *problem = NULL;
        int r = render_property(run, "outputFiles", RENDER_TEXT, &d->output_files);

        if (r == 0)
                r = render_property(run, "inputFiles", RENDER_TEXT, &files);
        if (r < 0 || !files)
                return r;
        r = input_files_write(run->execution, d->folder.work_fd, files, &problem);
        if (r < 0)
                task_run_fail(run, NULL, "inputFiles: %s", problem ? problem : strerror(-r));
        return r;
}

void flowable_working_directory_start(struct task_run *run) {
        struct flowable *f = flowable_new(run);

        if (!f || make_folder(run) < 0 || prepare(run) < 0)
                return;
        f->on_over = on_over;
        flowable_start(f, flowable_branch(run->task, "tasks"));
}

void flowable_working_directory_free(struct task_run *run) {
        struct working_directory *d;

        flowable_free(run);
        if (!run->shared)
                return;
        d = CONTAINER_OF(run->shared, struct working_directory, folder);
        folder_done(&d->folder, false);
        value_unref(d->output_files);
        free(d);
        run->shared = NULL;
}
