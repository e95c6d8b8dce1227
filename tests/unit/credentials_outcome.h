/* SPDX-License-Identifier: Apache-2.0 */
/* What credentials_get() ended with, kept for a test to look at. */
#pragma once

#include <stdio.h>
#include <string.h>

#include "common/aws/credentials.h"

struct outcome {
        bool done;
        unsigned count;
        int error;
        char why[2048];
        struct aws_credentials *found;
};

static inline void on_credentials(int error, const struct aws_credentials *found, const char *why, void *userdata) {
        struct outcome *o = userdata;
        o->done = true;
        o->count++;
        o->error = error;
        snprintf(o->why, sizeof(o->why), "%s", why);
        /* every secret of these tests has "SECRET" in it, and so has AWS_SECRET_ACCESS_KEY */
        for (const char *at = strstr(why, "SECRET"); at; at = strstr(at + 1, "SECRET"))
                if (at[6] != '_')
                        fail_msg("the reason tells a secret: %s", why);
        aws_credentials_unref(o->found);
        o->found = aws_credentials_ref(found);
}

static inline void outcome_done(struct outcome *o) {
        aws_credentials_unref(o->found);
}
