/* SPDX-License-Identifier: Apache-2.0 */
/* sqsflow: the administrator's command. A verb is a file; this one only finds it. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "common/base/clean.h"
#include "common/base/file.h"
#include "common/base/text.h"

static const struct verb *const verbs[] = {
        &verb_check,  &verb_run,   &verb_send,   &verb_peek,   &verb_redrive, &verb_executions,
        &verb_status, &verb_pause, &verb_resume, &verb_schema,
};

static void print_help(void) {
        (void)puts("Usage: sqsflow VERB [OPTIONS] …\n"
                   "\n"
                   "Runs flows for the messages of Amazon SQS queues.\n");
        for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
                (void)printf("  %-12s %s\n", verbs[i]->name, verbs[i]->summary);
        (void)puts("\n"
                   "'sqsflow VERB --help' tells more, with examples. 'sqsflow --version' shows the version.\n"
                   "Colour is left out when NO_COLOR is set or the output is not a terminal.\n"
                   "\n" EXIT_CODES_HELP "\n"
                   "The agent, which polls queues and runs as a service, is sqsflow-agent.");
}

static const struct verb *find_verb(const char *name) {
        for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
                if (strcmp(verbs[i]->name, name) == 0)
                        return verbs[i];
        return NULL;
}

static int complain_verb(const char *name) {
        _cleanup_(buf_done) struct buf clean = BUF_INIT(0);
        const char *names[ARRAY_SIZE(verbs)], *nearest;

        for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
                names[i] = verbs[i]->name;
        nearest = text_nearest(name, names, ARRAY_SIZE(names));
        (void)clean_put(&clean, name, strlen(name));
        (void)fprintf(stderr, "sqsflow: there is no verb '%s'", clean.data ? clean.data : "");
        if (nearest)
                (void)fprintf(stderr, "; did you mean '%s'?", nearest);
        (void)fputs("\nTry 'sqsflow --help'.\n", stderr);
        return EXIT_WRONG;
}

static bool asks_for_help(int argc, char **argv) {
        for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
                if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
                        return true;
        return false;
}

static int run(int argc, char **argv) {
        const struct verb *verb;

        if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
            (argc == 2 && strcmp(argv[1], "help") == 0)) {
                print_help();
                return argc < 2 ? EXIT_WRONG : EXIT_OK;
        }
        if (strcmp(argv[1], "--version") == 0) {
                (void)puts("sqsflow " SQSFLOW_VERSION);
                return EXIT_OK;
        }
        verb = find_verb(strcmp(argv[1], "help") == 0 ? argv[2] : argv[1]);
        if (!verb)
                return complain_verb(strcmp(argv[1], "help") == 0 ? argv[2] : argv[1]);
        if (strcmp(argv[1], "help") == 0 || asks_for_help(argc - 1, argv + 1)) {
                (void)fputs(verb->help, stdout);
                return EXIT_OK;
        }
        return verb->run(argc - 1, argv + 1);
}

int main(int argc, char **argv) {
        int code;

        if (fd_open_standard() < 0)
                return EXIT_FAILED;
        code = run(argc, argv);

        /* What could not be written was not shown: a full disk behind '>' must not look like success. */
        if (fflush(stdout) != 0 || ferror(stdout)) {
                (void)fputs("sqsflow: the output could not be written\n", stderr);
                return code == EXIT_OK ? EXIT_FAILED : code;
        }
        return code;
}
