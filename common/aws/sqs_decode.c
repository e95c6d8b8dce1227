/* SPDX-License-Identifier: Apache-2.0 */
/* The answers to everything but ReceiveMessage. A batch answer names entries by id; ours are indexes, so each result
 * goes back to its place, and an entry the server forgot stays "not ok, try again". */
#include <errno.h>
#include <string.h>

#include "common/aws/sqs_codec.h"
#include "common/base/json.h"
#include "common/base/text.h"

int sqs_parse_answer(const char *text, size_t len, struct value **ret) {
        _cleanup_value_ struct value *v = NULL;
        int r = len > 0 ? json_parse(text, len, &v, NULL, NULL) : 0;
        if (len == 0 && !(v = value_new_map()))
                return -ENOMEM;
        if (r < 0)
                return r == -ENOMEM ? r : -EBADMSG;
        if (value_type(v) != VALUE_MAP)
                return -EBADMSG;
        *ret = TAKE_PTR(v);
        return 0;
}

/* --- batches ------------------------------------------------------------------------------------------------------ */

static void read_success(const struct value *entry, struct sqs_batch_result *result) {
        *result = (struct sqs_batch_result){
                .ok = true,
                .message_id = value_map_string(entry, "MessageId"),
                .sequence_number = value_map_string(entry, "SequenceNumber"),
                .md5_of_body = value_map_string(entry, "MD5OfMessageBody"),
        };
}

static void read_failure(const struct value *entry, struct sqs_batch_result *result) {
        const struct value *fault = value_map_get(entry, "SenderFault");
        const char *code = value_map_string(entry, "Code"), *message = value_map_string(entry, "Message");
        bool sender = fault && value_type(fault) == VALUE_BOOL && value_bool(fault);
        *result = (struct sqs_batch_result){
                .sender_fault = sender,
                .code = code ? code : "",
                .message = message ? message : "",
                .class = aws_error_classify(code ? code : "", sender ? 400 : 500, message),
        };
}

static int read_entries(const struct value *list, struct sqs_batch_result *results, size_t count,
                        void (*read)(const struct value *entry, struct sqs_batch_result *result)) {
        if (!list || value_type(list) == VALUE_NULL)
                return 0;
        if (value_type(list) != VALUE_LIST)
                return -EBADMSG;
        for (size_t i = 0; i < value_count(list); i++) {
                const struct value *entry = value_list_at(list, i);
                if (value_type(entry) != VALUE_MAP)
                        return -EBADMSG;
                const char *id = value_map_string(entry, "Id");
                int64_t index;
                if (!id || text_to_i64(id, 0, (int64_t)count - 1, &index) < 0)
                        return -EBADMSG;
                read(entry, &results[index]);
        }
        return 0;
}

int sqs_decode_batch(const char *text, size_t len, struct sqs_batch_result *results, size_t count,
                     struct value **ret_source) {
        _cleanup_value_ struct value *answer = NULL;
        struct sqs_batch_result read[SQS_BATCH_MAX];

        if (count > SQS_BATCH_MAX)
                return -E2BIG;
        int r = sqs_parse_answer(text, len, &answer);
        if (r < 0)
                return r;
        for (size_t i = 0; i < count; i++)
                read[i] = (struct sqs_batch_result){
                        .class = AWS_ERROR_TRANSIENT,
                        .code = "",
                        .message = "the answer does not mention this entry",
                };
        r = read_entries(value_map_get(answer, "Successful"), read, count, read_success);
        if (r == 0)
                r = read_entries(value_map_get(answer, "Failed"), read, count, read_failure);
        if (r < 0)
                return r;
        memcpy(results, read, count * sizeof(*results));
        *ret_source = TAKE_PTR(answer);
        return 0;
}

int sqs_decode_send(const char *text, size_t len, struct sqs_batch_result *ret, struct value **ret_source) {
        _cleanup_value_ struct value *answer = NULL;
        int r = sqs_parse_answer(text, len, &answer);
        if (r < 0)
                return r;
        if (!value_map_string(answer, "MessageId"))
                return -EBADMSG;
        read_success(answer, ret);
        *ret_source = TAKE_PTR(answer);
        return 0;
}

