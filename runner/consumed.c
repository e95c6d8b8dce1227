/* SPDX-License-Identifier: Apache-2.0 */
/* A message is idle or in one call. Idle ones stand in a list with those first whose lease has to be extended first, so
 * looking for work ends at the first that is not due. Whatever a set does is a batch call of up to ten messages, a few
 * of them at a time; what its phase is says which. */
#include "runner/consumed.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <syslog.h>
#include <utlist.h>

#include "common/aws/retry.h"
#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/hashmap.h"
#include "common/base/text.h"
#include "runner/execution.h"
#include "runner/task_run.h"

#define CALLS_MAX 8
#define SLACK_MAX_USEC (5 * USEC_PER_SEC)
#define ENDING_USEC USEC_PER_MINUTE /* how long deletes and releases are tried */
#define BACKOFF_BASE_USEC (100 * USEC_PER_MSEC)
#define BACKOFF_CAP_USEC (5 * USEC_PER_SEC)

enum phase {
        PHASE_HELD,      /* the attempt runs, or waits for the execution's end: leases are extended */
        PHASE_DELETING,
        PHASE_RELEASING,
        PHASE_OVER,
};

struct held {
        struct held *prev, *next; /* idle ones */
        UT_hash_handle hh;        /* by id */
        struct lease_terms terms;
        unsigned granted_sec;     /* asked for by the call that it is in */
        char *receipt_handle;
        char id[];
};

struct call {
        struct call *prev, *next;
        struct consumed *set;
        struct sqs_call *call;
        enum phase phase;         /* that it was made in */
        uint64_t sent_usec;
        size_t count;
        struct held *messages[SQS_BATCH_MAX];
};

struct consumed {
        struct consumed *next;    /* of the execution */
        struct task_run *run;
        struct sqs_client *client;
        char *queue_url;
        unsigned visibility_sec;
        bool auto_delete, kept;
        enum phase phase;
        struct held *by_id, *idle;
        struct call *calls;
        unsigned call_count;
        unsigned failures;        /* calls in a row */
        uint64_t not_before_usec; /* after a failure; boot time, as the next */
        uint64_t give_up_usec;    /* DELETING and RELEASING */
        sd_event_source *timer;
};

static void pump(struct consumed *c);

static uint32_t random_bits(void) {
        uint32_t bits = 0;

        (void)!random_bytes(&bits, sizeof(bits));
        return bits;
}

/* --- messages -------------------------------------------------------------------------------------------------------- */

static struct held *held_free(struct held *m) {
        free(m->receipt_handle);
        free(m);
        return NULL;
}

/* Of one that is not idle. */
static void drop(struct consumed *c, struct held *m) {
        HASH_DEL(c->by_id, m);
        held_free(m);
}

static int add_new(struct consumed *c, const struct sqs_message *message, const struct lease_terms *terms) {
        size_t len = strlen(message->message_id);
        struct held *m = calloc(1, sizeof(*m) + len + 1);

        if (!m)
                return -ENOMEM;
        memcpy(m->id, message->message_id, len + 1);
        m->terms = *terms;
        m->receipt_handle = text_dup(message->receipt_handle);
        if (m->receipt_handle)
                HASH_ADD_KEYPTR(hh, c->by_id, m->id, len, m);
        if (!m->receipt_handle || !hash_added(m)) {
                held_free(m);
                return -ENOMEM;
        }
        DL_APPEND(c->idle, m);
        return 1;
}

int consumed_add(struct consumed *c, const struct sqs_message *message, const struct lease_terms *terms) {
        struct held *m;
        int r;

        HASH_FIND_STR(c->by_id, message->message_id, m);
        if (!m) {
                r = add_new(c, message, terms);
                if (r > 0)
                        pump(c);
                return r;
        }
        r = text_replace(&m->receipt_handle, message->receipt_handle);
        if (r < 0)
                return r;
        m->terms = *terms;
        return 0;
}

/* --- answers --------------------------------------------------------------------------------------------------------- */

static void tell(const struct consumed *c, const struct held *m, const char *what, const char *code) {
        execution_logf(c->run->execution, c->run, LOG_WARNING, "message %s %s: %s", m->id, what, code && *code ? code : "no answer");
}

/* Why an entry failed for good: its message is not ours any more, or the request is wrong. */
static bool is_final(const struct sqs_batch_result *result) {
        return result->class == AWS_ERROR_STALE_HANDLE || result->sender_fault;
}

static void on_extended(struct consumed *c, struct held *m, const struct sqs_batch_result *result, uint64_t sent_usec) {
        if (result && result->ok) {
                lease_extended(&m->terms, sent_usec, m->granted_sec, random_bits());
                DL_APPEND(c->idle, m);
        } else if (result && is_final(result)) {
                tell(c, m, "is not held any more, and will come again", result->code);
                drop(c, m);
        } else {
                lease_extension_failed(&m->terms, clock_boottime_usec(), c->visibility_sec);
                DL_PREPEND(c->idle, m);
        }
}

