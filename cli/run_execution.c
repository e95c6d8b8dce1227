/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/run_execution.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "cli/own_state.h"
#include "cli/run_flows.h"
#include "cli/run_record.h"
#include "cli/run_view.h"
#include "cli/terminal.h"
#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/base/hide.h"
#include "common/base/ident.h"
#include "common/base/spawn.h"
#include "common/base/text.h"
#include "common/link/calls.h"
#include "common/link/runner_folder.h"
#include "common/link/runner_link.h"

#define SWEEP_AFTER_USEC USEC_PER_MINUTE

struct run {
        const struct run_request *request;
        sd_event *event;
        sd_event_source *flush; /* once per turn, after the frames of it */
        struct runner_link *link;
        pid_t runner;              /* 0: none */
        bool adopts;               /* what a runner leaves that was killed */
        struct run_flows flows;
        struct places places;      /* of flows that have a limit: it holds within this run */
        struct place place;        /* the flow's own */
        struct calls calls;
        struct progress progress;
        struct run_view *view;
        struct run_record *record; /* NULL: nowhere to record */
        char *flow_name;           /* "namespace.id" */
        char *state_folder;        /* NULL: nothing names one */
        char *folder;              /* parent of the working directory */
        bool is_folder_temporary;
        bool cancelled, over;
        enum run_state state;      /* from here on: what END said; afterExecution may go on behind it */
        uint64_t end_usec;         /* 0: it has not ended */
        uint64_t cpu_usec, memory_bytes;
        char *outputs, *error, *failures;
};

/* --- while it runs --------------------------------------------------------------------------------------------------- */

static char *text_of(struct bytes b) {
        return b.len > 0 ? text_dup_n(b.data, b.len) : NULL;
}

static void leave(struct run *run) {
        run->over = true;
        sd_event_exit(run->event, 0);
}

/* 0: the end, and all that came before, is on disk. What fails is told by show_end(). */
static int record_end(struct run *run) {
        const struct store_end ended = { .execution_id = run->progress.id, .state = run->state, .end_usec = run->end_usec,
                                         .outputs = run->outputs, .error = run->error,
                                         .cpu_usec = run->cpu_usec, .memory_bytes = run->memory_bytes };

        return run->record ? run_record_end(run->record, &ended) : -ENOENT;
}

/* Messages that its tasks consumed are deleted only behind a recorded success (P1). */
static int settle(struct run *run) {
        bool success = run_state_settles_message(run->state);
        int r = record_end(run);

        if (success && r < 0)
                (void)run_view_say(run->view, "the end cannot be recorded: messages that it consumed go back to their queue");
        r = runner_link_settle(run->link, run->progress.id, success && r == 0);
        return r < 0 ? r : runner_link_flush(run->link);
}

static void end(struct run *run, const struct frame_end *f) {
        run->state = f->state;
        run->end_usec = clock_realtime_usec();
        run->cpu_usec = f->cpu_usec;
        run->memory_bytes = f->memory_bytes;
        run->outputs = text_of(f->outputs);
        run->error = text_of(f->error);
        run->failures = text_of(f->batch_failures);
        /* what goes on waits for a word on the end; a runner that does not listen ends with its link */
        if (!f->goes_on || settle(run) < 0)
                leave(run);
}

static void end_without_runner(struct run *run, const char *reason) {
        if (run->end_usec > 0) { /* it had ended; only afterExecution is cut off */
                (void)run_view_say(run->view, "afterExecution did not end");
                leave(run);
                return;
        }
        end(run, &(struct frame_end){ .execution_id = run->progress.id, .state = run->cancelled ? RUN_KILLED : RUN_FAILED,
                                      .error = { reason, strlen(reason) } });
}

static int take_task_run(struct run *run, const struct frame_task_run *f) {
        const struct progress_task *before = progress_task(&run->progress, f->index);
        bool has_changed = !before || before->run.state != f->state;
        int r = progress_frame_task_run(&run->progress, f);

        run_record_changed(run->record);
        return r < 0 ? r : run_view_task_run(run->view, f->index, has_changed);
}

static int take_log(struct run *run, const struct frame_log *f) {
        int r = progress_frame_log(&run->progress, f);

        run_record_changed(run->record);
        return r < 0 ? r : run_view_log(run->view, f);
}

