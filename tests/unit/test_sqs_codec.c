/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "common/aws/sqs_codec.h"
#include "common/base/digest.h"
#include "common/base/json.h"
#include "common/base/text.h"

#define URL "http://127.0.0.1:9324/000000000000/orders"

static void the_published_checksum_of_an_attribute_is_made(void **state) {
        const struct sqs_attribute a = { "attribName1", "String", "attribValue 1", 13 };
        char hex[33];
        assert_int_equal(sqs_md5_of_attributes(&a, 1, hex), 0);
        assert_string_equal(hex, "19e27d4e946b072f3f58da80d94fd778");
        const struct sqs_attribute two[] = { { "n", "Number", "12345678901234567890", 20 },
                                             { "bytes", "Binary", "\0\x01\xfe\xff", 4 } };
        assert_int_equal(sqs_md5_of_attributes(two, 2, hex), 0);
        assert_string_equal(hex, "fd6fe802e8c3c1ff66b82b885fd20539"); /* as another server made it */
        assert_int_equal(sqs_md5_of_body("", 0, hex), 0);
        assert_string_equal(hex, "d41d8cd98f00b204e9800998ecf8427e");
}

static void checksums_do_not_depend_on_the_order_of_attributes(void **state) {
        const struct sqs_attribute abc[] = { { "a", "String", "1", 1 },
                                             { "b", "Binary", "\0\xff", 2 },
                                             { "c", "Number.int", "3", 1 } };
        const struct sqs_attribute cba[] = { abc[2], abc[1], abc[0] };
        char one[33], other[33];
        assert_int_equal(sqs_md5_of_attributes(abc, 3, one), 0);
        assert_int_equal(sqs_md5_of_attributes(cba, 3, other), 0);
        assert_string_equal(one, other);
}

static void a_receive_asks_for_everything(void **state) {
        _cleanup_(buf_done) struct buf b = { 0 };
        struct sqs_receive r = { URL, 10, 20, -1, NULL };
        assert_int_equal(sqs_encode_receive(&b, &r), 0);
        assert_string_equal(b.data, "{\"QueueUrl\":\"" URL "\",\"MaxNumberOfMessages\":10,\"WaitTimeSeconds\":20,"
                                    "\"AttributeNames\":[\"All\"],\"MessageSystemAttributeNames\":[\"All\"],"
                                    "\"MessageAttributeNames\":[\"All\"]}");
        buf_reset(&b);
        r.visibility_seconds = 0;
        r.attempt_id = "try-1";
        assert_int_equal(sqs_encode_receive(&b, &r), 0);
        assert_non_null(strstr(b.data, ",\"VisibilityTimeout\":0,\"ReceiveRequestAttemptId\":\"try-1\"}"));
}

static void limits_are_kept_before_the_server_must_refuse(void **state) {
        _cleanup_(buf_done) struct buf b = { 0 };
        const char *handles[11] = { "h" };
        const struct sqs_visibility too_long = { "h", 43201 };
        const struct sqs_receive wrong[] = {
                { URL, 0, 0, -1, NULL }, { URL, 11, 0, -1, NULL }, { URL, 1, 21, -1, NULL }, { URL, 1, 0, 43201, NULL }
        };
        for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
                assert_int_equal(sqs_encode_receive(&b, &wrong[i]), -EINVAL);
        assert_int_equal(sqs_encode_delete_batch(&b, URL, handles, 11), -E2BIG);
        assert_int_equal(sqs_encode_delete_batch(&b, URL, handles, 0), -EINVAL);
        assert_int_equal(sqs_encode_visibility_batch(&b, URL, &too_long, 1), -EINVAL);
        assert_int_equal(sqs_encode_send(&b, URL, &(struct sqs_send){ .body = "\xff", .body_len = 1 }), -EINVAL);
        assert_int_equal(
                sqs_encode_send(&b, URL, &(struct sqs_send){ .body = "x", .body_len = 1, .delay_seconds = 901 }),
                -EINVAL);
}

