/* SPDX-License-Identifier: Apache-2.0 */
/* sqsflow pause and resume: two verbs that differ in one word. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/agent_socket.h"
#include "cli/cli.h"
#include "common/base/json.h"
#include "common/base/text.h"

#define OPTIONS_HELP(verb)                                                                             \
        AGENT_OPTIONS_HELP                                                             \
        "      --json          the agent's answer: trigger, state, changed, running\n"           \
        "  -h, --help          show this text\n"                                                 \
        "\n"                                                                                     \
        "Example:\n"                                                                              \
        "  sqsflow " verb " orders\n"                                                            \
        "\n"                                                                                     \
        "Exit status: 0 it is so now, also when it was before, 1 the trigger is disabled in the configuration, or it is so but\n" \
        "cannot be written to disk now, 2 wrong use or configuration, or no such trigger, 3 no agent answers.\n"

static const char pause_help[] =
        "Usage: sqsflow pause TRIGGER [OPTIONS]\n"
        "\n"
        "Makes the running agent receive nothing more for a trigger. Executions that run go on to their end, and their\n"
        "messages are deleted; messages that wait for a slot, and what an open long poll still brings, go back to the\n"
        "queue at once. `sqsflow status` shows the trigger as paused.\n"
        "\n"
        "It lasts until `sqsflow resume`, over reloads, restarts and upgrades: it is on disk when this command says so. A\n"
        "trigger that is taken out of the configuration is still paused when it comes back. To turn a trigger off for good,\n"
        "set `disabled: true` in the configuration.\n"
        "\n" OPTIONS_HELP("pause");

static const char resume_help[] =
        "Usage: sqsflow resume TRIGGER [OPTIONS]\n"
        "\n"
        "Makes the running agent receive again for a trigger that `sqsflow pause` or its stopAfter paused. For one that the\n"
        "configuration does not have any more, the pause is forgotten.\n"
        "\n" OPTIONS_HELP("resume");

struct pause_options {
        const char *verb, *trigger, *socket, *config;
        bool json;
};

static char *make_request(const struct pause_options *o) {
        struct buf b = BUF_INIT(0);

        buf_appendf(&b, "{\"op\":\"%s\",\"trigger\":", o->verb);
        json_write_string(&b, o->trigger, strlen(o->trigger));
        buf_append_str(&b, "}\n");
        return buf_take(&b, NULL);
}

static int complain_trigger(const struct pause_options *o, const struct value *known) {
        _cleanup_free_ const char **ids = calloc(value_count(known) + 1, sizeof(*ids));
        size_t count = 0;

        for (size_t i = 0; ids && i < value_count(known); i++)
                if (value_type(value_list_at(known, i)) == VALUE_STRING)
                        ids[count++] = value_string(value_list_at(known, i));
        return complain_unknown(o->verb, "trigger", o->trigger, ids, count);
}

static int show_answer(const struct pause_options *o, struct value *answer) {
        const char *error = value_map_string(answer, "error"), *state = value_map_string(answer, "state");
        const struct value *known = value_map_get(answer, "known"), *changed = value_map_get(answer, "changed");
        const struct value *running = value_map_get(answer, "running");
        bool is_pause = text_eq(o->verb, "pause");
        int64_t count = 0;

        if (known && value_type(known) == VALUE_LIST)
                return complain_trigger(o, known);
        if (error)
                return complain(o->verb, EXIT_FAILED, "%s", error);
        if (o->json)
                return print_json(value_ref(answer));
        if (running && value_type(running) == VALUE_NUMBER)
                (void)value_to_i64(running, &count);
        (void)printf("%s %s %s", o->trigger,
                     changed && value_type(changed) == VALUE_BOOL && !value_bool(changed) ? "already was" : "is now",
                     is_pause ? "paused" : "resumed");
        if (!is_pause && state && !text_eq(state, "polling"))
                (void)printf(", and in state %s", state);
        if (is_pause && count > 0)
                (void)printf("; %lld running execution%s of it go%s on", (long long)count, count == 1 ? "" : "s",
                             count == 1 ? "es" : "");
        (void)putchar('\n');
        return EXIT_OK;
}

static int ask(const struct pause_options *o) {
        _cleanup_free_ char *path = NULL, *request = make_request(o);
        _cleanup_value_ struct value *answer = NULL;
        int r = request ? agent_socket_path(o->verb, o->socket, o->config, &path)
                        : complain(o->verb, EXIT_FAILED, "out of memory");

        if (r != 0)
                return r;
        r = agent_socket_ask(path, request, &answer);
        return r < 0 ? agent_socket_complain(o->verb, path, r) : show_answer(o, answer);
}

static int either_main(const char *verb, int argc, char **argv) {
        struct pause_options o = { .verb = verb };
        const struct option_row rows[] = {
                AGENT_OPTION_ROWS(o.socket, o.config),
                { "json", .flag = &o.json },
                { 0 },
        };
        struct arguments arguments;
        int r = options_read(verb, rows, argc, argv, &arguments);

        if (r == 0)
                r = arguments_one(verb, &arguments, "which trigger? Give its id (see 'sqsflow status')", &o.trigger);
        return r != 0 ? r : ask(&o);
}

static int pause_main(int argc, char **argv) {
        return either_main("pause", argc, argv);
}

static int resume_main(int argc, char **argv) {
        return either_main("resume", argc, argv);
}

const struct verb verb_pause = {
        .name = "pause",
        .summary = "make the agent receive nothing more for a trigger",
        .help = pause_help,
        .run = pause_main,
};

const struct verb verb_resume = {
        .name = "resume",
        .summary = "make it receive again",
        .help = resume_help,
        .run = resume_main,
};
