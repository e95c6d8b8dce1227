/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's state as one JSON document, for `sqsflow status` and whoever asks the socket; and as one line, for
 * systemctl. */
#include "agent/agent.h"

#include <inttypes.h>
#include <unistd.h>

#include "agent/engine.h"
#include "common/base/clock.h"
#include "common/base/json.h"
#include "common/store/store.h"

struct totals {
        struct counters counters;
        unsigned waiting, polling, backoff, held_off; /* the last three: triggers */
};

static struct totals total(const struct agent *a) {
        struct totals sum = { .counters = a->dropped };

        for (const struct trigger *t = a->services.triggers; t; t = t->next) {
                counters_add(&sum.counters, &t->counters);
                sum.waiting += t->slots.waiting;
                sum.polling += t->phase == TRIGGER_POLLING && !trigger_holds_off(t);
                sum.held_off += t->phase != TRIGGER_STOPPING && t->demand.fails && !trigger_is_paused(t);
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
        unsigned count = 0;

        for (const struct lease_item *i = t->lease.held; i; i = i->next)
                count++;
        return count;
}

static void put_counters(struct buf *b, const struct counters *c) {
        for (unsigned i = 0; i < COUNTER_COUNT; i++)
                put_number(b, counter_key((enum counter)i), c->of[i]);
}

static void put_pause(struct buf *b, const struct store_pause *p) {
        put_key(b, "pause");
        if (p->since_usec == 0) {
                buf_append_str(b, "null,");
                return;
        }
        buf_append_char(b, '{');
        put_text(b, "by", p->after == RUN_CREATED ? "hand" : "stopAfter");
        put_text(b, "after", p->after == RUN_CREATED ? NULL : run_state_name(p->after));
        put_time(b, "since", p->since_usec);
        close_map(b);
        buf_append_char(b, ',');
}

static void put_trigger(struct buf *b, const struct trigger *t) {
        buf_append_char(b, '{');
        put_text(b, "id", t->config.id);
        put_text(b, "queueUrl", t->queue.url ? t->queue.url : t->config.queue_url);
        put_text(b, "flow", t->config.flow_id);
        put_text(b, "state", trigger_phase_name(t));
        put_time(b, "since", trigger_since_usec(t));
        put_pause(b, &t->pause);
        put_text(b, "reason", t->demand.fails ? t->demand.reason : NULL);
        put_text(b, "error", t->demand.is_problem && !t->error ? t->demand.reason : t->error);
        put_number(b, "openReceives", t->poller.plan.open);
        put_number(b, "inFlight", held_messages(t));
        put_number(b, "running", t->slots.running);
        put_number(b, "waiting", t->slots.waiting);
        put_counters(b, &t->counters);
        put_time(b, "lastReceiveAt", t->last_receive_usec);
        close_map(b);
}

static void put_store(struct buf *b, const struct agent *a) {
        put_key(b, "store");
        buf_appendf(b, "{\"healthy\":%s,", store_is_healthy(a->store) ? "true" : "false");
        put_text(b, "problem", store_problem(a->store));
        put_text(b, "path", a->config->store);
        close_map(b);
        buf_append_char(b, ',');
}

static void put_engine(struct buf *b, const struct engine *e) {
        put_key(b, "engine");
        buf_appendf(b, "{\"healthy\":%s,", engine_is_well(e) ? "true" : "false");
        put_text(b, "problem", engine_is_well(e) ? NULL : e->problem);
        close_map(b);
        buf_append_char(b, ',');
}

static void put_isolation(struct buf *b, const struct isolation *i) {
        put_key(b, "isolation");
        buf_append_char(b, '{');
        put_text(b, "cgroup", i->path);
        put_key(b, "controllers");
        buf_append_char(b, '"');
        cgroup_put_controllers(b, i->controllers);
        buf_append_str(b, "\",");
        put_text(b, "problem", isolation_problem(i));
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
        buf_appendf(out, "\"limits\":{\"executions\":%u},", a->slots.total);
        put_number(out, "running", a->slots.running);
        put_number(out, "waiting", sum.waiting);
        put_isolation(out, &a->isolation);
        put_store(out, a);
        put_engine(out, a->services.engine);
        put_key(out, "totals");
        buf_append_char(out, '{');
        put_counters(out, &sum.counters);
        close_map(out);
        buf_append_char(out, ',');
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

        if (!a->services.triggers)
                buf_append_str(line, "idle: no trigger is configured; ");
        buf_appendf(line, "%s: %u of %u slots run, %u wait; %u triggers poll", state_name(a), a->slots.running,
                    a->slots.total, sum.waiting, sum.polling);
        if (sum.backoff > 0)
                buf_appendf(line, ", %u back off", sum.backoff);
        if (sum.held_off > 0)
                buf_appendf(line, ", %u wait for their conditions", sum.held_off);
        buf_append_str(line, "; ");
        (void)counters_write(line, &sum.counters);
        if (!store_is_healthy(a->store))
                buf_appendf(line, "; STORE: %s", store_problem(a->store));
        if (!engine_is_well(a->services.engine))
                buf_appendf(line, "; RUNNER: %s", a->services.engine->problem);
}
