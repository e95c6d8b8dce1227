/* SPDX-License-Identifier: Apache-2.0 */
/* Keys written into agent.yaml or a flow: they win over everything else. */
#include <errno.h>

#include "common/aws/credentials_provider.h"

static void start(struct credentials_query *q) {
        const struct credentials_options *o = q->options;
        if (!o->access_key_id && !o->secret_access_key)
                credentials_absent(q, "no keys in the configuration");
        else if (!o->access_key_id || !o->secret_access_key)
                credentials_failed(q, -EINVAL, "access key id and secret access key must be given together");
        else
                credentials_found(q, aws_credentials_new("static", o->access_key_id, o->secret_access_key,
                                                         o->session_token, USEC_INFINITY));
}

const struct credentials_provider credentials_static = { "static", start };
