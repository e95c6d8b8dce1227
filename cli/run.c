/* SPDX-License-Identifier: Apache-2.0 */
/* sqsflow run: one execution on this terminal, by the same runner program that the agent uses, without agent, queue,
 * store or root. An interrupt cancels the execution; a second one ends the runner and with it every task. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "cli/cli.h"
#include "cli/run_input.h"
#include "cli/run_view.h"
#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/base/ident.h"
#include "common/base/text.h"
#include "common/flow/runner_link.h"

static const char help[] =
        "Usage: sqsflow run FLOW [OPTIONS]\n"
        "\n"
        "Executes a flow once and shows what it does. FLOW is a file, or namespace.id in the configured folder. Needs no\n"
        "agent and no queue; nothing is recorded.\n"
        "\n"
        "  -m, --message FILE      the message's body; -: stdin. Without it, there is no trigger\n"
        "  -a, --attribute N=V     an attribute of the message, up to ten times; NAME:TYPE=VALUE for other types\n"
        "      --batch             as a batch: --message may be given many times\n"
        "      --serde TYPE        JSON: trigger.data is the parsed body; STRING: its text\n"
        "                          (default: as the flow's own trigger says, else STRING)\n"
        "  -i, --input NAME=VALUE  an input of the flow; JSON for those that are not texts\n"
        "      --folder DIR        make the working directory below DIR and keep it\n"
        "      --config FILE       agent.yaml: the flows' folder and security (default:\n"
        "                          " CONFIG_DEFAULT_PATH " if there is one)\n"
        "      --runner PROGRAM    another sqsflow-runner than the configuration's\n"
        "      --json              no progress, one JSON document at the end\n"
        "  -h, --help              show this text\n"
        "\n"
        "Examples:\n"
        "  echo '{\"id\": 1}' | sqsflow run flows/orders.yaml --message -\n"
        "  sqsflow run shop.orders --message order.json --attribute source=test\n"
        "  sqsflow run shop.invoices-batch --batch -m a.json -m b.json\n"
        "\n"
        "Exit status: 0 the execution ended in SUCCESS or WARNING, 1 it failed or was cancelled, 2 wrong use, flow or\n"
        "configuration.\n";

extern char **environ;

struct run_options {
        const char *flow, *folder, *config, *runner;
        bool json;
        struct run_input input;
        struct attributes attributes;
        char **message_files, **inputs;
};

struct run {
        sd_event *event;
        sd_event_source *flush; /* once per turn, after the frames of it */
        struct runner_link *link;
        struct run_view *view;
        uint64_t id;
        bool cancelled, over;
        enum run_state state;
};

/* --- while it runs --------------------------------------------------------------------------------------------------- */

static void end(struct run *run, const struct frame_end *f) {
        run->state = f->state;
        run->over = true;
        (void)run_view_end(run->view, f, clock_realtime_usec());
        sd_event_exit(run->event, 0);
}

static void end_without_runner(struct run *run, const char *reason) {
        end(run, &(struct frame_end){ .execution_id = run->id, .state = run->cancelled ? RUN_KILLED : RUN_FAILED,
                                      .error = { reason, strlen(reason) } });
}

static void on_frame(void *userdata, struct runner_link *link, const struct frame *frame) {
        struct run *run = userdata;
        int r = 0;

        if (run->over)
                return;
        if (frame->kind == FRAME_TASK_RUN)
                r = run_view_task_run(run->view, &frame->task_run);
        else if (frame->kind == FRAME_LOG)
                r = run_view_log(run->view, &frame->log);
        else if (frame->kind == FRAME_END && frame->end.execution_id == run->id)
                end(run, &frame->end);
        if (r < 0)
                end_without_runner(run, "out of memory");
        else
                (void)sd_event_source_set_enabled(run->flush, SD_EVENT_ONESHOT);
}

static int on_flush(sd_event_source *source, void *userdata) {
        struct run *run = userdata;

        run_view_flush(run->view);
        return 0;
}

static void on_gone(void *userdata, struct runner_link *link, int status) {
        struct run *run = userdata;
        char reason[80];

        if (run->over)
                return;
        if (WIFSIGNALED(status))
                (void)snprintf(reason, sizeof(reason), "the runner was killed by signal %d", WTERMSIG(status));
        else
                (void)snprintf(reason, sizeof(reason), "the runner ended with status %d", WEXITSTATUS(status));
        end_without_runner(run, reason);
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata) {
        struct run *run = userdata;

        if (run->cancelled) {
                end_without_runner(run, "killed");
                return 0;
        }
        run->cancelled = true;
        run_view_say(run->view, "cancelling; once more to kill");
        if (runner_link_cancel(run->link, run->id) < 0 || runner_link_flush(run->link) < 0)
                end_without_runner(run, "the runner does not listen");
        return 0;
}

