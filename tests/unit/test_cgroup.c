/* SPDX-License-Identifier: Apache-2.0 */
/* common/base/cgroup.h: what the kernel's texts mean, and one real group where one can be made. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <cmocka.h>

#include "common/base/cgroup.h"
#include "common/base/file.h"
#include "common/base/size.h"
#include "common/base/spawn.h"
#include "common/base/text.h"

#define PURE "25 1 0:22 / / rw - ext4 /dev/vda rw\n" \
             "30 25 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
#define HYBRID "30 25 0:26 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n" \
               "31 25 0:27 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
#define CONTAINER "31 25 0:27 /docker/1 /sys/fs/cgroup ro - cgroup2 cgroup2 rw\n"

static void the_own_group_is_found_in_every_layout(void **state) {
        static const struct {
                const char *mounts, *membership, *expected;
        } cases[] = {
                { PURE, "0::/system.slice/sqsflow.service\n", "/sys/fs/cgroup/system.slice/sqsflow.service" },
                { PURE, "0::/\n", "/sys/fs/cgroup" },
                { HYBRID, "4:memory:/a\n0::/b\n", "/sys/fs/cgroup/unified/b" },
                { CONTAINER, "0::/docker/1/x\n", "/sys/fs/cgroup/x" },
                { CONTAINER, "0::/docker/1\n", "/sys/fs/cgroup" },
                { CONTAINER, "0::/docker/12\n", NULL },   /* not below the mount */
                { CONTAINER, "0::/other\n", NULL },
                { PURE, "0::/../x\n", NULL },             /* outside of the namespace */
                { PURE, "4:memory:/a\n", NULL },          /* version 1 only */
                { "30 25 0:26 / /m rw - cgroup cgroup rw,memory\n", "0::/a\n", NULL },
                { "", "", NULL },
                { "nonsense - cgroup2", "0::", NULL },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_free_ char *path = cgroup_path_from(cases[i].mounts, cases[i].membership);

                if (!text_eq(path, cases[i].expected))
                        fail_msg("case %zu: %s", i, path ? path : "none");
        }
}

static void a_value_is_found_by_its_whole_name(void **state) {
        static const char events[] = "low 0\noom 3\noom_kill 7\noom_group_kill 1\n";

        assert_int_equal(cgroup_stat_value(events, "oom_kill"), 7);
        assert_int_equal(cgroup_stat_value(events, "oom"), 3);
        assert_int_equal(cgroup_stat_value(events, "kill"), 0);
        assert_int_equal(cgroup_stat_value("", "oom"), 0);
        assert_true(cgroup_stat_value("usage_usec 18446744073709551615", "usage_usec") == UINT64_MAX);
}

static void controllers_have_their_names(void **state) {
        struct buf b = BUF_INIT(0);

        cgroup_put_controllers(&b, CGROUP_CPU | CGROUP_PIDS);
        assert_int_equal(buf_append_char(&b, '\0'), 0);
        assert_string_equal(b.data, "cpu pids");
        buf_done(&b);
}

/* --- a real one ------------------------------------------------------------------------------------------------------ */

static char *make_real(void) {
        _cleanup_free_ char *mounts = NULL, *top = NULL;
        char *path;

        if (file_read("/proc/self/mountinfo", 1 << 20, &mounts, NULL) < 0)
                return NULL;
        top = cgroup_path_from(mounts, "0::/\n");
        path = top ? text_printf("%s/sqsflow-unit-%d", top, (int)getpid()) : NULL;
        if (path && cgroup_make(path) == 0)
                return path;
        free(path);
        return NULL;
}

/* A shell in the group that leaves a process with a session and parents of its own behind. */
static void start_daemon(const struct cgroup *g) {
        char *const argv[] = { (char *)"sh", (char *)"-c", (char *)"setsid --wait sh -c '(sleep 600 &)'", NULL };
        char *const envp[] = { (char *)"PATH=/usr/bin:/bin", NULL };
        struct spawn_options o = SPAWN_OPTIONS_INIT;
        pid_t pid;
        int status;

        o.path = "/bin/sh";
        o.argv = argv;
        o.envp = envp;
        o.cgroup_fd = cgroup_fd(g);
        assert_int_equal(spawn(&o, &pid), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
}

static void a_group_is_cleared_of_what_nobody_can_find(void **state) {
        _cleanup_free_ char *path = make_real();
        struct cgroup *g = NULL;
        uint64_t used_usec;

        if (!path)
                skip();
        assert_int_equal(cgroup_open(path, &g), 0);
        assert_int_equal(cgroup_clear(g), 0);
        start_daemon(g);
        assert_int_equal(cgroup_clear(g), 1);
        assert_int_equal(cgroup_clear(g), 0);
        used_usec = cgroup_take_usage(g).cpu_usec;
        assert_true(used_usec > 0);
        /* Since the last time. The kernel may still count the very end of a process that has left the group. */
        assert_true(cgroup_take_usage(g).cpu_usec < used_usec);
        start_daemon(g);
        cgroup_close(g);
        assert_int_equal(cgroup_remove(path), 0); /* with what is in it */
        assert_int_equal(cgroup_remove(path), 0);
        assert_int_equal(cgroup_open(path, &g), -ENOENT);
}

/* --- sizes ----------------------------------------------------------------------------------------------------------- */

static void a_size_is_read_and_shown(void **state) {
        static const struct {
                const char *text;
                uint64_t bytes;
                const char *shown;
        } cases[] = {
                { "0", 0, "0 B" }, { "512MiB", 512ul << 20, "512 MiB" }, { "1 kB", 1000, "1000 B" },
                { "1536 KiB", 1536 << 10, "1.5 MiB" }, { "2TB", 2000000000000, "1.8 TiB" }, { "7B", 7, "7 B" },
        };
        static const char *const wrong[] = { "", "MiB", "-1", "1.5GiB", "5 ", "5mib", "5MiBs", "5  MiB", "0x10" };
        static const char *const big[] = { "9223372036854775808", "99999999999999999999", "9007199254740992TiB" };
        char shown[SIZE_TEXT_MAX];
        uint64_t bytes = 1;

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                assert_int_equal(size_parse(cases[i].text, &bytes), 0);
                assert_int_equal(bytes, cases[i].bytes);
                assert_string_equal(size_format(bytes, shown), cases[i].shown);
        }
        for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
                assert_int_equal(size_parse(wrong[i], &bytes), -EINVAL);
        for (size_t i = 0; i < ARRAY_SIZE(big); i++)
                assert_int_equal(size_parse(big[i], &bytes), -ERANGE);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_own_group_is_found_in_every_layout),
                cmocka_unit_test(a_value_is_found_by_its_whole_name),
                cmocka_unit_test(controllers_have_their_names),
                cmocka_unit_test(a_group_is_cleared_of_what_nobody_can_find),
                cmocka_unit_test(a_size_is_read_and_shown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
