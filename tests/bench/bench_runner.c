/* SPDX-License-Identifier: Apache-2.0 */
/* What an execution costs in the runner, without the agent: CPU per execution of a flow with one Log task, given one at a
 * time and ten or a hundred in one write, and processes a second of `scripts.shell.Commands: [":"]` beside a bare
 * posix_spawn loop of `/bin/sh -c :` at the same parallelism.
 *
 *     bench_runner [RUNNER] [PARALLEL] [EXECUTIONS] [CGROUP] */
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/base/ident.h"
#include "common/base/text.h"
#include "common/link/runner_link.h"

#define PARALLEL_MAX 64

extern char **environ;

struct bench {
        sd_event *event;
        struct runner_link *links[PARALLEL_MAX];
        struct flow *flow;
        const char *folder;
        unsigned together; /* executions in one write */
        unsigned started, ended, wanted, failed;
};

static const char log_flow[] = "id: log\nnamespace: bench\ntasks:\n"
                               "  - {id: a, type: io.kestra.plugin.core.log.Log, message: \"got {{ trigger.messageId }}\"}\n";
static const char process_flow[] = "id: process\nnamespace: bench\ntasks:\n"
                                   "  - {id: a, type: io.kestra.plugin.scripts.shell.Commands, commands: [':']}\n";
static char body[1024];

static const char attributes[] =
        "{\"SenderId\":\"AIDAIENQZJOLO23YVJ4VO\",\"ApproximateFirstReceiveTimestamp\":\"1700000000123\","
        "\"ApproximateReceiveCount\":\"1\",\"SentTimestamp\":\"1700000000000\"}";

static void put_one(struct bench *b, struct runner_link *link) {
        static const struct flow_load_options options;
        static const char id[] = "5fea7756-0ea4-451a-a703-a558b933e274";
        static const char url[] = "https://sqs.eu-north-1.amazonaws.com/123456789012/orders";
        const struct frame_message m = {
                .body = { body, sizeof(body) },
                .message_id = { id, strlen(id) },
                .queue_url = { url, strlen(url) },
                .attributes = { attributes, strlen(attributes) },
                .message_attributes = { "{}", 2 },
                .sent_usec = 1700000000000000,
                .receive_count = 1,
        };
        const struct frame_execute f = {
                .execution_id = ident_new(),
                .revision = b->flow->revision,
                .start_usec = clock_realtime_usec(),
                .trigger_kind = TRIGGER_MESSAGE,
                .folder = { b->folder, strlen(b->folder) },
                .messages = &m,
                .message_count = 1,
                .log_bytes = 1024 * 1024,
        };

        if (runner_link_execute(link, b->flow, &options, &f) < 0)
                abort();
}

static void start_next(struct bench *b, struct runner_link *link) {
        unsigned count = MIN(b->together, b->wanted - b->started);

        b->started += count;
        for (unsigned i = 0; i < count; i++)
                put_one(b, link);
        if (count > 0 && runner_link_flush(link) < 0)
                abort();
}

static void on_frame(void *userdata, struct runner_link *link, const struct frame *f) {
        struct bench *b = userdata;

        if (f->kind != FRAME_END)
                return;
        b->ended++;
        b->failed += f->end.state != RUN_SUCCESS;
        if (b->together == 1 || b->ended == b->started)
                start_next(b, link);
}

static void on_gone(void *userdata, struct runner_link *link, int status) {
        (void)fprintf(stderr, "a runner ended with status %d\n", status);
        abort();
}

