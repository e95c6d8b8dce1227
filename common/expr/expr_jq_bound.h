/* SPDX-License-Identifier: Apache-2.0 */
/* Ends a jq program that takes too much CPU time or memory. Only expr_jq.c includes it. */
#pragma once

#include <stdint.h>

/* That the process may grow by. It is found out after the fact: jq doubles its stack in one step, so it can be thrice that. */
#define JQ_BYTES_MAX (UINT64_C(128) * 1024 * 1024)

enum jq_excess { JQ_WITHIN, JQ_TOO_LONG, JQ_TOO_BIG };

/* From here to jq_bound_end(), `halt` is called, from a signal handler, each time the process is found to have used more
 * than `cpu_usec` or to have grown by more than JQ_BYTES_MAX. Not to be nested. 0 or -errno. */
int jq_bound_begin(uint64_t cpu_usec, void (*halt)(void *userdata), void *userdata);
/* What was found; *ret_cpu_usec is what was used. */
enum jq_excess jq_bound_end(uint64_t *ret_cpu_usec);
