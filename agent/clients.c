/* SPDX-License-Identifier: Apache-2.0 */
/* Two short lists: identities (settings with their credentials chain) and clients (an identity at an endpoint). They
 * only grow, by what reloads bring, and are small. */
#include "agent/clients.h"

#include <errno.h>
#include <stdio.h>
#include <utlist.h>

#include "common/aws/endpoint.h"
#include "common/base/text.h"

struct identity {
        struct identity *next;
        struct config_aws aws;
        struct aws_profile *profile;
        struct credentials_chain *chain;
};

struct client {
        struct client *next;
        const struct identity *identity;
        struct endpoint endpoint;
        struct sqs_client *sqs;
};

struct clients {
        sd_event *event;
        struct http *http;
        struct identity *identities;
        struct client *clients;
        char why[512];
};

int clients_new(sd_event *event, const char *ca_bundle, struct clients **ret) {
        _cleanup_(clients_freep) struct clients *c = calloc(1, sizeof *c);
        struct http_options options = { .ca_file = ca_bundle ? ca_bundle : aws_environment_get(NULL, "AWS_CA_BUNDLE") };
        int r;

        if (!c)
                return -ENOMEM;
        c->event = sd_event_ref(event);
        r = http_new(event, &options, &c->http);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(c);
        return 0;
}

static void identity_free(struct identity *i) {
        credentials_chain_free(i->chain);
        aws_profile_free(i->profile);
        config_aws_done(&i->aws);
        free(i);
}

struct clients *clients_free(struct clients *c) {
        struct client *client, *next_client;
        struct identity *identity, *next_identity;

        if (!c)
                return NULL;
        for (client = c->clients; client; client = next_client) {
                next_client = client->next;
                sqs_client_free(client->sqs);
                free(client);
        }
        for (identity = c->identities; identity; identity = next_identity) {
                next_identity = identity->next;
                identity_free(identity);
        }
        http_free(c->http);
        sd_event_unref(c->event);
        free(c);
        return NULL;
}

static int identity_new(struct clients *c, const struct config_aws *aws, struct identity **ret, const char **ret_why) {
        struct identity *i = calloc(1, sizeof *i);
        int r = i ? config_aws_copy(aws, &i->aws) : -ENOMEM;
        struct credentials_options options = {
                .event = c->event,
                .http = c->http,
                .profile = aws->profile,
                .access_key_id = aws->access_key_id,
                .secret_access_key = aws->secret_access_key,
                .session_token = aws->session_token,
                .region = aws->region,
                .role = { aws->role_arn, aws->role_external_id, aws->role_session_name, aws->role_sec },
                .sts_endpoint = aws->sts_endpoint,
        };

        struct diag diag = DIAG_INIT;

        *ret_why = "out of memory";
        if (r >= 0)
                r = aws_profile_load(NULL, aws->profile, &diag, &i->profile);
        if (r < 0 && diag.count > 0) {
                snprintf(c->why, sizeof c->why, "%s:%u: %s", diag.entries[0].file, diag.entries[0].line,
                         diag.entries[0].message);
                *ret_why = c->why;
        }
        diag_done(&diag);
        if (r >= 0)
                r = credentials_chain_new(&options, &i->chain);
        if (r < 0) {
                if (i)
                        identity_free(i);
                return r;
        }
        LL_PREPEND(c->identities, i);
        *ret = i;
        return 0;
}

static int identity_get(struct clients *c, const struct config_aws *aws, struct identity **ret, const char **ret_why) {
        struct identity *i;

        for (i = c->identities; i; i = i->next) {
                if (config_aws_equal(&i->aws, aws)) {
                        *ret = i;
                        return 0;
                }
        }
        return identity_new(c, aws, ret, ret_why);
}

static int client_new(struct clients *c, const struct identity *identity, const struct endpoint *endpoint,
                      struct sqs_client **ret) {
        struct client *client = calloc(1, sizeof *client);
        struct sqs_client_options options = {
                .http = c->http, .credentials = identity->chain, .region = endpoint->region, .endpoint = endpoint->url,
        };
        int r = client ? sqs_client_new(&options, &client->sqs) : -ENOMEM;

        if (r < 0) {
                free(client);
                return r;
        }
        client->identity = identity;
        client->endpoint = *endpoint;
        LL_PREPEND(c->clients, client);
        *ret = client->sqs;
        return 0;
}

int clients_get(struct clients *c, const struct config_aws *aws, const char *queue_url, struct sqs_client **ret,
                const char **ret_why) {
        struct identity *identity;
        struct endpoint endpoint;
        struct client *client;
        int r = identity_get(c, aws, &identity, ret_why);

        if (r < 0)
                return r;
        struct endpoint_inputs in = {
                .endpoint = aws->endpoint, .region = aws->region, .queue_url = queue_url, .profile = identity->profile,
        };
        r = endpoint_resolve(&in, &endpoint, ret_why);
        if (r < 0)
                return r;
        for (client = c->clients; client; client = client->next) {
                if (client->identity == identity && text_eq(client->endpoint.url, endpoint.url) &&
                    text_eq(client->endpoint.region, endpoint.region)) {
                        *ret = client->sqs;
                        return 0;
                }
        }
        *ret_why = "the client cannot be made";
        return client_new(c, identity, &endpoint, ret);
}