/* --- queues ------------------------------------------------------------------------------------------------------- */

/* An attribute's number, or `otherwise` when it is absent or not one. */
static int64_t number(const struct value *map, const char *name, int64_t otherwise) {
        const struct value *v = value_map_get(map, name);
        int64_t n;
        if (v && value_type(v) == VALUE_STRING && text_to_i64(value_string(v), 0, INT64_MAX, &n) == 0)
                return n;
        if (v && value_type(v) == VALUE_NUMBER && value_to_i64(v, &n) == 0)
                return n;
        return otherwise;
}

static bool is_true(const struct value *map, const char *name) {
        return text_eq(value_map_string(map, name), "true");
}

/* The redrive policy is JSON in a string; its count may be a string as well. */
static unsigned max_receive_count(const struct value *all) {
        const char *policy = value_map_string(all, "RedrivePolicy");
        _cleanup_value_ struct value *v = NULL;
        if (!policy || sqs_parse_answer(policy, strlen(policy), &v) < 0)
                return 0;
        return (unsigned)number(v, "maxReceiveCount", 0);
}

int sqs_decode_queue_attributes(const char *text, size_t len, struct sqs_queue_attributes *ret) {
        _cleanup_value_ struct value *answer = NULL;
        int r = sqs_parse_answer(text, len, &answer);
        if (r < 0)
                return r;
        struct value *all = value_map_get(answer, "Attributes");
        if (!all || value_type(all) != VALUE_MAP)
                return -EBADMSG;
        *ret = (struct sqs_queue_attributes){
                .visibility_timeout_seconds = (unsigned)number(all, "VisibilityTimeout", 30),
                .max_receive_count = max_receive_count(all),
                .retention_seconds = (uint64_t)number(all, "MessageRetentionPeriod", 345600),
                .is_fifo = is_true(all, "FifoQueue"),
                .visible_count = number(all, "ApproximateNumberOfMessages", -1),
                .in_flight_count = number(all, "ApproximateNumberOfMessagesNotVisible", -1),
                .delayed_count = number(all, "ApproximateNumberOfMessagesDelayed", -1),
                .all = value_ref(all),
        };
        return 0;
}

void sqs_queue_attributes_done(struct sqs_queue_attributes *a) {
        value_unref(a->all);
        *a = (struct sqs_queue_attributes){ 0 };
}

int sqs_decode_queue_url(const char *text, size_t len, char **ret_url) {
        _cleanup_value_ struct value *answer = NULL;
        int r = sqs_parse_answer(text, len, &answer);
        if (r < 0)
                return r;
        if (!value_map_string(answer, "QueueUrl"))
                return -EBADMSG;
        char *url = text_dup(value_map_string(answer, "QueueUrl"));
        if (!url)
                return -ENOMEM;
        *ret_url = url;
        return 0;
}

/* --- move tasks --------------------------------------------------------------------------------------------------- */

/* A list has its tasks under Results; the other two answers are one. */
int sqs_decode_move(const char *text, size_t len, struct sqs_move_task *ret, struct value **ret_source) {
        _cleanup_value_ struct value *answer = NULL;
        const struct value *results, *task;
        int r = sqs_parse_answer(text, len, &answer);
        if (r < 0)
                return r;
        results = value_map_get(answer, "Results");
        task = answer;
        if (results && value_type(results) == VALUE_LIST)
                task = value_count(results) > 0 ? value_list_at(results, 0) : NULL;
        if (task && value_type(task) != VALUE_MAP)
                return -EBADMSG;
        *ret = (struct sqs_move_task){
                .handle = task ? value_map_string(task, "TaskHandle") : NULL,
                .status = task ? value_map_string(task, "Status") : NULL,
                .destination = task ? value_map_string(task, "DestinationArn") : NULL,
                .failure = task ? value_map_string(task, "FailureReason") : NULL,
                .moved_count = task ? number(task, "ApproximateNumberOfMessagesMoved", -1) : -1,
                .to_move_count = task ? number(task, "ApproximateNumberOfMessagesToMove", -1) : -1,
        };
        *ret_source = TAKE_PTR(answer);
        return 0;
}
