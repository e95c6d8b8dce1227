/* SPDX-License-Identifier: Apache-2.0 */
/* What either way of moving messages has to tell: how far it is, and what went wrong. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "cli/cli.h"
#include "cli/redrive.h"

void redrive_fail(struct redrive *r, int code, const char *fmt, ...) {
        va_list ap;

        if (r->problem[0])
                return;
        r->code = code;
        va_start(ap, fmt);
        (void)vsnprintf(r->problem, sizeof(r->problem), fmt, ap);
        va_end(ap);
}

int redrive_fail_aws(struct redrive *r, const char *doing, int result, const struct aws_error *error) {
        struct buf text = BUF_INIT(0);

        if (result < 0)
                return result;
        if (aws_error_write(&text, error) == 0)
                redrive_fail(r, exit_code_of(error), "%s: %s", doing, text.data);
        buf_done(&text);
        return 0;
}

void redrive_show(const struct redrive *r, int64_t of) {
        if (!r->is_live)
                return;
        if (of >= 0)
                (void)fprintf(stderr, "\r\033[K%" PRIu64 " of about %" PRId64 " moved", r->moved, of);
        else
                (void)fprintf(stderr, "\r\033[K%" PRIu64 " moved", r->moved);
}
