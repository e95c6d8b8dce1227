/* SPDX-License-Identifier: Apache-2.0 */
/* An execution is a block (block.h) with a frame around it: before it, what can be wrong from the start; after it, the
 * flow's outputs, the messages that failed, and the promise that END makes: no process is left. `afterExecution` is a
 * second block behind END, so that the message does not wait for it; the folder lives until it is over.
 *
 * A failure before the block ends the execution FAILED without `errors` and `finally`: nothing has run. So does, as
 * CANCELLED, a condition of its trigger that does not hold. */
#include "runner/execution.h"

#include <errno.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/json.h"
#include "common/base/text.h"
#include "common/link/codec.h"
#include "runner/batch_failures.h"
#include "runner/consumed.h"
#include "runner/flow_outputs.h"
#include "runner/inputs.h"
#include "runner/render.h"
#include "runner/sqs_connection.h"
#include "runner/task_run.h"
#include "runner/trigger_condition.h"
#include "runner/trigger_value.h"

/* --- the end -------------------------------------------------------------------------------------------------------- */

void execution_set_error(struct execution *e, const struct task_run *run, const char *text) {
        if (e->error)
                return;
        text = text ? text : "out of memory";
        e->error = run ? text_printf("task '%s' failed: %s", run->task->id, text) : text_dup(text);
}

static bool is_well(const struct execution *e) {
        return run_state_settles_message(e->state);
}

static void fail(struct execution *e, const char *text) {
        e->state = RUN_FAILED;
        execution_set_error(e, NULL, text);
}

/* The flow's own outputs, of an execution that went well. */
static struct value *make_outputs(struct execution *e) {
        struct scope scope = { .execution = e };
        _cleanup_free_ char *problem = NULL;
        struct value *map = NULL;

        if (e->flow && is_well(e) && flow_outputs_make(&scope, e->flow->outputs, e->flow->output_count, &map, &problem) < 0)
                fail(e, problem);
        return map;
}

/* What the flow's outputs and every task's `vars` say. A list of the wrong shape fails the whole batch: deleting a
 * message that was meant to stay would lose it. */
static struct value *make_batch_failures(struct execution *e, const struct value *outputs) {
        _cleanup_value_ struct value *ids = value_new_list();
        int r = ids ? batch_failures_add(ids, outputs) : -ENOMEM;

        for (size_t i = e->first_run; r == 0 && i < e->run_count; i++)
                r = batch_failures_add(ids, value_map_get(e->runs[i]->outputs, "vars"));
        if (r < 0) {
                fail(e, BATCH_FAILURES_KEY " is not a list of {itemIdentifier: messageId}");
                return NULL;
        }
        return value_count(ids) > 0 ? TAKE_PTR(ids) : NULL;
}

static struct bytes bytes_of(const struct buf *b) {
        return (struct bytes){ b->data, b->len };
}

static void put_end(struct execution *e) {
        const struct cgroup_usage usage = reaper_take_usage(e->shop.reaper);
        _cleanup_(buf_done) struct buf outputs = BUF_INIT(FRAME_BYTES_MAX / 4), failures = BUF_INIT(0),
                                       error = BUF_INIT(0);
        _cleanup_value_ struct value *output_map = make_outputs(e), *ids = NULL;

        if (e->request->trigger_kind == TRIGGER_BATCH && is_well(e))
                ids = make_batch_failures(e, output_map);
        if (output_map && secrets_write_masked(&e->secrets, &outputs, output_map) < 0)
                fail(e, "the flow's outputs are too big");
        if (ids && json_write(&failures, ids, JSON_COMPACT) < 0)
                fail(e, "out of memory");
        if (e->error && !is_well(e))
                (void)secrets_mask(&e->secrets, &error, e->error, strlen(e->error));

        const struct frame_end f = {
                .execution_id = e->request->execution_id,
                .state = e->state,
                .outputs = bytes_of(&outputs),
                .error = bytes_of(&error),
                .batch_failures = bytes_of(&failures),
                .goes_on = e->goes_on,
                .cpu_usec = usage.cpu_usec,
                .memory_bytes = usage.memory_bytes,
        };
        e->end_error = outbox_end(e->shop.outbox, &f);
}

static bool keeps_files(const struct execution *e) {
        return e->request->keep_files == KEEP_FILES_ALL || (e->request->keep_files == KEEP_FILES_OF_FAILURES && !is_well(e));
}

