/* SPDX-License-Identifier: Apache-2.0 */
/* Many EXECUTE frames at once, and the end of the socket. It keeps packets apart, so a packet here is one write of the runner. */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/base/spawn.h"
#include "common/base/text.h"
#include "common/flow/flow.h"
#include "common/link/codec.h"

#define ENDS_MAX 256
#define PACKET_BYTES (1024 * 1024)
#define WAIT_MSEC 100000

struct many {
        int fd;
        pid_t pid;
        char folder[64];
        struct buf out;
        char *packet;
        struct {
                uint64_t id;
                enum run_state state;
                size_t packet; /* the packet it came in, from 1 */
        } ends[ENDS_MAX];
        size_t end_count, packet_count, packet_bytes_max;
        struct buf log; /* "text\n" */
};

static int setup(void **state) {
        static const char *const envp[] = { "PATH=/usr/local/bin:/usr/bin:/bin", NULL };
        const char *program = getenv("SQSFLOW_RUNNER");
        struct spawn_options o = SPAWN_OPTIONS_INIT;
        struct many *m = calloc(1, sizeof(*m));
        int fds[2];

        assert_non_null(m);
        m->packet = malloc(PACKET_BYTES);
        assert_non_null(m->packet);
        (void)strcpy(m->folder, "/tmp/runner-many-XXXXXX");
        assert_non_null(mkdtemp(m->folder));
        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
        o.path = program ? program : "build/bin/sqsflow-runner";
        o.argv = (char *const[]){ (char *)(uintptr_t)o.path, NULL };
        o.envp = (char *const *)envp;
        o.stderr_fd = STDERR_FILENO;
        o.extra_fd = fds[1];
        assert_int_equal(spawn(&o, &m->pid), 0);
        close_fd(fds[1]);
        m->fd = fds[0];
        *state = m;
        return 0;
}

static int teardown(void **state) {
        _cleanup_free_ char *own_folder = NULL;
        struct many *m = *state;
        int status;

        close_fd(m->fd);
        assert_int_equal(waitpid(m->pid, &status, 0), m->pid);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        own_folder = text_printf("%s/runner-%d", m->folder, (int)m->pid);
        assert_int_equal(access(own_folder, F_OK), -1);
        (void)dir_remove_all(AT_FDCWD, m->folder);
        buf_done(&m->out);
        buf_done(&m->log);
        free(m->packet);
        free(m);
        return 0;
}

static void put_flow(struct many *m, uint64_t revision, const char *tasks) {
        _cleanup_free_ char *text = text_printf("id: test\nnamespace: shop\ntasks:\n%s", tasks);
        const struct frame_flow f = { .revision = revision, .file = { "f", 1 }, .source = { text, strlen(text) } };

        assert_int_equal(frame_put_flow(&m->out, &f), 0);
}

static void put_execute(struct many *m, uint64_t revision, uint64_t id) {
        _cleanup_free_ char *body = text_printf("%d", (int)id);
        const struct frame_message message = { .body = { body, strlen(body) } };
        const struct frame_execute f = { .execution_id = id, .revision = revision, .trigger_kind = TRIGGER_MESSAGE,
                                         .folder = { m->folder, strlen(m->folder) }, .messages = &message,
                                         .message_count = 1, .log_bytes = 1024 * 1024 };

        assert_int_equal(frame_put_execute(&m->out, &f), 0);
}

/* One packet, so that the runner finds all of it in one read. */
static void send_all(struct many *m) {
        assert_int_equal(send(m->fd, m->out.data, m->out.len, 0), m->out.len);
        buf_reset(&m->out);
}

static void take_packet(struct many *m) {
        struct pollfd p = { .fd = m->fd, .events = POLLIN };
        size_t len, used;
        struct frame f;
        ssize_t n;

        assert_int_equal(poll(&p, 1, WAIT_MSEC), 1);
        n = recv(m->fd, m->packet, PACKET_BYTES, 0);
        assert_true(n > 0);
        len = (size_t)n;
        m->packet_count++;
        m->packet_bytes_max = MAX(m->packet_bytes_max, len);
        for (size_t at = 0; at < len; at += used) {
                assert_int_equal(frame_get(m->packet + at, len - at, &f, &used), 1);
                if (f.kind == FRAME_LOG) {
                        buf_append(&m->log, f.log.text.data, f.log.text.len);
                        buf_append_char(&m->log, '\n');
                } else if (f.kind == FRAME_END) {
                        assert_true(m->end_count < ENDS_MAX);
                        m->ends[m->end_count].id = f.end.execution_id;
                        m->ends[m->end_count].state = f.end.state;
                        m->ends[m->end_count++].packet = m->packet_count;
                }
                frame_done(&f);
        }
}

