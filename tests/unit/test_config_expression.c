/* SPDX-License-Identifier: Apache-2.0 */
/* What a flow's trigger says of its connection may be expressions: evaluated when the configuration is read, and what
 * cannot be is told with its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/base/diag.h"
#include "common/config/config.h"

#define FLOW                                                                                                           \
        "id: orders\nnamespace: shop\nvariables: {account: \"123456789012\"}\n"                                        \
        "tasks:\n  - id: t\n    type: io.kestra.plugin.core.log.Log\n    message: hi\n"                              \
        "triggers:\n  - id: in\n    type: io.kestra.plugin.aws.sqs.RealtimeTrigger\n"
#define URL "    queueUrl: \"https://sqs.{{ envs.region }}.amazonaws.com/{{ vars.account }}/{{ flow.id }}\"\n"

struct outcome {
        struct config *config;
        struct diag diag;
        int result;
};

static struct outcome resolve(const char *flow, bool elsewhere) {
        static const char text[] = "secrets: /nowhere\n";
        struct outcome o;
        struct flow_set set = { .items = calloc(1, sizeof(struct flow *)), .count = 1 };

        o.config = NULL;
        o.diag = DIAG_INIT;
        assert_non_null(set.items);
        assert_int_equal(flow_load(flow, strlen(flow), "/f/orders.yaml", &(struct flow_load_options){ 0 }, &o.diag,
                                   &set.items[0]), 0);
        assert_int_equal(config_parse(text, strlen(text), "/etc/x/agent.yaml", &o.diag, &o.config), 0);
        o.config->secrets_elsewhere = elsewhere;
        o.result = config_resolve(o.config, &set, &o.diag);
        flow_set_done(&set);
        return o;
}

static void outcome_done(struct outcome *o) {
        config_free(o->config);
        diag_done(&o->diag);
}

static void assert_finding(const struct outcome *o, enum diag_level level, const char *expected) {
        char found[600] = "";

        if (o->diag.count > 0)
                (void)snprintf(found, sizeof(found), "%s:%u:%u: %s", o->diag.entries[0].file, o->diag.entries[0].line,
                               o->diag.entries[0].column, o->diag.entries[0].message);
        assert_string_equal(found, expected);
        assert_int_equal(o->diag.entries[0].level, level);
}

static void secrets_envs_vars_and_the_flow_are_known(void **state) {
        struct outcome o = resolve(FLOW URL
                                   "    region: \"{{ env('region') }}\"\n    accessKeyId: \"{{ secret('flow_key') }}\"\n"
                                   "    secretKeyId: \"{{ secret('FLOW_SECRET') }}\"\n    stsRoleArn: \"arn:{{ flow.namespace }}\"\n"
                                   "    stsRoleSessionDuration: \"{{ 'PT20M' }}\"\n", false);
        const struct trigger_config *t = &o.config->triggers[0];

        assert_int_equal(o.result, 0);
        assert_string_equal(t->queue_url, "https://sqs.eu-north-1.amazonaws.com/123456789012/orders");
        assert_string_equal(t->queue_name, "orders");
        assert_string_equal(t->aws.region, "eu-north-1");
        assert_string_equal(t->aws.access_key_id, "AKIAFLOW");
        assert_string_equal(t->aws.secret_access_key, "its secret");
        assert_string_equal(t->aws.role_arn, "arn:shop");
        assert_int_equal(t->aws.role_sec, 1200);
        assert_false(t->is_incomplete);
        outcome_done(&o);
}

static void a_secret_that_is_not_there_is_an_error_for_the_service(void **state) {
        struct outcome o = resolve(FLOW URL "    accessKeyId: \"{{ secret('NONE') }}\"\n", false);

        assert_int_equal(o.result, -EBADMSG);
        assert_finding(&o, DIAG_ERROR, "/f/orders.yaml:9:5: accessKeyId: secret(): there is no secret 'NONE': not among the service's "
                                       "credentials, not in /nowhere, and no SECRET_ variable");
        outcome_done(&o);
}

/* Half of a connection must not be used: the trigger is marked. */
static void it_is_a_warning_for_others_and_the_trigger_is_incomplete(void **state) {
        struct outcome o = resolve(FLOW "    queueUrl: \"{{ secret('NONE') }}\"\n    accessKeyId: a\n"
                                        "    secretKeyId: \"{{ secret('NONE') }}\"\n", true);

        assert_int_equal(o.result, 0);
        assert_int_equal(o.diag.error_count, 0);
        assert_finding(&o, DIAG_WARNING, "/f/orders.yaml:9:5: queueUrl: there is no secret 'NONE': not among the service's "
                                         "credentials, not in /nowhere, and no SECRET_ variable");
        assert_true(o.config->triggers[0].is_incomplete);
        assert_null(o.config->triggers[0].aws.secret_access_key);
        outcome_done(&o);
}

