/* SPDX-License-Identifier: Apache-2.0 */
/* Triggers: agent.yaml's and those of flow files end in the same struct, by two tables over it. Kestra's property names
 * stand in the second one; what only one of the two languages can say is absent from the other table. */
#include "common/flow/config_trigger.h"

#include <errno.h>

#include "common/aws/endpoint.h"
#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/text.h"

#define FIELD(member) offsetof(struct trigger_config, member)
#define AWS_FIELD(member) offsetof(struct config_aws, member)
#define RETRY_FIELD(member) offsetof(struct flow_retry, member)
#define VISIBILITY_MAX_SEC 43200
#define QUEUE_NAME_MAX 80

static const struct choice serde_types[] = { { "STRING", false }, { "JSON", true }, { NULL, 0 } };
static const struct choice retry_types[] = {
        { "constant", FLOW_RETRY_CONSTANT }, { "exponential", FLOW_RETRY_EXPONENTIAL }, { "random", FLOW_RETRY_RANDOM },
        { NULL, 0 },
};

const struct property config_aws_properties[] = {
        PROPERTY("region", TEXT, .offset = AWS_FIELD(region)),
        PROPERTY("endpoint", TEXT, .offset = AWS_FIELD(endpoint)),
        PROPERTY("profile", TEXT, .offset = AWS_FIELD(profile)),
        PROPERTY("caBundle", TEXT, .offset = AWS_FIELD(ca_bundle)),
        PROPERTY("accessKeyId", TEXT, .offset = AWS_FIELD(access_key_id)),
        PROPERTY("secretKeyId", TEXT, .offset = AWS_FIELD(secret_access_key)),
        PROPERTY("sessionToken", TEXT, .offset = AWS_FIELD(session_token)),
        PROPERTIES_END,
};

static int read_serde(const struct place *p, struct diag *diag, void *target) {
        struct trigger_config *t = target;

        for (const struct choice *c = serde_types; c->name; c++)
                if (value_type(p->value) == VALUE_STRING && text_eq(value_string(p->value), c->name)) {
                        t->json_data = c->value;
                        return 0;
                }
        place_error(p, diag, "expected one of STRING, JSON");
        return 0;
}

static int read_batch(const struct place *p, struct diag *diag, void *target) {
        static const struct property table[] = {
                PROPERTY_WITHIN("maxRecords", UNSIGNED, FIELD(batch_records), 1, BATCH_RECORDS_MAX),
                PROPERTY_WITHIN("maxDuration", DURATION, FIELD(batch_duration_usec), USEC_PER_MSEC, USEC_PER_HOUR),
                PROPERTIES_END,
        };
        struct trigger_config *t = target;
        int r = table_read(p, table, diag, t);

        if (r < 0)
                return r;
        if (t->batch_records == 0 && t->batch_duration_usec == USEC_INFINITY)
                place_error(p, diag, "a batch needs maxRecords, maxDuration or both");
        if (t->batch_records == 0)
                t->batch_records = BATCH_RECORDS_MAX;
        return 0;
}

static int read_rate(const struct place *p, struct diag *diag, void *target) {
        static const struct property table[] = {
                PROPERTY_WITHIN("perSecond", NUMBER, FIELD(rate_per_sec), 0, 1000000),
                PROPERTIES_END,
        };
        return table_read(p, table, diag, target);
}

static void check_retry(const struct place *p, const struct flow_retry *r, struct diag *diag) {
        if (r->type != FLOW_RETRY_RANDOM && r->interval_usec == 0)
                place_error(p, diag, "retryAfter of this type needs 'interval'");
        if (r->type != FLOW_RETRY_CONSTANT && r->max_interval_usec == 0)
                place_error(p, diag, "retryAfter of this type needs 'maxInterval'");
        else if (r->type == FLOW_RETRY_EXPONENTIAL && r->max_interval_usec < r->interval_usec)
                place_error(p, diag, "'maxInterval' must not be below 'interval'");
        else if (r->type == FLOW_RETRY_RANDOM && r->max_interval_usec < r->min_interval_usec)
                place_error(p, diag, "'maxInterval' must not be below 'minInterval'");
}

