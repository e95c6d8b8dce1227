/* SPDX-License-Identifier: Apache-2.0 */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include <errno.h>
#include <string.h>

#include "common/link/codec.h"

#define B(text) { text, sizeof(text) - 1 }

static void assert_bytes(struct bytes a, struct bytes b) {
        assert_int_equal(a.len, b.len);
        if (a.len > 0)
                assert_memory_equal(a.data, b.data, a.len);
}

/* Decodes the one frame that the buffer holds; the buffer stays for the bytes. */
static struct frame get(const struct buf *b, enum frame_kind kind) {
        struct frame f;
        size_t used = 0;

        assert_int_equal(frame_get(b->data, b->len, &f, &used), 1);
        assert_int_equal(used, b->len);
        assert_int_equal(f.kind, kind);
        return f;
}

static const struct frame_message messages[] = {
        { .body = B("a\0b\r\n\xff"), .message_id = B("m1"), .group_id = B("g"), .queue_url = B("http://q"),
          .trace_header = B("Root=1"), .traceparent = B("00-"), .attributes = B("{}"), .message_attributes = B("{\"a\":1}"),
          .sent_usec = 1700000000123456, .receive_count = 70000 },
        { .body = { NULL, 0 } },
};

static void flow_execute_and_messages_come_back_as_they_went(void **state) {
        const struct frame_flow flow = { .revision = UINT64_MAX, .file = B("f.yaml"), .source = B("id: x"),
                                         .allow_containers = 1, .allow_shell_interpolation = 0 };
        const struct frame_execute e = { .execution_id = 1, .revision = 256, .start_usec = 3, .trigger_kind = TRIGGER_BATCH,
                                         .trigger_id = B("t"), .json_data = 1, .inputs = B("{}"), .labels = B("{\"l\":2}"),
                                         .folder = B("/x"), .keep_folder = 1, .keep_files = KEEP_FILES_NONE,
                                         .task_credentials = 1, .secrets_folder = B("/s"), .aws_region = B("r"),
                                         .aws_endpoint = B("http://e"), .log_bytes = 1 << 20, .files_max_bytes = 1 << 30,
                                         .messages = messages, .message_count = 2 };
        struct buf b = BUF_INIT(0);
        struct frame f;

        assert_int_equal(frame_put_flow(&b, &flow), 0);
        f = get(&b, FRAME_FLOW);
        assert_true(f.flow.revision == flow.revision);
        assert_bytes(f.flow.file, flow.file);
        assert_bytes(f.flow.source, flow.source);
        assert_int_equal(f.flow.allow_containers, 1);
        assert_int_equal(f.flow.allow_shell_interpolation, 0);
        frame_done(&f);
        buf_reset(&b);

        assert_int_equal(frame_put_execute(&b, &e), 0);
        f = get(&b, FRAME_EXECUTE);
        assert_int_equal(f.execute.execution_id, 1);
        assert_int_equal(f.execute.keep_files, KEEP_FILES_NONE);
        assert_int_equal(f.execute.task_credentials, 1);
        assert_int_equal(f.execute.files_max_bytes, 1 << 30);
        assert_bytes(f.execute.secrets_folder, e.secrets_folder);
        assert_bytes(f.execute.aws_region, e.aws_region);
        assert_bytes(f.execute.aws_endpoint, e.aws_endpoint);
        assert_int_equal(f.execute.revision, 256);
        assert_int_equal(f.execute.start_usec, 3);
        assert_int_equal(f.execute.trigger_kind, TRIGGER_BATCH);
        assert_bytes(f.execute.trigger_id, e.trigger_id);
        assert_int_equal(f.execute.json_data, 1);
        assert_bytes(f.execute.inputs, e.inputs);
        assert_bytes(f.execute.labels, e.labels);
        assert_bytes(f.execute.folder, e.folder);
        assert_int_equal(f.execute.keep_folder, 1);
        assert_int_equal(f.execute.log_bytes, 1 << 20);
        assert_int_equal(f.execute.message_count, 2);
        for (size_t i = 0; i < 2; i++) {
                const struct frame_message *m = &f.execute.messages[i];
                assert_bytes(m->body, messages[i].body);
                assert_bytes(m->message_id, messages[i].message_id);
                assert_bytes(m->group_id, messages[i].group_id);
                assert_bytes(m->queue_url, messages[i].queue_url);
                assert_bytes(m->trace_header, messages[i].trace_header);
                assert_bytes(m->traceparent, messages[i].traceparent);
                assert_bytes(m->attributes, messages[i].attributes);
                assert_bytes(m->message_attributes, messages[i].message_attributes);
                assert_true(m->sent_usec == messages[i].sent_usec);
                assert_int_equal(m->receive_count, messages[i].receive_count);
        }
        frame_done(&f);
        buf_done(&b);
}

