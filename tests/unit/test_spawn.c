/* SPDX-License-Identifier: Apache-2.0 */
/* common/base/spawn.h. Children tell what they see through a pipe; its end of file is the event that is waited for. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "common/base/buf.h"
#include "common/base/file.h"
#include "common/base/spawn.h"
#include "common/base/text.h"

static char *const no_environment[] = { NULL };

/* valgrind makes a fork of a vfork, where nothing that the child leaves in memory reaches the parent. */
static bool vfork_shares_memory(void) {
        return !getenv("LD_PRELOAD") || !strstr(getenv("LD_PRELOAD"), "valgrind");
}

/* Starts `sh -c script` with its stdout in a pipe whose other end is returned. */
static int start_shell(struct spawn_options o, const char *script, pid_t *ret_pid) {
        char *const argv[] = { (char *)"sh", (char *)"-c", (char *)script, NULL };
        int fds[2];

        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        o.path = "/bin/sh";
        o.argv = argv;
        o.envp = o.envp ? o.envp : no_environment;
        o.stdout_fd = fds[1];
        assert_int_equal(spawn(&o, ret_pid), 0);
        close_fd(fds[1]);
        return fds[0];
}

static char *read_to_end(int fd) {
        _cleanup_(buf_done) struct buf b = BUF_INIT(100000);
        ssize_t n;

        do {
                char *room = buf_reserve(&b, 1000);

                assert_non_null(room);
                n = read(fd, room, 1000);
                assert_true(n >= 0);
                buf_commit(&b, (size_t)n);
        } while (n > 0);
        close_fd(fd);
        return buf_take(&b, NULL);
}

static char *read_line(int fd) {
        _cleanup_(buf_done) struct buf b = BUF_INIT(1000);
        char c;

        while (read(fd, &c, 1) == 1 && c != '\n')
                assert_int_equal(buf_append_char(&b, c), 0);
        return buf_take(&b, NULL);
}

static int wait_status(pid_t pid) {
        int status;

        assert_int_equal(waitpid(pid, &status, 0), pid);
        return status;
}

static char *shell(struct spawn_options o, const char *script) {
        pid_t pid;
        int fd = start_shell(o, script, &pid);
        char *out = read_to_end(fd);
        int status = wait_status(pid);

        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        return out;
}

static void assert_shell(struct spawn_options o, const char *script, const char *expected) {
        _cleanup_free_ char *out = shell(o, script);

        assert_string_equal(out, expected);
}

static void the_child_has_exactly_the_environment_given(void **state) {
        char *const argv[] = { (char *)"env", NULL };
        char *const envp[] = { (char *)"A=1", (char *)"B=two words", NULL };
        struct spawn_options o = SPAWN_OPTIONS_INIT;
        _cleanup_free_ char *out = NULL;
        int fds[2];
        pid_t pid;

        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        o.path = "env";
        o.argv = argv;
        o.envp = envp;
        o.stdout_fd = fds[1];
        assert_int_equal(spawn(&o, &pid), 0);
        close_fd(fds[1]);
        out = read_to_end(fds[0]);
        assert_string_equal(out, "A=1\nB=two words\n");
        assert_int_equal(wait_status(pid), 0);
}