/* CPU seconds of this process's children; `grandchildren` counts what they waited for, too. */
static double children_cpu(void) {
        struct rusage u;

        (void)getrusage(RUSAGE_CHILDREN, &u);
        return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* Executions a second; *ret_cpu_usec is the CPU of runners and tasks per execution. */
static double run_flow(const char *runner, const char *group, const char *text, unsigned parallel, unsigned together, unsigned count,
                       double *ret_cpu_usec) {
        static const struct runner_link_handlers handlers = { on_frame, on_gone };
        const struct flow_load_options options = { 0 };
        struct diag diag = DIAG_INIT;
        char folder[] = "/tmp/bench-runner-XXXXXX";
        struct bench b = { .folder = mkdtemp(folder), .together = together, .wanted = count };
        double cpu = children_cpu();
        uint64_t start;

        if (sd_event_new(&b.event) < 0 || flow_load(text, strlen(text), "bench", &options, &diag, &b.flow) < 0)
                abort();
        for (unsigned i = 0; i < parallel; i++)
                if (runner_link_new(b.event, runner, environ, group, &handlers, &b, &b.links[i]) < 0)
                        abort();
        start = clock_monotonic_usec();
        for (unsigned i = 0; i < parallel; i++)
                start_next(&b, b.links[i]);
        while (b.ended < b.wanted)
                if (sd_event_run(b.event, UINT64_MAX) < 0)
                        abort();
        uint64_t took = clock_monotonic_usec() - start;
        for (unsigned i = 0; i < parallel; i++)
                runner_link_free(b.links[i]);
        *ret_cpu_usec = (children_cpu() - cpu) * 1e6 / count;
        if (b.failed > 0)
                (void)printf("%u executions failed\n", b.failed);
        flow_unref(b.flow);
        sd_event_unref(b.event);
        (void)rmdir(folder);
        return (double)count * 1e6 / (double)took;
}

static void spawn_one(void) {
        char *const argv[] = { (char *)"/bin/sh", (char *)"-c", (char *)":", NULL };
        pid_t pid;

        if (posix_spawn(&pid, "/bin/sh", NULL, NULL, argv, environ) != 0)
                abort();
}

static double run_bare(unsigned parallel, unsigned count, double *ret_cpu_usec) {
        double cpu = children_cpu();
        uint64_t start = clock_monotonic_usec();
        unsigned started = 0;

        for (; started < parallel && started < count; started++)
                spawn_one();
        for (unsigned ended = 0; ended < count; ended++) {
                if (wait(NULL) < 0)
                        abort();
                if (started < count) {
                        spawn_one();
                        started++;
                }
        }
        uint64_t took = clock_monotonic_usec() - start;
        *ret_cpu_usec = (children_cpu() - cpu) * 1e6 / count;
        return (double)count * 1e6 / (double)took;
}

int main(int argc, char **argv) {
        const char *runner = argc > 1 ? argv[1] : "build/bin/sqsflow-runner";
        unsigned parallel = argc > 2 ? (unsigned)atoi(argv[2]) : 4;
        unsigned count = argc > 3 ? (unsigned)atoi(argv[3]) : 4000;
        const char *group = argc > 4 ? argv[4] : NULL; /* a control group for the tasks of one runner */
        double rate, bare, cpu;

        parallel = group ? 1 : parallel;
        parallel = MIN(MAX(parallel, 1u), (unsigned)PARALLEL_MAX);
        memset(body, 'x', sizeof(body));
        for (unsigned together = 1; together <= 100; together *= 10) {
                rate = run_flow(runner, group, log_flow, 1, together, count * 10, &cpu);
                (void)printf("Log task, %3u in one write:      %8.0f executions/s, %6.1f us CPU each in the runner\n", together,
                             rate, cpu);
        }
        bare = run_bare(parallel, count, &cpu);
        (void)printf("bare posix_spawn loop, %2u wide:  %8.0f processes/s,  %6.1f us CPU each\n", parallel, bare, cpu);
        rate = run_flow(runner, group, process_flow, parallel, 1, count, &cpu);
        (void)printf("Commands [\":\"], %2u runners:      %8.0f executions/s, %6.1f us CPU each, %.0f %% of bare\n", parallel,
                     rate, cpu, 100 * rate / bare);
        return 0;
}