static void await_ends(struct many *m, size_t count) {
        while (m->end_count < count)
                take_packet(m);
}

/* READY is a packet of its own, and not counted. */
static void await_ready(struct many *m) {
        take_packet(m);
        m->packet_count = 0;
}

#define LOG(message) "  - {id: l, type: io.kestra.plugin.core.log.Log, message: \"" message "\"}\n"
#define SHELL(command) "  - id: s\n    type: io.kestra.plugin.scripts.shell.Commands\n    commands: ['" command "']\n"

/* A flow that runs until the test makes the file `go`. */
static void put_waiting_flow(struct many *m, uint64_t revision) {
        _cleanup_free_ char *text = text_printf(SHELL("echo begun; while ! test -e %s/go; do sleep 0.01; done"), m->folder);

        put_flow(m, revision, text);
}

static void let_go(struct many *m) {
        _cleanup_free_ char *path = path_join(m->folder, "go");

        assert_int_equal(file_write_at(AT_FDCWD, path, "", 0, 0600), 0);
}

static void await_log(struct many *m, const char *text) {
        while (!m->log.data || !strstr(m->log.data, text))
                take_packet(m);
}

/* An end is written early when the runner loses the CPU for some milliseconds: in one round of many it does not. */
static void executions_that_come_together_run_in_order_and_are_answered_together(void **state) {
        struct many *m = *state;
        size_t fewest_packets = SIZE_MAX;

        await_ready(m);
        put_flow(m, 1, LOG("got {{ trigger.data }}"));
        for (unsigned round = 0; round < 100 && fewest_packets > 3; round++) {
                m->packet_count = m->end_count = 0;
                buf_reset(&m->log);
                for (uint64_t id = 1; id <= 10; id++)
                        put_execute(m, 1, id);
                send_all(m);
                await_ends(m, 10);
                for (size_t i = 0; i < 10; i++) {
                        assert_int_equal(m->ends[i].id, i + 1);
                        assert_int_equal(m->ends[i].state, RUN_SUCCESS);
                }
                assert_string_equal(m->log.data, "got 1\ngot 2\ngot 3\ngot 4\ngot 5\ngot 6\ngot 7\ngot 8\ngot 9\ngot 10\n");
                fewest_packets = MIN(fewest_packets, m->packet_count);
        }
        assert_true(fewest_packets <= 3);
}

static void a_long_execution_holds_no_end_back(void **state) {
        struct many *m = *state;

        await_ready(m);
        put_flow(m, 1, LOG("got {{ trigger.data }}"));
        put_waiting_flow(m, 2);
        put_execute(m, 1, 1);
        put_execute(m, 1, 2);
        put_execute(m, 2, 3);
        put_execute(m, 1, 4);
        put_flow(m, 1, LOG("late {{ trigger.data }}")); /* a flow waits for its turn, too */
        put_execute(m, 1, 5);
        send_all(m);
        await_ends(m, 2);
        await_log(m, "begun\n");
        assert_int_equal(m->end_count, 2); /* the third waits for what is done now */
        put_execute(m, 1, 6);
        send_all(m);
        let_go(m);
        await_ends(m, 6);
        for (size_t i = 0; i < 6; i++) {
                assert_int_equal(m->ends[i].id, i + 1);
                assert_int_equal(m->ends[i].state, RUN_SUCCESS);
        }
        assert_string_equal(m->log.data, "got 1\ngot 2\nbegun\ngot 4\nlate 5\nlate 6\n");
}

