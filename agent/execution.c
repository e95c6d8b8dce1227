/* SPDX-License-Identifier: Apache-2.0 */
/* An execution lives from its start record to the moment its end is on disk. It owns nothing of its deliveries but
 * their place: they outlive it (a delete, a release) and are told of the end in on_recorded(), the store's completion,
 * which is the only caller of DELIVERY_RECORDED_SUCCESS. */
#include "agent/execution.h"

#include <errno.h>
#include <stdio.h>
#include <utlist.h>

#include "agent/delivery.h"
#include "agent/engine.h"
#include "agent/events.h"
#include "agent/held.h"
#include "agent/intake.h"
#include "agent/isolation.h"
#include "agent/message_json.h"
#include "agent/trigger.h"
#include "common/base/clock.h"
#include "common/base/ident.h"
#include "common/base/json.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/link/calls.h"
#include "common/store/store.h"

#define VISIBILITY_MAX_SEC 43200

struct execution {
        uint64_t id;
        struct trigger *trigger; /* referenced */
        struct place place;
        void *engine_data;
        pid_t runner;
        uint64_t log_budget;
        enum run_state state;
        char *error;
        bool is_cancelled;
        bool goes_on;             /* behind its end: the engine waits for settle() */
        struct value *failed_ids; /* batchItemFailures: a list of message ids; NULL: none */
        struct execution *prev, *next; /* running ones, of the trigger */
        size_t count;
        struct delivery *deliveries[];
};

uint64_t execution_id(const struct execution *e) {
        return e->id;
}

struct trigger *execution_trigger(const struct execution *e) {
        return e->trigger;
}

const char *execution_message_id(const struct execution *e) {
        return e->count == 1 ? e->deliveries[0]->message_id : NULL;
}

struct place *execution_place(struct execution *e) {
        return &e->place;
}

uint64_t *execution_log_budget(struct execution *e) {
        return &e->log_budget;
}

void execution_set_engine_data(struct execution *e, void *data, pid_t runner) {
        e->engine_data = data;
        e->runner = runner;
}

void *execution_engine_data(const struct execution *e) {
        return e->engine_data;
}

static void execution_free(struct execution *e) {
        trigger_unref(e->trigger);
        value_unref(e->failed_ids);
        free(e->error);
        free(e);
}
DEFINE_CLEANUP(struct execution *, execution_free)

/* --- start ----------------------------------------------------------------------------------------------------------- */

static int record_start(const struct execution *e, uint64_t now_usec, struct message_json *json) {
        const struct trigger *t = e->trigger;
        _cleanup_free_ struct store_message *messages = calloc(e->count + 1, sizeof *messages);
        struct store_execution record = {
                .id = e->id,
                .flow = t->config.flow_id,
                .flow_revision = t->config.flow->revision,
                .trigger = t->config.id,
                .queue_url = t->queue.url,
                .start_usec = now_usec,
                .messages = messages,
                .message_count = e->count,
        };

        if (!messages)
                return -ENOMEM;
        for (size_t i = 0; i < e->count; i++)
                messages[i] = (struct store_message){
                        .message_id = e->deliveries[i]->message_id,
                        .group_id = e->deliveries[i]->message->group_id,
                        .receive_count = e->deliveries[i]->receive_count,
                };
        if (t->services->config->history.keep != KEEP_NONE)
                record.input = message_json_input(json, e->deliveries, e->count);
        return store_execution_started(t->services->store, &record);
}

static enum keep_files keep_files(const struct config *config) {
        static const enum keep_files of[] = { [KEEP_ALL] = KEEP_FILES_ALL, [KEEP_FAILURES] = KEEP_FILES_OF_FAILURES,
                                              [KEEP_NONE] = KEEP_FILES_NONE };

        return of[config->history.keep];
}

static struct bytes of_text(const char *text) {
        return (struct bytes){ text, text ? strlen(text) : 0 };
}