static void what_a_runner_tells_comes_back_as_it_went(void **state) {
        const struct frame_task_run t = { .index = 7, .parent = FRAME_NO_PARENT, .task_id = B("t"), .task_type = B("ty"),
                                          .value = B("v"), .state = RUN_SKIPPED, .attempts = 300, .start_usec = 5,
                                          .end_usec = 6, .outputs = B("{\"a\":1}"), .error = B("why"), .cpu_usec = 1u << 31, .memory_bytes = UINT64_C(1) << 40 };
        const struct frame_log l = { .task_run = 1, .level = 7, .time_usec = 99, .text = B("line\0x") };
        const struct frame_metric m = { .task_run = 2, .name = B("n"), .type = B("timer"), .tags = B("{}"), .value = -0.25 };
        const struct frame_end e = { .execution_id = 9, .state = RUN_WARNING, .outputs = B("{}"), .error = B("e"),
                                     .batch_failures = B("[]"), .cpu_usec = 77, .memory_bytes = 88 };
        const struct frame_flow found = { .name = B("shop.orders"), .problem = B("there is none") };
        struct buf b = BUF_INIT(0);
        struct frame f;

        assert_int_equal(frame_put_task_run(&b, &t), 0);
        f = get(&b, FRAME_TASK_RUN);
        assert_int_equal(f.task_run.index, 7);
        assert_true(f.task_run.parent == FRAME_NO_PARENT);
        assert_bytes(f.task_run.task_id, t.task_id);
        assert_bytes(f.task_run.task_type, t.task_type);
        assert_bytes(f.task_run.value, t.value);
        assert_int_equal(f.task_run.state, RUN_SKIPPED);
        assert_int_equal(f.task_run.attempts, 300);
        assert_int_equal(f.task_run.start_usec, 5);
        assert_int_equal(f.task_run.end_usec, 6);
        assert_bytes(f.task_run.outputs, t.outputs);
        assert_bytes(f.task_run.error, t.error);
        assert_int_equal(f.task_run.cpu_usec, t.cpu_usec);
        assert_int_equal(f.task_run.memory_bytes, t.memory_bytes);
        buf_reset(&b);
        assert_int_equal(frame_put_log(&b, &l), 0);
        f = get(&b, FRAME_LOG);
        assert_int_equal(f.log.task_run, 1);
        assert_int_equal(f.log.level, 7);
        assert_int_equal(f.log.time_usec, 99);
        assert_bytes(f.log.text, l.text);
        buf_reset(&b);
        assert_int_equal(frame_put_metric(&b, &m), 0);
        f = get(&b, FRAME_METRIC);
        assert_true(f.metric.value == -0.25);
        assert_bytes(f.metric.tags, m.tags);
        buf_reset(&b);
        assert_int_equal(frame_put_end(&b, &e), 0);
        f = get(&b, FRAME_END);
        assert_int_equal(f.end.execution_id, 9);
        assert_int_equal(f.end.state, RUN_WARNING);
        assert_bytes(f.end.error, e.error);
        assert_bytes(f.end.batch_failures, e.batch_failures);
        assert_int_equal(f.end.cpu_usec, 77);
        assert_int_equal(f.end.memory_bytes, 88);
        buf_reset(&b);
        assert_int_equal(frame_put_cancel(&b, 0x123456789abcdef0), 0);
        f = get(&b, FRAME_CANCEL);
        assert_true(f.cancel == 0x123456789abcdef0);
        buf_reset(&b);
        assert_int_equal(frame_put_flow_wanted(&b, "shop.orders"), 0);
        f = get(&b, FRAME_FLOW_WANTED);
        assert_bytes(f.flow.name, found.name);
        buf_reset(&b);
        assert_int_equal(frame_put_flow_found(&b, &found), 0);
        f = get(&b, FRAME_FLOW_FOUND);
        assert_bytes(f.flow.name, found.name);
        assert_bytes(f.flow.problem, found.problem);
        assert_int_equal(f.flow.revision, 0);
        buf_reset(&b);
        assert_int_equal(frame_put_settle(&b, &(struct frame_settle){ .execution_id = 11, .success = 1 }), 0);
        f = get(&b, FRAME_SETTLE);
        assert_int_equal(f.settle.execution_id, 11);
        assert_int_equal(f.settle.success, 1);
        buf_reset(&b);
        assert_int_equal(frame_put_ready(&b), 0);
        f = get(&b, FRAME_READY);
        buf_done(&b);
}