static void end_strays(struct execution *e) {
        if (reaper_end_strays(e->shop.reaper) != 0)
                e->killed = true;
}

/* It was the runner's until now. */
static void keep_folder(struct execution *e) {
        if (e->request->keep_folder == KEEP_FOLDER_ALWAYS ||
            (e->request->keep_folder == KEEP_FOLDER_FAILURES && !is_well(e)))
                folder_keep(&e->folder);
}

static void close_up(struct execution *e) {
        keep_folder(e);
        folder_done(&e->folder, !e->killed);
        files_done(e, !keeps_files(e));
        e->after_due = false;
        e->ended = true;
}

#define TOO_MANY "out of memory, or too many task runs in one execution"

static void put_done(struct execution *e) {
        e->end_error = outbox_done_frame(e->shop.outbox, e->request->execution_id);
        close_up(e);
}

/* DONE, when nothing is held any more, or the end of that has begun. */
static void settle_if_due(struct execution *e) {
        if (!e->after_over)
                return;
        if (!consumed_is_pending(e))
                put_done(e);
        else if (e->settlement != SETTLE_UNKNOWN)
                consumed_settle(e, e->settlement == SETTLE_SUCCESS, put_done);
}

static void finish(struct execution *e) {
        end_strays(e);
        e->goes_on = e->after_due || consumed_is_pending(e);
        put_end(e);
        if (!e->goes_on || e->end_error < 0)
                close_up(e);
        else if (!e->after_due)
                e->after_over = true;
}

static void finish_after(struct execution *e) {
        end_strays(e);
        (void)reaper_take_usage(e->shop.reaper); /* END has gone */
        e->after_due = false;
        e->after_over = true;
        settle_if_due(e);
}

/* Its outcome changes nothing. */
static void on_after_end(void *userdata, enum run_state state) {
        struct execution *e = userdata;

        if (e->caller)
                execution_conclude(e);
        else
                execution_when_alone(e, finish_after);
}

static void begin_after(struct execution *e) {
        e->after = (struct block){ .execution = e, .parent = e->caller, .limit = 1, .on_end = on_after_end, .userdata = e };
        e->after.lists[BLOCK_TASKS] = e->flow->after_execution;
        block_start(&e->after);
}

void execution_settle(struct execution *e, bool success) {
        if (e->settlement != SETTLE_UNKNOWN || !e->goes_on || e->ended)
                return;
        e->settlement = success ? SETTLE_SUCCESS : SETTLE_FAILURE;
        settle_if_due(e);
}

bool execution_begin_after(struct execution *e) {
        if (!e->after_due)
                return false;
        e->after_due = false;
        begin_after(e);
        return true;
}

/* The end of one that was called is told to its task. */
static void end_call(struct execution *e) {
        bool has_after = e->attempt > 0 && !e->cancelled && e->flow->after_execution.count > 0; /* it has begun */

        e->outputs = make_outputs(e);
        variables_forget(&e->variables, VARIABLE_EXECUTION);
        if (has_after)
                begin_after(e);
        else
                execution_conclude(e);
}

static void end(struct execution *e) {
        if (e->caller)
                end_call(e);
        else
                finish(e);
}

static void end_attempt(struct execution *e) {
        e->state = e->cancelled ? RUN_KILLED : e->root.state;
        if (execution_retry(e))
                return;
        variables_forget(&e->variables, VARIABLE_EXECUTION);
        e->after_due = !e->caller && !e->cancelled && e->flow->after_execution.count > 0;
        end(e);
}

static void on_root_end(void *userdata, enum run_state state) {
        struct execution *e = userdata;

        if (state == RUN_FAILED)
                execution_set_error(e, e->root.cause, e->root.cause ? e->root.cause->error : TOO_MANY);
        if (e->caller)
                end_attempt(e);
        else
                execution_when_alone(e, end_attempt);
}

/* --- the start ------------------------------------------------------------------------------------------------------ */

/* 0; FLOW_DEMAND_FAILS when it is not to start, or a negative error when it cannot: each with the sentence why. */
static int check(struct execution *e, char **ret_problem) {
        int r;

        if (!e->flow) {
                *ret_problem = text_dup(e->cached && e->cached->problem ? e->cached->problem :
                                                                          "the runner does not have this flow");
                return -EBADMSG;
        }
        r = inputs_check(e, ret_problem);
        if (r == 0)
                r = trigger_value_check(e, ret_problem);
        return r < 0 ? r : trigger_condition_check(e, ret_problem);
}

