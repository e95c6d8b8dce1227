/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/sqs_wait.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "common/base/clock.h"
#include "common/base/text.h"

/* One call that is waited for; lives on the stack of the function that waits. */
struct wait {
        bool is_done, is_refused;
        int error; /* -errno of a callback */
        struct aws_error *ret_error;
        union {
                struct {
                        struct sqs_message **messages;
                        size_t count;
                } receive;
                struct entry_result *results;
                struct sqs_queue_attributes *attributes;
                char *url;
                struct move_state *move;
        };
};

/* True when there is an answer to look at. */
static bool ended(struct wait *w, const struct aws_error *error) {
        w->is_done = true;
        w->is_refused = error;
        if (error)
                *w->ret_error = *error;
        return !error;
}

static int turn(struct session *s, struct wait *w, int started) {
        while (started == 0 && !w->is_done) {
                int r = sd_event_run(s->event, UINT64_MAX);

                if (r < 0)
                        return r;
        }
        if (started < 0 || w->error < 0)
                return started < 0 ? started : w->error;
        return w->is_refused ? SQS_REFUSED : 0;
}

/* --- receive --------------------------------------------------------------------------------------------------------- */

static void on_received(const struct aws_error *error, struct sqs_message **messages, size_t count, void *userdata) {
        struct wait *w = userdata;

        if (!ended(w, error) || count == 0)
                return;
        w->receive.messages = calloc(count, sizeof(*messages));
        if (!w->receive.messages) {
                w->error = -ENOMEM;
                return;
        }
        for (size_t i = 0; i < count; i++)
                w->receive.messages[i] = TAKE_PTR(messages[i]);
        w->receive.count = count;
}

int wait_receive(struct session *s, const struct sqs_receive *request, struct sqs_message ***ret, size_t *ret_count,
                 struct aws_error *ret_error) {
        struct wait w = { .ret_error = ret_error };
        int r = turn(s, &w, sqs_receive(s->sqs, request, on_received, &w, NULL));

        if (r == 0) {
                *ret = w.receive.messages;
                *ret_count = w.receive.count;
        }
        return r;
}

/* --- batches --------------------------------------------------------------------------------------------------------- */

static void on_batch(const struct aws_error *error, const struct sqs_batch_result *results, size_t count,
                     void *userdata) {
        struct wait *w = userdata;

        if (!ended(w, error))
                return;
        for (size_t i = 0; i < count; i++) {
                const struct sqs_batch_result *from = &results[i];
                struct entry_result *to = &w->results[i];

                to->ok = from->ok && !from->damaged;
                to->problem[0] = '\0';
                if (from->damaged)
                        (void)snprintf(to->problem, sizeof(to->problem), "the server received other bytes (MD5)");
                else if (!from->ok)
                        (void)snprintf(to->problem, sizeof(to->problem), "%s: %s", from->code,
                                       from->message ? from->message : "");
        }
}

int wait_visibility(struct session *s, const char *queue_url, const struct sqs_visibility *entries, size_t count,
                    struct entry_result *ret, struct aws_error *ret_error) {
        struct wait w = { .ret_error = ret_error, .results = ret };

        return turn(s, &w, sqs_change_visibility_batch(s->sqs, queue_url, entries, count, 0, on_batch, &w, NULL));
}

int wait_delete(struct session *s, const char *queue_url, const char *const *receipt_handles, size_t count,
                struct entry_result *ret, struct aws_error *ret_error) {
        struct wait w = { .ret_error = ret_error, .results = ret };

        return turn(s, &w, sqs_delete_batch(s->sqs, queue_url, receipt_handles, count, on_batch, &w, NULL));
}

int wait_send(struct session *s, const char *queue_url, const struct sqs_send *entries, size_t count,
              struct entry_result *ret, struct aws_error *ret_error) {
        struct wait w = { .ret_error = ret_error, .results = ret };

        return turn(s, &w, sqs_send_batch(s->sqs, queue_url, entries, count, on_batch, &w, NULL));
}

