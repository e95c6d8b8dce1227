/* SPDX-License-Identifier: Apache-2.0 */
/* What recording costs: CPU per execution with its start, one task run, one log line, its end and its ledger entry.
 *
 *   bench_store FOLDER [EXECUTIONS [SCENARIO]]
 *
 * "together" ends every execution in the batch it started in; "apart" commits in between, as executions that take longer
 * than a loop turn do. The body is the input that is kept for a replay. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/base/ident.h"
#include "common/base/text.h"
#include "common/store/store.h"

#define QUEUE "https://sqs.eu-north-1.amazonaws.com/123456789012/orders"

struct scenario {
        const char *name;
        enum store_history history;
        unsigned group; /* executions per commit */
        bool apart;
        size_t body_bytes;
};

static const struct scenario scenarios[] = {
        { "together, 20 a commit", STORE_HISTORY_ALL, 20, false, 0 },
        { "together, 20 a commit, 1 KiB body", STORE_HISTORY_ALL, 20, false, 1024 },
        { "together, 1 a commit", STORE_HISTORY_ALL, 1, false, 0 },
        { "apart, 20 a commit", STORE_HISTORY_ALL, 20, true, 0 },
        { "apart, 20 a commit, 1 KiB body", STORE_HISTORY_ALL, 20, true, 1024 },
        { "together, 20 a commit, failures only", STORE_HISTORY_FAILURES, 20, false, 1024 },
        { "apart, 20 a commit, no history", STORE_HISTORY_NONE, 20, true, 1024 },
};

static uint64_t next_random(void) {
        static uint64_t state = 88172645463325252u;

        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        return state;
}

static void make_uuid(char out[37]) {
        uint64_t a = next_random(), b = next_random();

        snprintf(out, 37, "%08x-%04x-4%03x-%04x-%012llx", (unsigned)(a >> 32), (unsigned)(a >> 16) & 0xffff,
                 (unsigned)a & 0xfff, (unsigned)(b >> 48) & 0xffff, (unsigned long long)b & 0xffffffffffffull);
}

static uint64_t cpu_usec(void) {
        struct rusage u;

        getrusage(RUSAGE_SELF, &u);
        return (uint64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * USEC_PER_SEC +
               (uint64_t)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

struct work {
        uint64_t id;
        char uuid[37];
};

static int start(struct store *s, struct work *w, const char *body) {
        struct store_message m = { .message_id = w->uuid, .receive_count = 1 };

        return store_execution_started(s, &(struct store_execution){
                .id = w->id, .flow = "shop.orders", .flow_revision = 7, .trigger = "orders", .queue_url = QUEUE,
                .start_usec = clock_realtime_usec(), .input = body, .messages = &m, .message_count = 1 });
}

static int finish(struct store *s, struct work *w) {
        static const char line[] = "order 4711 of customer 1234 with 3 items is worth 12.50";
        const char *settled[] = { w->uuid };
        uint64_t now = clock_realtime_usec(), sent = now - next_random() % (10 * USEC_PER_MSEC);
        int r;

        r = store_task_run(s, &(struct store_task_run){
                .execution_id = w->id, .parent = UINT32_MAX, .task_id = "log", .task_type = "io.kestra.plugin.core.log.Log",
                .state = RUN_SUCCESS, .attempts = 1, .start_usec = now, .end_usec = now + 100 });
        if (r == 0)
                r = store_log(s, &(struct store_log){ .execution_id = w->id, .level = 6, .time_usec = now, .text = line,
                                                      .text_len = sizeof(line) - 1 });
        if (r == 0)
                r = store_execution_ended(s, &(struct store_end){
                        .execution_id = w->id, .state = RUN_SUCCESS, .end_usec = now + 200, .queue_url = QUEUE,
                        .settled_ids = settled, .settled_sent_usec = &sent, .settled_count = 1 }, NULL, NULL);
        return r;
}

static int run(struct store *s, const struct scenario *c, unsigned count, const char *body) {
        struct work group[64];
        int r = 0;

        for (unsigned done = 0; r >= 0 && done < count; done += c->group) {
                for (unsigned i = 0; r >= 0 && i < c->group; i++) {
                        group[i].id = ident_make(clock_realtime_usec(), (uint32_t)next_random());
                        make_uuid(group[i].uuid);
                        r = start(s, &group[i], body);
                }
                if (c->apart && r >= 0)
                        r = store_commit(s);
                for (unsigned i = 0; r >= 0 && i < c->group; i++)
                        r = finish(s, &group[i]);
                if (r >= 0)
                        r = store_commit(s);
        }
        return r;
}

static int measure(const char *folder, const struct scenario *c, unsigned count) {
        _cleanup_free_ char *path = path_join(folder, "bench.db"), *message = NULL;
        _cleanup_(store_freep) struct store *s = NULL;
        struct rusage usage;
        struct stat st;
        uint64_t cpu, wall;
        char body[4096] = "";
        int r;

        dir_remove_all(AT_FDCWD, folder);
        r = dir_make_all(folder, 0755);
        if (r < 0)
                return r;
        memset(body, 'b', c->body_bytes);
        r = store_open(path, c->history, &s, &message);
        if (r < 0) {
                fprintf(stderr, "%s\n", message ? message : strerror(-r));
                return r;
        }
        cpu = cpu_usec();
        wall = clock_monotonic_usec();
        r = run(s, c, count, c->body_bytes ? body : NULL);
        cpu = cpu_usec() - cpu;
        wall = clock_monotonic_usec() - wall;
        getrusage(RUSAGE_SELF, &usage);
        printf("%-40s %6.2f us CPU  %6.2f us wall  %5.1f MB file  %5.1f MB peak memory\n", c->name, (double)cpu / count,
               (double)wall / count, stat(path, &st) == 0 ? (double)st.st_size / 1e6 : 0,
               (double)usage.ru_maxrss / 1e3);
        return r;
}

int main(int argc, char **argv) {
        int64_t count = 100000, only = -1;
        int r = 0;

        if (argc < 2 || (argc > 2 && text_to_i64(argv[2], 1, 1000000000, &count) < 0) ||
            (argc > 3 && text_to_i64(argv[3], 0, ARRAY_SIZE(scenarios) - 1, &only) < 0)) {
                fprintf(stderr, "usage: bench_store FOLDER [EXECUTIONS [SCENARIO]]\n");
                return 2;
        }
        for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(scenarios); i++)
                if (only < 0 || (size_t)only == i)
                        r = measure(argv[1], &scenarios[i], (unsigned)count);
        dir_remove_all(AT_FDCWD, argv[1]);
        return r < 0;
}