void execution_start(struct execution *e) {
        _cleanup_free_ char *problem = NULL;
        int r;

        e->state = RUN_RUNNING;
        e->first_start_usec = clock_monotonic_usec();
        e->shop.reaper->umask = (mode_t)(e->request->umask & 0777);
        e->shop.reaper->data_bytes = e->request->data_bytes;
        r = check(e, &problem);
        if (r == 0) {
                execution_begin(e);
                return;
        }
        fail(e, problem);
        if (r == FLOW_DEMAND_FAILS)
                e->state = RUN_CANCELLED;
        end(e);
}

void execution_begin(struct execution *e) {
        e->attempt++;
        e->root = (struct block){ .execution = e, .parent = e->caller, .limit = 1, .on_end = on_root_end, .userdata = e };
        e->root.lists[BLOCK_TASKS] = e->flow->tasks;
        e->root.lists[BLOCK_ERRORS] = e->flow->errors;
        e->root.lists[BLOCK_FINALLY] = e->flow->finally;
        block_start(&e->root);
}

void execution_cancel(struct execution *e) {
        if (e->cancelled || e->ended)
                return;
        e->cancelled = true;
        if (e->state == RUN_QUEUED)
                execution_withdraw(e);
        else if (e->retry_timer) { /* between two attempts */
                e->retry_timer = sd_event_source_unref(e->retry_timer);
                end_attempt(e);
        } else if (e->state == RUN_RUNNING)
                block_cancel(&e->root);
        else if (e->after_due)
                on_after_end(e, RUN_KILLED); /* it need not begin */
        else if (!e->after_over)
                block_cancel(&e->after);
        for (struct execution *c = e->calls; c; c = c->next_call) /* those that no task waits for */
                execution_cancel(c);
}

/* --- life ----------------------------------------------------------------------------------------------------------- */

int execution_new(const struct workshop *shop, struct flow_cache *flows, struct frame *frame,
                  struct execution **ret) {
        struct execution *e = calloc(1, sizeof(*e));

        if (!e)
                return -ENOMEM;
        e->shop = *shop;
        e->top = e;
        e->frame = *frame;
        *frame = (struct frame){ 0 };
        e->request = &e->frame.execute;
        e->cached = flow_cache_find(flows, e->request->revision);
        e->flow = e->cached ? e->cached->flow : NULL;
        ident_format(e->request->execution_id, e->id); /* a shorter one than there is room for */
        e->files = FILES_INIT;
        e->secrets.folder = e->request->secrets_folder;
        e->folder = (struct folder){ .spare = shop->spare, .parent = e->request->folder, .id = e->id,
                                     .keep = e->request->keep_folder == KEEP_FOLDER_FROM_START, .top_fd = -1, .work_fd = -1 };
        *ret = e;
        return 0;
}

int execution_http(struct execution *e, struct http **ret) {
        struct execution *top = e->top;
        int r = top->http ? 0 : http_new(top->shop.event, NULL, &top->http);

        if (r == 0)
                *ret = top->http;
        return r;
}

/* One that is cut off, because the agent is gone, has not ended well; its folders are kept as if it had ended. */
static void end_folders(struct execution *e) {
        if (!e->ended)
                keep_folder(e);
        folder_done(&e->folder, false);
        files_done(e, !keeps_files(e));
}

struct execution *execution_free(struct execution *e) {
        if (!e)
                return NULL;
        for (size_t i = 0; i < e->run_count; i++)
                task_run_free(e->runs[i]);
        free(e->runs);
        execution_free_calls(e);
        sd_event_source_unref(e->retry_timer);
        block_done(&e->root);
        block_done(&e->after);
        value_unref(e->vars);
        value_unref(e->error_logs);
        consumed_free_all(e);
        sqs_connections_free(e);
        http_free(e->http);
        variables_done(&e->variables);
        secrets_done(&e->secrets);
        if (e->request)
                end_folders(e);
        frame_done(&e->frame);
        free(e->frame_bytes);
        free(e->error);
        free(e);
        return NULL;
}