static int read_retry_after(const struct place *p, struct diag *diag, void *target) {
        const int64_t max = VISIBILITY_MAX_SEC * (int64_t)USEC_PER_SEC;
        const struct property table[] = {
                PROPERTY("type", CHOICE, .offset = RETRY_FIELD(type), .choices = retry_types),
                PROPERTY_WITHIN("interval", DURATION, RETRY_FIELD(interval_usec), 0, max),
                PROPERTY_WITHIN("minInterval", DURATION, RETRY_FIELD(min_interval_usec), 0, max),
                PROPERTY_WITHIN("maxInterval", DURATION, RETRY_FIELD(max_interval_usec), 0, max),
                PROPERTY_WITHIN("delayFactor", NUMBER, RETRY_FIELD(delay_factor), 0, 1000),
                PROPERTIES_END,
        };
        struct trigger_config *t = target;
        int r = table_read(p, table, diag, &t->retry_after);

        t->has_retry_after = true;
        if (r >= 0 && value_type(p->value) == VALUE_MAP && diag->error_count == 0)
                check_retry(p, &t->retry_after, diag);
        return r;
}

static int read_on_failure(const struct place *p, struct diag *diag, void *target) {
        static const struct property table[] = {
                PROPERTY("retryAfter", CUSTOM, .read = read_retry_after),
                PROPERTIES_END,
        };
        return table_read(p, table, diag, target);
}

static int read_labels(const struct place *p, struct diag *diag, void *target) {
        struct trigger_config *t = target;
        _cleanup_value_ struct value *labels = value_new_map();

        if (!labels)
                return -ENOMEM;
        if (value_type(p->value) != VALUE_MAP) {
                place_error(p, diag, "expected a map of texts");
                return 0;
        }
        for (size_t i = 0; i < value_count(p->value); i++) {
                struct place child = place_at(p, i);
                const char *text = place_text(&child, diag);
                if (text && value_map_put(labels, value_map_key_at(p->value, i), value_new_string(text)) < 0)
                        return -ENOMEM;
        }
        value_unref(t->labels);
        t->labels = TAKE_PTR(labels);
        return 0;
}

static int read_flow_name(const struct place *p, struct diag *diag, void *target) {
        struct trigger_config *t = target;
        const char *text = place_text(p, diag);

        t->flow_line = p->line;
        t->flow_column = p->column;
        if (text && !strchr(text, '.')) {
                place_error(p, diag, "expected a flow as namespace.id, not '%s'", text);
                return 0;
        }
        return text ? text_replace(&t->flow_id, text) : 0;
}

static int set_queue_name(const struct place *p, const char *name, struct diag *diag, struct trigger_config *t) {
        size_t len = strlen(name);

        t->fifo = text_ends_with(name, ".fifo");
        if (!text_is_name(name, "A-Za-z0-9_-", "A-Za-z0-9_.-", QUEUE_NAME_MAX) ||
            strcspn(name, ".") < len - (t->fifo ? strlen(".fifo") : 0)) {
                place_error(p, diag, "'%s' is not a queue name (letters, digits, '-' and '_', at most %d, '.fifo' at the end "
                            "of a FIFO queue's)", name, QUEUE_NAME_MAX);
                return 0;
        }
        return text_replace(&t->queue_name, name);
}

static int read_queue(const struct place *p, struct diag *diag, void *target) {
        const char *text = place_text(p, diag);

        if (text && strstr(text, "://")) {
                place_error(p, diag, "'queue' takes a name; a URL belongs to 'queueUrl'");
                return 0;
        }
        return text ? set_queue_name(p, text, diag, target) : 0;
}