static void an_execution_that_waits_is_cancelled_at_once_and_never_runs(void **state) {
        struct many *m = *state;

        await_ready(m);
        put_flow(m, 1, LOG("got {{ trigger.data }}"));
        put_waiting_flow(m, 2);
        put_execute(m, 2, 1);
        for (uint64_t id = 2; id <= 4; id++)
                put_execute(m, 1, id);
        send_all(m);
        await_log(m, "begun\n");
        assert_int_equal(frame_put_cancel(&m->out, 4), 0);
        assert_int_equal(frame_put_cancel(&m->out, 3), 0);
        assert_int_equal(frame_put_cancel(&m->out, 77), 0);
        put_execute(m, 1, 5);
        send_all(m);
        await_ends(m, 2); /* while the first runs */
        assert_int_equal(m->ends[0].id, 4);
        assert_int_equal(m->ends[0].state, RUN_KILLED);
        assert_int_equal(m->ends[1].id, 3);
        assert_int_equal(m->ends[1].state, RUN_KILLED);
        assert_int_equal(frame_put_cancel(&m->out, 1), 0);
        send_all(m);
        await_ends(m, 5);
        assert_int_equal(m->ends[2].id, 1);
        assert_int_equal(m->ends[2].state, RUN_KILLED);
        assert_int_equal(m->ends[3].id, 2);
        assert_int_equal(m->ends[4].id, 5);
        assert_int_equal(m->ends[4].state, RUN_SUCCESS);
        assert_string_equal(m->log.data, "begun\ngot 2\ngot 5\n");
}

static void ends_are_written_when_64_kib_are_ready(void **state) {
        struct many *m = *state;
        _cleanup_free_ char *text = malloc(16001), *flow = NULL;

        assert_non_null(text);
        memset(text, 'x', 16000);
        text[16000] = '\0';
        flow = text_printf(LOG("%s"), text);
        await_ready(m);
        put_flow(m, 1, flow);
        for (uint64_t id = 1; id <= 10; id++)
                put_execute(m, 1, id);
        send_all(m);
        await_ends(m, 10);
        assert_true(m->packet_bytes_max < 100 * 1024);
}

static void ends_are_written_when_they_are_some_milliseconds_old(void **state) {
        struct many *m = *state;

        await_ready(m);
        put_flow(m, 1, LOG("short"));
        /* about as slow as an expression may be; all steps, no text */
        put_flow(m, 2, LOG("{% for i in range(1, 300) %}{% for j in range(1, 300) %}{% set k = i + j %}{% endfor %}{% endfor %}"));
        put_execute(m, 1, 1);
        for (uint64_t id = 2; id <= 6; id++)
                put_execute(m, 2, id);
        send_all(m);
        await_ends(m, 6);
        assert_true(m->ends[0].packet < m->ends[5].packet);
}

/* What comes through the pipe: a byte at a time, 0 at its end. */
static size_t hear(int fd) {
        struct pollfd p = { .fd = fd, .events = POLLIN };
        char byte;

        assert_int_equal(poll(&p, 1, WAIT_MSEC), 1);
        return (size_t)read(fd, &byte, 1);
}

/* Each process of the task holds the pipe; a daemon in a session of its own, whose parent is gone, too. */
static void when_the_driver_goes_everything_goes(void **state) {
        struct many *m = *state;
        _cleanup_free_ char *pipe = path_join(m->folder, "pipe");
        _cleanup_free_ char *flow = text_printf(SHELL("exec 9> %s; (setsid sh -c \"echo >&9; exec sleep 300\" &); "
                                                      "trap : TERM; echo >&9; sleep 300; sleep 300"), pipe);
        int fd;

        assert_int_equal(mkfifo(pipe, 0600), 0);
        fd = open(pipe, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        await_ready(m);
        put_flow(m, 1, flow);
        put_execute(m, 1, 1);
        send_all(m);
        assert_int_equal(hear(fd), 1);
        assert_int_equal(hear(fd), 1);
        m->fd = close_fd(m->fd);
        assert_int_equal(hear(fd), 0);
        close_fd(fd);
}

#define PROMISE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                PROMISE(executions_that_come_together_run_in_order_and_are_answered_together),
                PROMISE(a_long_execution_holds_no_end_back),
                PROMISE(an_execution_that_waits_is_cancelled_at_once_and_never_runs),
                PROMISE(ends_are_written_when_64_kib_are_ready),
                PROMISE(ends_are_written_when_they_are_some_milliseconds_old),
                PROMISE(when_the_driver_goes_everything_goes),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
