/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/sqs_connection.h"

#include <errno.h>
#include <string.h>

#include "common/aws/endpoint.h"
#include "common/aws/sts.h"
#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/text.h"
#include "runner/execution.h"
#include "runner/render.h"
#include "runner/task_run.h"
#include "runner/value_text.h"

enum {
        QUEUE_URL,
        REGION,
        ENDPOINT,
        ACCESS_KEY,
        SECRET_KEY,
        SESSION_TOKEN,
        STS_ROLE,
        STS_EXTERNAL_ID,
        STS_SESSION_NAME,
        STS_DURATION,
        STS_ENDPOINT,
        TEXT_COUNT
};

static const char *const names[TEXT_COUNT] = {
        [QUEUE_URL] = "queueUrl",      [REGION] = "region",          [ENDPOINT] = "endpointOverride",
        [ACCESS_KEY] = "accessKeyId",  [SECRET_KEY] = "secretKeyId", [SESSION_TOKEN] = "sessionToken",
        [STS_ROLE] = "stsRoleArn",     [STS_EXTERNAL_ID] = "stsRoleExternalId",
        [STS_SESSION_NAME] = "stsRoleSessionName", [STS_DURATION] = "stsRoleSessionDuration",
        [STS_ENDPOINT] = "stsEndpointOverride",
};

#define ROLE_DURATION_DEFAULT_SEC 900 /* Kestra's */

/* What the properties say; what of it makes connections different is compared as a whole. */
struct settings {
        char *texts[TEXT_COUNT]; /* NULL: absent or empty. QUEUE_URL is not compared */
        unsigned role_seconds;
        char *region, *endpoint; /* the driver's */
};

struct sqs_connection {
        struct sqs_connection *next;
        struct settings settings;
        struct endpoint resolved;
        struct http *http;               /* with the certificates that are trusted for AWS alone */
        struct aws_profile *profile;
        struct credentials_chain *chain;
        struct sqs_client *client;
};

static void settings_done(struct settings *s) {
        for (size_t i = 0; i < TEXT_COUNT; i++)
                s->texts[i] = secret_free(s->texts[i]);
        free(s->region);
        free(s->endpoint);
        s->region = s->endpoint = NULL;
}

static struct sqs_connection *connection_free(struct sqs_connection *c) {
        sqs_client_free(c->client);
        credentials_chain_free(c->chain);
        aws_profile_free(c->profile);
        http_free(c->http);
        settings_done(&c->settings);
        free(c);
        return NULL;
}
DEFINE_CLEANUP(struct sqs_connection *, connection_free)

void sqs_connections_free(struct execution *e) {
        for (struct sqs_connection *c = e->connections, *next; c; c = next) {
                next = c->next;
                connection_free(c);
        }
        e->connections = NULL;
}

/* --- properties ------------------------------------------------------------------------------------------------------ */

/* On failure the attempt has been failed. */
static int read_texts(struct task_run *run, struct settings *s) {
        const struct frame_execute *q = run->execution->top->request;

        for (size_t i = 0; i < TEXT_COUNT; i++) {
                _cleanup_value_ struct value *v = NULL;
                int k = render_property(run, names[i], RENDER_TEXT, &v);

                if (k < 0)
                        return k;
                if (!v || (value_type(v) == VALUE_STRING && value_string_len(v) == 0))
                        continue;
                s->texts[i] = value_text(v);
                if (!s->texts[i]) {
                        task_run_fail(run, NULL, "out of memory");
                        return -ENOMEM;
                }
        }
        s->region = q->aws_region.len > 0 ? text_dup_n(q->aws_region.data, q->aws_region.len) : NULL;
        s->endpoint = q->aws_endpoint.len > 0 ? text_dup_n(q->aws_endpoint.data, q->aws_endpoint.len) : NULL;
        return 0;
}

/* What can be said before anything is made: a sentence, or NULL. */
static const char *problem_of(const struct task_run *run, struct settings *s) {
        uint64_t usec = ROLE_DURATION_DEFAULT_SEC * USEC_PER_SEC;

        if (!s->texts[QUEUE_URL])
                return "queueUrl is empty";
        if (s->texts[STS_DURATION] && (duration_parse(s->texts[STS_DURATION], &usec) < 0 ||
                                       usec < STS_DURATION_MIN_SECONDS * USEC_PER_SEC ||
                                       usec > STS_DURATION_MAX_SECONDS * USEC_PER_SEC))
                return "stsRoleSessionDuration must be from PT15M to PT12H";
        s->role_seconds = (unsigned)(usec / USEC_PER_SEC);
        if (!s->texts[ACCESS_KEY] != !s->texts[SECRET_KEY])
                return "accessKeyId and secretKeyId belong together";
        if (!s->texts[ACCESS_KEY] && !run->execution->top->request->task_credentials)
                return "no credentials: set accessKeyId and secretKeyId, or let tasks use the agent's own in agent.yaml "
                       "(security.taskCredentials: environment)";
        return NULL;
}