static int read_queue_url(const struct place *p, struct diag *diag, void *target) {
        struct trigger_config *t = target;
        const char *text = place_text(p, diag);
        struct queue_url url;
        int r;

        if (!text)
                return 0;
        if ((!text_after(text, "https://") && !text_after(text, "http://")) || queue_url_parse(text, &url) < 0) {
                place_error(p, diag, "expected a queue URL such as https://sqs.eu-north-1.amazonaws.com/123456789012/orders, "
                            "not '%s'", text);
                return 0;
        }
        r = set_queue_name(p, url.name, diag, t);
        return r < 0 ? r : text_replace(&t->queue_url, text);
}

static int read_aws(const struct place *p, struct diag *diag, void *target) {
        return table_read(p, config_aws_properties, diag, &((struct trigger_config *)target)->aws);
}

static const struct property trigger_properties[] = {
        PROPERTY("id", TEXT, .offset = FIELD(id)),
        PROPERTY("queueUrl", CUSTOM, .read = read_queue_url),
        PROPERTY("queue", CUSTOM, .read = read_queue),
        PROPERTY("flow", CUSTOM, .read = read_flow_name),
        PROPERTY("aws", CUSTOM, .read = read_aws),
        PROPERTY("batch", CUSTOM, .read = read_batch),
        PROPERTY_WITHIN("visibilityTimeout", SECONDS, FIELD(visibility_sec), 1, VISIBILITY_MAX_SEC),
        PROPERTY_WITHIN("waitTime", SECONDS, FIELD(wait_sec), 0, 20),
        PROPERTY_WITHIN("concurrency", UNSIGNED, FIELD(concurrency), 1, CONFIG_EXECUTIONS_MAX),
        PROPERTY_WITHIN("weight", UNSIGNED, FIELD(weight), 1, 1000),
        PROPERTY("rateLimit", CUSTOM, .read = read_rate),
        PROPERTY("serdeType", CUSTOM, .read = read_serde),
        PROPERTY("autoDelete", BOOL, .offset = FIELD(auto_delete)),
        PROPERTY("onFailure", CUSTOM, .read = read_on_failure),
        PROPERTY("disabled", BOOL, .offset = FIELD(disabled)),
        PROPERTY("labels", CUSTOM, .read = read_labels),
        PROPERTIES_END,
};

/* Kestra's names (io.kestra.plugin.aws.sqs.RealtimeTrigger and Trigger). The common ones of a trigger (id, type, …) are
 * not in its properties. */
#define AWS_AT(member) (FIELD(aws) + AWS_FIELD(member))
static const struct property flow_trigger_properties[] = {
        PROPERTY("queueUrl", CUSTOM, .read = read_queue_url),
        PROPERTY("region", TEXT, .offset = AWS_AT(region)),
        PROPERTY("endpointOverride", TEXT, .offset = AWS_AT(endpoint)),
        PROPERTY("accessKeyId", TEXT, .offset = AWS_AT(access_key_id)),
        PROPERTY("secretKeyId", TEXT, .offset = AWS_AT(secret_access_key)),
        PROPERTY("sessionToken", TEXT, .offset = AWS_AT(session_token)),
        PROPERTY_WITHIN("waitTime", SECONDS, FIELD(wait_sec), 0, 20),
        PROPERTY_WITHIN("visibilityTimeout", SECONDS, FIELD(visibility_sec), 1, VISIBILITY_MAX_SEC),
        PROPERTY("serdeType", CUSTOM, .read = read_serde),
        PROPERTY("autoDelete", BOOL, .offset = FIELD(auto_delete)),
        PROPERTY_WITHIN("maxRecords", UNSIGNED, FIELD(batch_records), 1, BATCH_RECORDS_MAX),
        PROPERTY_WITHIN("maxDuration", DURATION, FIELD(batch_duration_usec), USEC_PER_MSEC, USEC_PER_HOUR),
        PROPERTY("labels", CUSTOM, .read = read_labels),
        PROPERTY("disabled", BOOL, .offset = FIELD(disabled)),
        PROPERTY("maxNumberOfMessage", IGNORED),
        PROPERTY("interval", IGNORED),
        PROPERTY("clientRetryMaxAttempts", IGNORED),
        PROPERTIES_END,
};