static int to_engine(struct execution *e, uint64_t now_usec, struct message_json *json) {
        const struct trigger *t = e->trigger;
        const struct config *config = t->services->config;
        struct engine *engine = t->services->engine;
        static const enum keep_folder keep[] = { [FOLDERS_NEVER] = KEEP_FOLDER_NEVER, [FOLDERS_ALWAYS] = KEEP_FOLDER_ALWAYS,
                                                 [FOLDERS_FAILURES] = KEEP_FOLDER_FAILURES };
        struct frame_execute frame = {
                .execution_id = e->id,
                .revision = t->config.flow->revision,
                .start_usec = now_usec,
                .trigger_kind = t->config.batch_records > 0 ? TRIGGER_BATCH : TRIGGER_MESSAGE,
                .trigger_id = { t->config.id, strlen(t->config.id) },
                .json_data = t->config.json_data,
                .labels = { t->labels_json, t->labels_json ? strlen(t->labels_json) : 0 },
                .folder = { config->executions, strlen(config->executions) },
                .keep_folder = (uint8_t)keep[config->history.folders],
                .log_bytes = config->limits.log_bytes,
                .keep_files = (uint8_t)keep_files(config),
                .files_max_bytes = config->limits.file_bytes,
                .secrets_folder = { config->secrets, strlen(config->secrets) },
                .task_credentials = config->task_credentials == TASK_CREDENTIALS_ENVIRONMENT,
                .aws_region = of_text(config->aws.region),
                .aws_endpoint = of_text(config->aws.endpoint),
                .aws_ca_bundle = of_text(config->aws.ca_bundle),
                .umask = config->task_umask,
                .data_bytes = isolation_data_bytes(t->services->isolation, &config->limits.task),
                .memory_bytes = config->limits.task.memory_bytes,
                .message_count = e->count,
        };
        int r = message_json_frames(json, e->deliveries, e->count, t->queue.url, &frame.messages);

        return r < 0 ? r : engine->ops->start(engine, e, &frame);
}

static struct execution *execution_new(struct trigger *t, size_t count) {
        struct execution *e = calloc(1, sizeof *e + count * sizeof(struct delivery *));

        if (!e)
                return NULL;
        e->id = ident_make(clock_realtime_usec(), jitter_next(&t->jitter));
        e->trigger = trigger_ref(t);
        e->log_budget = t->services->config->limits.log_bytes;
        e->count = count;
        return e;
}

static void note_start(const struct execution *e, uint64_t now_usec) {
        if (record_start(e, now_usec, e->trigger->services->message_json) < 0) /* only its end will be known */
                log_error(-ENOMEM, "The start of an execution could not be recorded");
}

/* Its messages wait no more. */
static void take_deliveries(struct execution *e) {
        for (size_t i = 0; i < e->count; i++) {
                e->deliveries[i]->execution = e;
                delivery_apply(e->deliveries[i], DELIVERY_STARTED);
                e->deliveries[i]->message = sqs_message_free(e->deliveries[i]->message);
        }
        rate_take(&e->trigger->rate, (unsigned)e->count);
}

/* --- end ------------------------------------------------------------------------------------------------------------- */

static bool is_settled(const struct execution *e, const struct delivery *d) {
        if (!run_state_settles_message(e->state))
                return false;
        for (size_t i = 0; e->failed_ids && i < value_count(e->failed_ids); i++) {
                const struct value *id = value_list_at(e->failed_ids, i);
                if (value_type(id) == VALUE_STRING && text_eq(value_string(id), d->message_id))
                        return false;
        }
        return true;
}

/* A stop ended it, or it never began: that says nothing about the message. */
static bool is_without_end(const struct execution *e) {
        return e->is_cancelled || e->state == RUN_KILLED;
}

/* CANCELLED (a trigger's condition that does not hold, one more than the flow's limit) is no failure, whatever else is done as
 * after one. */
static enum counter counter_of(const struct execution *e, bool settled) {
        if (settled)
                return COUNTER_SUCCEEDED;
        if (is_without_end(e))
                return COUNTER_RETURNED;
        return e->state == RUN_CANCELLED ? COUNTER_CANCELLED : COUNTER_FAILED;
}

/* At once when it has no end of its own; else onFailure.retryAfter, and without one the visibility timeout decides. A retry takes a second at least, whatever its delayFactor makes of it: no failure makes a hot loop (P9). */
static void failed(const struct execution *e, struct delivery *d) {
        struct trigger *t = e->trigger;
        uint64_t delay;

        if (is_without_end(e)) {
                delivery_give_back(d, 0);
                return;
        }
        if (!t->config.has_retry_after) {
                delivery_apply(d, DELIVERY_LEAVE);
                return;
        }
        delay = flow_retry_delay_usec(&t->config.retry_after, d->receive_count + 1, 0, jitter_next(&t->jitter) / 4294967296.0);
        delay = MIN(MAX(delay, USEC_PER_SEC), VISIBILITY_MAX_SEC * USEC_PER_SEC);
        delivery_give_back(d, lease_extension_sec(&d->lease.terms, clock_boottime_usec(),
                                                  (unsigned)((delay + USEC_PER_SEC - 1) / USEC_PER_SEC)));
}

