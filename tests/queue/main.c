/* SPDX-License-Identifier: Apache-2.0 */
/* sqsflow-queue: an SQS-compatible server for demos, tests and benchmarks. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/file.h"
#include "common/base/json.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "tests/queue/server.h"

static const char usage[] =
        "Usage: sqsflow-queue [OPTION]…\n"
        "An SQS-compatible server for demos, tests and benchmarks. Do not let strangers reach it.\n"
        "\n"
        "  --listen HOST:PORT   address to listen on (127.0.0.1:9324); port 0 takes any free one\n"
        "  --db FILE            keep queues and messages in FILE over a restart\n"
        "  --log FILE           append every operation on a message as a JSON line\n"
        "  --create NAME[=JSON] create a queue, with SQS attributes as a JSON object; may be given often\n"
        "  --ready-fd N         write the line of readiness to descriptor N instead of standard output\n"
        "  --help, --version\n"
        "\n"
        "When it listens it prints \"listening on http://HOST:PORT\". SIGTERM ends it. Tests steer it through\n"
        "/_admin/ (faults, stats, clock, messages); see tests/queue/admin.h.\n";

struct options {
        char *host;
        uint16_t port;
        const char *db, *log;
        char **create;
        int ready_fd;
};

static int parse_listen(const char *text, struct options *o) {
        const char *colon = strrchr(text, ':');
        int64_t port;

        if (!colon || text_to_i64(colon + 1, 0, 65535, &port) < 0)
                return -EINVAL;
        char *host = text_dup_n(text, (size_t)(colon - text));
        if (!host)
                return -ENOMEM;
        free(o->host);
        o->host = host;
        o->port = (uint16_t)port;
        return 0;
}

static int parse_fd(const char *text, int *ret) {
        int64_t fd;
        int r = text_to_i64(text, 0, INT32_MAX, &fd);

        if (r == 0)
                *ret = (int)fd;
        return r;
}

#define PARSE_END 1 /* --help or --version was answered */

static int parse_options(int argc, char **argv, struct options *o) {
        static const struct option long_options[] = {
                { "listen", required_argument, NULL, 'l' },   { "db", required_argument, NULL, 'd' },
                { "log", required_argument, NULL, 'o' },      { "create", required_argument, NULL, 'c' },
                { "ready-fd", required_argument, NULL, 'r' }, { "help", no_argument, NULL, 'h' },
                { "version", no_argument, NULL, 'v' },        { 0 },
        };
        int option, r = 0;

        while (r == 0 && (option = getopt_long(argc, argv, "", long_options, NULL)) >= 0) {
                switch (option) {
                case 'l':
                        r = parse_listen(optarg, o);
                        break;
                case 'd':
                        o->db = optarg;
                        break;
                case 'o':
                        o->log = optarg;
                        break;
                case 'c':
                        r = text_list_add(&o->create, optarg);
                        break;
                case 'r':
                        r = parse_fd(optarg, &o->ready_fd);
                        break;
                case 'h':
                        fputs(usage, stdout);
                        return PARSE_END;
                case 'v':
                        puts("sqsflow-queue " SQSFLOW_VERSION);
                        return PARSE_END;
                default:
                        return -EINVAL;
                }
        }
        return r == 0 && optind < argc ? -EINVAL : r;
}

/* NAME or NAME={"Attribute":"value"}; a queue that the database has already is left as it is. */
static int create_queue(struct service *s, const char *text) {
        _cleanup_value_ struct value *attributes = NULL;
        const char *equals = strchr(text, '=');
        _cleanup_free_ char *name = text_dup_n(text, equals ? (size_t)(equals - text) : strlen(text));
        struct settings settings = settings_default();
        struct failure failure = { 0 };
        struct queue *q;

        if (!name)
                return -ENOMEM;
        if (broker_find(&s->broker, name, strlen(name)))
                return 0;
        if (equals && json_parse(equals + 1, strlen(equals + 1), &attributes, NULL, NULL) < 0) {
                log_error(0, "--create %s: the attributes are not JSON", name);
                return -EINVAL;
        }
        if (settings_apply(attributes, true, &settings, &failure) != 0) {
                log_error(0, "--create %s: %s", name, failure_message(&failure));
                failure_done(&failure);
                return -EINVAL;
        }
        return queue_new(&s->broker, name, &settings, attributes ? TAKE_PTR(attributes) : value_new_map(),
                         clock_realtime_usec(), &q);
}

