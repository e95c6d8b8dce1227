/* SPDX-License-Identifier: Apache-2.0 */
/* One execution on this terminal, by the same runner program that the agent uses: shown while it runs, recorded in the
 * person's own store, cancelled by an interrupt and killed by a second one. */
#pragma once

#include "cli/cli.h"
#include "common/flow/flow.h"
#include "common/link/protocol.h"

enum run_show {
        RUN_SHOW_AUTO,   /* live on a terminal, else plain */
        RUN_SHOW_PLAIN,
        RUN_SHOW_EVENTS, /* JSON */
};

struct run_request {
        const char *verb;                  /* for complaints */
        const struct config *config;
        const struct flow *flow;
        const struct frame_execute *frame; /* trigger, messages and inputs; the rest is filled in here */
        const char *input;                 /* JSON, recorded for replay; NULL: not kept */
        const char *trigger;               /* recorded; NULL: none */
        const char *runner;                /* a program instead of the configuration's; NULL: none */
        const char *folder;                /* where the working directory is made and kept; NULL: in the state folder, and
                                            * not kept */
        enum run_show show;
};

/* Runs it to its end. EXIT_OK for SUCCESS and WARNING; EXIT_FAILED, after a complaint when there was nothing to show. */
int run_execution(const struct run_request *request);