static void tell_delivery(const struct execution *e, struct delivery *d) {
        struct trigger *t = e->trigger;
        bool was_lost = d->state == DELIVERY_LOST, settled = is_settled(e, d);

        d->execution = NULL;
        t->counters.of[counter_of(e, settled)]++;
        delivery_apply(d, settled ? DELIVERY_RECORDED_SUCCESS : DELIVERY_RECORDED_FAILURE);
        if (was_lost)
                return; /* it is gone */
        if (!settled)
                failed(e, d);
        else if (!t->config.auto_delete)
                delivery_apply(d, DELIVERY_LEAVE);
}

static void log_end(const struct execution *e) {
        const struct trigger *t = e->trigger;
        char id[IDENT_TEXT_SIZE];
        bool good = run_state_settles_message(e->state), failed = !good && e->state != RUN_CANCELLED;

        log_write(good ? LOG_DEBUG : failed ? LOG_WARNING : LOG_INFO, 0,
                  LOG_FIELDS(EVENT(failed ? EVENT_EXECUTION_FAILED : NULL), { "SQSFLOW_TRIGGER", t->config.id },
                             { "SQSFLOW_FLOW", t->config.flow_id }, { "SQSFLOW_QUEUE", t->queue.url },
                             { "SQSFLOW_EXECUTION_ID", ident_format(e->id, id) },
                             { "SQSFLOW_MESSAGE_ID", execution_message_id(e) }),
                  "Execution %s of %s ended %s%s%s", ident_format(e->id, id), t->config.flow_id, run_state_name(e->state),
                  e->error ? ": " : "", e->error ? e->error : "");
}

static void on_recorded(void *userdata) {
        struct execution *e = userdata;
        struct services *s = e->trigger->services;

        log_end(e);
        /* Backwards, so that of a FIFO group that failed together the first goes back last (P7). */
        for (size_t i = e->count; i > 0; i--)
                tell_delivery(e, e->deliveries[i - 1]);
        if (e->goes_on && s->engine)
                s->engine->ops->settle(s->engine, e->id, run_state_settles_message(e->state));
        wish_turn(&s->wishes);
        execution_free(e);
}

static void record_end(struct execution *e, const struct frame_end *end_frame, const char *outputs) {
        struct trigger *t = e->trigger;
        _cleanup_free_ const char **settled = calloc(e->count + 1, sizeof *settled);
        _cleanup_free_ uint64_t *sent_usec = calloc(e->count + 1, sizeof *sent_usec);
        size_t count = 0;
        int r = settled && sent_usec ? 0 : -ENOMEM;

        for (size_t i = 0; r == 0 && t->config.auto_delete && i < e->count; i++)
                if (is_settled(e, e->deliveries[i])) {
                        sent_usec[count] = e->deliveries[i]->sent_usec;
                        settled[count++] = e->deliveries[i]->message_id;
                }
        struct store_end end = {
                .execution_id = e->id,
                .state = e->state,
                .end_usec = clock_realtime_usec(),
                .outputs = outputs,
                .error = e->error,
                .cpu_usec = end_frame->cpu_usec,
                .memory_bytes = end_frame->memory_bytes,
                .queue_url = t->queue.url,
                .settled_ids = settled,
                .settled_sent_usec = sent_usec,
                .settled_count = count,
        };
        if (r == 0)
                r = store_execution_ended(t->services->store, &end, on_recorded, e);
        if (r < 0) { /* P1: what is not recorded is not deleted */
                log_error(r, "The end of an execution could not be recorded; its messages stay in the queue");
                e->state = RUN_FAILED;
        }
        if (!e->is_cancelled) /* a stop's doing, not the flow's */
                intake_stop_after(t, e->state);
        if (r < 0)
                on_recorded(e);
}

static char *text_of(struct bytes b) {
        return b.len > 0 ? text_dup_n(b.data, b.len) : NULL;
}

