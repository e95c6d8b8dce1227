/* SPDX-License-Identifier: Apache-2.0 */
/* One row per method and path. */
#include "tests/queue/admin.h"

#include <utlist.h>

#include "common/base/clock.h"
#include "common/base/json.h"
#include "common/base/text.h"
#include "tests/queue/operation.h"

struct admin_call {
        struct service *service;
        const char *queue;
        unsigned connections;
        struct value *params; /* the body; NULL: none */
        struct buf *out;
        struct failure failure;
};

static unsigned refuse(struct admin_call *c, unsigned status, const char *message) {
        buf_append_char(c->out, '{');
        write_member(c->out, "error", message);
        buf_append_char(c->out, '}');
        return status;
}

static unsigned add_faults(struct admin_call *c) {
        if (!c->params)
                return refuse(c, 400, "a JSON list of rules is wanted");
        int r = faults_add(&c->service->faults, c->params, &c->failure);
        if (r != 0)
                return refuse(c, 400, r == FAILED ? failure_message(&c->failure) : "out of memory");
        faults_write(&c->service->faults, c->out);
        return 200;
}

static unsigned list_faults(struct admin_call *c) {
        faults_write(&c->service->faults, c->out);
        return 200;
}

static unsigned clear_faults(struct admin_call *c) {
        faults_clear(&c->service->faults);
        buf_append_str(c->out, "[]");
        return 200;
}

static unsigned set_clock(struct admin_call *c) {
        const struct value *v =
                c->params && value_type(c->params) == VALUE_MAP ? value_map_get(c->params, "offset_seconds") : NULL;
        int64_t seconds;

        if (!v || value_type(v) != VALUE_NUMBER || value_to_i64(v, &seconds) < 0)
                return refuse(c, 400, "offset_seconds, a whole number, is wanted");
        c->service->clock_offset_usec = seconds * (int64_t)USEC_PER_SEC;
        buf_appendf(c->out, "{\"offset_seconds\":%lld}", (long long)seconds);
        return 200;
}

static void write_calls(struct buf *out, const uint64_t *calls) {
        const char *separator = "";

        buf_append_str(out, "\"calls\":{");
        for (size_t i = 0; operation_at(i); i++) {
                if (calls[i] == 0)
                        continue;
                buf_appendf(out, "%s\"%s\":%llu", separator, operation_at(i)->name, (unsigned long long)calls[i]);
                separator = ",";
        }
        buf_append_char(out, '}');
}

static void write_queue(struct buf *out, const struct queue *q) {
        const struct waiter *w;
        size_t waiting = 0;

        DL_COUNT(q->waiters, w, waiting);
        buf_append_char(out, '"');
        buf_append_str(out, q->name);
        buf_appendf(
                out,
                "\":{\"visible\":%zu,\"inflight\":%zu,\"delayed\":%zu,\"waiting\":%zu,\"sent\":%llu,\"received\":%llu,"
                "\"deleted\":%llu,\"expired\":%llu,\"redriven\":%llu,",
                q->counts[MESSAGE_VISIBLE], q->counts[MESSAGE_IN_FLIGHT], q->counts[MESSAGE_DELAYED], waiting,
                (unsigned long long)q->sent_count, (unsigned long long)q->received_count,
                (unsigned long long)q->deleted_count, (unsigned long long)q->expired_count,
                (unsigned long long)q->redriven_count);
        write_calls(out, q->calls);
        buf_append_char(out, '}');
}

static void write_fault_counts(struct buf *out, const struct faults *f) {
        const char *separator = "";

        buf_append_str(out, "\"faults\":{");
        for (int i = 0; i < FAULT_KIND_COUNT; i++) {
                if (f->hit_counts[i] == 0)
                        continue;
                buf_appendf(out, "%s\"%s\":%llu", separator, fault_name((enum fault_kind)i),
                            (unsigned long long)f->hit_counts[i]);
                separator = ",";
        }
        buf_append_char(out, '}');
}

static unsigned show_stats(struct admin_call *c) {
        const struct service *s = c->service;

        buf_appendf(c->out, "{\"connections\":%u,\"parked\":%zu,", c->connections, s->parked_count);
        write_calls(c->out, s->calls);
        buf_append_char(c->out, ',');
        write_fault_counts(c->out, &s->faults);
        buf_append_str(c->out, ",\"queues\":{");
        for (const struct queue *q = s->broker.queues; q; q = q->hh.next) {
                write_queue(c->out, q);
                if (q->hh.next)
                        buf_append_char(c->out, ',');
        }
        buf_append_str(c->out, "}}");
        return 200;
}

static void write_message(struct buf *out, const struct message *m) {
        static const char *const states[] = { "delayed", "visible", "inflight" };

        buf_append_char(out, '{');
        write_member(out, "messageId", m->id);
        write_member(out, "state", states[m->state]);
        buf_appendf(out, ",\"receiveCount\":%u,\"sent\":%llu,\"visibleAt\":%llu,\"handle\":\"", m->receive_count,
                    (unsigned long long)m->sent_usec,
                    (unsigned long long)(m->state == MESSAGE_VISIBLE ? 0 : m->timer.at_usec));
        if (m->receipt)
                receipt_write(out, m);
        buf_append_char(out, '"');
        if (m->group)
                write_member(out, "group", m->group);
        write_member(out, "body", m->body);
        buf_append_char(out, '}');
}

static unsigned show_messages(struct admin_call *c) {
        const struct queue *q = c->queue ? broker_find(&c->service->broker, c->queue, strlen(c->queue)) : NULL;
        if (!q)
                return refuse(c, 404, "no such queue");

        buf_append_char(c->out, '[');
        for (const struct message *m = q->messages; m; m = m->hh.next) {
                write_message(c->out, m);
                if (m->hh.next)
                        buf_append_char(c->out, ',');
        }
        buf_append_char(c->out, ']');
        return 200;
}

static const struct {
        const char *method, *path;
        unsigned (*handle)(struct admin_call *c);
} routes[] = {
        { "POST", "/_admin/faults", add_faults },     { "GET", "/_admin/faults", list_faults },
        { "DELETE", "/_admin/faults", clear_faults }, { "GET", "/_admin/stats", show_stats },
        { "POST", "/_admin/clock", set_clock },       { "GET", "/_admin/messages", show_messages },
};

unsigned admin_handle(struct service *s, const char *method, const char *path, const char *queue, unsigned connections,
                      const char *body, size_t len, struct buf *out) {
        _cleanup_value_ struct value *params = NULL;
        struct admin_call c = { .service = s, .queue = queue, .connections = connections, .out = out };

        if (len > 0 && json_parse(body, len, &params, NULL, NULL) < 0)
                return refuse(&c, 400, "the body is not JSON");
        c.params = params;
        for (size_t i = 0; i < ARRAY_SIZE(routes); i++) {
                if (!text_eq(routes[i].method, method) || !text_eq(routes[i].path, path))
                        continue;
                unsigned status = routes[i].handle(&c);
                failure_done(&c.failure);
                return status;
        }
        return refuse(&c, 404, "no such admin call");
}
