/* SPDX-License-Identifier: Apache-2.0 */
/* Roles, assumed with credentials that were found before: those of a profile's plan, one after the other, or the one of
 * a chain that is a layer upon another. STS may refuse the base's credentials because they ran out; then the base is
 * told, and asked once for newer ones. */
#include <errno.h>
#include <string.h>

#include "common/aws/credentials_provider.h"
#include "common/base/text.h"

bool credentials_load_profile(struct credentials_query *q) {
        _cleanup_(diag_done) struct diag diag = DIAG_INIT;

        if (q->profile)
                return true;
        int r = aws_profile_load(q->options->environment, q->options->profile, &diag, &q->profile);
        const struct diag_entry *e = diag.count > 0 ? &diag.entries[0] : NULL;
        if (r < 0 && e)
                credentials_failed(q, r, "%s:%u: %s", e->file, e->line, e->message);
        else if (r < 0)
                credentials_failed(q, r, "the shared files cannot be read");
        return r == 0;
}

/* --- STS ---------------------------------------------------------------------------------------------------------- */

static void free_call(void *state) {
        sts_call_free(state);
}

static bool find_sts(struct credentials_query *q, struct endpoint *ret) {
        const char *why = NULL;

        if (!credentials_load_profile(q))
                return false;
        const struct endpoint_inputs in = {
                .service = AWS_STS,
                .endpoint = q->options->sts_endpoint,
                .region = q->options->region,
                .environment = q->options->environment,
                .profile = q->profile,
        };
        int r = endpoint_resolve(&in, ret, &why);
        if (r < 0)
                credentials_failed(q, r, "the endpoint of STS: %s", why);
        return r == 0;
}

void credentials_ask_sts(struct credentials_query *q, const struct sts_role *role, const char *token,
                         sts_func on_done) {
        struct sts_call *call = NULL;
        struct endpoint endpoint;

        if (!find_sts(q, &endpoint))
                return;
        const struct sts_request request = {
                .http = q->http,
                .endpoint = &endpoint,
                .role = role,
                .credentials = q->assumer,
                .web_identity_token = token,
                .provider = token ? "web identity" : "role",
        };
        int r = sts_start(&request, on_done, q, &call);
        if (r < 0) {
                credentials_failed(q, r, "STS at %s cannot be asked: %s", endpoint.url, strerror(-r));
                return;
        }
        q->state = call;
        q->state_free = free_call;
}

/* --- roles -------------------------------------------------------------------------------------------------------- */

static void ask_base(struct credentials_query *q);

static void on_assumed(const struct sts_answer *answer, void *userdata) {
        struct credentials_query *q = userdata;
        const char *arn = q->plan.roles[q->plan.role_count].arn;

        if (answer->error == 0) {
                credentials_found(q, answer->found);
                return;
        }
        if (answer->refused && q->options->base) {
                credentials_expire(q->options->base, q->assumer);
                if (!q->renewed) {
                        q->renewed = true;
                        free_call(q->state);
                        q->state = NULL;
                        q->state_free = NULL;
                        ask_base(q);
                        return;
                }
        }
        credentials_failed(q, answer->error, "%s cannot be assumed: %s", arn, answer->why);
}

void credentials_assume(struct credentials_query *q, struct aws_credentials *assumer) {
        const struct sts_role *role = &q->plan.roles[--q->plan.role_count];

        aws_credentials_unref(q->assumer);
        q->assumer = assumer;
        credentials_ask_sts(q, role, NULL, on_assumed);
}

/* --- the layer ---------------------------------------------------------------------------------------------------- */

static void use_base(struct credentials_query *q, const struct aws_credentials *found) {
        q->plan.roles[0] = q->options->role;
        q->plan.role_count = 1;
        credentials_found(q, aws_credentials_ref(found));
}

static void on_base(int error, const struct aws_credentials *found, const char *why, void *userdata) {
        struct credentials_query *q = userdata;
        q->wait = NULL;
        if (error < 0)
                credentials_failed(q, error, "no credentials to assume %s with: %s", q->options->role.arn, why);
        else
                use_base(q, found);
}

static void ask_base(struct credentials_query *q) {
        const struct aws_credentials *cached = credentials_cached(q->options->base);
        if (cached) {
                use_base(q, cached);
                return;
        }
        int r = credentials_get(q->options->base, on_base, q, &q->wait);
        if (r < 0)
                credentials_failed(q, r, "%s", strerror(-r));
}

const struct credentials_provider credentials_role = { "role", ask_base };