/* --- starting -------------------------------------------------------------------------------------------------------- */

/* What the agent's runners may see of its environment, so that a flow behaves alike. */
static int choose_environment(char ***ret) {
        static const char *const allowed[] = { "PATH=", "LANG=", "LC_", "TZ=", "HOME=", "USER=", "LOGNAME=", "SHELL=", "TMPDIR=",
                                               "CREDENTIALS_DIRECTORY=", "SECRET_", "ENV_", "ASAN_OPTIONS=", "UBSAN_OPTIONS=" };
        _cleanup_(text_list_freep) char **list = calloc(1, sizeof(char *));

        for (char **e = environ; list && *e; e++)
                for (size_t i = 0; i < ARRAY_SIZE(allowed); i++)
                        if (text_after(*e, allowed[i]) && text_list_add(&list, *e) < 0)
                                return -ENOMEM;
        *ret = TAKE_PTR(list);
        return *ret ? 0 : -ENOMEM;
}

static int open_loop(struct run *run) {
        static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
        sigset_t mask;
        int r = sd_event_new(&run->event);

        sigemptyset(&mask);
        for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
                sigaddset(&mask, signals[i]);
        if (r < 0 || sigprocmask(SIG_BLOCK, &mask, NULL) < 0)
                return r < 0 ? r : -errno;
        for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(signals); i++)
                r = sd_event_add_signal(run->event, NULL, signals[i], on_signal, run);
        if (r >= 0)
                r = sd_event_add_defer(run->event, &run->flush, on_flush, run);
        if (r >= 0)
                r = sd_event_source_set_priority(run->flush, SD_EVENT_PRIORITY_IDLE);
        if (r >= 0)
                r = sd_event_source_set_enabled(run->flush, SD_EVENT_OFF);
        return r < 0 ? r : 0;
}

static int start_runner(struct run *run, const char *program) {
        static const struct runner_link_handlers handlers = { .on_frame = on_frame, .on_gone = on_gone };
        _cleanup_(text_list_freep) char **environment = NULL;
        int r = choose_environment(&environment);

        if (r == 0)
                r = runner_link_new(run->event, program, environment, -1, &handlers, run, &run->link);
        return r < 0 ? complain("run", EXIT_FAILED, "%s cannot be started: %s", program, strerror(-r)) : 0;
}

static int execute(struct run *run, const struct run_options *o, const struct flow *flow,
                   const struct flow_load_options *security, const char *folder) {
        struct frame_execute frame = {
                .execution_id = run->id,
                .revision = flow->revision,
                .start_usec = clock_realtime_usec(),
                .folder = { folder, strlen(folder) },
                .keep_folder = o->folder != NULL,
        };
        int r;

        run->view = run_view_new(flow, run->id, frame.start_usec, o->json);
        run_input_fill(&o->input, flow, &frame);
        r = run->view ? runner_link_execute(run->link, flow, security, &frame) : -ENOMEM;
        if (r == 0)
                r = runner_link_flush(run->link);
        if (r >= 0)
                r = sd_event_loop(run->event);
        if (r < 0)
                return complain("run", EXIT_FAILED, "%s", strerror(-r));
        return run_state_settles_message(run->state) ? EXIT_OK : EXIT_FAILED;
}

static int run_in_folder(const struct run_options *o, const struct config *config, const struct flow *flow,
                         const char *folder) {
        struct run run = { .id = ident_new() };
        int r = open_loop(&run);
        int code = r < 0 ? complain("run", EXIT_FAILED, "%s", strerror(-r)) : 0;

        if (code == 0)
                code = start_runner(&run, o->runner ? o->runner : config->runner);
        if (code == 0)
                code = execute(&run, o, flow, &config->security, folder);
        runner_link_free(run.link);
        run_view_free(run.view);
        sd_event_source_unref(run.flush);
        sd_event_unref(run.event);
        return code;
}

static int run_flow(const struct run_options *o, const struct config *config, const struct flow *flow) {
        const char *temporary = getenv("TMPDIR");
        _cleanup_free_ char *folder = NULL;
        int code;

        if (o->folder) {
                code = dir_make_all(o->folder, 0700);
                errno = -code;
                folder = code < 0 ? NULL : realpath(o->folder, NULL);
                return folder ? run_in_folder(o, config, flow, folder)
                              : complain("run", EXIT_FAILED, "%s: %s", o->folder, strerror(errno));
        }
        folder = path_join(temporary && *temporary ? temporary : "/tmp", "sqsflow-run-XXXXXX");
        if (!folder || !mkdtemp(folder))
                return complain("run", EXIT_FAILED, "no working directory can be made: %s", strerror(errno));
        code = run_in_folder(o, config, flow, folder);
        (void)dir_remove_all(AT_FDCWD, folder);
        return code;
}

/* --- finding the flow ------------------------------------------------------------------------------------------------ */

