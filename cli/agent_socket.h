/* SPDX-License-Identifier: Apache-2.0 */
/* Asking the running agent over its socket: one line of JSON there, one document back. */
#pragma once

#include "cli/cli.h"
#include "cli/options.h"

/* The options that tell which agent, and their help. */
#define AGENT_OPTION_ROWS(socket_text, config_text) \
        { "socket", .text = &(socket_text) }, { "config", .text = &(config_text) }
#define AGENT_OPTIONS_HELP                                                                                                  \
        "      --socket PATH   the agent's socket\n"                                                                        \
        "      --config FILE   the agent.yaml that names it\n"                                                              \
        "                      (neither: " CONFIG_DEFAULT_PATH ", else /run/sqsflow/agent.sock)\n"

/* Where the agent's socket is, owned: `socket` when given, else what `config` (or the default configuration) says. 0 or an
 * exit code, after complaining. */
int agent_socket_path(const char *verb, const char *socket, const char *config, char **ret) _must_check_;
/* Sends `request` (one line, with its newline) and reads the answer, a map. 0, or -errno: nobody listens, no answer
 * within seconds, or none that is one (-EBADMSG). */
int agent_socket_ask(const char *path, const char *request, struct value **ret) _must_check_;
/* What an error of the above means to a person. Returns EXIT_UNREACHABLE. */
int agent_socket_complain(const char *verb, const char *path, int error);