static void on_ended(struct consumed *c, struct held *m, const struct sqs_batch_result *result) {
        bool done = result && (result->ok || is_final(result));

        if (done && !result->ok && c->phase == PHASE_DELETING)
                tell(c, m, "could not be deleted, and may come again", result->code);
        if (done)
                drop(c, m);
        else
                DL_APPEND(c->idle, m);
}

static void on_answer(const struct aws_error *error, const struct sqs_batch_result *results, size_t count, void *userdata) {
        struct call *call = userdata;
        struct consumed *c = call->set;
        bool failed = error != NULL;

        DL_DELETE(c->calls, call);
        c->call_count--;
        for (size_t i = 0; i < call->count; i++) {
                const struct sqs_batch_result *result = error ? NULL : &results[i];

                failed = failed || (!result->ok && !is_final(result));
                if (call->phase == PHASE_HELD && c->phase == PHASE_HELD)
                        on_extended(c, call->messages[i], result, call->sent_usec);
                else if (call->phase == PHASE_HELD) /* meanwhile it is to be deleted or given back */
                        DL_APPEND(c->idle, call->messages[i]);
                else
                        on_ended(c, call->messages[i], result);
        }
        free(call);
        if (failed)
                c->not_before_usec = usec_add(clock_boottime_usec(), retry_backoff_usec(c->failures++, BACKOFF_BASE_USEC,
                                                                                         BACKOFF_CAP_USEC, random_bits()));
        else
                c->failures = 0;
        pump(c);
}

/* --- calls ----------------------------------------------------------------------------------------------------------- */

static bool is_due(const struct consumed *c, const struct held *m, uint64_t now_usec) {
        uint64_t slack = MIN(c->visibility_sec * USEC_PER_SEC / 8, SLACK_MAX_USEC);

        return c->phase != PHASE_HELD ||
               (usec_add(now_usec, slack) >= m->terms.due_usec && lease_extension_sec(&m->terms, now_usec, c->visibility_sec) > 0);
}

static int send_call(struct call *call) {
        struct consumed *c = call->set;
        const char *handles[SQS_BATCH_MAX];
        struct sqs_visibility entries[SQS_BATCH_MAX];
        uint64_t limit = SQS_TIMEOUT_USEC;

        for (size_t i = 0; i < call->count; i++) {
                struct held *m = call->messages[i];

                m->granted_sec = c->phase == PHASE_HELD ? lease_extension_sec(&m->terms, call->sent_usec, c->visibility_sec) : 0;
                handles[i] = m->receipt_handle;
                entries[i] = (struct sqs_visibility){ m->receipt_handle, m->granted_sec };
                limit = MIN(limit, lease_call_limit_usec(&m->terms, call->sent_usec));
        }
        if (c->phase == PHASE_DELETING)
                return sqs_delete_batch(c->client, c->queue_url, handles, call->count, on_answer, call, &call->call);
        return sqs_change_visibility_batch(c->client, c->queue_url, entries, call->count, limit, on_answer, call, &call->call);
}

/* What goes back goes back from the end, so that of a FIFO group the first is visible last, and none overtakes it. */
static struct held *next_idle(const struct consumed *c) {
        return c->idle && c->phase == PHASE_RELEASING ? c->idle->prev : c->idle;
}

/* 1: a call was made; 0: nothing is due; -errno: it could not be made, the messages are idle again. */
static int start_call(struct consumed *c, uint64_t now_usec) {
        struct call *call;
        struct held *m = next_idle(c);
        int r;

        if (!m || !is_due(c, m, now_usec))
                return 0;
        call = calloc(1, sizeof(*call));
        if (!call)
                return -ENOMEM;
        *call = (struct call){ .set = c, .phase = c->phase, .sent_usec = now_usec };
        for (; m && call->count < SQS_BATCH_MAX && is_due(c, m, now_usec); m = next_idle(c)) {
                assert(m->next || m == c->idle->prev); /* what utlist promises */
                DL_DELETE(c->idle, m);
                call->messages[call->count++] = m;
        }
        r = send_call(call);
        if (r < 0) {
                for (size_t i = 0; i < call->count; i++)
                        DL_APPEND(c->idle, call->messages[i]);
                free(call);
                return r;
        }
        DL_APPEND(c->calls, call);
        c->call_count++;
        return 1;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        pump(userdata);
        return 0;
}

static void arm(struct consumed *c, uint64_t now_usec) {
        uint64_t when = c->idle ? MAX(c->phase == PHASE_HELD ? c->idle->terms.due_usec : now_usec, c->not_before_usec) :
                                  USEC_INFINITY;

        if (c->phase == PHASE_HELD && c->idle && lease_extension_sec(&c->idle->terms, now_usec, c->visibility_sec) == 0)
                when = USEC_INFINITY; /* the 12 hours are over */
        if (c->call_count == CALLS_MAX || when == USEC_INFINITY) {
                (void)sd_event_source_set_enabled(c->timer, SD_EVENT_OFF);
                return;
        }
        (void)sd_event_source_set_time(c->timer, when);
        (void)sd_event_source_set_enabled(c->timer, SD_EVENT_ONESHOT);
}