static void a_name_without_a_slash_is_looked_up(void **state) {
        char *const argv[] = { (char *)"true", NULL };
        struct spawn_options o = SPAWN_OPTIONS_INIT;
        int status;
        pid_t pid;

        o.path = "true";
        o.argv = argv;
        o.envp = no_environment;
        assert_int_equal(spawn(&o, &pid), 0);
        status = wait_status(pid);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void what_cannot_be_executed_is_said_and_leaves_no_child(void **state) {
        char *const argv[] = { (char *)"x", NULL };
        struct spawn_options o = SPAWN_OPTIONS_INIT;
        pid_t pid = 77;

        o.argv = argv;
        o.envp = no_environment;
        o.path = "no-such-program-anywhere";
        assert_int_equal(spawn(&o, &pid), -ENOENT);
        if (!vfork_shares_memory())
                skip();
        o.path = "/no/such/program";
        assert_int_equal(spawn(&o, &pid), -ENOENT);
        o.path = "/etc/passwd";
        assert_int_equal(spawn(&o, &pid), -EACCES);
        o.path = "/bin/true";
        o.cwd = "/no/such/folder";
        assert_int_equal(spawn(&o, &pid), -ENOENT);
        o.cwd = NULL;
        o.stdin_fd = 1000;
        assert_int_equal(spawn(&o, &pid), -EBADF);
        assert_int_equal(pid, 77);
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
        assert_int_equal(errno, ECHILD);
}

static void only_the_given_descriptors_are_open(void **state) {
        int leaked = open("/dev/null", O_RDONLY); /* without O_CLOEXEC, as a library might */
        struct spawn_options o = SPAWN_OPTIONS_INIT;

        assert_true(leaked > 2);
        assert_shell(o, "ls /proc/$$/fd; :", "0\n1\n2\n");
        o.extra_fd = leaked;
        assert_shell(o, "ls /proc/$$/fd; :", "0\n1\n2\n3\n");
        close_fd(leaked);
}

static void absent_descriptors_are_dev_null(void **state) {
        assert_shell(SPAWN_OPTIONS_INIT, "readlink /proc/$$/fd/0 /proc/$$/fd/2", "/dev/null\n/dev/null\n");
}

/* In a process of its own, whose standard descriptors can be spoilt: each one given is another's target. */
static _Noreturn void spawn_with_traded_places(int result) {
        static const char *const devices[] = { "/dev/zero", "/dev/full", "/dev/null" };
        /* Not "readlink … >&3": dash redirects itself meanwhile. */
        static const char script[] = "a=$(readlink /proc/$$/fd/0 /proc/$$/fd/1 /proc/$$/fd/2); echo \"$a\" >&3";
        char *const argv[] = { (char *)"sh", (char *)"-c", (char *)script, NULL };
        struct spawn_options o = SPAWN_OPTIONS_INIT;
        pid_t pid;

        result = fcntl(result, F_DUPFD, 10);
        for (int i = 0; i < 3; i++) {
                int fd = open(devices[i], O_RDWR);

                if (fd != i && (dup2(fd, i) < 0 || close(fd) < 0))
                        _exit(1);
        }
        o.path = "/bin/sh";
        o.argv = argv;
        o.envp = no_environment;
        o.stdin_fd = 1;
        o.stdout_fd = 2;
        o.stderr_fd = 0;
        o.extra_fd = dup2(result, 3);
        _exit(spawn(&o, &pid) == 0 && wait_status(pid) == 0 ? 0 : 2);
}

static void descriptors_may_trade_places(void **state) {
        _cleanup_free_ char *out = NULL;
        int fds[2];
        pid_t pid;

        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        pid = fork();
        if (pid == 0)
                spawn_with_traded_places(fds[1]);
        close_fd(fds[1]);
        out = read_to_end(fds[0]);
        assert_string_equal(out, "/dev/full\n/dev/null\n/dev/zero\n");
        assert_int_equal(wait_status(pid), 0);
}

static void on_signal_of_parent(int number) {
}

static void signals_are_unblocked_and_at_their_defaults(void **state) {
        sigset_t set, before;

        assert_int_equal(spawn_ignore(SIGPIPE), 0);
        assert_int_equal(spawn_ignore(SIGHUP), 0);
        (void)signal(SIGUSR1, on_signal_of_parent);
        (void)sigemptyset(&set);
        (void)sigaddset(&set, SIGCHLD);
        (void)sigaddset(&set, SIGTERM);
        (void)sigprocmask(SIG_BLOCK, &set, &before);
        /* Signals 32 and 33 are the C library's own and cannot be set: whoever started the test decides them. */
        assert_shell(SPAWN_OPTIONS_INIT,
                     "/bin/grep -E '^Sig(Blk|Ign)' /proc/self/status |"
                     " /bin/sed -E 's/(0000000)[01]([08])(0000000)$/\\10\\30/'",
                     "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
        assert_int_equal(sigprocmask(SIG_SETMASK, &before, &set), 0);
        assert_true(sigismember(&set, SIGTERM));
        (void)signal(SIGPIPE, SIG_DFL);
        (void)signal(SIGHUP, SIG_DFL);
        (void)signal(SIGUSR1, SIG_DFL);
}

static void folder_and_umask_are_set(void **state) {
        struct spawn_options o = SPAWN_OPTIONS_INIT;
        mode_t before = umask(022);

        o.cwd = "/usr";
        o.umask = 077;
        assert_shell(o, "pwd; umask", "/usr\n0077\n");
        assert_int_equal(umask(before), 022);
}

static void a_child_leads_its_own_group_or_session(void **state) {
        struct spawn_options o = SPAWN_OPTIONS_INIT;

        /* Fields 5 and 6 of stat are the group and the session. */
        assert_shell(o, "read a b c d e f g </proc/$$/stat; [ $e = $$ ] && [ $f != $$ ] && echo group", "group\n");
        o.new_session = true;
        assert_shell(o, "read a b c d e f g </proc/$$/stat; [ $e = $$ ] && [ $f = $$ ] && echo session", "session\n");
}

/* A parent in between dies; its child must go with it, which closes the pipe. */
static void a_child_dies_with_its_parent(void **state) {
        int fds[2];
        pid_t parent;
        char c;

        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        parent = fork();
        if (parent == 0) {
                char *const argv[] = { (char *)"sleep", (char *)"1000", NULL };
                struct spawn_options o = SPAWN_OPTIONS_INIT;
                pid_t pid;

                o.path = "sleep";
                o.argv = argv;
                o.envp = no_environment;
                o.stdout_fd = fds[1];
                _exit(spawn(&o, &pid) == 0 ? 0 : 1);
        }
        close_fd(fds[1]);
        assert_int_equal(wait_status(parent), 0);
        assert_int_equal(read(fds[0], &c, 1), 0);
        close_fd(fds[0]);
}

static void a_tree_is_killed_with_those_that_left_its_group(void **state) {
        pid_t pid;
        int fd = start_shell(SPAWN_OPTIONS_INIT, "/usr/bin/setsid /bin/sh -c '/bin/sleep 1000 & echo ready; wait' & wait", &pid);
        _cleanup_free_ char *line = read_line(fd), *rest = NULL;
        int status;

        assert_string_equal(line, "ready");
        assert_int_equal(spawn_kill_tree(pid, SIGKILL), 0);
        status = wait_status(pid);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        rest = read_to_end(fd); /* ends only when none of them holds the pipe any more */
        assert_string_equal(rest, "");
        assert_int_equal(spawn_kill_tree(pid, SIGKILL), -ESRCH);
}

static void nobody_else_is_signalled_by_mistake(void **state) {
        assert_int_equal(spawn_kill_tree(0, SIGTERM), -EINVAL);
        assert_int_equal(spawn_kill_tree(1, SIGTERM), -EINVAL);
        assert_int_equal(spawn_kill_tree(-1, SIGTERM), -EINVAL);
}

static void strays_are_adopted_killed_and_reaped(void **state) {
        _cleanup_free_ char *line = NULL, *rest = NULL;
        pid_t pid;
        int fd;

        assert_int_equal(spawn_become_subreaper(), 0);
        /* Three generations, each in a session of its own; the first ends at once and leaves them to us. */
        fd = start_shell(SPAWN_OPTIONS_INIT,
                         "/usr/bin/setsid /bin/sh -c '/usr/bin/setsid /bin/sh -c \"echo ready; sleep 1000; :\" & wait' & exit 0",
                         &pid);
        line = read_line(fd);
        assert_string_equal(line, "ready");
        assert_int_equal(wait_status(pid), 0);
        assert_true(spawn_reap_strays(NULL, 0) >= 2);
        rest = read_to_end(fd);
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
        assert_int_equal(errno, ECHILD);
        assert_int_equal(spawn_reap_strays(NULL, 0), 0);
}

static void kept_children_are_left_alone(void **state) {
        _cleanup_free_ char *a = NULL, *b = NULL, *rest = NULL;
        pid_t kept, ended, stray;
        int kept_fd = start_shell(SPAWN_OPTIONS_INIT, "echo ready; read x", &kept);
        int ended_fd = start_shell(SPAWN_OPTIONS_INIT, "exit 3", &ended);
        int stray_fd = start_shell(SPAWN_OPTIONS_INIT, "echo ready; sleep 1000", &stray);
        int status;

        /* The kept one reads from /dev/null and ends by itself; it must still be there to be waited for. */
        a = read_to_end(kept_fd);
        assert_string_equal(a, "ready\n");
        rest = read_to_end(ended_fd);
        b = read_line(stray_fd);
        assert_string_equal(b, "ready");
        assert_true(spawn_reap_strays((const pid_t[]){ kept, ended }, 2) >= 1);
        close_fd(stray_fd);
        assert_int_equal(waitpid(stray, NULL, WNOHANG), -1);
        status = wait_status(ended);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 3);
        status = wait_status(kept);
        assert_true(WIFEXITED(status));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_child_has_exactly_the_environment_given),
                cmocka_unit_test(a_name_without_a_slash_is_looked_up),
                cmocka_unit_test(what_cannot_be_executed_is_said_and_leaves_no_child),
                cmocka_unit_test(only_the_given_descriptors_are_open),
                cmocka_unit_test(absent_descriptors_are_dev_null),
                cmocka_unit_test(descriptors_may_trade_places),
                cmocka_unit_test(signals_are_unblocked_and_at_their_defaults),
                cmocka_unit_test(folder_and_umask_are_set),
                cmocka_unit_test(a_child_leads_its_own_group_or_session),
                cmocka_unit_test(a_child_dies_with_its_parent),
                cmocka_unit_test(a_tree_is_killed_with_those_that_left_its_group),
                cmocka_unit_test(nobody_else_is_signalled_by_mistake),
                cmocka_unit_test(strays_are_adopted_killed_and_reaped),
                cmocka_unit_test(kept_children_are_left_alone),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