static void payloads_are_counted_with_their_attributes(void **state) {
        _cleanup_(buf_done) struct buf b = { 0 };
        _cleanup_free_ char *body = malloc(SQS_PAYLOAD_MAX_BYTES);
        const struct sqs_attribute a = { "n", "String", "v", 1 };
        assert_non_null(body);
        memset(body, 'x', SQS_PAYLOAD_MAX_BYTES);
        struct sqs_send s = { .body = body, .body_len = SQS_PAYLOAD_MAX_BYTES, .delay_seconds = -1 };
        assert_int_equal(sqs_encode_send(&b, URL, &s), 0);
        s.attributes = &a;
        s.attribute_count = 1;
        assert_int_equal(sqs_encode_send(&b, URL, &s), -E2BIG);
        struct sqs_send two[] = { s, s };
        two[0].body_len = two[1].body_len = SQS_PAYLOAD_MAX_BYTES / 2;
        buf_reset(&b);
        assert_int_equal(sqs_encode_send_batch(&b, URL, two, 2), -E2BIG);
        two[0].body_len -= 16;
        buf_reset(&b);
        assert_int_equal(sqs_encode_send_batch(&b, URL, two, 2), 0);
}

static struct value *parse(const char *text) {
        struct value *v = NULL;
        assert_int_equal(json_parse(text, strlen(text), &v, NULL, NULL), 0);
        return v;
}

static void batches_name_their_entries_by_index(void **state) {
        _cleanup_(buf_done) struct buf b = { 0 };
        const char *handles[] = { "one\"", "two" };
        assert_int_equal(sqs_encode_delete_batch(&b, URL, handles, 2), 0);
        assert_string_equal(b.data,
                            "{\"QueueUrl\":\"" URL "\",\"Entries\":[{\"Id\":\"0\",\"ReceiptHandle\":\"one\\\"\"},"
                            "{\"Id\":\"1\",\"ReceiptHandle\":\"two\"}]}");
        const struct sqs_visibility v[] = { { "one", 0 }, { "two", 43200 } };
        buf_reset(&b);
        assert_int_equal(sqs_encode_visibility_batch(&b, URL, v, 2), 0);
        assert_string_equal(b.data, "{\"QueueUrl\":\"" URL "\",\"Entries\":[{\"Id\":\"0\",\"ReceiptHandle\":\"one\","
                                    "\"VisibilityTimeout\":0},{\"Id\":\"1\",\"ReceiptHandle\":\"two\","
                                    "\"VisibilityTimeout\":43200}]}");
}

static void a_send_says_all_that_was_given(void **state) {
        _cleanup_(buf_done) struct buf b = { 0 };
        const struct sqs_attribute a[] = { { "bin", "Binary.x", "\0\x01\xff", 3 }, { "str", "String", "é\n", 3 } };
        const struct sqs_send s = { .body = "b\t\"",
                                    .body_len = 3,
                                    .delay_seconds = 5,
                                    .group_id = "g",
                                    .deduplication_id = "d",
                                    .trace_header = "Root=1",
                                    .attributes = a,
                                    .attribute_count = 2 };
        assert_int_equal(sqs_encode_send(&b, URL, &s), 0);
        _cleanup_value_ struct value *v = parse(b.data);
        _cleanup_value_ struct value *expected = parse(
                "{\"QueueUrl\":\"" URL "\",\"MessageBody\":\"b\\t\\\"\",\"DelaySeconds\":5,\"MessageGroupId\":\"g\","
                "\"MessageDeduplicationId\":\"d\",\"MessageAttributes\":{\"bin\":{\"DataType\":\"Binary.x\","
                "\"BinaryValue\":\"AAH/\"},\"str\":{\"DataType\":\"String\",\"StringValue\":\"é\\n\"}},"
                "\"MessageSystemAttributes\":{\"AWSTraceHeader\":{\"DataType\":\"String\",\"StringValue\":\"Root=1\"}}"
                "}");
        assert_true(value_equal(v, expected));
}

/* --- answers ------------------------------------------------------------------------------------------------------ */

struct received {
        struct sqs_message **messages;
        size_t count;
};

static void received_done(struct received *r) {
        sqs_messages_free(r->messages, r->count);
}

static void receive(const char *text, struct received *r) {
        assert_int_equal(sqs_decode_receive(text, strlen(text), &r->messages, &r->count), 0);
}