static int init(struct trigger_config *t, const char *file, unsigned line, unsigned column, const struct config_aws *aws) {
        *t = (struct trigger_config){
                .batch_duration_usec = USEC_INFINITY,
                .wait_sec = 20,
                .weight = 1,
                .auto_delete = true,
                .retry_after = { .delay_factor = 2, .max_duration_usec = USEC_INFINITY },
                .line = line,
                .column = column,
        };
        t->file = text_dup(file);
        return t->file ? config_aws_copy(aws, &t->aws) : -ENOMEM;
}

static void check(const struct place *p, const struct trigger_config *t, struct diag *diag) {
        if (!t->id)
                place_error(p, diag, "a trigger needs 'id'");
        else if (!text_is_name(t->id, "a-zA-Z0-9", "a-zA-Z0-9._-", 512))
                place_error(p, diag, "'%s' is not an id (letters, digits, '.', '_' and '-')", t->id);
        if (!t->aws.access_key_id != !t->aws.secret_access_key)
                place_error(p, diag, "accessKeyId and secretKeyId belong together");
}

int trigger_config_read(const struct place *p, const struct config_aws *aws, struct diag *diag,
                        struct trigger_config *ret) {
        size_t before = diag->error_count;
        int r = init(ret, p->file, p->line, p->column, aws);

        if (r >= 0)
                r = table_read(p, trigger_properties, diag, ret);
        if (r < 0 || diag->error_count > before)
                return r;
        check(p, ret, diag);
        if (!ret->queue_name)
                place_error(p, diag, "trigger '%s' needs 'queueUrl' or 'queue'", ret->id ? ret->id : "?");
        if (value_map_get(p->value, "queue") && value_map_get(p->value, "queueUrl"))
                place_error(p, diag, "give 'queueUrl' or 'queue', not both");
        if (!ret->flow_id)
                place_error(p, diag, "trigger '%s' needs 'flow' (namespace.id)", ret->id ? ret->id : "?");
        return 0;
}

int trigger_config_from_flow(struct flow *flow, const struct flow_trigger *t, const struct config_aws *aws,
                             struct diag *diag, struct trigger_config *ret) {
        struct place p = { .file = flow->file, .value = t->properties, .line = t->line, .column = t->column };
        size_t before = diag->error_count;
        int r = init(ret, flow->file, t->line, t->column, aws);

        if (r >= 0 && t->properties)
                r = table_read(&p, flow_trigger_properties, diag, ret);
        if (r < 0)
                return r;
        ret->id = text_printf("%s.%s.%s", flow->namespace, flow->id, t->id);
        ret->flow_id = text_printf("%s.%s", flow->namespace, flow->id);
        ret->flow = flow_ref(flow);
        ret->disabled = ret->disabled || t->disabled || flow->disabled;
        if (!ret->id || !ret->flow_id)
                return -ENOMEM;
        if (diag->error_count > before)
                return 0;
        if (!ret->queue_name)
                place_error(&p, diag, "trigger '%s' needs 'queueUrl'", t->id);
        if (t->batch && ret->batch_records == 0 && ret->batch_duration_usec == USEC_INFINITY)
                place_error(&p, diag, "trigger '%s' needs maxRecords, maxDuration or both", t->id);
        if (t->batch && ret->batch_records == 0)
                ret->batch_records = BATCH_RECORDS_MAX;
        if (!t->batch)
                ret->batch_records = 0;
        return 0;
}

/* --- copies ---------------------------------------------------------------------------------------------------------- */

static const size_t aws_texts[] = {
        AWS_FIELD(region),        AWS_FIELD(endpoint),          AWS_FIELD(profile),       AWS_FIELD(ca_bundle),
        AWS_FIELD(access_key_id), AWS_FIELD(secret_access_key), AWS_FIELD(session_token),
};
static const size_t trigger_texts[] = { FIELD(id), FIELD(queue_url), FIELD(queue_name), FIELD(flow_id), FIELD(file) };