/* A task calls a flow that has a limit, or what it called is over. */
static int take_place(struct run *run, const struct frame *frame) {
        int r = 0;

        if (frame->kind == FRAME_PLACE_LEFT)
                calls_leave(&run->calls, &frame->place);
        else
                r = calls_ask(&run->calls, &run->place, &frame->place);
        calls_answer(&run->places);
        return r;
}

static void on_frame(void *userdata, struct runner_link *link, const struct frame *frame) {
        struct run *run = userdata;
        int r = 0;

        if (run->over)
                return;
        if (frame->kind == FRAME_TASK_RUN)
                r = take_task_run(run, &frame->task_run);
        else if (frame->kind == FRAME_LOG)
                r = take_log(run, &frame->log);
        else if (frame->kind == FRAME_END && frame->end.execution_id == run->progress.id)
                end(run, &frame->end);
        else if (frame->kind == FRAME_DONE && frame->done == run->progress.id)
                leave(run);
        else if (frame->kind == FRAME_FLOW_WANTED)
                r = run_flows_answer(&run->flows, link, &frame->flow);
        else if (frame->kind == FRAME_PLACE_WANTED || frame->kind == FRAME_PLACE_LEFT)
                r = take_place(run, frame);
        if (r < 0)
                end_without_runner(run, "out of memory");
        else
                (void)sd_event_source_set_enabled(run->flush, SD_EVENT_ONESHOT);
}

static int on_flush(sd_event_source *source, void *userdata) {
        struct run *run = userdata;

        run_view_flush(run->view);
        return 0;
}

static void on_gone(void *userdata, struct runner_link *link, int status) {
        struct run *run = userdata;
        char reason[80];

        if (run->adopts) /* what it would have ended */
                (void)spawn_reap_strays(NULL, 0);
        if (run->over)
                return;
        if (WIFSIGNALED(status))
                (void)snprintf(reason, sizeof(reason), "the runner was killed by signal %d", WTERMSIG(status));
        else
                (void)snprintf(reason, sizeof(reason), "the runner ended with status %d", WEXITSTATUS(status));
        end_without_runner(run, reason);
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata) {
        struct run *run = userdata;

        if (run->over)
                return 0;
        if (run->cancelled) {
                end_without_runner(run, "killed");
                return 0;
        }
        run->cancelled = true;
        (void)run_view_say(run->view, "cancelling; once more to kill");
        run_view_flush(run->view);
        if (runner_link_cancel(run->link, run->progress.id) < 0 || runner_link_flush(run->link) < 0)
                end_without_runner(run, "the runner does not listen");
        return 0;
}

/* --- starting -------------------------------------------------------------------------------------------------------- */

static int open_loop(struct run *run) {
        static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
        sigset_t mask;
        int r = sd_event_new(&run->event);

        sigemptyset(&mask);
        for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
                sigaddset(&mask, signals[i]);
        if (r < 0 || sigprocmask(SIG_BLOCK, &mask, NULL) < 0)
                return r < 0 ? r : -errno;
        for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(signals); i++)
                r = sd_event_add_signal(run->event, NULL, signals[i], on_signal, run);
        if (r >= 0)
                r = sd_event_add_defer(run->event, &run->flush, on_flush, run);
        if (r >= 0)
                r = sd_event_source_set_priority(run->flush, SD_EVENT_PRIORITY_IDLE);
        if (r >= 0)
                r = sd_event_source_set_enabled(run->flush, SD_EVENT_OFF);
        return r < 0 ? r : 0;
}

static void on_answer(void *userdata) {
        const struct run *run = userdata;

        (void)runner_link_flush(run->link); /* its end is told by on_gone() */
}

/* It has a place of its own flow; what its tasks call asks for others. */
static int count_itself(struct run *run) {
        struct place_flow *own = places_flow(&run->places, run->flow_name);

        if (!own)
                return -ENOMEM;
        place_take(&run->place, own);
        run->calls = (struct calls){ .places = &run->places, .link = run->link, .on_answer = on_answer, .userdata = run };
        return 0;
}