static void what_only_an_execution_has_is_not_known_yet(void **state) {
        static const struct {
                const char *property, *expected;
        } cases[] = {
                { "    region: \"{{ trigger.data }}\"\n", "/f/orders.yaml:9:5: region: the variable 'trigger' is not defined" },
                { "    region: \"{{ uuid() }}\"\n", "/f/orders.yaml:9:5: region: the function 'uuid' is not available here" },
                { "    region: \"{{ secret('FLOW_SECRET') | number }}\"\n",
                  "/f/orders.yaml:9:5: region: the expression cannot be evaluated, and the reason would tell a secret" },
                { "    region: \"{{ '' }}\"\n", "/f/orders.yaml:9:5: 'region' must not be empty" },
                { "    accessKeyId: a\n", "/f/orders.yaml:9:5: trigger 'in': accessKeyId and secretKeyId belong together" },
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                char flow[1000];
                struct outcome o;

                (void)snprintf(flow, sizeof(flow), "%s%s", FLOW URL, cases[i].property);
                o = resolve(flow, false);
                assert_int_equal(o.result, -EBADMSG);
                assert_finding(&o, DIAG_ERROR, cases[i].expected);
                outcome_done(&o);
        }
}

/* As when two secrets were mixed up. */
static void a_value_that_is_wrong_is_shown_as_it_is_written(void **state) {
        struct outcome o = resolve(FLOW "    queueUrl: \"{{ secret('FLOW_SECRET') }}\"\n", false);

        assert_finding(&o, DIAG_ERROR, "/f/orders.yaml:9:5: expected a queue URL such as "
                                       "https://sqs.eu-north-1.amazonaws.com/123456789012/orders, not '{{ secret('FLOW_SECRET') }}'");
        outcome_done(&o);
        o = resolve(FLOW "    queueUrl: \"https://host/1/{{ secret('flow_key') }}.x\"\n", false);
        assert_finding(&o, DIAG_ERROR, "/f/orders.yaml:9:5: 'https://host/1/{{ secret('flow_key') }}.x' is not a queue name (letters, "
                                       "digits, '-' and '_', at most 80, '.fifo' at the end of a FIFO queue's)");
        outcome_done(&o);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(secrets_envs_vars_and_the_flow_are_known),
                cmocka_unit_test(a_secret_that_is_not_there_is_an_error_for_the_service),
                cmocka_unit_test(it_is_a_warning_for_others_and_the_trigger_is_incomplete),
                cmocka_unit_test(what_only_an_execution_has_is_not_known_yet),
                cmocka_unit_test(a_value_that_is_wrong_is_shown_as_it_is_written),
        };

        (void)unsetenv("CREDENTIALS_DIRECTORY");
        (void)setenv("ENV_REGION", "eu-north-1", 1);
        (void)setenv("SECRET_FLOW_KEY", "QUtJQUZMT1c=", 1);
        (void)setenv("SECRET_FLOW_SECRET", "aXRzIHNlY3JldA==", 1);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
