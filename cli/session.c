/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/session.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "common/base/spawn.h"
#include "common/base/text.h"

static int load_profile(struct session *s, const struct config_aws *aws, char **ret_why) {
        struct diag diag = DIAG_INIT;
        int r = aws_profile_load(NULL, aws->profile, &diag, &s->profile);

        if (r < 0 && diag.count > 0)
                *ret_why = text_printf("%s:%u: %s", diag.entries[0].file, diag.entries[0].line, diag.entries[0].message);
        diag_done(&diag);
        return r;
}

static int find_endpoint(struct session *s, const struct config_aws *aws, const char *queue_url, char **ret_why) {
        const struct endpoint_inputs in = { .endpoint = aws->endpoint, .region = aws->region, .queue_url = queue_url,
                                            .profile = s->profile };
        const char *why = NULL;
        int r = endpoint_resolve(&in, &s->endpoint, &why);

        if (r < 0)
                *ret_why = text_dup(why);
        return r;
}

static int open_client(struct session *s, const struct config_aws *aws) {
        const struct http_options http = { .ca_file = aws->ca_bundle ? aws->ca_bundle : aws_environment_get(NULL, "AWS_CA_BUNDLE") };
        struct credentials_options credentials = {
                .profile = aws->profile,
                .access_key_id = aws->access_key_id,
                .secret_access_key = aws->secret_access_key,
                .session_token = aws->session_token,
                .region = aws->region,
                .role = { aws->role_arn, aws->role_external_id, aws->role_session_name, aws->role_sec },
                .sts_endpoint = aws->sts_endpoint,
        };
        struct sqs_client_options client = { .region = s->endpoint.region, .endpoint = s->endpoint.url };
        int r = sd_event_new(&s->event);

        if (r < 0)
                return r;
        r = http_new(s->event, &http, &s->http);
        if (r < 0)
                return r;
        credentials.event = s->event;
        credentials.http = s->http;
        r = credentials_chain_new(&credentials, &s->credentials);
        if (r < 0)
                return r;
        client.http = s->http;
        client.credentials = s->credentials;
        return sqs_client_new(&client, &s->sqs);
}

int session_open(struct session *s, const struct config_aws *aws, const char *queue_url, char **ret_why) {
        int r;

        *s = (struct session){ 0 };
        r = spawn_ignore(SIGPIPE); /* connections that break are told by their calls */
        if (r == 0)
                r = load_profile(s, aws, ret_why);
        if (r == 0)
                r = find_endpoint(s, aws, queue_url, ret_why);
        if (r == 0)
                r = open_client(s, aws);
        if (r == 0)
                return 0;
        if (!*ret_why)
                *ret_why = text_dup(strerror(-r));
        session_done(s);
        return r;
}

void session_done(struct session *s) {
        sqs_client_free(s->sqs);
        credentials_chain_free(s->credentials);
        http_free(s->http);
        aws_profile_free(s->profile);
        sd_event_unref(s->event);
        *s = (struct session){ 0 };
}

int session_run(const struct session *s) {
        return sd_event_loop(s->event);
}