static int start_runner(struct run *run) {
        static const struct runner_link_handlers handlers = { .on_frame = on_frame, .on_gone = on_gone };
        const struct run_request *q = run->request;
        const char *program = q->runner ? q->runner : q->config->runner;
        _cleanup_(text_list_freep) char **environment = NULL;
        int r = runner_environment(q->config->task_credentials == TASK_CREDENTIALS_ENVIRONMENT, &environment);

        run->adopts = spawn_hold_all() == 0 && spawn_become_subreaper() == 0;
        if (r == 0)
                r = runner_link_new(run->event, program, environment, NULL, &handlers, run, &run->link);
        if (r == 0) {
                run->runner = runner_link_pid(run->link);
                r = count_itself(run);
        }
        return r < 0 ? complain(q->verb, EXIT_FAILED, "%s cannot be started: %s", program, strerror(-r)) : 0;
}

static int find_temporary_folder(struct run *run) {
        const char *temporary = getenv("TMPDIR");
        _cleanup_free_ char *folder = path_absolute(temporary && *temporary ? temporary : "/tmp"); /* tasks work elsewhere */

        run->folder = folder ? path_join(folder, "sqsflow-run-XXXXXX") : NULL; /* the X are mkdtemp()'s */
        if (!run->folder)
                return -ENOMEM;
        if (!mkdtemp(run->folder))
                return -errno;
        run->is_folder_temporary = true;
        return 0;
}

static int find_given_folder(struct run *run, const char *folder) {
        int r = dir_make_all(folder, 0700);

        if (r < 0)
                return r;
        run->folder = realpath(folder, NULL);
        return run->folder ? 0 : -errno;
}

/* Without a state folder that can be written, the flow still runs. */
static int find_folder(struct run *run) {
        const char *given = run->request->folder;
        int r = given ? find_given_folder(run, given) : run->state_folder ? 0 : -ENOENT;

        if (!given && r == 0) {
                run->folder = path_join(run->state_folder, "executions");
                r = run->folder ? dir_make_all(run->folder, 0700) : -ENOMEM;
        }
        if (!given && r < 0 && r != -ENOMEM) {
                free(TAKE_PTR(run->folder));
                r = find_temporary_folder(run);
        }
        return r < 0 ? complain(run->request->verb, EXIT_FAILED, "%s: no working directory can be made: %s",
                                given ? given : "the state folder and $TMPDIR", strerror(-r))
                     : 0;
}

static int record_start(struct run *run) {
        const struct store_execution start = {
                .id = run->progress.id, .flow = run->flow_name, .flow_revision = run->request->flow->revision,
                .trigger = run->request->trigger, .start_usec = run->progress.start_usec, .input = run->request->input,
        };

        if (!run->state_folder)
                return 0;
        run->record = run_record_begin(run->state_folder, &start, &run->progress, run->event);
        return run->record ? 0 : -ENOMEM;
}

static int open_view(struct run *run) {
        const struct run_subject subject = {
                .flow = run->request->flow, .progress = &run->progress, .folder = run->folder,
                .is_folder_temporary = run->is_folder_temporary,
                .store = run->record ? run_record_store(run->record) : NULL,
        };
        enum run_show show = run->request->show;

        if (show == RUN_SHOW_EVENTS)
                run->view = run_view_new_events(&subject);
        else if (show == RUN_SHOW_AUTO && terminal_is_live())
                run->view = run_view_new_live(&subject, run->event);
        else
                run->view = run_view_new_plain(&subject);
        return run->view ? run_view_start(run->view) : -ENOMEM;
}

static struct bytes bytes_of(const char *text) {
        return (struct bytes){ text, text ? strlen(text) : 0 };
}

static int start_execution(struct run *run) {
        const struct run_request *q = run->request;
        struct frame_execute frame = *q->frame;
        int r = runner_link_pid(run->link) > 0 ? 0 : -ESRCH;

        frame.execution_id = run->progress.id;
        frame.revision = q->flow->revision;
        frame.start_usec = run->progress.start_usec;
        frame.folder = (struct bytes){ run->folder, strlen(run->folder) };
        frame.keep_folder = q->folder ? KEEP_FOLDER_FROM_START : KEEP_FOLDER_NEVER;
        frame.umask = q->config->task_umask;
        frame.data_bytes = q->config->limits.task.memory_bytes;
        frame.log_bytes = q->config->limits.log_bytes;
        frame.files_max_bytes = q->config->limits.file_bytes;
        frame.secrets_folder = bytes_of(q->config->secrets);
        frame.task_credentials = q->config->task_credentials == TASK_CREDENTIALS_ENVIRONMENT;
        frame.aws_region = bytes_of(q->config->aws.region);
        frame.aws_endpoint = bytes_of(q->config->aws.endpoint);
        frame.aws_ca_bundle = bytes_of(q->config->aws.ca_bundle);
        if (r == 0)
                r = runner_link_execute(run->link, q->flow, &q->config->security, &frame);
        return r == 0 ? runner_link_flush(run->link) : r;
}