static bool is_file(const char *name) {
        struct stat st;

        return strchr(name, '/') || text_ends_with(name, ".yaml") || text_ends_with(name, ".yml") || stat(name, &st) == 0;
}

static struct flow *find_flow(const char *name, const struct config *config, struct diag *diag) {
        struct flow_set set = { 0 };
        struct flow *flow = NULL;

        if (is_file(name))
                return flow_load_file(name, &config->security, diag, &flow) < 0 ? NULL : flow;
        if (flow_set_load(config->flows, &config->security, diag, &set) >= 0) {
                flow = flow_set_find(&set, name);
                if (!flow)
                        diag_add(diag, DIAG_ERROR, config->flows, 0, 0, "there is no flow '%s' (%zu others)", name, set.count);
                flow = flow ? flow_ref(flow) : NULL;
        }
        flow_set_done(&set);
        return flow;
}

static int run_options(struct run_options *o) {
        _cleanup_(config_freep) struct config *config = NULL;
        _cleanup_(flow_unrefp) struct flow *flow = NULL;
        struct diag diag = DIAG_INIT;
        int code = load_config("run", o->config, &config);

        if (code != 0)
                return code;
        flow = find_flow(o->flow, config, &diag);
        print_findings(&diag);
        diag_done(&diag);
        if (!flow)
                return EXIT_WRONG;
        code = run_input_read(&o->input, flow);
        return code != 0 ? code : run_flow(o, config, flow);
}

/* --- options --------------------------------------------------------------------------------------------------------- */

enum { OPTION_BATCH = 256, OPTION_SERDE, OPTION_FOLDER, OPTION_CONFIG, OPTION_RUNNER, OPTION_JSON };

static const struct option options[] = {
        { "message", required_argument, NULL, 'm' },
        { "attribute", required_argument, NULL, 'a' },
        { "input", required_argument, NULL, 'i' },
        { "batch", no_argument, NULL, OPTION_BATCH },
        { "serde", required_argument, NULL, OPTION_SERDE },
        { "folder", required_argument, NULL, OPTION_FOLDER },
        { "config", required_argument, NULL, OPTION_CONFIG },
        { "runner", required_argument, NULL, OPTION_RUNNER },
        { "json", no_argument, NULL, OPTION_JSON },
        { 0 },
};

static int add_text(char ***list, const char *text) {
        return text_list_add(list, text) < 0 ? complain("run", EXIT_FAILED, "out of memory") : 0;
}

static int parse_option(struct run_options *o, int option, const char *value) {
        switch (option) {
        case 'm':
                return add_text(&o->message_files, value);
        case 'i':
                return add_text(&o->inputs, value);
        case 'a':
                if (attributes_add(&o->attributes, value) < 0)
                        return complain_usage("run", "'%s' is not NAME=VALUE or NAME:TYPE=VALUE (base64 for Binary), "
                                                     "or one too many", value);
                return 0;
        case OPTION_BATCH:
                o->input.batch = true;
                return 0;
        case OPTION_SERDE:
                if (strcmp(value, "JSON") != 0 && strcmp(value, "STRING") != 0)
                        return complain_usage("run", "'%s' is neither JSON nor STRING", value);
                o->input.serde = value;
                return 0;
        case OPTION_FOLDER:
                o->folder = value;
                return 0;
        case OPTION_CONFIG:
                o->config = value;
                return 0;
        case OPTION_RUNNER:
                o->runner = value;
                return 0;
        case OPTION_JSON:
                o->json = true;
                return 0;
        default:
                return complain_usage("run", "wrong option");
        }
}

static int parse_options(struct run_options *o, int argc, char **argv) {
        int option, r;

        while ((option = getopt_long(argc, argv, "m:a:i:", options, NULL)) >= 0)
                if ((r = parse_option(o, option, optarg)) != 0)
                        return r;
        if (argc - optind != 1) {
                (void)complain_usage("run", optind < argc ? "unexpected argument '%s'" : "which flow?%s",
                                     optind < argc ? argv[optind + 1] : "");
                return EXIT_WRONG;
        }
        o->flow = argv[optind];
        o->input.attributes = &o->attributes;
        o->input.message_files = (const char *const *)o->message_files;
        o->input.message_count = text_list_count(o->message_files);
        o->input.inputs = o->inputs;
        o->input.input_count = text_list_count(o->inputs);
        return 0;
}

static int run_main(int argc, char **argv) {
        struct run_options o = { 0 };
        int code = parse_options(&o, argc, argv);

        if (code == 0)
                code = run_options(&o);
        run_input_done(&o.input);
        attributes_done(&o.attributes);
        text_list_free(o.message_files);
        text_list_free(o.inputs);
        return code;
}

const struct verb verb_run = {
        .name = "run",
        .summary = "execute a flow once, here and now",
        .help = help,
        .run = run_main,
};
