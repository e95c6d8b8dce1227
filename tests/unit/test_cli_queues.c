/* SPDX-License-Identifier: Apache-2.0 */
/* The pure parts of peek and redrive. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "cli/cli.h"
#include "cli/peek.h"
#include "cli/redrive.h"

static void a_look_that_leaves_one_receive_is_told_from_one_that_takes_the_last(void **state) {
        static const struct {
                unsigned received, max;
                enum peek_verdict verdict;
        } cases[] = {
                { 1, 0, PEEK_HARMLESS },  { 1000, 0, PEEK_HARMLESS }, { 1, 5, PEEK_HARMLESS }, { 3, 5, PEEK_HARMLESS },
                { 4, 5, PEEK_ONE_LEFT },  { 5, 5, PEEK_LAST },        { 9, 5, PEEK_LAST },     { 1, 1, PEEK_LAST },
                { 1, 2, PEEK_ONE_LEFT },  { 0, 1, PEEK_ONE_LEFT },    { UINT32_MAX - 1, UINT32_MAX, PEEK_ONE_LEFT },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                assert_int_equal(peek_judge(cases[i].received, cases[i].max), cases[i].verdict);
}

static void a_message_cannot_steer_the_terminal_nor_leave_its_columns(void **state) {
        static const char nasty[] = "\x1b[2J\x07\n0123456789012345678901234567890123456789";
        struct sqs_attribute attribute = { "k\x1b[1m", "String", nasty, sizeof(nasty) - 1 };
        struct sqs_message m = { .message_id = "id\x1b]0;x\x07", .body = nasty, .body_len = sizeof(nasty) - 1,
                                 .group_id = "g\r", .receive_count = 1, .message_attributes = &attribute,
                                 .message_attribute_count = 1 };
        const struct canvas narrow = { .columns = 30 }, file = { 0 };
        struct buf out = BUF_INIT(0);

        assert_int_equal(peek_write(&m, 1, 0, 0, &narrow, &out), 0);
        buf_append_char(&out, '\0');
        assert_null(strpbrk(out.data, "\x1b\x07\r"));
        for (char *line = strtok(out.data, "\n"); line; line = strtok(NULL, "\n"))
                assert_true(text_columns(line, strlen(line)) <= 30);
        buf_reset(&out);
        assert_int_equal(peek_write(&m, 1, 0, 0, &file, &out), 0);
        buf_append_char(&out, '\0');
        assert_non_null(strstr(out.data, "\\x1b[2J\\x07\\n0123456789012345678901234567890123456789\n"));
        buf_done(&out);
}

static void the_name_of_a_queue_is_taken_out_of_its_arn(void **state) {
        assert_string_equal(redrive_arn_name("arn:aws:sqs:eu-north-1:123456789012:orders.fifo"), "orders.fifo");
        assert_string_equal(redrive_arn_name("arn:aws-cn:sqs:cn-north-1:1:q"), "q");
        assert_null(redrive_arn_name("arn:aws:sns:eu-north-1:123456789012:topic"));
        assert_null(redrive_arn_name("arn:aws:sqs:eu-north-1:123456789012:"));
        assert_null(redrive_arn_name("orders"));
        assert_null(redrive_arn_name(NULL));
}

static void only_a_server_without_move_tasks_is_taken_for_one(void **state) {
        struct aws_error e = { .class = AWS_ERROR_REQUEST, .http_status = 400, .code = "InvalidAction" };

        assert_true(redrive_is_unknown(&e));
        strcpy(e.code, "UnknownOperationException");
        assert_true(redrive_is_unknown(&e));
        strcpy(e.code, "AccessDenied");
        assert_false(redrive_is_unknown(&e));
        strcpy(e.code, "InvalidParameterValue");
        assert_false(redrive_is_unknown(&e));
        e = (struct aws_error){ .class = AWS_ERROR_TRANSIENT, .error = -ECONNREFUSED };
        assert_false(redrive_is_unknown(&e));
}

static void a_copy_of_a_message_has_one_deduplication_id(void **state) {
        char one[129], two[129];

        assert_string_equal(redrive_dedup("5fea7756-0ea4-451a-a703-a558b933e274", one),
                            redrive_dedup("5fea7756-0ea4-451a-a703-a558b933e274", two));
        assert_string_not_equal(one, redrive_dedup("5fea7756-0ea4-451a-a703-a558b933e275", two));
}

static void an_error_means_one_exit_code(void **state) {
        assert_int_equal(exit_code_of(&(struct aws_error){ .class = AWS_ERROR_NO_CREDENTIALS }), EXIT_WRONG);
        assert_int_equal(exit_code_of(&(struct aws_error){ .class = AWS_ERROR_TRANSIENT }), EXIT_UNREACHABLE);
        assert_int_equal(exit_code_of(&(struct aws_error){ .class = AWS_ERROR_TRANSIENT, .http_status = 503 }), EXIT_FAILED);
        assert_int_equal(exit_code_of(&(struct aws_error){ .class = AWS_ERROR_NO_QUEUE, .http_status = 400 }), EXIT_FAILED);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_look_that_leaves_one_receive_is_told_from_one_that_takes_the_last),
                cmocka_unit_test(a_message_cannot_steer_the_terminal_nor_leave_its_columns),
                cmocka_unit_test(the_name_of_a_queue_is_taken_out_of_its_arn),
                cmocka_unit_test(only_a_server_without_move_tasks_is_taken_for_one),
                cmocka_unit_test(a_copy_of_a_message_has_one_deduplication_id),
                cmocka_unit_test(an_error_means_one_exit_code),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
