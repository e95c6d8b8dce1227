/* SPDX-License-Identifier: Apache-2.0 */
/* What is due is decided by lease_plan.c; here are the calls. A call remembers its deliveries and the handle version it
 * used: a delete that was confirmed for an older handle than the newest one is repeated, because SQS may answer an old
 * handle with success and delete nothing.
 *
 * A delivery with a call under way is skipped by everything else; delivery.c keeps it alive until the call ends. */
#include "agent/lease.h"

#include <utlist.h>

#include "agent/queue.h"
#include "agent/services.h"
#include "agent/trigger.h"
#include "agent/turn.h"
#include "common/aws/retry.h"
#include "common/aws/sqs.h"
#include "common/base/clock.h"
#include "common/base/log.h"

#define ACCURACY_USEC (5 * USEC_PER_MSEC)
#define LIVENESS_MARGIN_USEC (20 * USEC_PER_SEC)
#define FAILURE_BASE_USEC (100 * USEC_PER_MSEC)
#define FAILURE_CAP_USEC (5 * USEC_PER_SEC)

enum call_kind { CALL_EXTEND, CALL_DELETE, CALL_RELEASE };

struct lease_call {
        struct lease_call *prev, *next;
        struct sqs_call *call;
        struct lease *lease;
        enum call_kind kind;
        uint64_t sent_usec; /* boot time */
        unsigned count;
        unsigned granted_sec[LEASE_BATCH_MAX];
        unsigned versions[LEASE_BATCH_MAX];
        struct delivery *deliveries[LEASE_BATCH_MAX];
};

static struct services *services_of(const struct lease *l) {
        return l->trigger->services;
}

static const struct queue *queue_of(const struct lease *l) {
        return &l->trigger->queue;
}

static void arm(struct lease *l, uint64_t when_usec) {
        if (when_usec >= l->armed_usec)
                return;
        l->armed_usec = when_usec;
        sd_event_source_set_time(l->timer, when_usec);
        sd_event_source_set_enabled(l->timer, SD_EVENT_ONESHOT);
        uint64_t left = usec_sub(when_usec, clock_boottime_usec());
        liveness_watch(&services_of(l)->liveness, &l->liveness, "lease",
                       usec_add(clock_monotonic_usec(), usec_add(left, LIVENESS_MARGIN_USEC)));
}

void lease_hold(struct lease *l, struct delivery *d) {
        DL_APPEND2(l->held, d, held_prev, held_next);
        arm(l, d->terms.due_usec);
}

void lease_hold_again(struct lease *l, struct delivery *d) {
        arm(l, d->terms.due_usec);
}

void lease_forget(struct lease *l, struct delivery *d) {
        DL_DELETE2(l->held, d, held_prev, held_next);
}

void lease_queue(struct lease *l, struct delivery *d) {
        if (d->state == DELIVERY_SUCCEEDED) {
                if (l->delete_count++ == 0)
                        l->oldest_delete_usec = clock_boottime_usec();
                DL_APPEND2(l->deletes, d, wire_prev, wire_next);
        } else {
                l->release_count++;
                DL_APPEND2(l->releases, d, wire_prev, wire_next);
        }
        d->on_wire_list = true;
        trigger_wants_flush(l->trigger);
}

void lease_unqueue(struct lease *l, struct delivery *d) {
        if (!d->on_wire_list)
                return;
        if (d->state == DELIVERY_SUCCEEDED) {
                l->delete_count--;
                DL_DELETE2(l->deletes, d, wire_prev, wire_next);
        } else {
                l->release_count--;
                DL_DELETE2(l->releases, d, wire_prev, wire_next);
        }
        d->on_wire_list = false;
}

/* --- answers --------------------------------------------------------------------------------------------------------- */

static void on_extend_entry(struct lease *l, struct delivery *d, const struct sqs_batch_result *result,
                            const struct lease_call *c, unsigned i) {
        uint64_t now = clock_boottime_usec();

        if (d->state == DELIVERY_GONE || d->handle_version != c->versions[i])
                return;
        if (result && result->ok) {
                lease_extended(&d->terms, c->sent_usec, c->granted_sec[i], trigger_random(l->trigger));
                arm(l, d->terms.due_usec);
        } else if (result && result->class == AWS_ERROR_STALE_HANDLE) {
                trigger_lost_lease(l->trigger, d);
        } else {
                lease_extension_failed(&d->terms, now, queue_of(l)->visibility_sec);
                arm(l, d->terms.due_usec);
        }
}

static void back_off(struct lease *l, uint64_t now_usec) {
        l->not_before_usec = usec_add(now_usec, FAILURE_BASE_USEC / 2 +
                                      retry_backoff_usec(l->failures++, FAILURE_BASE_USEC, FAILURE_CAP_USEC,
                                                         trigger_random(l->trigger)));
        arm(l, l->not_before_usec);
}