/* --- the end --------------------------------------------------------------------------------------------------------- */

static int show_end(struct run *run) {
        const char *unrecorded = run->record ? run_record_problem(run->record)
                                             : "neither HOME nor SQSFLOW_STATE says where";
        const struct run_end shown = {
                .record = { .id = run->progress.id, .flow = run->flow_name, .flow_revision = run->request->flow->revision,
                            .trigger = run->request->trigger, .state = run->state, .start_usec = run->progress.start_usec,
                            .end_usec = run->end_usec, .error = run->error, .outputs = run->outputs,
                            .cpu_usec = run->cpu_usec, .memory_bytes = run->memory_bytes },
                .batch_failures = run->failures,
                .unrecorded = unrecorded,
                .is_folder_kept = run->request->folder != NULL,
        };

        return run_view_end(run->view, &shown);
}

/* The person's own store, and the executions' folders beside it, grow old as the agent's do. */
static void retain(struct run *run) {
        const char *executions = run->request->folder || run->is_folder_temporary ? NULL : run->folder;
        uint64_t age_usec = run->request->config->history.max_age_usec, now_usec = clock_realtime_usec();

        run_record_retain(run->record, executions, usec_sub(now_usec, age_usec));
        if (executions) /* where run and runner were killed together */
                (void)runner_folders_sweep(executions, usec_sub(now_usec, SWEEP_AFTER_USEC));
}

static int finish(struct run *run) {
        int r;

        run_view_flush(run->view);
        if (record_end(run) == 0)
                retain(run);
        r = show_end(run);
        if (r < 0)
                return complain(run->request->verb, EXIT_FAILED, "%s", strerror(-r));
        return run_state_settles_message(run->state) ? EXIT_OK : EXIT_FAILED;
}

static int execute(struct run *run) {
        int r = hide_process();
        int code;

        if (r == 0)
                r = open_loop(run);
        code = r < 0 ? complain(run->request->verb, EXIT_FAILED, "%s", strerror(-r)) : 0;
        if (code == 0)
                code = find_folder(run);
        if (code == 0)
                code = start_runner(run);
        if (code != 0)
                return code;
        run->progress.start_usec = clock_realtime_usec();
        r = record_start(run);
        if (r == 0)
                r = open_view(run);
        if (r >= 0)
                r = start_execution(run);
        if (r >= 0)
                r = sd_event_loop(run->event);
        return r < 0 ? complain(run->request->verb, EXIT_FAILED, "%s", strerror(-r)) : finish(run);
}

static void run_done(struct run *run) {
        calls_leave_all(&run->calls);
        place_leave(&run->place);
        places_done(&run->places);
        runner_link_free(run->link); /* and with it whatever it left behind */
        if (run->runner > 0) /* nothing of which is kept when it was killed, but for what --folder names */
                (void)runner_folder_end(run->folder, run->runner, 0);
        run_view_free(run->view);
        run_record_free(run->record);
        progress_done(&run->progress);
        run_flows_done(&run->flows);
        sd_event_source_unref(run->flush);
        sd_event_unref(run->event);
        if (run->is_folder_temporary)
                (void)dir_remove_all(AT_FDCWD, run->folder);
        free(run->folder);
        free(run->state_folder);
        free(run->flow_name);
        free(run->outputs);
        free(run->error);
        free(run->failures);
}

int run_execution(const struct run_request *request) {
        struct run run = { .request = request,
                           .progress = { .id = ident_new(), .log_budget = request->config->limits.log_bytes } };
        int code = EXIT_FAILED, r = own_state_folder(&run.state_folder);

        run.flow_name = text_printf("%s.%s", request->flow->namespace, request->flow->id);
        if (r != -ENOMEM)
                r = run_flows_init(&run.flows, request->flow, &request->config->security);
        if (!run.flow_name || r == -ENOMEM)
                (void)complain(request->verb, EXIT_FAILED, "out of memory");
        else
                code = execute(&run);
        run_done(&run);
        return code;
}
