/* SPDX-License-Identifier: Apache-2.0 */
/* Triggers: agent.yaml's and those of flow files end in the same struct, by two tables over it. Kestra's property names
 * stand in the second one; what only one of the two languages can say is absent from the other table. */
#include "common/config/config_trigger.h"

#include <errno.h>

#include "common/aws/endpoint.h"
#include "common/aws/sts.h"
#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/text.h"
#include "common/config/config_expression.h"

#define FIELD(member) offsetof(struct trigger_config, member)
#define AWS_FIELD(member) offsetof(struct config_aws, member)
#define RETRY_FIELD(member) offsetof(struct flow_retry, member)
#define VISIBILITY_MAX_SEC 43200

static const struct choice serde_types[] = { { "STRING", false }, { "JSON", true }, { NULL, 0 } };
static const struct choice retry_types[] = {
        { "constant", FLOW_RETRY_CONSTANT }, { "exponential", FLOW_RETRY_EXPONENTIAL }, { "random", FLOW_RETRY_RANDOM },
        { NULL, 0 },
};

const struct property config_aws_properties[] = {
        PROPERTY("region", TEXT, .offset = AWS_FIELD(region),
                 .description = "Absent: a queue URL tells its own, else the AWS environment."),
        PROPERTY("endpoint", TEXT, .offset = AWS_FIELD(endpoint),
                 .description = "URL of a server that is not AWS, or of an interface endpoint."),
        PROPERTY("profile", TEXT, .offset = AWS_FIELD(profile), .description = "A profile of the shared AWS files."),
        PROPERTY("caBundle", TEXT, .offset = AWS_FIELD(ca_bundle),
                 .description = "File of certificate authorities, in place of the system's."),
        PROPERTY("accessKeyId", TEXT, .offset = AWS_FIELD(access_key_id),
                 .description = "Static keys, together with secretKeyId. A role is better."),
        PROPERTY("secretKeyId", TEXT, .offset = AWS_FIELD(secret_access_key)),
        PROPERTY("sessionToken", TEXT, .offset = AWS_FIELD(session_token)),
        PROPERTY("roleArn", TEXT, .offset = AWS_FIELD(role_arn),
                 .description = "A role to take on, with these credentials or those of the AWS environment."),
        PROPERTY("roleExternalId", TEXT, .offset = AWS_FIELD(role_external_id)),
        PROPERTY("roleSessionName", TEXT, .offset = AWS_FIELD(role_session_name)),
        PROPERTY_WITHIN("roleDuration", SECONDS, AWS_FIELD(role_sec), STS_DURATION_MIN_SECONDS, STS_DURATION_MAX_SECONDS,
                        .default_text = "PT1H", .description = "How long the role is taken on for; it is renewed in time."),
        PROPERTY("stsEndpoint", TEXT, .offset = AWS_FIELD(sts_endpoint), .description = "Only for an STS that is not AWS's."),
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

static const struct property batch_properties[] = {
        PROPERTY_WITHIN("maxRecords", UNSIGNED, FIELD(batch_records), 1, BATCH_RECORDS_MAX,
                        .description = "A batch is full with so many, or with 128 MiB."),
        PROPERTY_WITHIN("maxDuration", DURATION, FIELD(batch_duration_usec), USEC_PER_MSEC, USEC_PER_HOUR,
                        .description = "A batch is started this long after its first message."),
        PROPERTIES_END,
};

static int read_batch(const struct place *p, struct diag *diag, void *target) {
        struct trigger_config *t = target;
        int r = table_read(p, batch_properties, diag, t);

        if (r < 0)
                return r;
        if (t->batch_records == 0 && t->batch_duration_usec == USEC_INFINITY)
                place_error(p, diag, "a batch needs maxRecords, maxDuration or both");
        if (t->batch_records == 0)
                t->batch_records = BATCH_RECORDS_MAX;
        return 0;
}

static const struct property rate_properties[] = {
        PROPERTY_WITHIN("perSecond", NUMBER, FIELD(rate_per_sec), 0, 1000000, .is_required = true),
        PROPERTIES_END,
};

static int read_rate(const struct place *p, struct diag *diag, void *target) {
        return table_read(p, rate_properties, diag, target);
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

#define RETRY_MAX_USEC (VISIBILITY_MAX_SEC * USEC_PER_SEC)
static const struct property retry_properties[] = {
        PROPERTY("type", CHOICE, .offset = RETRY_FIELD(type), .choices = retry_types, .default_text = "constant",
                 .description = "constant: interval. exponential: interval, multiplied with each delivery, up to "
                                "maxInterval. random: between minInterval and maxInterval."),
        PROPERTY_WITHIN("interval", DURATION, RETRY_FIELD(interval_usec), 0, RETRY_MAX_USEC),
        PROPERTY_WITHIN("minInterval", DURATION, RETRY_FIELD(min_interval_usec), 0, RETRY_MAX_USEC),
        PROPERTY_WITHIN("maxInterval", DURATION, RETRY_FIELD(max_interval_usec), 0, RETRY_MAX_USEC),
        PROPERTY_WITHIN("delayFactor", NUMBER, RETRY_FIELD(delay_factor), 0, 1000, .default_text = "2"),
        PROPERTIES_END,
};

static int read_retry_after(const struct place *p, struct diag *diag, void *target) {
        struct trigger_config *t = target;
        int r = table_read(p, retry_properties, diag, &t->retry_after);

        t->has_retry_after = true;
        if (r >= 0 && value_type(p->value) == VALUE_MAP && diag->error_count == 0)
                check_retry(p, &t->retry_after, diag);
        return r;
}

static const struct property failure_properties[] = {
        PROPERTY_SECTION("retryAfter", read_retry_after, retry_properties,
                         "When the message comes again. Absent: after its visibility timeout."),
        PROPERTIES_END,
};

static int read_on_failure(const struct place *p, struct diag *diag, void *target) {
        return table_read(p, failure_properties, diag, target);
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

static const struct choice end_states[] = {
        { "SUCCESS", RUN_SUCCESS }, { "WARNING", RUN_WARNING }, { "FAILED", RUN_FAILED }, { "KILLED", RUN_KILLED },
        { "CANCELLED", RUN_CANCELLED }, { NULL, 0 },
};

static void add_state(const struct place *p, struct trigger_config *t, struct diag *diag) {
        const char *text = place_text(p, diag);

        for (const struct choice *c = end_states; text && c->name; c++)
                if (text_eq(text, c->name)) {
                        t->stop_after |= 1u << c->value;
                        return;
                }
        if (text)
                place_error(p, diag, "'%s' is not how an execution ends: SUCCESS, WARNING, FAILED, KILLED, CANCELLED", text);
}

static int read_stop_after(const struct place *p, struct diag *diag, void *target) {
        struct trigger_config *t = target;

        t->stop_after = 0;
        if (value_type(p->value) != VALUE_LIST) {
                place_error(p, diag, "expected a list of states such as [FAILED, KILLED]");
                return 0;
        }
        for (size_t i = 0; i < value_count(p->value); i++) {
                const struct place child = place_at(p, i);

                add_state(&child, t, diag);
        }
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

/* `written`: the name, or the expression that made it. */
static int set_queue_name(const struct place *p, const char *name, const char *written, struct diag *diag,
                          struct trigger_config *t) {
        t->fifo = text_ends_with(name, ".fifo");
        if (!queue_name_is_valid(name)) {
                place_error(p, diag, "'%s' is not a queue name (letters, digits, '-' and '_', at most 80, '.fifo' at the end "
                            "of a FIFO queue's)", written);
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
        return text ? set_queue_name(p, text, text, diag, target) : 0;
}

static int read_queue_url(const struct place *p, struct diag *diag, void *target) {
        struct trigger_config *t = target;
        _cleanup_(secret_freep) char *rendered = NULL;
        const char *text = place_rendered(p, "queueUrl", diag, &rendered);
        /* What an expression has given may be a secret that was taken for the URL: it is not shown. */
        const char *written = rendered ? value_string(p->value) : text;
        struct queue_url url;
        int r;

        if (!text)
                return 0;
        if ((!text_after(text, "https://") && !text_after(text, "http://")) || queue_url_parse(text, &url) < 0) {
                place_error(p, diag, "expected a queue URL such as https://sqs.eu-north-1.amazonaws.com/123456789012/orders, "
                            "not '%s'", written);
                return 0;
        }
        r = set_queue_name(p, url.name, rendered ? written : url.name, diag, t);
        return r < 0 ? r : text_replace(&t->queue_url, text);
}

static int read_aws(const struct place *p, struct diag *diag, void *target) {
        return table_read(p, config_aws_properties, diag, &((struct trigger_config *)target)->aws);
}

const struct property config_trigger_properties[] = {
        PROPERTY("id", TEXT, .offset = FIELD(id), .is_required = true,
                 .description = "Its name in status, logs and records: letters, digits, '.', '_' and '-'."),
        PROPERTY("queueUrl", CUSTOM, .read = read_queue_url, .description = "The queue by its URL."),
        PROPERTY("queue", CUSTOM, .read = read_queue,
                 .description = "The queue by its name, in the account of the credentials. This or queueUrl."),
        PROPERTY("flow", CUSTOM, .read = read_flow_name, .is_required = true,
                 .description = "What is executed: namespace.id."),
        PROPERTY_SECTION("aws", read_aws, config_aws_properties, "Where it differs from the agent's."),
        PROPERTY_SECTION("batch", read_batch, batch_properties,
                         "One execution for many messages. Absent: one for each. With maxRecords, maxDuration or both."),
        PROPERTY_WITHIN("visibilityTimeout", SECONDS, FIELD(visibility_sec), 1, VISIBILITY_MAX_SEC,
                        .default_text = "the queue's own",
                        .description = "The lease that is taken, and extended for as long as the execution lasts."),
        PROPERTY_WITHIN("waitTime", SECONDS, FIELD(wait_sec), 0, 20, .default_text = "PT20S",
                        .description = "How long a poll waits for messages."),
        PROPERTY_WITHIN("concurrency", UNSIGNED, FIELD(concurrency), 1, CONFIG_EXECUTIONS_MAX,
                        .default_text = "limits.executions", .description = "How many of its executions run at a time."),
        PROPERTY_WITHIN("weight", UNSIGNED, FIELD(weight), 1, 1000, .default_text = "1",
                        .description = "Its share of the slots when triggers compete for them."),
        PROPERTY_SECTION("rateLimit", read_rate, rate_properties, "How many messages are started a second, on average."),
        PROPERTY("serdeType", CUSTOM, .read = read_serde, .choices = serde_types, .default_text = "STRING",
                 .description = "JSON: trigger.data is the parsed body; STRING: its text."),
        PROPERTY("autoDelete", BOOL, .offset = FIELD(auto_delete), .default_text = "true",
                 .description = "false: a message is never deleted, and never remembered as done."),
        PROPERTY_SECTION("onFailure", read_on_failure, failure_properties, "What becomes of a message whose execution failed."),
        PROPERTY("stopAfter", CUSTOM, .read = read_stop_after, .shape = SHAPE_CHOICES, .choices = end_states,
                 .description = "Pause the trigger after an execution that ended in one of these states, until `sqsflow "
                                "resume`; it outlives restarts and upgrades."),
        PROPERTY("disabled", BOOL, .offset = FIELD(disabled), .default_text = "false", .description = "Do not poll."),
        PROPERTY("labels", CUSTOM, .read = read_labels, .shape = SHAPE_TEXTS, .description = "Labels of its executions."),
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
        PROPERTY("stsRoleArn", TEXT, .offset = AWS_AT(role_arn)),
        PROPERTY("stsRoleExternalId", TEXT, .offset = AWS_AT(role_external_id)),
        PROPERTY("stsRoleSessionName", TEXT, .offset = AWS_AT(role_session_name)),
        PROPERTY_WITHIN("stsRoleSessionDuration", SECONDS, AWS_AT(role_sec), STS_DURATION_MIN_SECONDS,
                        STS_DURATION_MAX_SECONDS),
        PROPERTY("stsEndpointOverride", TEXT, .offset = AWS_AT(sts_endpoint)),
        PROPERTY_WITHIN("waitTime", SECONDS, FIELD(wait_sec), 0, 20),
        PROPERTY_WITHIN("visibilityTimeout", SECONDS, FIELD(visibility_sec), 1, VISIBILITY_MAX_SEC),
        PROPERTY("serdeType", CUSTOM, .read = read_serde),
        PROPERTY("autoDelete", BOOL, .offset = FIELD(auto_delete)),
        PROPERTY_WITHIN("maxRecords", UNSIGNED, FIELD(batch_records), 1, BATCH_RECORDS_MAX),
        PROPERTY_WITHIN("maxDuration", DURATION, FIELD(batch_duration_usec), USEC_PER_MSEC, USEC_PER_HOUR),
        PROPERTY("labels", CUSTOM, .read = read_labels),
        PROPERTY("stopAfter", CUSTOM, .read = read_stop_after),
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
                r = table_read(p, config_trigger_properties, diag, ret);
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

int trigger_config_from_flow(struct flow *flow, const struct flow_trigger *t, const struct config *c,
                             struct diag *diag, struct trigger_config *ret) {
        struct config_scope scope = { .flow = flow, .secrets = c->secrets, .secrets_elsewhere = c->secrets_elsewhere };
        struct place p = { .file = flow->file, .value = t->properties, .scope = &scope, .line = t->line,
                           .column = t->column };
        size_t before = diag->error_count;
        int r = init(ret, flow->file, t->line, t->column, &c->aws);

        if (r >= 0 && t->properties)
                r = table_read(&p, flow_trigger_properties, diag, ret);
        if (r < 0)
                return r;
        ret->id = flow_trigger_name(flow, t);
        ret->flow_id = text_printf("%s.%s", flow->namespace, flow->id);
        ret->flow = flow_ref(flow);
        ret->disabled = ret->disabled || t->disabled || flow->disabled;
        ret->is_incomplete = scope.is_incomplete;
        if (!ret->id || !ret->flow_id)
                return -ENOMEM;
        if (diag->error_count > before)
                return 0;
        if (!ret->queue_name && !ret->is_incomplete)
                place_error(&p, diag, "trigger '%s' needs 'queueUrl'", t->id);
        if (!ret->aws.access_key_id != !ret->aws.secret_access_key && !ret->is_incomplete)
                place_error(&p, diag, "trigger '%s': accessKeyId and secretKeyId belong together", t->id);
        if (t->batch && ret->batch_records == 0 && ret->batch_duration_usec == USEC_INFINITY)
                place_error(&p, diag, "trigger '%s' needs maxRecords, maxDuration or both", t->id);
        if (t->batch && ret->batch_records == 0)
                ret->batch_records = BATCH_RECORDS_MAX;
        if (!t->batch)
                ret->batch_records = 0;
        return 0;
}