static int create_queues(struct service *s, char *const *list) {
        int r = 0;

        for (; r == 0 && list && *list; list++)
                r = create_queue(s, *list);
        return r;
}

static int announce(const struct options *o, const struct server *server) {
        _cleanup_free_ char *line = text_printf("listening on http://%s:%u\n", o->host, server_port(server));

        return line ? fd_write_all(o->ready_fd, line, strlen(line)) : -ENOMEM;
}

static void after_turn(void *context) {
        struct service *s = context;

        if (oplog_flush(s->oplog) < 0) {
                log_error(0, "cannot write the log of operations; it ends here");
                s->oplog = oplog_close(s->oplog);
        }
        if (persist_commit(s->persist) < 0) {
                log_error(0, "cannot write the database; from here on everything is in memory only");
                s->persist = persist_close(s->persist);
        }
}

static int serve(struct service *s, const struct options *o) {
        struct server *server = NULL;

        int r = server_new(s, o->host, o->port, after_turn, s, &server);
        if (r < 0) {
                log_error(r, "cannot listen on %s:%u", o->host, o->port);
                return r;
        }
        r = announce(o, server);
        if (r == 0)
                r = server_run(server);
        server_free(server);
        return r;
}

static int open_files(struct service *s, const struct options *o) {
        _cleanup_free_ char *reason = NULL;
        int r = o->log ? oplog_open(o->log, &s->oplog) : 0;

        if (r < 0) {
                log_error(r, "cannot open %s", o->log);
                return r;
        }
        r = o->db ? persist_open(o->db, &s->broker, &s->persist, &reason) : 0;
        if (r < 0)
                log_error(r, "cannot use %s: %s", o->db, reason ? reason : "");
        return r;
}

static int run(const struct options *o) {
        struct service s;
        uint64_t seed = 0;
        int r = random_bytes(&seed, sizeof(seed));
        if (r < 0)
                return r;

        service_init(&s, clock_realtime_usec(), seed);
        r = open_files(&s, o);
        if (r == 0)
                r = create_queues(&s, o->create);
        if (r == 0)
                r = serve(&s, o);
        service_done(&s);
        return r;
}

/* Blocks what server_run() reads, and allows as many connections as the system does. */
static void prepare_process(void) {
        struct rlimit limit;
        sigset_t set;

        signal(SIGPIPE, SIG_IGN);
        sigemptyset(&set);
        sigaddset(&set, SIGTERM);
        sigaddset(&set, SIGINT);
        sigprocmask(SIG_BLOCK, &set, NULL);
        if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
                limit.rlim_cur = limit.rlim_max;
                (void)setrlimit(RLIMIT_NOFILE, &limit);
        }
}

int main(int argc, char **argv) {
        struct options o = { .host = text_dup("127.0.0.1"), .port = 9324, .ready_fd = STDOUT_FILENO };
        int status = EXIT_SUCCESS;

        log_open("sqsflow-queue", LOG_TARGET_AUTO, LOG_INFO);
        int r = parse_options(argc, argv, &o);
        if (r < 0) {
                fputs("sqsflow-queue: wrong options; --help tells the right ones\n", stderr);
                status = 2;
        } else if (r == 0) {
                prepare_process();
                status = run(&o) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
        }
        text_list_free(o.create);
        free(o.host);
        return status;
}