static void a_message_is_decoded_with_all_it_carries(void **state) {
        _cleanup_(received_done) struct received r = { 0 };
        receive("{\"Messages\":[{\"MessageId\":\"id\",\"ReceiptHandle\":\"rh\",\"Body\":\"hällo\\r\\n🎉\","
                "\"Attributes\":{"
                "\"ApproximateReceiveCount\":\"3\",\"SentTimestamp\":\"1700000000123\","
                "\"ApproximateFirstReceiveTimestamp\":\"1700000001000\",\"MessageGroupId\":\"g\","
                "\"MessageDeduplicationId\":\"d\",\"SequenceNumber\":\"18870\",\"AWSTraceHeader\":\"Root=1\","
                "\"SomethingNew\":\"kept\"},\"MessageAttributes\":{\"b\":{\"DataType\":\"Binary\",\"BinaryValue\":"
                "\"AAH/\"},"
                "\"s\":{\"DataType\":\"String\",\"StringValue\":\"\"},\"n\":{\"DataType\":\"Number\",\"StringValue\":"
                "\"1.50\"}}"
                "}]}",
                &r);
        assert_int_equal(r.count, 1);
        const struct sqs_message *m = r.messages[0];
        assert_string_equal(m->message_id, "id");
        assert_string_equal(m->receipt_handle, "rh");
        assert_string_equal(m->body, "hällo\r\n🎉");
        assert_int_equal(m->body_len, strlen("hällo\r\n🎉"));
        assert_int_equal(m->damage, SQS_INTACT);
        assert_int_equal(m->receive_count, 3);
        assert_int_equal(m->sent_usec, UINT64_C(1700000000123000));
        assert_int_equal(m->first_receive_usec, UINT64_C(1700000001000000));
        assert_string_equal(m->group_id, "g");
        assert_string_equal(m->deduplication_id, "d");
        assert_string_equal(m->sequence_number, "18870");
        assert_string_equal(m->trace_header, "Root=1");
        assert_string_equal(value_map_string(m->attributes, "SomethingNew"), "kept");
        assert_int_equal(m->message_attribute_count, 3);
        assert_string_equal(m->message_attributes[0].name, "b");
        assert_int_equal(m->message_attributes[0].len, 3);
        assert_memory_equal(m->message_attributes[0].value, "\0\x01\xff", 4);
        assert_string_equal(m->message_attributes[1].value, "");
        assert_string_equal(m->message_attributes[2].value, "1.50");
}

static void what_a_server_leaves_out_is_empty(void **state) {
        _cleanup_(received_done) struct received r = { 0 }, none = { 0 }, null = { 0 }, empty = { 0 };
        receive("{\"Messages\":[{\"MessageId\":\"id\",\"ReceiptHandle\":\"rh\",\"Body\":\"\"}]}", &r);
        assert_string_equal(r.messages[0]->body, "");
        assert_int_equal(r.messages[0]->receive_count, 0);
        assert_int_equal(value_count(r.messages[0]->attributes), 0);
        assert_null(r.messages[0]->group_id);
        receive("{}", &none);
        assert_int_equal(none.count, 0);
        receive("", &empty);
        assert_int_equal(empty.count, 0);
        receive("{\"Messages\":null}", &null);
        assert_int_equal(null.count, 0);
}

#define MESSAGE(rest) "{\"Messages\":[{\"MessageId\":\"i\",\"ReceiptHandle\":\"r\",\"Body\":\"hello\"" rest "}]}"
#define ATTRIBUTE ",\"MessageAttributes\":{\"attribName1\":{\"DataType\":\"String\",\"StringValue\":\"attribValue 1\"}}"

static void checksums_tell_damaged_messages_from_whole_ones(void **state) {
        static const struct {
                const char *text;
                enum sqs_damage damage;
        } rows[] = {
                { MESSAGE(",\"MD5OfBody\":\"5d41402abc4b2a76b9719d911017c592\""), SQS_INTACT },
                { MESSAGE(",\"MD5OfBody\":\"5D41402ABC4B2A76B9719D911017C592\""), SQS_INTACT },
                { MESSAGE(",\"MD5OfBody\":\"5d41402abc4b2a76b9719d911017c593\""), SQS_DAMAGED_BODY },
                { MESSAGE(",\"MD5OfBody\":\"\""), SQS_DAMAGED_BODY },
                { MESSAGE(ATTRIBUTE ",\"MD5OfMessageAttributes\":\"19e27d4e946b072f3f58da80d94fd778\""), SQS_INTACT },
                { MESSAGE(ATTRIBUTE ",\"MD5OfMessageAttributes\":\"09e27d4e946b072f3f58da80d94fd778\""),
                  SQS_DAMAGED_ATTRIBUTES },
                { MESSAGE(",\"MD5OfMessageAttributes\":\"19e27d4e946b072f3f58da80d94fd778\""), SQS_DAMAGED_ATTRIBUTES },
                { MESSAGE(",\"MD5OfMessageAttributes\":\"d41d8cd98f00b204e9800998ecf8427e\""), SQS_INTACT },
                { MESSAGE(ATTRIBUTE), SQS_INTACT },
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(received_done) struct received r = { 0 };
                receive(rows[i].text, &r);
                if (r.messages[0]->damage != rows[i].damage)
                        fail_msg("%s: damage %d", rows[i].text, r.messages[0]->damage);
        }
}

