/* SPDX-License-Identifier: Apache-2.0 */
/* The operations on queues themselves. Unlike the live service, a deleted queue's name can be used again at once, and
 * PurgeQueue works at once and as often as it is asked. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "common/base/clock.h"
#include "common/base/json.h"
#include "common/base/text.h"
#include "tests/queue/operation.h"

static int write_url(struct request *r, const struct queue *q) {
        return buf_appendf(&r->out, "\"http://%s/%s/%s\"", r->host ? r->host : "localhost", QUEUE_ACCOUNT, q->name);
}

static int answer_url(struct request *r, const struct queue *q) {
        buf_append_str(&r->out, "{\"QueueUrl\":");
        write_url(r, q);
        return buf_append_char(&r->out, '}');
}

/* The attribute's value as text, set or default; NULL when it has none. */
static const char *current_value(const struct queue *q, const char *name) {
        const char *set = value_map_string(q->attributes, name);
        if (set)
                return set;
        for (size_t i = 0; settings_name(i); i++)
                if (text_eq(settings_name(i), name))
                        return settings_default_text(i);
        return NULL;
}

static int check_name(struct request *r, const char *name, const struct settings *s) {
        size_t len = strlen(name), base = text_ends_with(name, ".fifo") ? len - 5 : len;
        _cleanup_free_ char *stem = text_dup_n(name, base);
        if (!stem)
                return -ENOMEM;

        if (len > QUEUE_NAME_MAX || !text_is_name(stem, "a-zA-Z0-9_-", "a-zA-Z0-9_-", QUEUE_NAME_MAX) ||
            (base < len && !s->fifo))
                return failure_set(&r->failure, FAILURE_INVALID_PARAMETER_VALUE,
                                   "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in "
                                   "length");
        if (s->fifo && base == len)
                return failure_set(&r->failure, FAILURE_INVALID_PARAMETER_VALUE,
                                   "The name of a FIFO queue can only include alphanumeric characters, hyphens, or "
                                   "underscores, must end with .fifo suffix and be 1 to 80 in length.");
        return 0;
}

static int check_dead_letter_queue(struct request *r, const struct settings *s) {
        if (s->max_receive_count == 0)
                return 0;
        const struct queue *target =
                broker_find(&r->service->broker, s->dead_letter_queue, strlen(s->dead_letter_queue));
        if (!target || target->settings.fifo != s->fifo)
                return failure_set(&r->failure, FAILURE_INVALID_PARAMETER_VALUE,
                                   "Value of parameter RedrivePolicy is invalid. Reason: Dead letter target %s.",
                                   target ? "must be of the same type" : "does not exist");
        return 0;
}

/* A queue that exists is answered when every attribute of the request is what it has. */
static int answer_existing(struct request *r, const struct queue *q, const struct value *attributes) {
        for (size_t i = 0; attributes && i < value_count(attributes); i++) {
                const char *name = value_map_key_at(attributes, i);
                if (!text_eq(current_value(q, name), value_map_string(attributes, name)))
                        return failure_set(&r->failure, FAILURE_QUEUE_NAME_EXISTS,
                                           "A queue already exists with the same name and a different value for "
                                           "attribute %s",
                                           name);
        }
        return answer_url(r, q);
}

int op_create_queue(struct request *r) {
        struct settings settings = settings_default();
        const struct value *attributes = value_map_get(r->params, "Attributes");
        const char *name = NULL;
        struct queue *q = NULL;

        int failed = param_text(r, r->params, "QueueName", true, &name);
        if (!failed)
                failed = settings_apply(attributes, true, &settings, &r->failure);
        if (!failed)
                failed = check_name(r, name, &settings);
        if (!failed)
                failed = check_dead_letter_queue(r, &settings);
        if (failed)
                return failed;

        q = broker_find(&r->service->broker, name, strlen(name));
        if (q)
                return answer_existing(r, q, attributes);
        struct value *own = attributes ? value_ref(attributes) : value_new_map();
        failed = queue_new(&r->service->broker, name, &settings, own, r->now_usec, &q);
        return failed ? failed : answer_url(r, q);
}

/* A new map: the old one's members, those of `changes` replacing them. */
static struct value *merged(const struct value *old, const struct value *changes) {
        _cleanup_value_ struct value *map = value_new_map();
        const struct value *sources[] = { old, changes };

        for (size_t s = 0; map && s < ARRAY_SIZE(sources); s++)
                for (size_t i = 0; sources[s] && i < value_count(sources[s]); i++)
                        if (value_map_put(map, value_map_key_at(sources[s], i),
                                          value_ref(value_map_at(sources[s], i))) < 0)
                                return NULL;
        return TAKE_PTR(map);
}

int op_set_queue_attributes(struct request *r) {
        struct settings settings = r->queue->settings;
        const struct value *attributes = value_map_get(r->params, "Attributes");

        int failed = settings_apply(attributes, false, &settings, &r->failure);
        if (!failed)
                failed = check_dead_letter_queue(r, &settings);
        if (failed)
                return failed;
        struct value *all = merged(r->queue->attributes, attributes);
        if (!all)
                return -ENOMEM;
        queue_configure(r->queue, &settings, all, r->now_usec);
        return 0;
}

