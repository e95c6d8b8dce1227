/* SPDX-License-Identifier: Apache-2.0 */
/* What is due is decided by lease_plan.c; here are the calls. A call remembers its items and the handle version it
 * used: a delete that was confirmed for an older handle than the newest one is repeated, because SQS may answer an old
 * handle with success and delete nothing.
 *
 * An item with a call under way is skipped by everything else, and its owner keeps it alive until the call ends. */
#include "agent/lease.h"

#include <utlist.h>

#include "agent/fault.h"
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
        struct lease_item *items[LEASE_BATCH_MAX];
};

static struct services *services_of(const struct lease *l) {
        return l->queue->services;
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

void lease_hold(struct lease *l, struct lease_item *item) {
        DL_APPEND(l->held, item);
        item->is_held = item->is_extended = true;
        arm(l, item->terms.due_usec);
}

void lease_adopt(struct lease *l, struct lease_item *item, char **receipt_handle, const struct lease_terms *terms) {
        free(item->receipt_handle);
        item->receipt_handle = TAKE_PTR(*receipt_handle);
        item->handle_version++;
        item->terms = *terms;
        item->is_extended = true;
        arm(l, item->terms.due_usec);
}

void lease_let_go(struct lease_item *item) {
        item->is_extended = false;
}

void lease_forget(struct lease *l, struct lease_item *item) {
        DL_DELETE(l->held, item);
        item->is_held = false;
}

void lease_wish_flush(struct lease *l) {
        wish_flush(&services_of(l)->wishes, &l->flush);
}

void lease_delete(struct lease *l, struct lease_item *item) {
        if (l->delete_count++ == 0)
                l->oldest_delete_usec = clock_boottime_usec();
        DL_APPEND2(l->deletes, item, listed_prev, listed_next);
        item->listed = LEASE_DELETES;
        lease_wish_flush(l);
}

void lease_release(struct lease *l, struct lease_item *item) {
        l->release_count++;
        DL_APPEND2(l->releases, item, listed_prev, listed_next);
        item->listed = LEASE_RELEASES;
        lease_let_go(item);
        lease_wish_flush(l);
}

void lease_unlist(struct lease *l, struct lease_item *item) {
        if (item->listed == LEASE_DELETES) {
                l->delete_count--;
                DL_DELETE2(l->deletes, item, listed_prev, listed_next);
        } else if (item->listed == LEASE_RELEASES) {
                l->release_count--;
                DL_DELETE2(l->releases, item, listed_prev, listed_next);
        }
        item->listed = LEASE_NOT_LISTED;
}

/* --- answers --------------------------------------------------------------------------------------------------------- */

static void on_extend_entry(struct lease *l, struct lease_item *item, const struct sqs_batch_result *result,
                            const struct lease_call *c, unsigned i) {
        uint64_t now = clock_boottime_usec();

        if (item->handle_version != c->versions[i])
                return;
        if (result && result->ok) {
                lease_extended(&item->terms, c->sent_usec, c->granted_sec[i], jitter_next(l->queue->jitter));
                arm(l, item->terms.due_usec);
        } else if (result && result->class == AWS_ERROR_STALE_HANDLE) {
                l->ops->on_lost(item);
        } else {
                lease_extension_failed(&item->terms, now, l->queue->visibility_sec);
                arm(l, item->terms.due_usec);
        }
}

static void back_off(struct lease *l, uint64_t now_usec) {
        l->not_before_usec = usec_add(now_usec, FAILURE_BASE_USEC / 2 +
                                      retry_backoff_usec(l->failures++, FAILURE_BASE_USEC, FAILURE_CAP_USEC,
                                                         jitter_next(l->queue->jitter)));
        arm(l, l->not_before_usec);
}

/* A refusal that no repetition changes: an expired handle, or the sender's fault. */
static bool is_hopeless(const struct sqs_batch_result *result) {
        return result && !result->ok && (result->sender_fault || result->class == AWS_ERROR_STALE_HANDLE);
}

/* True when it failed and is tried again; so is a release. */
static bool on_delete_entry(struct lease *l, struct lease_item *item, const struct sqs_batch_result *result,
                            unsigned version) {
        bool newest = item->handle_version == version, failed = !result || !result->ok;

        if (newest && result && result->ok)
                l->ops->on_deleted(item, NULL);
        else if (newest && result && is_hopeless(result))
                l->ops->on_deleted(item, result->code);
        else {
                l->ops->on_delete_again(item, failed);
                return failed;
        }
        return false;
}

static bool on_release_entry(struct lease *l, struct lease_item *item, const struct sqs_batch_result *result) {
        if ((result && result->ok) || is_hopeless(result))
                l->ops->on_released(item);
        else if (clock_boottime_usec() >= item->terms.deadline_usec) /* it is visible by now without us */
                l->ops->on_lost(item);
        else {
                lease_release(l, item);
                return true;
        }
        return false;
}

static void on_answer(const struct aws_error *error, const struct sqs_batch_result *results, size_t count,
                      void *userdata) {
        _cleanup_free_ struct lease_call *c = userdata;
        struct lease *l = c->lease;
        bool again = false;

        DL_DELETE(l->calls, c);
        if (!error)
                l->failures = 0;
        l->ops->on_answered(l, error);
        for (unsigned i = 0; i < c->count; i++) {
                struct lease_item *item = c->items[i];
                const struct sqs_batch_result *result = error ? NULL : &results[i];

                item->in_flight = false;
                if (!item->is_held)
                        l->ops->on_call_ended(item);
                else if (c->kind == CALL_EXTEND)
                        on_extend_entry(l, item, result, c, i);
                else if (c->kind == CALL_DELETE)
                        again |= on_delete_entry(l, item, result, c->versions[i]);
                else
                        again |= on_release_entry(l, item, result);
        }
        if (again)
                back_off(l, clock_boottime_usec());
        lease_wish_flush(l);
}

/* --- calls ----------------------------------------------------------------------------------------------------------- */

static int send_visibilities(struct lease_call *c) {
        const struct queue *q = c->lease->queue;
        struct sqs_visibility entries[LEASE_BATCH_MAX];
        uint64_t limit = SQS_TIMEOUT_USEC;

        for (unsigned i = 0; i < c->count; i++) {
                entries[i] = (struct sqs_visibility){ .receipt_handle = c->items[i]->receipt_handle,
                                                      .visibility_seconds = c->granted_sec[i] };
                limit = MIN(limit, lease_call_limit_usec(&c->items[i]->terms, c->sent_usec));
        }
        return sqs_change_visibility_batch(q->client, q->url, entries, c->count, limit, on_answer, c, &c->call);
}

static int send_deletes(struct lease_call *c) {
        const struct queue *q = c->lease->queue;
        const char *handles[LEASE_BATCH_MAX];

        for (unsigned i = 0; i < c->count; i++)
                handles[i] = c->items[i]->receipt_handle;
        return sqs_delete_batch(q->client, q->url, handles, c->count, on_answer, c, &c->call);
}

/* NULL: out of memory; the timer comes back to it. */
static struct lease_call *call_new(struct lease *l, enum call_kind kind) {
        struct lease_call *c = calloc(1, sizeof *c);

