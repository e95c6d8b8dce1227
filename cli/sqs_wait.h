/* SPDX-License-Identifier: Apache-2.0 */
/* SQS calls for a verb that does one thing after another: each turns the session's loop until its answer is there, so
 * signals and timers of the loop go on meanwhile.
 *
 * All return 0; SQS_REFUSED with *ret_error when there was no answer or an error; -errno when the loop failed. Outputs are
 * untouched unless 0. */
#pragma once

#include "cli/session.h"

#define SQS_REFUSED 1

/* The outcome of one entry of a batch, with a text of its own. */
struct entry_result {
        bool ok;
        char problem[200]; /* not ok */
};

/* Messages are the caller's: sqs_messages_free(). */
int wait_receive(struct session *s, const struct sqs_receive *request, struct sqs_message ***ret, size_t *ret_count,
                 struct aws_error *ret_error) _must_check_;
int wait_visibility(struct session *s, const char *queue_url, const struct sqs_visibility *entries, size_t count,
                    struct entry_result *ret, struct aws_error *ret_error) _must_check_;
int wait_delete(struct session *s, const char *queue_url, const char *const *receipt_handles, size_t count,
                struct entry_result *ret, struct aws_error *ret_error) _must_check_;
/* A send of which the server read other bytes than were sent is not ok. */
int wait_send(struct session *s, const char *queue_url, const struct sqs_send *entries, size_t count,
              struct entry_result *ret, struct aws_error *ret_error) _must_check_;
/* Attributes are the caller's: sqs_queue_attributes_done(). */
int wait_attributes(struct session *s, const char *queue_url, struct sqs_queue_attributes *ret,
                    struct aws_error *ret_error) _must_check_;
/* An owned URL. `account` NULL: the caller's own. */
int wait_queue_url(struct session *s, const char *name, const char *account, char **ret,
                   struct aws_error *ret_error) _must_check_;

/* A move task with texts of its own. */
struct move_state {
        char handle[1024], status[16], failure[160]; /* "" when not told */
        int64_t moved_count, to_move_count;          /* -1 when not told */
};
int wait_start_move(struct session *s, const char *source_arn, const char *destination_arn, struct move_state *ret,
                    struct aws_error *ret_error) _must_check_;
int wait_list_moves(struct session *s, const char *source_arn, struct move_state *ret,
                    struct aws_error *ret_error) _must_check_;
int wait_cancel_move(struct session *s, const char *handle, struct move_state *ret,
                     struct aws_error *ret_error) _must_check_;

/* Turns the loop for that long, or until *wakes (may be NULL) becomes true. 0 or -errno. */
int wait_usec(struct session *s, uint64_t usec, const bool *wakes) _must_check_;

/* The exit code that an error means. Pure. */
int exit_code_of(const struct aws_error *error);
/* Says what a function above returned; the exit code. `result` is not 0. */
int complain_aws(const char *verb, int result, const struct aws_error *error);
