/* SPDX-License-Identifier: Apache-2.0 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "runner/session.h"

#define DRIVER_FD 3

static const char help[] =
        "Usage: sqsflow-runner [--cgroup DIR]\n"
        "\n"
        "Executes flows, one at a time. It is started by sqsflow-agent and by `sqsflow run`, which speak to it over a\n"
        "socket on file descriptor 3; it ends, with all task processes, when that socket is closed.\n"
        "\n"
        "      --cgroup DIR the control group (version 2) that task processes are started in; it must be theirs alone\n"
        "  -h, --help       show this text\n"
        "      --version    show the version\n"
        "\n"
        "Exit status: 0 when the driver closed the socket, 1 on an internal failure, 2 for a wrong use.\n";

static const struct option options[] = {
        { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, 'V' },
        { "cgroup", required_argument, NULL, 'g' },
        { 0 },
};

static int start(const char *cgroup) {
        struct stat st;
        int r;

        if (fstat(DRIVER_FD, &st) < 0 || !S_ISSOCK(st.st_mode)) {
                (void)fprintf(stderr, "sqsflow-runner: file descriptor %d is not a socket; this program is started by "
                                      "sqsflow-agent or `sqsflow run`, not by hand\n", DRIVER_FD);
                return 2;
        }
        r = session_run(DRIVER_FD, cgroup);
        if (r < 0)
                (void)fprintf(stderr, "sqsflow-runner: %s\n", strerror(-r));
        return r < 0 ? 1 : 0;
}

int main(int argc, char **argv) {
        const char *cgroup = NULL;
        int option = getopt_long(argc, argv, "h", options, NULL);

        if (option == 'g') {
                cgroup = optarg;
                option = getopt_long(argc, argv, "h", options, NULL);
        }
        switch (option) {
        case 'h':
                (void)fputs(help, stdout);
                return 0;
        case 'V':
                (void)puts("sqsflow-runner " SQSFLOW_VERSION);
                return 0;
        case -1:
                if (optind == argc)
                        return start(cgroup);
                (void)fprintf(stderr, "sqsflow-runner: unexpected argument '%s'\n", argv[optind]);
                break;
        default: /* getopt has said what is wrong */
                break;
        }
        (void)fputs("Try 'sqsflow-runner --help'.\n", stderr);
        return 2;
}