/* A refusal that no repetition changes: an expired handle, or the sender's fault. */
static bool is_hopeless(const struct sqs_batch_result *result) {
        return result && !result->ok && (result->sender_fault || result->class == AWS_ERROR_STALE_HANDLE);
}

static void on_delete_entry(struct lease *l, struct delivery *d, const struct sqs_batch_result *result,
                            unsigned version) {
        bool newest = d->handle_version == version;

        if (d->state != DELIVERY_DELETING)
                return;
        if (result && result->ok && newest) {
                l->trigger->counters.deleted++;
                delivery_apply(d, DELIVERY_DELETE_DONE);
        } else if (is_hopeless(result) && newest) {
                trigger_log_message(l->trigger, LOG_WARNING, d, "the delete was refused (%s); if the message comes again it is "
                                    "deleted unseen", result->code);
                delivery_apply(d, DELIVERY_DELETE_DONE);
        } else {
                if (!result || !result->ok) {
                        l->trigger->counters.delete_failures++;
                        back_off(l, clock_boottime_usec());
                }
                delivery_apply(d, DELIVERY_DELETE_AGAIN);
        }
}

static void on_release_entry(struct lease *l, struct delivery *d, const struct sqs_batch_result *result) {
        if (d->state != DELIVERY_RELEASING)
                return;
        if ((result && result->ok) || is_hopeless(result)) {
                delivery_apply(d, DELIVERY_GIVEN_BACK);
                return;
        }
        if (clock_boottime_usec() >= d->terms.deadline_usec) { /* it is visible by now without us */
                delivery_apply(d, DELIVERY_LEASE_LOST);
                return;
        }
        back_off(l, clock_boottime_usec());
        lease_queue(l, d);
}

static void on_answer(const struct aws_error *error, const struct sqs_batch_result *results, size_t count,
                      void *userdata) {
        _cleanup_free_ struct lease_call *c = userdata;
        struct lease *l = c->lease;
        struct trigger *t = trigger_ref(l->trigger);

        DL_DELETE(l->calls, c);
        if (!error)
                l->failures = 0;
        trigger_call_answered(t, error);
        for (unsigned i = 0; i < c->count; i++) {
                struct delivery *d = c->deliveries[i];
                const struct sqs_batch_result *result = error ? NULL : &results[i];

                d->in_flight = false;
                if (d->state != DELIVERY_GONE) {
                        if (c->kind == CALL_EXTEND)
                                on_extend_entry(l, d, result, c, i);
                        else if (c->kind == CALL_DELETE)
                                on_delete_entry(l, d, result, c->versions[i]);
                        else
                                on_release_entry(l, d, result);
                } else {
                        delivery_call_ended(d);
                }
        }
        trigger_wants_flush(t);
        trigger_unref(t);
}

/* --- calls ----------------------------------------------------------------------------------------------------------- */

static int send_visibilities(struct lease_call *c) {
        struct sqs_visibility entries[LEASE_BATCH_MAX];

        for (unsigned i = 0; i < c->count; i++)
                entries[i] = (struct sqs_visibility){ .receipt_handle = c->deliveries[i]->receipt_handle,
                                                      .visibility_seconds = c->granted_sec[i] };
        return sqs_change_visibility_batch(queue_of(c->lease)->client, queue_of(c->lease)->url, entries, c->count,
                                           on_answer, c, &c->call);
}

static int send_deletes(struct lease_call *c) {
        const char *handles[LEASE_BATCH_MAX];

        for (unsigned i = 0; i < c->count; i++)
                handles[i] = c->deliveries[i]->receipt_handle;
        return sqs_delete_batch(queue_of(c->lease)->client, queue_of(c->lease)->url, handles, c->count, on_answer, c,
                                &c->call);
}

static struct lease_call *call_new(struct lease *l, enum call_kind kind) {
        struct lease_call *c = calloc(1, sizeof *c);

        if (!c)
                return NULL;
        c->lease = l;
        c->kind = kind;
        c->sent_usec = clock_boottime_usec();
        return c;
}

static void call_add(struct lease_call *c, struct delivery *d, unsigned granted_sec) {
        d->in_flight = true;
        c->granted_sec[c->count] = granted_sec;
        c->versions[c->count] = d->handle_version;
        c->deliveries[c->count++] = d;
}

/* A call that could not even be made (out of memory, or the request is too large) is answered as a failed one. */
static void call_send(struct lease_call *c) {
        struct lease *l = c->lease;
        int r;

        if (c->count == 0) {
                free(c);
                return;
        }
        DL_APPEND(l->calls, c);
        r = c->kind == CALL_DELETE ? send_deletes(c) : send_visibilities(c);
        if (r < 0) {
                struct aws_error e = aws_error_from_errno(r, "the request could not be made");
                on_answer(&e, NULL, 0, c);
        }
}