static size_t visible_count(const struct queue *q) {
        return q->counts[MESSAGE_VISIBLE];
}

static size_t in_flight_count(const struct queue *q) {
        return q->counts[MESSAGE_IN_FLIGHT];
}

static size_t delayed_count(const struct queue *q) {
        return q->counts[MESSAGE_DELAYED];
}

static size_t created(const struct queue *q) {
        return q->created_usec / USEC_PER_SEC;
}

static size_t modified(const struct queue *q) {
        return q->modified_usec / USEC_PER_SEC;
}

static const struct {
        const char *name;
        size_t (*number)(const struct queue *q); /* NULL: the ARN */
} live_attributes[] = {
        { "QueueArn", NULL },
        { "ApproximateNumberOfMessages", visible_count },
        { "ApproximateNumberOfMessagesNotVisible", in_flight_count },
        { "ApproximateNumberOfMessagesDelayed", delayed_count },
        { "CreatedTimestamp", created },
        { "LastModifiedTimestamp", modified },
};

static bool attribute_exists(const char *name) {
        for (size_t i = 0; settings_name(i); i++)
                if (text_eq(settings_name(i), name))
                        return true;
        for (size_t i = 0; i < ARRAY_SIZE(live_attributes); i++)
                if (text_eq(live_attributes[i].name, name))
                        return true;
        return text_eq(name, "All");
}

static int check_names(struct request *r, const struct value *names) {
        for (size_t i = 0; names && i < value_count(names); i++) {
                const struct value *v = value_list_at(names, i);
                const char *name = value_type(v) == VALUE_STRING ? value_string(v) : "";
                if (!attribute_exists(name))
                        return failure_set(&r->failure, FAILURE_INVALID_ATTRIBUTE_NAME, "Unknown Attribute %s.", name);
        }
        return 0;
}

static void write_live(struct buf *out, const struct queue *q, size_t i) {
        char text[sizeof(QUEUE_ARN_PREFIX) + QUEUE_NAME_MAX];

        if (live_attributes[i].number)
                (void)snprintf(text, sizeof(text), "%zu", live_attributes[i].number(q));
        else
                (void)snprintf(text, sizeof(text), "%s%s", QUEUE_ARN_PREFIX, q->name);
        write_member(out, live_attributes[i].name, text);
}

int op_get_queue_attributes(struct request *r) {
        const struct value *names = NULL;

        int failed = param_list(r, r->params, "AttributeNames", &names);
        if (!failed)
                failed = check_names(r, names);
        if (failed)
                return failed;

        buf_append_str(&r->out, "{\"Attributes\":{");
        for (size_t i = 0; i < ARRAY_SIZE(live_attributes); i++)
                if (attribute_is_wanted(names, live_attributes[i].name))
                        write_live(&r->out, r->queue, i);
        for (size_t i = 0; settings_name(i); i++) {
                const char *text = current_value(r->queue, settings_name(i));
                if (text && *text && attribute_is_wanted(names, settings_name(i)))
                        write_member(&r->out, settings_name(i), text);
        }
        return buf_append_str(&r->out, "}}");
}

int op_get_queue_url(struct request *r) {
        const char *name = NULL;

        int failed = param_text(r, r->params, "QueueName", true, &name);
        if (failed)
                return failed;
        const struct queue *q = broker_find(&r->service->broker, name, strlen(name));
        return q ? answer_url(r, q) : failure_plain(&r->failure, FAILURE_QUEUE_DOES_NOT_EXIST);
}

/* NextToken is the number of the last queue that was listed. */
int op_list_queues(struct request *r) {
        const char *prefix = NULL, *token = NULL;
        int64_t max = INT64_MAX, after = 0, count = 0;

        int failed = param_text(r, r->params, "QueueNamePrefix", false, &prefix);
        if (!failed)
                failed = param_text(r, r->params, "NextToken", false, &token);
        if (!failed)
                failed = param_number(r, r->params, "MaxResults", 1, 1000, &max);
        if (failed)
                return failed;
        if (token && text_to_i64(token, 1, INT64_MAX, &after) < 0)
                return failure_set(&r->failure, FAILURE_INVALID_PARAMETER_VALUE, "Invalid NextToken.");

        buf_append_str(&r->out, "{\"QueueUrls\":[");
        for (struct queue *q = r->service->broker.queues; q; q = q->hh.next) {
                if ((int64_t)q->number <= after || (prefix && !text_after(q->name, prefix)))
                        continue;
                if (count++ == max)
                        return buf_appendf(&r->out, "],\"NextToken\":\"%lld\"}", (long long)after);
                buf_append_str(&r->out, count > 1 ? "," : "");
                write_url(r, q);
                after = (int64_t)q->number;
        }
        return buf_append_str(&r->out, "]}");
}

int op_purge_queue(struct request *r) {
        queue_purge(r->queue);
        return 0;
}

int op_delete_queue(struct request *r) {
        struct queue *q = TAKE_PTR(r->queue);

        longpoll_refuse_all(q);
        queue_free(q);
        return 0;
}
