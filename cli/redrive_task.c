/* SPDX-License-Identifier: Apache-2.0 */
/* The server moves by itself, also when this process ends; it is asked how far it is until it is done. */
#include <string.h>

#include "cli/cli.h"
#include "cli/redrive.h"
#include "common/base/clock.h"
#include "common/base/text.h"

#define ASK_USEC (500 * USEC_PER_MSEC)
#define ERRORS_MAX 10

bool redrive_is_unknown(const struct aws_error *error) {
        static const char *const codes[] = { "UnknownOperation", "UnknownOperationException", "UnknownAction",
                                             "InvalidAction", "UnsupportedOperation", "NotImplemented",
                                             "NotImplementedException", "UnrecognizedClientAction" };

        for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
                if (strcmp(error->code, codes[i]) == 0)
                        return true;
        return error->http_status == 404 && !*error->code;
}

static bool goes_on(const struct move_state *m) {
        return text_eq(m->status, "RUNNING") || text_eq(m->status, "CANCELLING");
}

static int cancel(struct redrive *r, const char *handle) {
        struct move_state ignored;
        struct aws_error error = { 0 };
        int k = wait_cancel_move(&r->from->session, handle, &ignored, &error);

        if (k != 0)
                return redrive_fail_aws(r, "the task goes on: it could not be cancelled", k, &error);
        redrive_fail(r, EXIT_FAILED, "interrupted, the task was cancelled");
        return 0;
}

static void note_end(struct redrive *r, const struct move_state *m) {
        if (text_eq(m->status, "FAILED"))
                redrive_fail(r, EXIT_FAILED, "the task failed: %s", *m->failure ? m->failure : "no reason given");
        else if (text_eq(m->status, "CANCELLED"))
                redrive_fail(r, EXIT_FAILED, "the task was cancelled");
        else if (!text_eq(m->status, "COMPLETED"))
                redrive_fail(r, EXIT_FAILED, "the task is now '%s'", m->status);
}

/* A few answers may fail; the task does not care. */
static int follow(struct redrive *r, const char *handle) {
        struct move_state m = { 0 };
        struct aws_error error = { 0 };
        bool is_cancelled = false;

        for (unsigned errors = 0; errors < ERRORS_MAX;) {
                int k = wait_list_moves(&r->from->session, queue_arn(r->from), &m, &error);

                if (k < 0)
                        return k;
                errors = k == 0 ? 0 : errors + 1;
                if (k == 0) {
                        r->moved = m.moved_count > 0 ? (uint64_t)m.moved_count : 0;
                        redrive_show(r, m.to_move_count);
                }
                if (k == 0 && !goes_on(&m)) {
                        note_end(r, &m);
                        return 0;
                }
                if (r->is_interrupted && !is_cancelled) {
                        is_cancelled = true;
                        k = cancel(r, handle);
                        if (k < 0)
                                return k;
                }
                k = wait_usec(&r->from->session, ASK_USEC, is_cancelled ? NULL : &r->is_interrupted);
                if (k < 0)
                        return k;
        }
        return redrive_fail_aws(r, "the task goes on, but cannot be followed", SQS_REFUSED, &error);
}

int redrive_by_task(struct redrive *r) {
        struct session *s = &r->from->session;
        struct move_state m = { 0 };
        struct aws_error error = { 0 };
        int k;

        if (!queue_arn(r->from) || (r->to_url && !r->to_arn))
                return REDRIVE_UNKNOWN;
        k = wait_list_moves(s, queue_arn(r->from), &m, &error);
        if (k == SQS_REFUSED && redrive_is_unknown(&error))
                return REDRIVE_UNKNOWN;
        if (k != 0)
                return redrive_fail_aws(r, "asking for move tasks (--by-hand does without)", k, &error);
        if (goes_on(&m)) {
                redrive_fail(r, EXIT_FAILED, "a move task of this queue is running already");
                return 0;
        }
        k = wait_start_move(s, queue_arn(r->from), r->to_arn, &m, &error);
        return k != 0 ? redrive_fail_aws(r, "starting a move task (--by-hand does without)", k, &error)
                      : follow(r, m.handle);
}
