/* SPDX-License-Identifier: Apache-2.0 */
/* Whether two triggers are the same to a reload, and copies that outlive the configuration they come from. */
#include <errno.h>

#include "common/base/digest.h"
#include "common/base/text.h"
#include "common/config/config.h"

#define FIELD(member) offsetof(struct trigger_config, member)
#define AWS_FIELD(member) offsetof(struct config_aws, member)

static const size_t aws_texts[] = {
        AWS_FIELD(region),        AWS_FIELD(endpoint),          AWS_FIELD(profile),       AWS_FIELD(ca_bundle),
        AWS_FIELD(access_key_id), AWS_FIELD(secret_access_key), AWS_FIELD(session_token), AWS_FIELD(role_arn),
        AWS_FIELD(role_external_id), AWS_FIELD(role_session_name), AWS_FIELD(sts_endpoint),
};
static const size_t trigger_texts[] = { FIELD(id), FIELD(queue_url), FIELD(queue_name), FIELD(flow_id), FIELD(file) };

static char **text_at(const void *base, size_t offset) {
        return (char **)((char *)(uintptr_t)base + offset);
}

bool config_aws_equal(const struct config_aws *a, const struct config_aws *b) {
        for (size_t i = 0; i < ARRAY_SIZE(aws_texts); i++)
                if (!text_eq(*text_at(a, aws_texts[i]), *text_at(b, aws_texts[i])))
                        return false;
        return a->role_sec == b->role_sec;
}

int config_aws_copy(const struct config_aws *a, struct config_aws *ret) {
        struct config_aws copy = { .role_sec = a->role_sec };

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
               config_aws_equal(&a->aws, &b->aws) && a->stop_after == b->stop_after && a->batch_records == b->batch_records &&
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