/* --- making ---------------------------------------------------------------------------------------------------------- */

static int make_http(struct task_run *run, struct sqs_connection *c) {
        const struct bytes bundle = run->execution->top->request->aws_ca_bundle;
        _cleanup_free_ char *given = bundle.len > 0 ? text_dup_n(bundle.data, bundle.len) : NULL;
        const struct http_options options = { .ca_file = given ? given : aws_environment_get(NULL, "AWS_CA_BUNDLE") };

        return http_new(run->execution->shop.event, &options, &c->http);
}

/* The profile of the shared files tells region and endpoint only to those who may use its keys. */
static int load_profile(const struct task_run *run, struct sqs_connection *c, char **ret_problem) {
        struct diag diag = DIAG_INIT;
        int r = 0;

        if (run->execution->top->request->task_credentials)
                r = aws_profile_load(NULL, NULL, &diag, &c->profile);
        if (r < 0 && diag.count > 0)
                *ret_problem = text_printf("%s:%u: %s", diag.entries[0].file, diag.entries[0].line, diag.entries[0].message);
        diag_done(&diag);
        return r;
}

static int make_chain(struct task_run *run, struct sqs_connection *c) {
        char *const *texts = c->settings.texts;
        struct credentials_options options = {
                .event = run->execution->shop.event,
                .http = c->http,
                .region = texts[REGION] ? texts[REGION] : c->settings.region,
                .access_key_id = texts[ACCESS_KEY],
                .secret_access_key = texts[SECRET_KEY],
                .session_token = texts[SESSION_TOKEN],
                .sts_endpoint = texts[STS_ENDPOINT],
        };

        if (texts[STS_ROLE])
                options.role = (struct sts_role){ .arn = texts[STS_ROLE], .external_id = texts[STS_EXTERNAL_ID],
                                                  .session_name = texts[STS_SESSION_NAME],
                                                  .duration_seconds = c->settings.role_seconds };
        return credentials_chain_new(&options, &c->chain);
}

static int resolve(struct sqs_connection *c, char **ret_problem) {
        char *const *texts = c->settings.texts;
        const struct endpoint_inputs in = {
                .endpoint = texts[ENDPOINT] ? texts[ENDPOINT] : c->settings.endpoint,
                .region = texts[REGION] ? texts[REGION] : c->settings.region,
                .queue_url = texts[QUEUE_URL],
                .profile = c->profile,
        };
        const char *why;
        int r = endpoint_resolve(&in, &c->resolved, &why);

        if (r < 0)
                *ret_problem = text_dup(why);
        return r;
}

static int make_client(struct task_run *run, struct sqs_connection *c) {
        int r = make_http(run, c);

        if (r == 0)
                r = make_chain(run, c);
        if (r < 0)
                return r;
        const struct sqs_client_options options = {
                .http = c->http,
                .credentials = c->chain,
                .region = c->resolved.region,
                .endpoint = c->resolved.url,
        };
        return sqs_client_new(&options, &c->client);
}

static bool is_same(const struct sqs_connection *a, const struct sqs_connection *b) {
        for (size_t i = 0; i < TEXT_COUNT; i++)
                if (i != QUEUE_URL && !text_eq(a->settings.texts[i], b->settings.texts[i]))
                        return false;
        return text_eq(a->resolved.region, b->resolved.region) && text_eq(a->resolved.url, b->resolved.url);
}

/* The execution's connection with these settings: one that is there, or `*c`, which is taken then. */
static int join(struct task_run *run, struct sqs_connection **c, struct sqs_client **ret) {
        struct execution *e = run->execution->top;
        int r;

        for (struct sqs_connection *known = e->connections; known; known = known->next)
                if (is_same(known, *c)) {
                        *ret = known->client;
                        return 0;
                }
        r = make_client(run, *c);
        if (r < 0)
                return r;
        *ret = (*c)->client;
        (*c)->next = e->connections;
        e->connections = TAKE_PTR(*c);
        return 0;
}

int sqs_connection_get(struct task_run *run, struct sqs_client **ret, char **ret_queue_url) {
        _cleanup_(connection_freep) struct sqs_connection *c = calloc(1, sizeof(*c));
        _cleanup_free_ char *problem = NULL, *queue_url = NULL;
        const char *text = NULL;
        int r = c ? read_texts(run, &c->settings) : -ENOMEM;

        if (c && r < 0)
                return r;
        if (r == 0 && (text = problem_of(run, &c->settings)))
                r = -EINVAL;
        if (r == 0)
                r = load_profile(run, c, &problem);
        if (r == 0)
                r = resolve(c, &problem);
        if (r == 0) {
                queue_url = TAKE_PTR(c->settings.texts[QUEUE_URL]);
                r = join(run, &c, ret);
        }
        if (r < 0)
                task_run_fail(run, NULL, "%s", text ? text : problem ? problem : strerror(-r));
        else
                *ret_queue_url = TAKE_PTR(queue_url);
        return r;
}