static void a_newer_handle_can_be_adopted_and_a_message_outlive_its_answer(void **state) {
        _cleanup_(received_done) struct received r = { 0 };
        receive(MESSAGE(ATTRIBUTE), &r);
        _cleanup_(sqs_message_freep) struct sqs_message *m = TAKE_PTR(r.messages[0]);
        received_done(&r);
        r = (struct received){ 0 };
        assert_int_equal(text_replace(&m->receipt_handle, "newer"), 0);
        assert_string_equal(m->receipt_handle, "newer");
        assert_string_equal(m->body, "hello");
        assert_string_equal(m->message_attributes[0].value, "attribValue 1");
}

static void answers_that_are_not_sqs_are_errors(void **state) {
        static const char *const wrong[] = {
                " ",
                "x",
                "[]",
                "{\"Messages\":{}}",
                "{\"Messages\":[1]}",
                "{\"Messages\":[{\"MessageId\":\"i\"}]}",
                "{\"Messages\":[{\"MessageId\":\"i\",\"ReceiptHandle\":\"r\",\"Body\":1}]}",
                MESSAGE(",\"MessageAttributes\":{\"a\":{\"DataType\":\"Binary\",\"BinaryValue\":\"!\"}}"),
                MESSAGE(",\"MessageAttributes\":{\"a\":{\"DataType\":\"String\"}}"),
                MESSAGE(",\"MessageAttributes\":{\"a\":1}"),
        };
        for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
                struct sqs_message **messages = NULL;
                size_t count = 0;
                if (sqs_decode_receive(wrong[i], strlen(wrong[i]), &messages, &count) != -EBADMSG)
                        fail_msg("taken for an answer: %s", wrong[i]);
                assert_null(messages);
        }
}

static void results_of_a_batch_come_in_the_order_of_its_entries(void **state) {
        static const char text[] = "{\"Failed\":[{\"Id\":\"2\",\"SenderFault\":true,\"Code\":"
                                   "\"ReceiptHandleIsInvalid\",\"Message\":\"no\"},"
                                   "{\"Id\":\"0\",\"SenderFault\":false,\"Code\":\"InternalError\"}],"
                                   "\"Successful\":[{\"Id\":\"3\",\"MessageId\":\"m\",\"SequenceNumber\":\"7\"}]}";
        struct sqs_batch_result r[4];
        _cleanup_value_ struct value *source = NULL;
        assert_int_equal(sqs_decode_batch(text, strlen(text), r, 4, &source), 0);
        assert_false(r[0].ok);
        assert_false(r[0].sender_fault);
        assert_int_equal(r[0].class, AWS_ERROR_TRANSIENT);
        assert_false(r[1].ok); /* the server forgot it */
        assert_string_equal(r[1].code, "");
        assert_int_equal(r[1].class, AWS_ERROR_TRANSIENT);
        assert_false(r[2].ok);
        assert_true(r[2].sender_fault);
        assert_int_equal(r[2].class, AWS_ERROR_STALE_HANDLE);
        assert_true(r[3].ok);
        assert_string_equal(r[3].message_id, "m");
        assert_string_equal(r[3].sequence_number, "7");
}

static void batch_answers_about_foreign_entries_are_errors(void **state) {
        static const char *const wrong[] = { "{\"Successful\":[{\"Id\":\"4\"}]}",
                                             "{\"Successful\":[{\"Id\":\"-1\"}]}",
                                             "{\"Successful\":[{}]}",
                                             "{\"Failed\":[1]}",
                                             "{\"Failed\":1}",
                                             "[]" };
        for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
                struct sqs_batch_result r[4];
                struct value *source = NULL;
                assert_int_equal(sqs_decode_batch(wrong[i], strlen(wrong[i]), r, 4, &source), -EBADMSG);
                assert_null(source);
        }
}

