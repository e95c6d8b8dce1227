/* SPDX-License-Identifier: Apache-2.0 */
/* An execution is a block (block.h) with a frame around it: before it, what can be wrong from the start; after it, the
 * flow's outputs, the messages that failed, `afterExecution`, and the promise that END makes: no process is left.
 *
 * A failure before the block ends the execution FAILED without `errors` and `finally`: nothing has run. */
#include "runner/execution.h"

#include <errno.h>
#include <string.h>

#include "common/base/json.h"
#include "common/base/text.h"
#include "runner/batch_failures.h"
#include "runner/inputs.h"
#include "runner/render.h"
#include "runner/task_run.h"
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
        struct scope scope = { e, NULL };
        _cleanup_value_ struct value *map = NULL;

        if (!e->flow || e->flow->output_count == 0 || !is_well(e))
                return NULL;
        map = value_new_map();
        for (size_t i = 0; map && i < e->flow->output_count; i++) {
                const struct flow_output *o = &e->flow->outputs[i];
                _cleanup_free_ char *problem = NULL, *text = NULL;
                struct value *v = NULL;

                if (o->value && render_value(&scope, o->value, RENDER_TYPED, &v, &problem) < 0) {
                        text = text_printf("the flow's output '%s': %s", o->id, problem ? problem : "out of memory");
                        fail(e, text);
                        return NULL;
                }
                if (value_map_put(map, o->id, v ? v : value_new_null()) < 0)
                        map = value_unref(map);
        }
        if (!map)
                fail(e, "out of memory");
        return TAKE_PTR(map);
}

/* What the flow's outputs and every task's `vars` say. A list of the wrong shape fails the whole batch: deleting a
 * message that was meant to stay would lose it. */
static struct value *make_batch_failures(struct execution *e, const struct value *outputs) {
        _cleanup_value_ struct value *ids = value_new_list();
        int r = ids ? batch_failures_add(ids, outputs) : -ENOMEM;

        for (size_t i = 0; r == 0 && i < e->run_count; i++)
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
        };
        e->end_error = outbox_end(e->shop.outbox, &f);
}

static void finish(struct execution *e) {
        bool reusable = reaper_end_strays(e->shop.reaper) == 0 && !e->killed;

        put_end(e);
        folder_done(&e->folder, reusable);
        e->ended = true;
}

static void on_after_end(void *userdata, enum run_state state) {
        finish(userdata); /* its outcome changes nothing */
}

static void on_root_end(void *userdata, enum run_state state) {
        struct execution *e = userdata;

        e->state = e->cancelled ? RUN_KILLED : state;
        variables_forget(&e->variables, VARIABLE_EXECUTION);
        if (e->cancelled || e->flow->after_execution.count == 0) {
                finish(e);
                return;
        }
        e->after = (struct block){ .execution = e, .on_end = on_after_end, .userdata = e };
        e->after.lists[BLOCK_TASKS] = e->flow->after_execution;
        block_start(&e->after);
}

/* --- the start ------------------------------------------------------------------------------------------------------ */

/* 0, or a negative error with the sentence of why it cannot start. */
static int check(struct execution *e, char **ret_problem) {
        int r;

        if (!e->flow) {
                *ret_problem = text_dup(e->cached && e->cached->problem ? e->cached->problem :
                                                                          "the runner does not have this flow");
                return -EBADMSG;
        }
        r = inputs_check(e, ret_problem);
        return r < 0 ? r : trigger_value_check(e, ret_problem);
}

void execution_start(struct execution *e) {
        _cleanup_free_ char *problem = NULL;

        e->state = RUN_RUNNING;
        if (check(e, &problem) < 0) {
                fail(e, problem);
                finish(e);
                return;
        }
        e->root = (struct block){ .execution = e, .on_end = on_root_end, .userdata = e };
        e->root.lists[BLOCK_TASKS] = e->flow->tasks;
        e->root.lists[BLOCK_ERRORS] = e->flow->errors;
        e->root.lists[BLOCK_FINALLY] = e->flow->finally;
        block_start(&e->root);
}

void execution_cancel(struct execution *e) {
        if (e->cancelled || e->ended)
                return;
        e->cancelled = true;
        if (e->state == RUN_RUNNING)
                block_cancel(&e->root);
        else
                block_cancel(&e->after);
}

/* --- life ----------------------------------------------------------------------------------------------------------- */

static int init(struct execution *e, const struct workshop *shop, struct flow_cache *flows, const char *frame,
                size_t len) {
        size_t used;
        int r;

        e->shop = *shop;
        e->frame_bytes = text_dup_n(frame, len); /* with a NUL behind */
        if (!e->frame_bytes)
                return -ENOMEM;
        r = frame_get(e->frame_bytes, len, &e->frame, &used);
        if (r <= 0)
                return r < 0 ? r : -EBADMSG;
        e->request = &e->frame.execute;
        e->cached = flow_cache_find(flows, e->request->revision);
        e->flow = e->cached ? e->cached->flow : NULL;
        ident_format(e->request->execution_id, e->id);
        e->folder = (struct folder){ .spare = shop->spare, .parent = e->request->folder, .id = e->id,
                                      .keep = e->request->keep_folder, .top_fd = -1, .work_fd = -1 };
        return 0;
}

int execution_new(const struct workshop *shop, struct flow_cache *flows, const char *frame, size_t len,
                  struct execution **ret) {
        struct execution *e = calloc(1, sizeof(*e));
        int r;

        if (!e)
                return -ENOMEM;
        r = init(e, shop, flows, frame, len);
        if (r < 0) {
                execution_free(e);
                return r;
        }
        *ret = e;
        return 0;
}

struct execution *execution_free(struct execution *e) {
        if (!e)
                return NULL;
        for (size_t i = 0; i < e->run_count; i++)
                task_run_free(e->runs[i]);
        free(e->runs);
        variables_done(&e->variables);
        secrets_done(&e->secrets);
        folder_done(&e->folder, false);
        frame_done(&e->frame);
        free(e->frame_bytes);
        free(e->error);
        free(e);
        return NULL;
}