        if (!c) {
                back_off(l, clock_boottime_usec());
                return NULL;
        }
        c->lease = l;
        c->kind = kind;
        c->sent_usec = clock_boottime_usec();
        return c;
}

static void call_add(struct lease_call *c, struct lease_item *item, unsigned granted_sec) {
        item->in_flight = true;
        c->granted_sec[c->count] = granted_sec;
        c->versions[c->count] = item->handle_version;
        c->items[c->count++] = item;
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
        unsigned visibility = l->queue->visibility_sec;
        uint64_t slack = visibility * USEC_PER_SEC / 8, next = USEC_INFINITY;
        struct lease_item *item, *following;
        struct lease_call *c = NULL;

        for (item = l->held; item; item = following) {
                following = item->next;
                if (item->in_flight || !item->is_extended)
                        continue;
                switch (lease_decide(&item->terms, now_usec, 0, visibility)) {
                case LEASE_LOST:
                        l->ops->on_lost(item);
                        continue;
                case LEASE_KEEP:
                        if (!c || c->count == 0 ||
                            lease_decide(&item->terms, now_usec, slack, visibility) != LEASE_EXTEND) {
                                next = MIN(next, now_usec < item->terms.due_usec ? item->terms.due_usec
                                                                                 : item->terms.deadline_usec);
                                continue;
                        }
                        break;
                case LEASE_EXTEND:
                        break;
                }
                if (!c && !(c = call_new(l, CALL_EXTEND)))
                        break;
                call_add(c, item, lease_extension_sec(&item->terms, now_usec, visibility));
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
        struct lease_item *item, *following;
        struct lease_call *c = NULL;

        if (ready < l->delete_count)
                arm(l, usec_add(l->oldest_delete_usec, linger));
        if (ready == 0)
                return;
        for (item = l->deletes; item; item = following) {
                following = item->listed_next;
                if (ready == 0)
                        break;
                if (item->in_flight)
                        continue;
                if (!c && !(c = call_new(l, CALL_DELETE)))
                        return;
                ready--;
                lease_unlist(l, item);
                l->ops->on_delete_sent(item);
                call_add(c, item, 0);
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
        struct lease_item *item, *following;
        struct lease_call *c = NULL;

        for (item = l->releases; item; item = following) {
                following = item->listed_next;
                if (item->in_flight || !l->ops->may_release(item))
                        continue;
                if (!c && !(c = call_new(l, CALL_RELEASE)))
                        return;
                lease_unlist(l, item);
                call_add(c, item, item->release_sec);
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

        if (fault_is_on(FAULT_LEASE))
                return 0;
        l->armed_usec = USEC_INFINITY;
        liveness_forget(&services_of(l)->liveness, &l->liveness);
        send_due_extensions(l, clock_boottime_usec());
        lease_wish_flush(l);
        return 0;
}

int lease_init(struct lease *l, const struct queue *queue, const struct lease_ops *ops) {
        int r;

        *l = (struct lease){ .ops = ops, .queue = queue, .armed_usec = USEC_INFINITY };
        r = sd_event_add_time(services_of(l)->event, &l->timer, CLOCK_BOOTTIME, 0, ACCURACY_USEC, on_timer, l);
        if (r >= 0)
                r = sd_event_source_set_enabled(l->timer, SD_EVENT_OFF);
        return r < 0 ? r : 0;
}

void lease_done(struct lease *l) {
        if (!l->queue)
                return;
        wish_no_flush(&services_of(l)->wishes, &l->flush);
        liveness_forget(&services_of(l)->liveness, &l->liveness);
        l->timer = sd_event_source_unref(l->timer);
}

void lease_cancel_calls(struct lease *l) {
        struct lease_call *c, *next;

        for (c = l->calls; c; c = next) {
                next = c->next;
                sqs_cancel(c->call);
                for (unsigned i = 0; i < c->count; i++) {
                        c->items[i]->in_flight = false;
                        if (!c->items[i]->is_held)
                                l->ops->on_call_ended(c->items[i]);
                }
                DL_DELETE(l->calls, c);
                free(c);
        }
}