/* --- queues ---------------------------------------------------------------------------------------------------------- */

static void on_attributes(const struct aws_error *error, const struct sqs_queue_attributes *attributes, void *userdata) {
        struct wait *w = userdata;

        if (!ended(w, error))
                return;
        *w->attributes = *attributes;
        w->attributes->all = value_ref(attributes->all);
}

int wait_attributes(struct session *s, const char *queue_url, struct sqs_queue_attributes *ret,
                    struct aws_error *ret_error) {
        struct wait w = { .ret_error = ret_error, .attributes = ret };

        return turn(s, &w, sqs_get_queue_attributes(s->sqs, queue_url, on_attributes, &w, NULL));
}

static void on_url(const struct aws_error *error, const char *queue_url, void *userdata) {
        struct wait *w = userdata;

        if (ended(w, error) && !(w->url = text_dup(queue_url)))
                w->error = -ENOMEM;
}

int wait_queue_url(struct session *s, const char *name, const char *account, char **ret, struct aws_error *ret_error) {
        struct wait w = { .ret_error = ret_error };
        int r = turn(s, &w, sqs_get_queue_url(s->sqs, name, account, on_url, &w, NULL));

        if (r == 0)
                *ret = w.url;
        return r;
}

/* --- move tasks ------------------------------------------------------------------------------------------------------ */

static void put_text(char *to, size_t size, const char *from) {
        (void)snprintf(to, size, "%s", from ? from : "");
}

static void on_move(const struct aws_error *error, const struct sqs_move_task *task, void *userdata) {
        struct wait *w = userdata;

        if (!ended(w, error))
                return;
        put_text(w->move->handle, sizeof(w->move->handle), task->handle);
        put_text(w->move->status, sizeof(w->move->status), task->status);
        put_text(w->move->failure, sizeof(w->move->failure), task->failure);
        w->move->moved_count = task->moved_count;
        w->move->to_move_count = task->to_move_count;
}

int wait_start_move(struct session *s, const char *source_arn, const char *destination_arn, struct move_state *ret,
                    struct aws_error *ret_error) {
        struct wait w = { .ret_error = ret_error, .move = ret };

        return turn(s, &w, sqs_start_move(s->sqs, source_arn, destination_arn, on_move, &w, NULL));
}

int wait_list_moves(struct session *s, const char *source_arn, struct move_state *ret, struct aws_error *ret_error) {
        struct wait w = { .ret_error = ret_error, .move = ret };

        return turn(s, &w, sqs_list_moves(s->sqs, source_arn, on_move, &w, NULL));
}

int wait_cancel_move(struct session *s, const char *handle, struct move_state *ret, struct aws_error *ret_error) {
        struct wait w = { .ret_error = ret_error, .move = ret };

        return turn(s, &w, sqs_cancel_move(s->sqs, handle, on_move, &w, NULL));
}

/* --- the rest -------------------------------------------------------------------------------------------------------- */

int wait_usec(struct session *s, uint64_t usec, const bool *wakes) {
        uint64_t end = usec_add(clock_monotonic_usec(), usec), now;

        while (!(wakes && *wakes) && (now = clock_monotonic_usec()) < end) {
                int r = sd_event_run(s->event, end - now);

                if (r < 0)
                        return r;
        }
        return 0;
}

int exit_code_of(const struct aws_error *error) {
        if (error->class == AWS_ERROR_NO_CREDENTIALS)
                return EXIT_WRONG;
        return error->class == AWS_ERROR_TRANSIENT && error->http_status == 0 ? EXIT_UNREACHABLE : EXIT_FAILED;
}

int complain_aws(const char *verb, int result, const struct aws_error *error) {
        struct buf text = BUF_INIT(0);
        int code;

        if (result < 0)
                return complain(verb, EXIT_FAILED, "%s", strerror(-result));
        code = aws_error_write(&text, error) < 0 ? complain(verb, EXIT_FAILED, "out of memory")
                                                 : complain(verb, exit_code_of(error), "%s", text.data);
        buf_done(&text);
        return code;
}