static void send_due_extensions(struct lease *l, uint64_t now_usec) {
        unsigned visibility = queue_of(l)->visibility_sec;
        uint64_t slack = visibility * USEC_PER_SEC / 8, next = USEC_INFINITY;
        struct delivery *d, *following;
        struct lease_call *c = NULL;

        for (d = l->held; d; d = following) {
                following = d->held_next;
                if (d->in_flight || d->state == DELIVERY_LOST || d->state == DELIVERY_RELEASING)
                        continue;
                switch (lease_decide(&d->terms, now_usec, 0, visibility)) {
                case LEASE_LOST:
                        trigger_lost_lease(l->trigger, d);
                        continue;
                case LEASE_KEEP:
                        if (!c || c->count == 0 ||
                            lease_decide(&d->terms, now_usec, slack, visibility) != LEASE_EXTEND) {
                                next = MIN(next, now_usec < d->terms.due_usec ? d->terms.due_usec : d->terms.deadline_usec);
                                continue;
                        }
                        break;
                case LEASE_EXTEND:
                        break;
                }
                if (!c && !(c = call_new(l, CALL_EXTEND)))
                        break;
                call_add(c, d, lease_extension_sec(&d->terms, now_usec, visibility));
                if (c->count == LEASE_BATCH_MAX) {
                        call_send(c);
                        c = NULL;
                }
        }
        if (c)
                call_send(c);
        arm(l, next);
}

static void send_deletes_ready(struct lease *l, uint64_t now_usec) {
        uint64_t linger = services_of(l)->stopping ? 0 : LEASE_LINGER_USEC;
        size_t ready = lease_batch_ready(l->delete_count, l->oldest_delete_usec, now_usec, linger);
        struct delivery *d, *following;
        struct lease_call *c = NULL;

        if (ready < l->delete_count)
                arm(l, usec_add(l->oldest_delete_usec, linger));
        if (ready == 0)
                return;
        for (d = l->deletes; d; d = following) {
                following = d->wire_next;
                if (ready == 0)
                        break;
                if (d->in_flight)
                        continue;
                if (!c && !(c = call_new(l, CALL_DELETE)))
                        return;
                ready--;
                delivery_apply(d, DELIVERY_DELETE_SENT);
                call_add(c, d, 0);
                if (c->count == LEASE_BATCH_MAX) {
                        call_send(c);
                        c = NULL;
                }
        }
        if (c)
                call_send(c);
        l->oldest_delete_usec = now_usec;
}

static void send_releases(struct lease *l) {
        struct delivery *d, *following;
        struct lease_call *c = NULL;

        for (d = l->releases; d; d = following) {
                following = d->wire_next;
                if (d->in_flight || (d->fifo.releasing && !fifo_release_may_go(&d->fifo)))
                        continue;
                if (!c && !(c = call_new(l, CALL_RELEASE)))
                        return;
                lease_unqueue(l, d);
                call_add(c, d, d->release_sec);
                if (c->count == LEASE_BATCH_MAX) {
                        call_send(c);
                        c = NULL;
                }
        }
        if (c)
                call_send(c);
}

void lease_flush(struct lease *l) {
        uint64_t now = clock_boottime_usec();

        if (now < l->not_before_usec) {
                arm(l, l->not_before_usec);
                return;
        }
        if (l->release_count > 0)
                send_releases(l);
        if (l->delete_count > 0)
                send_deletes_ready(l, now);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        struct lease *l = userdata;
        struct trigger *t = trigger_ref(l->trigger);

        l->armed_usec = USEC_INFINITY;
        liveness_forget(&services_of(l)->liveness, &l->liveness);
        send_due_extensions(l, clock_boottime_usec());
        trigger_wants_flush(t);
        trigger_unref(t);
        return 0;
}

int lease_init(struct lease *l, struct trigger *trigger) {
        int r;

        *l = (struct lease){ .trigger = trigger, .armed_usec = USEC_INFINITY };
        r = sd_event_add_time(services_of(l)->event, &l->timer, CLOCK_BOOTTIME, 0, ACCURACY_USEC, on_timer, l);
        if (r >= 0)
                r = sd_event_source_set_enabled(l->timer, SD_EVENT_OFF);
        return r < 0 ? r : 0;
}

void lease_done(struct lease *l) {
        liveness_forget(&services_of(l)->liveness, &l->liveness);
        sd_event_source_unref(l->timer);
        l->timer = NULL;
}

void lease_abandon(struct lease *l) {
        struct lease_call *c, *next_call;
        struct delivery *d, *next;

        for (c = l->calls; c; c = next_call) {
                next_call = c->next;
                sqs_cancel(c->call);
                for (unsigned i = 0; i < c->count; i++)
                        delivery_call_ended(c->deliveries[i]);
                DL_DELETE(l->calls, c);
                free(c);
        }
        for (d = l->held; d; d = next) {
                next = d->held_next;
                delivery_abandon(d);
        }
}
