/* SPDX-License-Identifier: Apache-2.0 */
/* Executions that a task calls. Most of it is what every execution does (execution.c); here is how one begins and ends.
 * They are kept until top is freed, since their task runs are. */
#include "runner/execution_call.h"

#include <errno.h>
#include <stdio.h>

#include "common/base/clock.h"
#include "common/base/json.h"
#include "common/base/text.h"
#include "runner/consumed.h"
#include "runner/task_run.h"

static int depth(const struct execution *e) {
        int n = 0;

        for (; e->caller; e = e->caller->execution)
                n++;
        return n;
}

/* The caller's id with the number of the task run behind it, and of the attempt when it is not the first. */
static void make_id(struct execution *e) {
        const struct task_run *run = e->caller;
        int n = snprintf(e->id, sizeof(e->id), "%s-%u", run->execution->top->id, (unsigned)run->index);

        if (run->attempts > 1 && n > 0 && (size_t)n < sizeof(e->id))
                (void)snprintf(e->id + n, sizeof(e->id) - (size_t)n, ".%u", run->attempts);
}

static int to_bytes(const struct value *v, struct bytes *ret) {
        char *text;

        if (!v)
                return 0;
        text = json_to_text(v, JSON_COMPACT);
        if (!text)
                return -ENOMEM;
        *ret = (struct bytes){ text, strlen(text) };
        return 0;
}

static int fill(struct execution *e, const struct value *inputs, const struct value *labels) {
        const struct execution *top = e->top;
        int r = to_bytes(inputs, &e->call.inputs);

        if (r == 0)
                r = to_bytes(labels, &e->call.labels);
        e->call.execution_id = top->request->execution_id;
        e->call.start_usec = clock_realtime_usec();
        e->call.log_bytes = top->request->log_bytes;
        e->call.umask = top->request->umask;
        e->call.data_bytes = top->request->data_bytes;
        e->call.memory_bytes = top->request->memory_bytes;
        e->request = &e->call;
        make_id(e);
        e->folder = (struct folder){ .outer = &e->top->folder, .id = e->id, .top_fd = -1, .work_fd = -1 };
        return r;
}

int execution_call(struct task_run *caller, struct called_flow *flow, const struct value *inputs,
                   const struct value *labels, const struct call_handlers *handlers, struct execution **ret) {
        struct execution *top = caller->execution->top, *e;
        int r;

        if (depth(caller->execution) >= EXECUTION_CALLS_MAX)
                return -ELOOP;
        e = calloc(1, sizeof(*e));
        if (!e)
                return -ENOMEM;
        e->shop = top->shop;
        e->top = top;
        e->caller = caller;
        e->called = called_flow_ref(flow);
        e->cached = &flow->cached;
        e->flow = flow->cached.flow;
        e->first_run = top->run_count;
        e->handlers = handlers;
        e->call_number = ++top->call_count;
        e->next_call = top->calls;
        top->calls = e;
        r = fill(e, inputs, labels);
        if (r == 0)
                *ret = e;
        else
                e->ended = true; /* top frees it */
        return r;
}

/* What it needed while it ran. Its task runs may still be told, so it stays. */
void execution_conclude(struct execution *e) {
        if (!run_state_settles_message(e->state))
                consumed_give_back_all(e); /* its own failure, whatever becomes of top */
        folder_done(&e->folder, false);
        variables_done(&e->variables);
        e->ended = true;
        execution_place_leave(e);
        e->handlers->on_end(e->caller, e);
}

void execution_free_calls(struct execution *top) {
        struct execution *next;

        for (struct execution *e = top->calls; e; e = next) {
                next = e->next_call;
                sd_event_source_unref(e->retry_timer);
                block_done(&e->root);
                block_done(&e->after);
                folder_done(&e->folder, false);
                variables_done(&e->variables);
                value_unref(e->vars);
                value_unref(e->error_logs);
                value_unref(e->outputs);
                called_flow_unref(e->called);
                free((char *)(uintptr_t)e->call.inputs.data);
                free((char *)(uintptr_t)e->call.labels.data);
                free(e->error);
                free(e);
        }
        top->calls = NULL;
}

/* --- those that no task waits for ------------------------------------------------------------------------------------- */

void execution_when_alone(struct execution *top, void (*then)(struct execution *e)) {
        if (top->detached == 0)
                then(top);
        else
                top->then = then;
}

void execution_detach(struct execution *e) {
        e->is_detached = true;
        e->top->detached++;
}

void execution_detached_ended(struct execution *e) {
        struct execution *top = e->top;

        if (--top->detached == 0 && top->then)
                TAKE_PTR(top->then)(top);
}