static void a_place_comes_back_as_it_went_in_each_of_its_frames(void **state) {
        const struct frame_place place = { .execution_id = UINT64_MAX, .call = 300, .outer = 299, .name = B("shop.orders"),
                                           .limit = 1u << 31, .behavior = 2, .answer = PLACE_STUCK, .problem = B("why") };
        struct buf b = BUF_INIT(0);
        struct frame f;

        for (enum frame_kind kind = FRAME_PLACE_WANTED; kind <= FRAME_PLACE_ANSWER; kind++) {
                assert_int_equal(frame_put_place(&b, kind, &place), 0);
                f = get(&b, kind);
                assert_true(f.place.execution_id == UINT64_MAX);
                assert_int_equal(f.place.call, 300);
                assert_int_equal(f.place.outer, 299);
                assert_bytes(f.place.name, place.name);
                assert_true(f.place.limit == 1u << 31);
                assert_int_equal(f.place.behavior, 2);
                assert_int_equal(f.place.answer, PLACE_STUCK);
                assert_bytes(f.place.problem, place.problem);
                buf_reset(&b);
        }
        buf_done(&b);
}

static void a_cut_frame_waits_for_more(void **state) {
        const struct frame_execute e = { .execution_id = 1, .messages = messages, .message_count = 2 };
        struct buf b = BUF_INIT(0);
        struct frame f;
        size_t used;

        assert_int_equal(frame_put_execute(&b, &e), 0);
        assert_int_equal(frame_put_ready(&b), 0); /* what follows is not looked at */
        for (size_t len = 0; len < b.len - 5; len++)
                assert_int_equal(frame_get(b.data, len, &f, &used), 0);
        assert_int_equal(frame_get(b.data, b.len, &f, &used), 1);
        assert_int_equal(used, b.len - 5);
        frame_done(&f);
        buf_done(&b);
}

static void nonsense_is_refused(void **state) {
        static const struct {
                const char *data;
                size_t len;
        } cases[] = {
                { "\0\0\0\0", 4 },                                 /* nothing in it */
                { "\xff\xff\xff\xff", 4 },                         /* too big */
                { "\1\0\0\0\0", 5 },                               /* no such kind */
                { "\1\0\0\0\x63", 5 },                             /* no such kind */
                { "\1\0\0\0\x10", 5 },                             /* the first behind the last */
                { "\5\0\0\0\3\1\0\0\0", 9 },                       /* a field's head is cut */
                { "\7\0\0\0\3\1\2\0\0\0\1", 11 },                  /* a field is longer than its frame */
                { "\x0f\0\0\0\3\1\x09\0\0\0\1\1\1\1\1\1\1\1\1", 19 }, /* a number of nine bytes */
                { "\7\0\0\0\x08\2\1\0\0\0\x0b", 11 },              /* no such state */
                { "\x08\0\0\0\6\2\2\0\0\0\0\1", 12 },              /* a level above 255 */
                { "\7\0\0\0\2\xff\1\0\0\0\1", 11 },                /* a message that is no list of fields */
        };
        struct frame f;
        size_t used;

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                assert_int_equal(frame_get(cases[i].data, cases[i].len, &f, &used), -EBADMSG);
}

static void unknown_fields_are_skipped(void **state) {
        static const char data[] = "\x0d\0\0\0\3\x63\1\0\0\0x\1\1\0\0\0\7";
        struct frame f;
        size_t used;

        assert_int_equal(frame_get(data, sizeof(data) - 1, &f, &used), 1);
        assert_int_equal(f.cancel, 7);
}

static void a_frame_that_does_not_fit_leaves_the_buffer_as_it_was(void **state) {
        struct buf b = BUF_INIT(100);
        const struct frame_log l = { .text = { "0123456789012345678901234567890123456789", 40 } };
        const struct frame_execute e = { .messages = messages, .message_count = FRAME_MESSAGES_MAX + 1 };

        assert_int_equal(frame_put_log(&b, &l), 0);
        size_t len = b.len;
        assert_int_equal(frame_put_log(&b, &l), -E2BIG);
        assert_int_equal(b.len, len);
        assert_int_equal(frame_put_execute(&b, &e), -E2BIG);
        buf_done(&b);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(flow_execute_and_messages_come_back_as_they_went),
                cmocka_unit_test(what_a_runner_tells_comes_back_as_it_went),
                cmocka_unit_test(a_place_comes_back_as_it_went_in_each_of_its_frames),
                cmocka_unit_test(a_cut_frame_waits_for_more),
                cmocka_unit_test(nonsense_is_refused),
                cmocka_unit_test(unknown_fields_are_skipped),
                cmocka_unit_test(a_frame_that_does_not_fit_leaves_the_buffer_as_it_was),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