static char **text_at(const void *base, size_t offset) {
        return (char **)((char *)(uintptr_t)base + offset);
}

bool config_aws_equal(const struct config_aws *a, const struct config_aws *b) {
        for (size_t i = 0; i < ARRAY_SIZE(aws_texts); i++)
                if (!text_eq(*text_at(a, aws_texts[i]), *text_at(b, aws_texts[i])))
                        return false;
        return true;
}

int config_aws_copy(const struct config_aws *a, struct config_aws *ret) {
        struct config_aws copy = { 0 };

        for (size_t i = 0; i < ARRAY_SIZE(aws_texts); i++)
                if (text_replace(text_at(&copy, aws_texts[i]), *text_at(a, aws_texts[i])) < 0) {
                        config_aws_done(&copy);
                        return -ENOMEM;
                }
        *ret = copy;
        return 0;
}

void config_aws_done(struct config_aws *a) {
        a->secret_access_key = secret_free(a->secret_access_key);
        a->session_token = secret_free(a->session_token);
        for (size_t i = 0; i < ARRAY_SIZE(aws_texts); i++)
                free(*text_at(a, aws_texts[i]));
        *a = (struct config_aws){ 0 };
}

static bool retry_equal(const struct flow_retry *a, const struct flow_retry *b) {
        return a->type == b->type && a->interval_usec == b->interval_usec &&
               a->min_interval_usec == b->min_interval_usec && a->max_interval_usec == b->max_interval_usec &&
               a->delay_factor == b->delay_factor;
}

bool trigger_config_equal(const struct trigger_config *a, const struct trigger_config *b) {
        bool same_labels = a->labels == b->labels || (a->labels && b->labels && value_equal(a->labels, b->labels));

        return text_eq(a->id, b->id) && text_eq(a->queue_url, b->queue_url) && text_eq(a->queue_name, b->queue_name) &&
               text_eq(a->flow_id, b->flow_id) && (a->flow ? a->flow->revision : 0) == (b->flow ? b->flow->revision : 0) &&
               config_aws_equal(&a->aws, &b->aws) && a->batch_records == b->batch_records &&
               a->batch_duration_usec == b->batch_duration_usec && a->visibility_sec == b->visibility_sec &&
               a->wait_sec == b->wait_sec && a->concurrency == b->concurrency && a->weight == b->weight &&
               a->rate_per_sec == b->rate_per_sec && a->json_data == b->json_data && a->auto_delete == b->auto_delete &&
               a->disabled == b->disabled && a->has_retry_after == b->has_retry_after &&
               retry_equal(&a->retry_after, &b->retry_after) && same_labels;
}

int trigger_config_copy(const struct trigger_config *t, struct trigger_config *ret) {
        struct trigger_config copy = *t;
        int r;

        copy.aws = (struct config_aws){ 0 };
        for (size_t i = 0; i < ARRAY_SIZE(trigger_texts); i++)
                *text_at(&copy, trigger_texts[i]) = NULL;
        copy.flow = t->flow ? flow_ref(t->flow) : NULL;
        copy.labels = value_ref(t->labels);
        r = config_aws_copy(&t->aws, &copy.aws);
        for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(trigger_texts); i++)
                r = text_replace(text_at(&copy, trigger_texts[i]), *text_at(t, trigger_texts[i]));
        if (r < 0) {
                trigger_config_done(&copy);
                return r;
        }
        *ret = copy;
        return 0;
}

void trigger_config_done(struct trigger_config *t) {
        for (size_t i = 0; i < ARRAY_SIZE(trigger_texts); i++)
                free(*text_at(t, trigger_texts[i]));
        if (t->flow)
                flow_unref(t->flow);
        value_unref(t->labels);
        config_aws_done(&t->aws);
        *t = (struct trigger_config){ 0 };
}
