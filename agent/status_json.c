/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's state as one JSON document, for `sqsflow status` and whoever asks the socket; and as one line, for
 * systemctl. */
#include "agent/agent.h"

#include <inttypes.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/json.h"
#include "common/store/store.h"

struct totals {
        uint64_t received, succeeded, failed, deleted;
        unsigned waiting, polling, backoff;
};

static struct totals total(const struct agent *a) {
        struct totals sum = {
                .received = a->dropped_received, .succeeded = a->dropped_succeeded,
                .failed = a->dropped_failed,     .deleted = a->dropped_deleted,
        };

        for (const struct trigger *t = a->services.triggers; t; t = t->next) {
                sum.received += t->counters.received;
                sum.succeeded += t->counters.succeeded;
                sum.failed += t->counters.failed;
                sum.deleted += t->counters.deleted;
                sum.waiting += t->waiting_count;
                sum.polling += t->phase == TRIGGER_POLLING;
                sum.backoff += t->phase == TRIGGER_BACKOFF;
        }
        return sum;
}

static const char *state_name(const struct agent *a) {
        static const char *const names[] = { [STOP_NONE] = "running", [STOP_DRAINING] = "draining",
                                             [STOP_CANCELLING] = "stopping", [STOP_NOW] = "stopping" };
        return names[a->stop];
}

static void put_key(struct buf *b, const char *key) {
        buf_appendf(b, "\"%s\":", key);
}

static void put_text(struct buf *b, const char *key, const char *text) {
        put_key(b, key);
        if (text)
                json_write_string(b, text, strlen(text));
        else
                buf_append_str(b, "null");
        buf_append_char(b, ',');
}

static void put_number(struct buf *b, const char *key, uint64_t value) {
        put_key(b, key);
        buf_appendf(b, "%" PRIu64 ",", value);
}

static void put_time(struct buf *b, const char *key, uint64_t usec) {
        char text[TIMESTAMP_MAX];

        put_text(b, key, usec > 0 ? timestamp_format(usec, text) : NULL);
}

/* Replaces the last comma. */
static void close_map(struct buf *b) {
        if (b->len > 0 && b->data[b->len - 1] == ',')
                b->data[b->len - 1] = '}';
        else
                buf_append_char(b, '}');
}

static unsigned held_messages(const struct trigger *t) {
        const struct delivery *d;
        unsigned count = 0;

        for (d = t->lease.held; d; d = d->held_next)
                count++;
        return count;
}

static void put_trigger(struct buf *b, const struct trigger *t) {
        buf_append_char(b, '{');
        put_text(b, "id", t->config.id);
        put_text(b, "queueUrl", t->queue.url ? t->queue.url : t->config.queue_url);
        put_text(b, "flow", t->config.flow_id);
        put_text(b, "state", trigger_phase_name(t));
        put_time(b, "since", t->since_usec);
        put_text(b, "error", t->error);
        put_number(b, "openReceives", t->poller.plan.open);
        put_number(b, "inFlight", held_messages(t));
        put_number(b, "running", t->running);
        put_number(b, "waiting", t->waiting_count);
        put_number(b, "received", t->counters.received);
        put_number(b, "succeeded", t->counters.succeeded);
        put_number(b, "failed", t->counters.failed);
        put_number(b, "deleted", t->counters.deleted);
        put_number(b, "deleteFailures", t->counters.delete_failures);
        put_time(b, "lastReceiveAt", t->last_receive_usec);
        close_map(b);
}

static void put_totals(struct buf *b, const struct totals *sum) {
        put_key(b, "totals");
        buf_append_char(b, '{');
        put_number(b, "received", sum->received);
        put_number(b, "succeeded", sum->succeeded);
        put_number(b, "failed", sum->failed);
        put_number(b, "deleted", sum->deleted);
        close_map(b);
        buf_append_char(b, ',');
}

static void put_store(struct buf *b, const struct agent *a) {
        put_key(b, "store");
        buf_appendf(b, "{\"healthy\":%s,", store_is_healthy(a->store) ? "true" : "false");
        put_text(b, "problem", store_problem(a->store));
        put_text(b, "path", a->config->store);
        close_map(b);
        buf_append_char(b, ',');
}

int agent_write_status(void *agent, struct buf *out) {
        const struct agent *a = agent;
        struct totals sum = total(a);

        buf_append_char(out, '{');
        put_text(out, "version", SQSFLOW_VERSION);
        put_number(out, "pid", (uint64_t)getpid());
        put_time(out, "startedAt", a->started_usec);
        put_text(out, "state", state_name(a));
        buf_appendf(out, "\"limits\":{\"executions\":%u},", a->dispatch.slots);
        put_number(out, "running", a->dispatch.running);
        put_number(out, "waiting", sum.waiting);
        put_store(out, a);
        put_totals(out, &sum);
        put_key(out, "triggers");
        buf_append_char(out, '[');
        for (const struct trigger *t = a->services.triggers; t; t = t->next) {
                put_trigger(out, t);
                if (t->next)
                        buf_append_char(out, ',');
        }
        buf_append_str(out, "]}");
        return buf_error(out);
}

void agent_describe(void *agent, struct buf *line) {
        const struct agent *a = agent;
        struct totals sum = total(a);

        buf_appendf(line, "%s: %u of %u slots run, %u wait; %u triggers poll", state_name(a), a->dispatch.running,
                    a->dispatch.slots, sum.waiting, sum.polling);
        if (sum.backoff > 0)
                buf_appendf(line, ", %u back off", sum.backoff);
        buf_appendf(line, "; %" PRIu64 " succeeded, %" PRIu64 " failed, %" PRIu64 " deleted", sum.succeeded, sum.failed,
                    sum.deleted);
        if (!store_is_healthy(a->store))
                buf_appendf(line, "; STORE: %s", store_problem(a->store));
}