static void tell_if_settled(struct execution *e) {
        void (*on_settled)(struct execution *e) = e->on_settled;

        if (!on_settled || consumed_is_pending(e))
                return;
        e->on_settled = NULL;
        on_settled(e);
}

static void over(struct consumed *c) {
        size_t left = HASH_COUNT(c->by_id);

        if (left > 0)
                execution_logf(c->run->execution, c->run, LOG_WARNING, "%zu messages could not be %s in time: their visibility "
                               "timeout decides", left, c->phase == PHASE_DELETING ? "deleted" : "given back");
        c->phase = PHASE_OVER;
        (void)sd_event_source_set_enabled(c->timer, SD_EVENT_OFF);
        tell_if_settled(c->run->execution->top);
}

/* Makes the calls that are due. The set may be gone after this, when it was the last to be settled. */
static void pump(struct consumed *c) {
        uint64_t now = clock_boottime_usec();
        bool ending = c->phase == PHASE_DELETING || c->phase == PHASE_RELEASING;
        int r = 1;

        if (c->phase == PHASE_OVER)
                return;
        if (ending && (now >= c->give_up_usec || (!c->idle && !c->calls))) {
                over(c);
                return;
        }
        while (r > 0 && c->call_count < CALLS_MAX && now >= c->not_before_usec)
                r = start_call(c, now);
        if (r < 0)
                c->not_before_usec = usec_add(now, BACKOFF_BASE_USEC);
        arm(c, now);
}

/* --- the life of a set ----------------------------------------------------------------------------------------------- */

struct consumed *consumed_new(struct task_run *run, struct sqs_client *client, const char *queue_url,
                              unsigned visibility_sec, bool auto_delete) {
        struct execution *e = run->execution->top;
        struct consumed *c = calloc(1, sizeof(*c));

        if (!c)
                return NULL;
        c->run = run;
        c->visibility_sec = visibility_sec;
        c->auto_delete = auto_delete;
        c->client = client;
        c->queue_url = text_dup(queue_url);
        if (!c->queue_url || sd_event_add_time(e->shop.event, &c->timer, CLOCK_BOOTTIME, 0, 10 * USEC_PER_MSEC, on_timer, c) < 0 ||
            sd_event_source_set_enabled(c->timer, SD_EVENT_OFF) < 0) {
                sd_event_source_disable_unref(c->timer);
                free(c->queue_url);
                free(c);
                return NULL;
        }
        c->next = e->consumed;
        e->consumed = c;
        return c;
}

static void end(struct consumed *c, enum phase phase) {
        c->phase = phase;
        c->failures = 0;
        c->not_before_usec = 0;
        c->give_up_usec = usec_add(clock_boottime_usec(), ENDING_USEC);
        pump(c);
}

void consumed_keep(struct consumed *c) {
        c->kept = true;
        if (!c->by_id)
                c->phase = PHASE_OVER;
}

void consumed_give_back(struct consumed *c) {
        if (c->by_id)
                end(c, PHASE_RELEASING);
        else
                c->phase = PHASE_OVER;
}

static bool is_within(const struct execution *inner, const struct execution *e) {
        while (inner != e && inner->caller)
                inner = inner->caller->execution;
        return inner == e;
}

void consumed_give_back_all(struct execution *e) {
        for (struct consumed *c = e->top->consumed; c; c = c->next)
                if (c->phase == PHASE_HELD && is_within(c->run->execution, e))
                        consumed_give_back(c);
}

bool consumed_is_pending(const struct execution *e) {
        for (const struct consumed *c = e->consumed; c; c = c->next)
                if (c->phase != PHASE_OVER)
                        return true;
        return false;
}

void consumed_settle(struct execution *e, bool success, void (*on_settled)(struct execution *e)) {
        for (struct consumed *c = e->consumed; c; c = c->next) {
                if (c->phase != PHASE_HELD)
                        continue;
                if (!success || !c->kept)
                        end(c, PHASE_RELEASING);
                else if (c->auto_delete)
                        end(c, PHASE_DELETING);
                else
                        c->phase = PHASE_OVER; /* left to the visibility timeout */
        }
        e->on_settled = on_settled;
        tell_if_settled(e);
}

static void consumed_free(struct consumed *c) {
        struct held *m, *next_held;
        struct call *call;

        sd_event_source_disable_unref(c->timer);
        while ((call = c->calls)) {
                DL_DELETE(c->calls, call);
                sqs_cancel(call->call);
                free(call);
        }
        HASH_ITER(hh, c->by_id, m, next_held) {
                HASH_DEL(c->by_id, m);
                held_free(m);
        }
        free(c->queue_url);
        free(c);
}

void consumed_free_all(struct execution *e) {
        for (struct consumed *c = e->consumed, *next; c; c = next) {
                next = c->next;
                consumed_free(c);
        }
        e->consumed = NULL;
}