void execution_end(struct execution *e, const struct frame_end *end) {
        struct trigger *t = e->trigger;
        _cleanup_free_ char *outputs = text_of(end->outputs);

        e->engine_data = NULL;
        for (size_t i = 0; i < e->count; i++)
                held_ended(t->services->held, e->deliveries[i]->held_place);
        e->goes_on = end->goes_on;
        e->state = end->state;
        e->error = text_of(end->error);
        if (end->batch_failures.len > 0 &&
            (json_parse(end->batch_failures.data, end->batch_failures.len, &e->failed_ids, NULL, NULL) < 0 ||
             value_type(e->failed_ids) != VALUE_LIST)) {
                e->state = RUN_FAILED; /* who failed is not known: all stay */
                (void)text_replace(&e->error, "batchItemFailures could not be read");
                e->failed_ids = value_unref(e->failed_ids);
        }
        DL_DELETE(t->executions, e);
        slots_end(t->services->slots, &t->slots, &e->place);
        record_end(e, end, outputs);
        wish_turn(&t->services->wishes);
}

/* --- one too many ---------------------------------------------------------------------------------------------------- */

static bool is_one_too_many(const struct trigger *t) {
        const struct flow *f = t->config.flow;

        return f->concurrency_behavior != FLOW_QUEUE && slots_flow_is_full(&t->slots, f->concurrency_limit);
}

/* held.h keeps its messages as waiting ones: a crash before its end is on disk leaves nothing of it. */
static void refuse(struct execution *e, uint64_t now_usec) {
        static const enum run_state ends[] = { [FLOW_CANCEL] = RUN_CANCELLED, [FLOW_FAIL] = RUN_FAILED };
        char error[CALLS_FULL_TEXT_SIZE];

        note_start(e, now_usec);
        take_deliveries(e);
        e->state = ends[e->trigger->config.flow->concurrency_behavior];
        e->error = text_dup(calls_full_text(e->trigger->slots.gate->places, error)); /* without memory: it ends without a reason */
        record_end(e, &(struct frame_end){ 0 }, NULL); /* it may be gone */
}

/* --- the way in ------------------------------------------------------------------------------------------------------ */

/* The engine first, since it may refuse; its frames stay here until engine->flush(), after the start was noted. */
static int launch(struct execution *e) {
        struct trigger *t = e->trigger;
        uint64_t now = clock_realtime_usec();
        int r;

        if (is_one_too_many(t)) {
                refuse(e, now);
                return EXECUTION_REFUSED;
        }
        r = to_engine(e, now, t->services->message_json);
        if (r < 0)
                return r;
        note_start(e, now);
        for (size_t i = 0; i < e->count; i++)
                held_started(t->services->held, e->deliveries[i]->held_place, e->id, now, e->runner);
        take_deliveries(e);
        DL_APPEND(t->executions, e);
        slots_begin(t->services->slots, &t->slots, &e->place);
        return 0;
}

int execution_start(struct trigger *t) {
        _cleanup_(execution_freep) struct execution *e = execution_new(t, 1);
        int r;

        if (!e)
                return -ENOMEM;
        e->deliveries[0] = CONTAINER_OF(waiting_next(&t->waiting), struct delivery, waiting);
        r = launch(e);
        if (r >= 0)
                e = NULL;
        return r;
}

int execution_start_batch(struct trigger *t) {
        _cleanup_(execution_freep) struct execution *e = execution_new(t, t->waiting.window.count);
        size_t i = 0;
        int r;

        if (!e)
                return -ENOMEM;
        for (struct waiting_item *w = t->waiting.window_items; w; w = w->next)
                e->deliveries[i++] = CONTAINER_OF(w, struct delivery, waiting);
        e->count = i;
        r = launch(e);
        if (r >= 0)
                e = NULL;
        return r;
}

/* --- all of a trigger ------------------------------------------------------------------------------------------------ */

void executions_cancel_all(struct trigger *t) {
        struct execution *e, *next;

        for (e = t->executions; e; e = next) {
                next = e->next;
                e->is_cancelled = true;
                t->services->engine->ops->cancel(t->services->engine, e);
        }
}

bool execution_is_running(void *services, uint64_t id) {
        const struct services *s = services;

        for (const struct trigger *t = s->triggers; t; t = t->next)
                for (const struct execution *e = t->executions; e; e = e->next)
                        if (e->id == id)
                                return true;
        return false;
}

void executions_abandon(struct trigger *t) {
        struct execution *e, *next;

        for (e = t->executions; e; e = next) {
                next = e->next;
                DL_DELETE(t->executions, e);
                execution_free(e);
        }
}