static void queue_attributes_are_read(void **state) {
        static const char text[] =
                "{\"Attributes\":{\"VisibilityTimeout\":\"45\",\"FifoQueue\":\"true\",\"MessageRetentionPeriod\":"
                "\"60\","
                "\"ApproximateNumberOfMessages\":\"12\",\"ApproximateNumberOfMessagesNotVisible\":\"3\","
                "\"RedrivePolicy\":\"{\\\"deadLetterTargetArn\\\":\\\"a\\\",\\\"maxReceiveCount\\\":\\\"5\\\"}\"}}";
        struct sqs_queue_attributes a = { 0 };
        assert_int_equal(sqs_decode_queue_attributes(text, strlen(text), &a), 0);
        assert_int_equal(a.visibility_timeout_seconds, 45);
        assert_int_equal(a.max_receive_count, 5);
        assert_int_equal(a.retention_seconds, 60);
        assert_true(a.is_fifo);
        assert_int_equal(a.visible_count, 12);
        assert_int_equal(a.in_flight_count, 3);
        assert_int_equal(a.delayed_count, -1);
        assert_string_equal(value_map_string(a.all, "VisibilityTimeout"), "45");
        sqs_queue_attributes_done(&a);
        assert_int_equal(sqs_decode_queue_attributes("{\"Attributes\":{}}", 17, &a), 0);
        assert_int_equal(a.visibility_timeout_seconds, 30);
        assert_int_equal(a.max_receive_count, 0);
        assert_false(a.is_fifo);
        sqs_queue_attributes_done(&a);
}

static void move_tasks_are_named_and_read(void **state) {
        _cleanup_(buf_done) struct buf b = { 0 };
        _cleanup_value_ struct value *source = NULL;
        struct sqs_move_task task;
        const char *list = "{\"Results\":[{\"Status\":\"RUNNING\",\"TaskHandle\":\"h\","
                           "\"ApproximateNumberOfMessagesMoved\":3,\"ApproximateNumberOfMessagesToMove\":9},"
                           "{\"Status\":\"COMPLETED\"}]}";
        assert_int_equal(sqs_encode_start_move(&b, "arn:a", NULL), 0);
        assert_string_equal(b.data, "{\"SourceArn\":\"arn:a\"}");
        buf_reset(&b);
        assert_int_equal(sqs_encode_start_move(&b, "arn:a", "arn:b"), 0);
        assert_string_equal(b.data, "{\"SourceArn\":\"arn:a\",\"DestinationArn\":\"arn:b\"}");
        buf_reset(&b);
        assert_int_equal(sqs_encode_list_moves(&b, "arn:a"), 0);
        assert_string_equal(b.data, "{\"SourceArn\":\"arn:a\",\"MaxResults\":1}");
        assert_int_equal(sqs_decode_move(list, strlen(list), &task, &source), 0);
        assert_string_equal(task.handle, "h");
        assert_string_equal(task.status, "RUNNING");
        assert_int_equal(task.moved_count, 3);
        assert_int_equal(task.to_move_count, 9);
        source = value_unref(source);
        assert_int_equal(sqs_decode_move("{\"Results\":[]}", 14, &task, &source), 0);
        assert_null(task.status);
        assert_int_equal(task.moved_count, -1);
        source = value_unref(source);
        assert_int_equal(sqs_decode_move("{\"TaskHandle\":\"t\"}", 18, &task, &source), 0);
        assert_string_equal(task.handle, "t");
        assert_int_equal(sqs_decode_move("{\"Results\":[1]}", 15, &task, &source), -EBADMSG);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_published_checksum_of_an_attribute_is_made),
                cmocka_unit_test(checksums_do_not_depend_on_the_order_of_attributes),
                cmocka_unit_test(a_receive_asks_for_everything),
                cmocka_unit_test(limits_are_kept_before_the_server_must_refuse),
                cmocka_unit_test(payloads_are_counted_with_their_attributes),
                cmocka_unit_test(batches_name_their_entries_by_index),
                cmocka_unit_test(a_send_says_all_that_was_given),
                cmocka_unit_test(a_message_is_decoded_with_all_it_carries),
                cmocka_unit_test(what_a_server_leaves_out_is_empty),
                cmocka_unit_test(checksums_tell_damaged_messages_from_whole_ones),
                cmocka_unit_test(a_newer_handle_can_be_adopted_and_a_message_outlive_its_answer),
                cmocka_unit_test(answers_that_are_not_sqs_are_errors),
                cmocka_unit_test(results_of_a_batch_come_in_the_order_of_its_entries),
                cmocka_unit_test(batch_answers_about_foreign_entries_are_errors),
                cmocka_unit_test(queue_attributes_are_read),
                cmocka_unit_test(move_tasks_are_named_and_read),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
